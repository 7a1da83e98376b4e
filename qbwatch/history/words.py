"""Find findings by the words of their messages: an index that is filled apart from the writing of events."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_UPTO = "coalesce((SELECT upto FROM events_text_upto), 0)"
_NEXT = f"SELECT rowid FROM events WHERE rowid > {_UPTO} ORDER BY rowid LIMIT 1 OFFSET ?"  # noqa: S608 - our own words
_ADD = f"""
INSERT INTO events_text (rowid, message, title)
SELECT rowid, message, title FROM events WHERE rowid > {_UPTO} AND rowid <= ?
"""  # noqa: S608 - our own words
_WILD, _ESCAPED = r"([\\%_])", r"\\\1"
_NOTE = "INSERT INTO events_text_upto VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET upto = excluded.upto"


def is_behind(db: sqlite3.Connection) -> bool:
    """Say whether there are messages that are not in the index yet."""
    return bool(db.execute(f"SELECT coalesce((SELECT max(rowid) FROM events), 0) > {_UPTO}").fetchone()[0])  # noqa: S608 - our own words


def index_some(db: sqlite3.Connection, limit: int) -> bool:
    """Put at most *limit* more messages into the index; say whether there are more. Call it inside a transaction."""
    upto = db.execute(_NEXT, (limit - 1,)).fetchone() or db.execute("SELECT max(rowid) FROM events").fetchone()
    if upto[0] is None:
        return False
    db.execute(_ADD, (upto[0],))
    db.execute(_NOTE, (upto[0],))
    return is_behind(db)


def rebuild(db: sqlite3.Connection) -> None:
    """Make the index anew of all messages. Call it inside a transaction."""
    db.execute("INSERT INTO events_text (events_text) VALUES ('rebuild')")
    db.execute(_NOTE, (db.execute("SELECT coalesce(max(rowid), 0) FROM events").fetchone()[0],))


def matching(text: str) -> tuple[str, list[str]]:
    """Return a condition on events that hold every word of *text*, and its values.

    What is not in the index yet is looked through letter by letter. A last word with a star is the beginning of one.
    Raises ValueError when there is no word.

    >>> matching('QBWC1053: "modal')[1]
    ['"QBWC1053" "modal"', '%QBWC1053%', '%modal%']
    """
    words = [word for part in text.split() if (word := part.strip("\"'.,:;()[]<>"))]
    if not any(word.strip("*") for word in words):
        raise ValueError(f"{text!r} holds no word to look for")
    like = " AND ".join(["(message || ' ' || title) LIKE ? ESCAPE '\\'"] * len(words))
    indexed = "rowid IN (SELECT rowid FROM events_text WHERE events_text MATCH ?)"
    values = [f"%{re.sub(_WILD, _ESCAPED, word.rstrip('*'))}%" for word in words]
    return f"({indexed} OR (rowid > {_UPTO} AND {like}))", [" ".join(map(_quoted, words)), *values]


def _quoted(word: str) -> str:
    """Write *word* so that nothing in it is an operator but a star at its end."""
    plain = word.rstrip("*").replace('"', '""')
    return f'"{plain}"*' if word.endswith("*") else f'"{plain}"'

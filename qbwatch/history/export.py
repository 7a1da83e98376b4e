"""Rows as CSV and JSON lines, one at a time, so that a history of any size fits."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from typing import TextIO

# What the store keeps as a list.
_LISTS = frozenset({"codes", "evidence", "steps", "links", "fields", "other_causes"})
_TOLD_EVERY = 10_000


def write_csv(cursor: sqlite3.Cursor, out: TextIO, on_progress: Callable[[int], None] = lambda _: None) -> int:
    """Write what *cursor* gives as CSV with a head; return how many rows. Unknown is empty."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names_of(cursor))
    count = 0
    for count, row in enumerate(cursor, 1):
        writer.writerow([_harmless(value) for value in row])
        if count % _TOLD_EVERY == 0:
            on_progress(count)
    return count


def _harmless(value: Any) -> Any:
    """Keep a spreadsheet from taking the words of a log for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


def write_json(cursor: sqlite3.Cursor, out: TextIO, on_progress: Callable[[int], None] = lambda _: None) -> int:
    """Write what *cursor* gives as one JSON object a line; return how many."""
    names = names_of(cursor)
    count = 0
    for count, row in enumerate(cursor, 1):
        values = {name: _plain(name, value) for name, value in zip(names, row, strict=True)}
        out.write(json.dumps(values, ensure_ascii=False) + "\n")
        if count % _TOLD_EVERY == 0:
            on_progress(count)
    return count


def names_of(cursor: sqlite3.Cursor) -> list[str]:
    """Return the names of the columns that *cursor* gives."""
    return [column[0] for column in cursor.description or ()]


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if name in _LISTS and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value

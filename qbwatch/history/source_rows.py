"""What the watcher keeps of its sources: how each path stands, bookmarks of channels, and what was read once."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING

from qbwatch.history.times import read_stamp, stamp
from qbwatch.source_state import SourceState, Standing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_COLUMNS = (*(field.name for field in fields(SourceState)), "updated_at")
_PUT_STATE = f"INSERT OR REPLACE INTO sources ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - our own names
# A source that nothing matched stands under its own pattern, until something does.
_MATCHED = "DELETE FROM sources WHERE path = ? AND standing = 'never seen'"
_PUT_BOOKMARK = """
INSERT INTO channels (channel, bookmark, updated_at) VALUES (?, ?, ?)
ON CONFLICT (channel) DO UPDATE SET bookmark = excluded.bookmark, updated_at = excluded.updated_at
"""


def put_states(db: sqlite3.Connection, states: Iterable[SourceState], now: datetime) -> None:
    """Write how paths stand, each in the place of what was known of it."""
    for state in states:
        if state.path != state.source:
            db.execute(_MATCHED, (state.source,))
        db.execute(_PUT_STATE, _row(state, now))


def still_stand(db: sqlite3.Connection, paths: Iterable[str], now: datetime) -> None:
    """Note that *paths* were looked at and stand as was written last."""
    at = stamp(now)
    db.executemany(
        "UPDATE sources SET looked_at = ?, updated_at = ? WHERE path = ?", ((at, at, path) for path in paths)
    )


def read_states(db: sqlite3.Connection) -> list[SourceState]:
    """Return how every path stands, by source and path."""
    return [_state(row) for row in db.execute("SELECT * FROM sources ORDER BY source, path")]


def written_at(db: sqlite3.Connection) -> datetime | None:
    """Return when a watcher last wrote how its sources stand; None if none ever did."""
    return read_stamp(db.execute("SELECT max(updated_at) FROM sources").fetchone()[0])


def bookmarks(db: sqlite3.Connection) -> dict[str, int]:
    """Return the number of the last event read, by channel."""
    return {row["channel"]: row["bookmark"] for row in db.execute("SELECT channel, bookmark FROM channels")}


def put_bookmark(db: sqlite3.Connection, channel: str, number: int, now: datetime) -> None:
    """Note that *channel* was read up to the event *number*; a cleared channel begins again at a lower one."""
    db.execute(_PUT_BOOKMARK, (channel, number, stamp(now)))


def first_passes(db: sqlite3.Connection) -> set[str]:
    """Return the sources that were read once to their end."""
    return {row["source"] for row in db.execute("SELECT source FROM first_passes")}


def put_first_pass(db: sqlite3.Connection, source: str, now: datetime) -> None:
    """Note that *source* was read once to its end; when that was first so stays."""
    db.execute("INSERT OR IGNORE INTO first_passes (source, at) VALUES (?, ?)", (source, stamp(now)))


def _row(state: SourceState, now: datetime) -> tuple[object, ...]:
    values = (getattr(state, name) for name in _COLUMNS[:-1])
    return (*(stamp(value) if isinstance(value, datetime) else value for value in values), stamp(now))


def _state(row: sqlite3.Row) -> SourceState:
    return SourceState(
        source=row["source"],
        path=row["path"],
        format=row["format"],
        sure=row["sure"],
        standing=Standing(row["standing"]),
        file=row["file"],
        generation=row["generation"],
        offset=row["offset"],
        size=row["size"],
        behind_since=read_stamp(row["behind_since"]),
        last_record=read_stamp(row["last_record"]),
        drops=row["drops"],
        missed=row["missed"],
        polled_only=bool(row["polled_only"]),
        problem=row["problem"],
        problem_since=read_stamp(row["problem_since"]),
        looked_at=datetime.fromisoformat(row["looked_at"]),
    )

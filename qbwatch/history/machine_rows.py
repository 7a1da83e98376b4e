"""What the watcher knows of a machine's life, one row each, and the signals of the last days, read back as records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ingest.record import Record, Span
from qbwatch.history.times import read_stamp, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlite_utils import Database

_PUT = "INSERT OR REPLACE INTO machines (host, state, updated_at) VALUES (?, ?, ?)"


def create(db: Database) -> None:
    """Make the table of what is known of machines."""
    db.table("machines").create({"host": str, "state": str, "updated_at": str}, pk="host", not_null={"state"})


def put_machine(db: sqlite3.Connection, host: str, state: Mapping[str, Any], now: datetime) -> None:
    """Write what is known of *host*, in the place of what was known."""
    db.execute(_PUT, (host, json.dumps(state, ensure_ascii=False), stamp(now)))


def read_machine(db: sqlite3.Connection, host: str) -> dict[str, Any]:
    """Return what was known of *host*; nothing if it was never written."""
    row = db.execute("SELECT state FROM machines WHERE host = ?", (host,)).fetchone()
    state: dict[str, Any] = json.loads(row[0]) if row else {}
    return state


def recent_signals(db: sqlite3.Connection, host: str, since: datetime) -> Iterator[Record]:
    """Yield the signals of *host* from *since* on, oldest first."""
    found = db.execute("SELECT * FROM signals WHERE host = ? AND time >= ? ORDER BY time, id", (host, stamp(since)))
    for row in found:
        yield Record(
            format=row["format"], time=read_stamp(row["time"]), component=row["provider"] or "",
            message=row["message"], level=row["level"], codes=(row["code"],) if row["code"] else (),
            fields=json.loads(row["fields"]), span=Span(offset=row["offset"] or 0, length=0, line=row["line"] or 0),
        )  # fmt: skip

"""What rules with a threshold have counted, as rows of the store, so that a restart loses no count."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qbwatch.history.times import stamp
from rules.threshold import Mark, Tallies

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from rules.threshold import Key

# A threshold looks back a week at most.
_KEPT = timedelta(days=8)
_PUT = "INSERT OR REPLACE INTO rule_counts (log, rule, whose, marks, updated_at) VALUES (?, ?, ?, ?, ?)"


def put_counts(
    connection: sqlite3.Connection, log: str, counts: Iterable[tuple[Key, list[Mark]]], now: datetime
) -> None:
    """Write what was counted in *log*, and drop what is too old to count."""
    rows = [(log, *key, json.dumps([(one.place, _text(one)) for one in marks]), stamp(now)) for key, marks in counts]
    if rows:
        connection.executemany(_PUT, rows)
        connection.execute("DELETE FROM rule_counts WHERE updated_at < ?", (stamp(now - _KEPT),))


def read_counts(connection: sqlite3.Connection, log: str) -> Tallies:
    """Return what was counted in *log*."""
    rows = connection.execute("SELECT rule, whose, marks FROM rule_counts WHERE log = ?", (log,))
    return Tallies(
        {
            (row["rule"], row["whose"]): [Mark(place, _moment(time)) for place, time in json.loads(row["marks"])]
            for row in rows
        }
    )


def _text(mark: Mark) -> str | None:
    return mark.time.isoformat() if mark.time else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

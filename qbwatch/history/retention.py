"""How long rows are kept, by kind: what is older is given up a few rows at a time, and daily rollups stay for ever."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from qbwatch.history.alert_rows import to_text
from qbwatch.history.rollups import roll_up
from qbwatch.history.times import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long each kind of row is kept; None keeps it for ever, as daily rollups always are."""

    events: timedelta | None = timedelta(days=400)
    runs: timedelta | None = timedelta(days=400)
    signals: timedelta | None = timedelta(days=100)
    incidents: timedelta | None = None
    deliveries: timedelta | None = timedelta(days=400)
    ledger: timedelta | None = timedelta(days=100)


KINDS: Final = tuple(field.name for field in fields(Retention))

# Each selects what is old, by rowid. What the alerts have not heard of yet stays, and what is still open.
_OLD: Final = {
    "events": "SELECT rowid FROM events WHERE time < :before AND told IS NOT 0",
    "runs": "SELECT rowid FROM runs WHERE started < :before AND told IS NOT 0 AND closed",
    "signals": "SELECT rowid FROM signals WHERE time < :before",
    "incidents": "SELECT rowid FROM incidents WHERE state = 'resolved' AND settled = 1 AND resolved_at < :before",
    "deliveries": "SELECT rowid FROM notifications WHERE closed = 1 AND created_at < :before AND NOT EXISTS ("
    "SELECT 1 FROM deliveries d WHERE d.notification = notifications.id AND d.next_at IS NOT NULL)",
    "ledger": "SELECT rowid FROM ledger WHERE at < :before",
}
_TABLE: Final = {kind: kind for kind in KINDS} | {"deliveries": "notifications"}
# What goes with it.
_WITH: Final = {
    "incidents": ("DELETE FROM incident_events WHERE incident IN (SELECT id FROM incidents WHERE rowid IN ({rows}))",),
    "deliveries": tuple(
        f"DELETE FROM {table} WHERE notification IN (SELECT id FROM notifications WHERE rowid IN ({{rows}}))"  # noqa: S608 - our own names
        for table in ("attempts", "deliveries", "notification_incidents")
    ),
}
_NOTE = """
INSERT INTO pruned (kind, before, rows, at) VALUES (?, ?, ?, ?) ON CONFLICT (kind) DO UPDATE SET
before = max(before, excluded.before), rows = rows + excluded.rows, at = excluded.at
"""


def limits(retention: Retention, now: datetime) -> Iterator[tuple[str, datetime]]:
    """Yield each kind that is not kept for ever, with before when its rows are given up."""
    for kind in KINDS:
        length: timedelta | None = getattr(retention, kind)
        if length is not None:
            yield kind, now - length


def count_old(db: sqlite3.Connection, kind: str, before: datetime) -> int:
    """Return how many rows of *kind* are older than *before*."""
    query = f"SELECT count(*) FROM ({_OLD[kind]})"  # noqa: S608 - our own names
    return int(db.execute(query, {"before": _limit(kind, before)}).fetchone()[0])


def prune_some(db: sqlite3.Connection, kind: str, before: datetime, now: datetime, *, limit: int) -> int:
    """Give up at most *limit* rows of *kind* that are older than *before*; return how many.

    Call it inside a transaction. The days that they were of are counted before, and then stay as they are.
    """
    counted = kind in {"events", "runs"}
    while counted and roll_up(db):
        pass
    old = f"{_OLD[kind]} LIMIT :limit"
    rows = [row[0] for row in db.execute(old, {"before": _limit(kind, before), "limit": limit})]
    db.execute(_NOTE, (kind, stamp(before), len(rows), stamp(now)))
    marks = ", ".join("?" * len(rows))
    for query in (*_WITH.get(kind, ()), f"DELETE FROM {_TABLE[kind]} WHERE rowid IN ({{rows}})"):  # noqa: S608 - our own names
        db.execute(query.format(rows=marks), rows)
    return len(rows)


def pruned_at(db: sqlite3.Connection) -> dict[str, str]:
    """Return when rows of each kind were last given up, or looked for."""
    return {row[0]: row[1] for row in db.execute("SELECT kind, at FROM pruned")}


def _limit(kind: str, before: datetime) -> str:
    return to_text(before) if kind in {"incidents", "deliveries"} else str(stamp(before))

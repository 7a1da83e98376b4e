"""Drills as rows of the store: when one was made, and what became of it; and the indexes of who was told what."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from qbwatch.history.alert_rows import to_text, to_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime

    from sqlite_utils import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRow:
    """A drill that was made; `passed` is None for the moment from which drills are scheduled."""

    at: datetime
    passed: bool | None
    report: Mapping[str, object]


def create(db: Database) -> None:
    """Make the table of drills, and the indexes that planning and sending ask often."""
    db.table("drills").create({"at": str, "passed": int, "report": str}, pk="at", not_null={"report"})
    db.table("notifications").create_index(["receiver", "created_at"])
    # What waits is little beside all that was sent; of each it is asked whether something of its group waits before it.
    db.execute("CREATE INDEX deliveries_waiting ON deliveries (receiver, group_key) WHERE next_at IS NOT NULL")


def put_drill(db: sqlite3.Connection, drill: DrillRow) -> None:
    """Write *drill*."""
    row = {**asdict(drill), "at": to_text(drill.at), "report": json.dumps(drill.report)}
    db.execute("INSERT OR REPLACE INTO drills (at, passed, report) VALUES (:at, :passed, :report)", row)


def last_drill(db: sqlite3.Connection) -> DrillRow | None:
    """Return the newest drill."""
    row = db.execute("SELECT at, passed, report FROM drills ORDER BY at DESC LIMIT 1").fetchone()
    if row is None:
        return None
    passed = None if row["passed"] is None else bool(row["passed"])
    return DrillRow(at=to_time(row["at"]), passed=passed, report=json.loads(row["report"]))

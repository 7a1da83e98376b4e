"""Which reports were sent to whom, and which wait for another attempt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from qbwatch.history.times import read_stamp, stamp

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from sqlite_utils import Database

BASELINE = ""
"""The receiver of the row that says that a week was over before reports were scheduled."""


class ReportState(StrEnum):
    """What became of a report."""

    SENDING = "sending"
    SENT = "sent"
    WAITING = "waiting"  # an attempt failed in a way that may pass
    FAILED = "failed"  # it was refused, and would be again


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSend:
    """One report on its way to one receiver; `client` is empty for the report of all."""

    week: str
    client: str
    receiver: str
    state: ReportState
    attempts: int
    at: datetime | None
    reason: str


def create(db: Database) -> None:
    """Make the table of the reports that were sent, and the index that makes their figures quick."""
    db.table("report_sends").create(
        {"week": str, "client": str, "receiver": str, "state": str, "attempts": int, "at": str, "reason": str},
        pk=("week", "client", "receiver"),
        not_null={"state", "attempts", "at", "reason"},
    )
    # A report adds up twelve weeks of what failed, which is little, and of what worked, which is much.
    db.execute("CREATE INDEX daily_broken ON daily (day) WHERE outcome IN ('failed', 'unfinished', 'missed')")
    db.execute("CREATE INDEX daily_good ON daily (day, client, runs) WHERE outcome IN ('ok', 'no_work')")


def sends_of(db: sqlite3.Connection, week: str) -> dict[tuple[str, str], ReportSend]:
    """Return what became of the reports of *week*, by client and receiver."""
    rows = db.execute("SELECT * FROM report_sends WHERE week = ?", (week,))
    sends = [
        ReportSend(
            week=row["week"], client=row["client"], receiver=row["receiver"], state=ReportState(row["state"]),
            attempts=row["attempts"], at=read_stamp(row["at"]), reason=row["reason"],
        )
        for row in rows
    ]  # fmt: skip
    return {(send.client, send.receiver): send for send in sends}


def put_send(db: sqlite3.Connection, send: ReportSend) -> None:
    """Write *send* in the place of what was known of it."""
    db.execute(
        "INSERT OR REPLACE INTO report_sends (week, client, receiver, state, attempts, at, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (send.week, send.client, send.receiver, send.state, send.attempts, stamp(send.at), send.reason),
    )


def has_any(db: sqlite3.Connection) -> bool:
    """Say whether a report was ever sent, or its schedule ever noted."""
    return bool(db.execute("SELECT EXISTS (SELECT 1 FROM report_sends)").fetchone()[0])

"""What was decided about an incident's messages, and why, as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.decide import Kind, Reason
from qbwatch.history.alert_rows import to_time

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from alerts.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A message of `kind` was made for a receiver at that time, or (None) held until `due_at`, and what held it."""

    at: datetime
    receiver: str
    kind: Kind | None
    reason: Reason
    due_at: datetime | None
    held_by: str | None


def decisions_of(db: sqlite3.Connection, incident: Incident) -> list[Decided]:
    """Return the decisions that spoke of *incident*, oldest first."""
    rows = db.execute("SELECT * FROM decisions WHERE instr(incidents, ?) ORDER BY rowid", (incident.id,))
    return [
        Decided(
            at=to_time(row["decided_at"]), receiver=row["receiver"], kind=Kind(row["kind"]) if row["kind"] else None,
            reason=Reason(row["reason"]), due_at=to_time(row["due_at"]) if row["due_at"] else None,
            held_by=row["held_by"],
        )
        for row in rows
    ]  # fmt: skip

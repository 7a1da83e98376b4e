"""Whether messages reach their receivers: what was given up, and what waits too long."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from qbwatch.history.alert_rows import to_text, to_time
from qbwatch.selfwatch.findings import DELIVERY_FAILING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from qbwatch.selfwatch.findings import OwnFindings

WAITED: Final = timedelta(hours=1)
"""So long a message may wait for a receiver that is down."""
_STUCK: Final = timedelta(minutes=2)
# What was given up longer ago says little of today.
_LATELY: Final = timedelta(days=1)

# The index on receiver and next_at holds what is finished in the order of its rows.
_LAST = (
    "SELECT state, reason, finished_at FROM deliveries WHERE receiver = ? AND next_at IS NULL AND attempts > 0 "
    "AND coalesce(reason, '') NOT LIKE 'withdrawn%' ORDER BY rowid DESC LIMIT 1"
)
_WAITING = (
    "SELECT count(*) AS count, min(coalesce(retried_at, created_at)) AS since, max(reason) AS reason "
    "FROM deliveries WHERE receiver = ? AND next_at IS NOT NULL"
)
_STUCK_SINCE = "SELECT min(next_at) FROM deliveries WHERE next_at < ? AND state IN ('pending', 'unknown')"
_AHEAD = (
    "UPDATE deliveries SET next_at = :now WHERE next_at > :limit",
    "UPDATE deliveries SET created_at = :now WHERE created_at > :limit",
    "UPDATE notifications SET created_at = :now WHERE created_at > :limit",
)


@dataclass(slots=True)
class DeliveryWatch:
    """Tells of each receiver that cannot be reached, and when it can be again."""

    receivers: Sequence[str]
    findings: OwnFindings
    failing: set[str] = field(default_factory=set)

    def look(self, db: sqlite3.Connection, now: datetime) -> None:
        """Ask the store about every receiver."""
        for receiver in self.receivers:
            problem = _problem(db, receiver, now)
            if problem:
                self.failing.add(receiver)
                self.findings.tell(DELIVERY_FAILING, receiver, problem, now)
            else:
                self.failing.discard(receiver)
                self.findings.mend(DELIVERY_FAILING, receiver)

    def detours(self) -> dict[str, str]:
        """Return for each receiver that fails another one that does not, where there is one."""
        well = next((one for one in self.receivers if one not in self.failing), None)
        return dict.fromkeys(self.failing, well) if well else {}


def _problem(db: sqlite3.Connection, receiver: str, now: datetime) -> str | None:
    last = db.execute(_LAST, (receiver,)).fetchone()
    waiting = db.execute(_WAITING, (receiver,)).fetchone()
    if last and last["state"] in {"failed", "unknown"} and last["finished_at"]:
        at = to_time(last["finished_at"])
        if now - at < _LATELY:
            return f'A message to the receiver "{receiver}" was given up ({last["reason"]}).'
    if waiting["since"] and now - to_time(waiting["since"]) > WAITED:
        reason = f" The last answer: {waiting['reason']}." if waiting["reason"] else ""
        return f'Messages to the receiver "{receiver}" wait for more than an hour; {waiting["count"]} now.{reason}'
    return None


def is_drained(db: sqlite3.Connection, now: datetime) -> bool:
    """Say whether nothing waits that should have been tried minutes ago; what a receiver refuses has a time to come."""
    row = db.execute(_STUCK_SINCE, (to_text(now - _STUCK),)).fetchone()
    return row[0] is None


def bring_back(db: sqlite3.Connection, now: datetime, longest: timedelta) -> None:
    """Take what is dated further ahead of *now* than *longest* for a thing of now: the clock was set back."""
    times = {"now": to_text(now), "limit": to_text(now + longest)}
    for change in _AHEAD:
        db.execute(change, times)

"""Deliveries in the store: claimed before they are sent, settled after, each attempt on record."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.message import Message
from alerts.outbox import Delivery, DeliveryState, SendResult, Settled
from qbwatch.history.alert_rows import to_text, to_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime

# A delivery is finished when it has no `next_at`; while one is under way its `next_at` stays set.
_NEXT = """
SELECT d.*, n.message FROM deliveries d JOIN notifications n ON n.id = d.notification
WHERE d.receiver = ? AND d.next_at <= ? AND d.state IN ('pending', 'unknown') AND NOT EXISTS (
    SELECT 1 FROM deliveries e WHERE e.receiver = d.receiver AND e.group_key = d.group_key
    AND e.rowid < d.rowid AND e.next_at IS NOT NULL)
ORDER BY d.rowid LIMIT 1
"""
_NEXT_DUE = """
SELECT min(d.next_at) FROM deliveries d
WHERE d.receiver = ? AND d.next_at IS NOT NULL AND d.state IN ('pending', 'unknown') AND NOT EXISTS (
    SELECT 1 FROM deliveries e WHERE e.receiver = d.receiver AND e.group_key = d.group_key
    AND e.rowid < d.rowid AND e.next_at IS NOT NULL)
"""
_CANCEL = """
UPDATE deliveries SET state = 'failed', next_at = NULL, finished_at = ?, reason = ?
WHERE thread = ? AND kind = 'resolved' AND next_at IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM deliveries e
    WHERE e.thread = deliveries.thread AND e.kind != 'resolved' AND e.state != 'failed')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One delivery as people look at it."""

    id: str
    receiver: str
    kind: str
    headline: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime | None
    finished_at: datetime | None
    code: int | None
    reason: str | None


class SqlOutbox:
    """The outbox in SQLite, on a connection of its own, since each method commits for itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Own *connection*, which must be in autocommit mode with rows as `sqlite3.Row`."""
        self._db = connection

    def recover(self, receiver: str, now: datetime) -> int:
        """Put back what a killed process left in `sending`; return how many."""
        at = to_text(now)
        with self._transaction():
            self._db.execute(
                "UPDATE attempts SET ended_at = ?, outcome = 'unknown', "
                "reason = 'the program ended meanwhile' WHERE ended_at IS NULL AND notification IN "
                "(SELECT notification FROM deliveries WHERE receiver = ? AND state = 'sending')",
                (at, receiver),
            )
            done = self._db.execute(
                "UPDATE deliveries SET state = 'pending', next_at = ? WHERE receiver = ? AND state = 'sending'",
                (at, receiver),
            )
        return done.rowcount

    def claim(self, receiver: str, now: datetime) -> Delivery | None:
        """Mark the next due delivery as `sending` and return it, in the order in which they were made.

        None overtakes an earlier one of its group: a resolving message waits for its opening.
        """
        at = to_text(now)
        if self._db.execute(_NEXT, (receiver, at)).fetchone() is None:
            return None
        with self._transaction():
            row = self._db.execute(_NEXT, (receiver, at)).fetchone()
            if row is None:
                return None
            attempt = row["attempts"] + 1
            self._db.execute(
                "UPDATE deliveries SET state = 'sending', attempts = ? WHERE notification = ?",
                (attempt, row["notification"]),
            )
            self._db.execute(
                "INSERT INTO attempts (notification, attempt, started_at) VALUES (?, ?, ?)",
                (row["notification"], attempt, at),
            )
        return Delivery(
            id=row["notification"],
            receiver=receiver,
            message=Message.from_json(row["message"]),
            created_at=to_time(row["created_at"]),
            attempt=attempt,
        )

    def record(self, delivery: Delivery, result: SendResult, settled: Settled, now: datetime) -> None:
        """Write the result of the present attempt and the delivery's new state."""
        at = to_text(now)
        next_at = to_text(settled.next_at) if settled.next_at else None
        with self._transaction():
            self._db.execute(
                "UPDATE attempts SET ended_at = ?, outcome = ?, code = ?, reason = ? "
                "WHERE notification = ? AND attempt = ?",
                (at, result.outcome, result.code, result.reason, delivery.id, delivery.attempt),
            )
            self._db.execute(
                "UPDATE deliveries SET state = ?, next_at = ?, finished_at = ?, code = ?, reason = ? "
                "WHERE notification = ?",
                (
                    settled.state,
                    next_at,
                    None if next_at else at,
                    result.code,
                    settled.reason,
                    delivery.id,
                ),
            )
            if settled.state is DeliveryState.FAILED:
                self._db.execute(_CANCEL, (at, "the opening message never arrived", delivery.message.thread))

    def next_due(self, receiver: str) -> datetime | None:
        """Return when the next delivery is due, None when nothing waits."""
        (due_at,) = self._db.execute(_NEXT_DUE, (receiver,)).fetchone()
        return to_time(due_at) if due_at else None

    def deliveries(self, limit: int = 50) -> list[DeliveryRow]:
        """Return the last *limit* deliveries, the newest first."""
        rows = self._db.execute(
            "SELECT d.*, json_extract(n.message, '$.headline') AS headline FROM deliveries d "
            "JOIN notifications n ON n.id = d.notification ORDER BY d.rowid DESC LIMIT ?",
            (limit,),
        )
        return [_shown(row) for row in rows]

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _shown(row: sqlite3.Row) -> DeliveryRow:
    return DeliveryRow(
        id=row["notification"],
        receiver=row["receiver"],
        kind=row["kind"],
        headline=row["headline"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        created_at=to_time(row["created_at"]),
        next_at=to_time(row["next_at"]) if row["next_at"] else None,
        finished_at=to_time(row["finished_at"]) if row["finished_at"] else None,
        code=row["code"],
        reason=row["reason"],
    )

"""Deliveries in the store: claimed before they are sent, settled after, each attempt on record."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alerts.message import Message
from alerts.outbox import Delivery, DeliveryState, SendResult, Settled
from qbwatch.history.alert_rows import to_text, to_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
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
_PARENT = """
SELECT receipt FROM deliveries
WHERE thread = ? AND receiver = ? AND notification != ? AND receipt IS NOT NULL ORDER BY rowid DESC LIMIT 1
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt at a delivery as people look at it; without `ended_at` it is under way."""

    delivery: str
    attempt: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
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
            parent = self._db.execute(_PARENT, (row["thread"], receiver, row["notification"])).fetchone()
        message = Message.from_json(row["message"])
        return Delivery(
            id=row["notification"],
            receiver=receiver,
            message=replace(message, parent=parent["receipt"] if parent else None),
            created_at=to_time(row["retried_at"] or row["created_at"]),
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
                "UPDATE deliveries SET state = ?, next_at = ?, finished_at = ?, code = ?, reason = ?, "
                "receipt = coalesce(?, receipt) WHERE notification = ?",
                (
                    settled.state,
                    next_at,
                    None if next_at else at,
                    result.code,
                    settled.reason,
                    result.receipt,
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

    def delivery(self, id_start: str) -> DeliveryRow | None:
        """Return the one delivery whose id begins with *id_start*; None when there is none or several."""
        rows = self._db.execute(
            "SELECT d.*, json_extract(n.message, '$.headline') AS headline FROM deliveries d "
            "JOIN notifications n ON n.id = d.notification WHERE substr(d.notification, 1, ?) = ? LIMIT 2",
            (len(id_start), id_start),
        ).fetchall()
        return _shown(rows[0]) if len(rows) == 1 and id_start else None

    def attempts(self, delivery: str) -> list[AttemptRow]:
        """Return every attempt at *delivery*, the first one first."""
        rows = self._db.execute("SELECT * FROM attempts WHERE notification = ? ORDER BY attempt", (delivery,))
        return [
            AttemptRow(
                delivery=row["notification"],
                attempt=row["attempt"],
                started_at=to_time(row["started_at"]),
                ended_at=to_time(row["ended_at"]) if row["ended_at"] else None,
                outcome=row["outcome"],
                code=row["code"],
                reason=row["reason"],
            )
            for row in rows
        ]

    def incidents_of(self, notification: str) -> list[str]:
        """Return the ids of the incidents that *notification* tells of."""
        query = "SELECT incident FROM notification_incidents WHERE notification = ? ORDER BY rowid"
        return [row["incident"] for row in self._db.execute(query, (notification,))]

    def failed(self, receiver: str | None = None) -> list[str]:
        """Return the ids of what was given up, the oldest first; of *receiver* alone where it is named."""
        query = (
            "SELECT notification FROM deliveries WHERE next_at IS NULL AND state IN ('failed', 'unknown') "
            "AND (? IS NULL OR receiver = ?) ORDER BY rowid"
        )
        return [row["notification"] for row in self._db.execute(query, (receiver, receiver))]

    def retry(self, deliveries: Iterable[str], now: datetime) -> int:
        """Let those of *deliveries* that were given up be tried again from *now* on; return how many."""
        at = to_text(now)
        with self._transaction():
            done = [
                self._db.execute(
                    "UPDATE deliveries SET state = 'pending', next_at = ?, finished_at = NULL, retried_at = ?, "
                    "reason = 'asked for again' WHERE notification = ? AND next_at IS NULL "
                    "AND state IN ('failed', 'unknown')",
                    (at, at, one),
                ).rowcount
                for one in deliveries
            ]
        return sum(done)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite may have rolled back by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


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

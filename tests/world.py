"""A store on disk, a clock that only the test moves, and senders that it steps."""

from __future__ import annotations

import sqlite3
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from receivers import START
from sqlite_utils import Database

from alerts.outbox import (
    Outcome,
    Sender,
    SendResult,
)
from alerts.route import Route
from qbwatch.history import alert_tables, delivery_tables, hush_tables
from qbwatch.history.alert_outbox import SqlOutbox
from qbwatch.history.alert_store import AlertStore, Planned

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.decide import Kind
    from alerts.message import Message

ROOT = Route(receiver="ops")
SENT = SendResult(outcome=Outcome.SENT, reason="accepted")
DOWN = SendResult(outcome=Outcome.TRANSIENT, reason="the far side is down", code=503)
GONE = SendResult(outcome=Outcome.REJECTED, reason="nothing is there", code=404)
LATE = SendResult(outcome=Outcome.UNKNOWN, reason="no answer in time")


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


class Recorder:
    """A channel that keeps what it got and answers from a list, the last answer for ever."""

    def __init__(self, *answers: SendResult) -> None:
        self.answers = list(answers or (SENT,))
        self.got: list[Message] = []

    def send(self, message: Message) -> SendResult:
        self.got.append(message)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def kinds(self) -> list[Kind]:
        return [message.kind for message in self.got]


class World:
    """A store on disk, a clock that only we move, and one sender per receiver."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = START
        self.db = connect(path)
        alert_tables.create(Database(self.db))
        hush_tables.create(Database(self.db))
        delivery_tables.create(Database(self.db))
        self.alerts = AlertStore(self.db, UTC)
        self.channel = Recorder()

    def wait(self, length: timedelta) -> None:
        self.now += length

    def store(self, *events: Any, runs: tuple[Any, ...] = (), root: Route = ROOT, **options: Any) -> Planned:
        self.db.execute("BEGIN IMMEDIATE")
        self.changes = self.alerts.apply(events, runs, self.now)
        planned = self.alerts.plan(root, self.now, **options)
        self.db.execute("COMMIT")
        return planned

    def sender(self, receiver: str = "ops", channel: Any = None, **options: Any) -> Sender:
        return Sender(
            receiver=receiver,
            channel=channel or self.channel,
            open_store=lambda: SqlOutbox(connect(self.path)),
            clock=lambda: self.now,
            chance=lambda: 0.5,
            **options,
        )

    def send(self, receiver: str = "ops", channel: Any = None) -> int:
        store = SqlOutbox(connect(self.path))
        try:
            return self.sender(receiver, channel).drain(store)
        finally:
            store.close()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.db.execute(query)]

    def states(self) -> list[tuple[str, int]]:
        return [(row.state.value, row.attempts) for row in reversed(SqlOutbox(self.db).deliveries())]

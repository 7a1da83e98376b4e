"""The loop: follow the sources, classify, store, plan alerts; each batch with its checkpoints in one transaction."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from alerts.incident import RunEnd
from ingest.watch import Bell
from qbwatch.sources import Sources
from qbwatch.stream import Batch, LogStream
from rules.gate import Gate, literals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ingest.follow import Checkpoint, FollowedFile
    from qbwatch.config import Settings
    from qbwatch.history.alert_store import AlertStore
    from qbwatch.history.store import Store
    from rules.catalogue import Catalogue

log = logging.getLogger(__name__)

POLL_S = 1.0
# A last record that did not grow for this long is complete: alerts may speak of it.
SETTLED = timedelta(seconds=1)
# What was over a day old when it was first read is history, not news.
STALE = timedelta(days=1)


@dataclass(slots=True)
class Pipeline:
    """Everything between the files and the outbox. Only `watch` asks the clock."""

    settings: Settings
    catalogue: Catalogue
    store: Store
    alerts: AlertStore
    clock: Callable[[], datetime]
    on_delivery: Callable[[], None] = lambda: None  # senders should look now
    sources: Sources = field(init=False)
    bell: Bell = field(init=False)
    _gate: Gate = field(init=False)
    _streams: dict[str, LogStream] = field(default_factory=dict)
    _young: Batch = field(default_factory=Batch)
    _young_since: datetime | None = None
    _plan_at: datetime | None = None
    _planned: bool = False
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Take up the checkpoints of the store."""
        self._gate = Gate(literals_of(self.catalogue))
        self.bell = Bell()
        self.sources = Sources(self.settings.sources)
        self.sources.restore(self.store.checkpoints())

    def watch(self, broken: Callable[[], Sequence[tuple[str, BaseException]]] = lambda: ()) -> None:
        """Follow until `stop` is called; raise what *broken* tells ended a sender."""
        try:
            while not self._stopping.is_set():
                self.bell.hang(self.sources.folders())
                self.turn()
                for _, error in broken():
                    raise error
                self.bell.wait(POLL_S)
        finally:
            self.bell.take_down()

    def stop(self) -> None:
        """End `watch` after the present turn."""
        self._stopping.set()
        self.bell.ring()

    def turn(self) -> int:
        """Look once at every source and at what is due; return how many events and runs were stored."""
        stored = sum(self._read(reading.followed, reading.file) for reading in self.sources.unread())
        now = self.clock()
        if self._young_since and now - self._young_since >= SETTLED:
            with self.store.transaction():
                self._tell(Batch(), now)
        self._plan(now)
        return stored

    def _plan(self, now: datetime) -> None:
        """Write the deliveries that are due, if anything happened or a wait is over."""
        waits = self._planned and (self._plan_at is None or now < self._plan_at)
        if waits or self.settings.route is None:
            return
        with self.store.transaction():
            planned = self.alerts.plan(self.settings.route, now, stale_after=STALE)
        self._planned, self._plan_at = True, planned.next_due
        if planned.receivers:
            self.on_delivery()

    def _read(self, followed: FollowedFile, file: BinaryIO) -> int:
        stream = self._stream(followed)
        stored = 0
        for block in followed.read(file):
            stream.take(block, file=followed.file, source=followed.checkpoint.path)
            stored += self._commit(stream, [followed.advance(stream.safe(followed.file))], settled=True)
        last = followed.last()
        if last:
            stream.take(last, file=followed.file, source=followed.checkpoint.path)
        stream.review()
        return stored + self._commit(stream, [followed.advance(stream.safe(followed.file))], settled=not last)

    def _stream(self, followed: FollowedFile) -> LogStream:
        """Return the stream of the file's folder: a rolled-over log and its successor are one."""
        folder = str(Path(followed.checkpoint.path).parent)
        if folder not in self._streams:
            self._streams[folder] = LogStream(
                self.catalogue, self._gate, host=self.settings.host, client=self.settings.client
            )
        return self._streams[folder]

    def _commit(self, stream: LogStream, checkpoints: list[Checkpoint], *, settled: bool) -> int:
        batch = stream.take_batch()
        now = self.clock()
        with self.store.transaction():
            self.store.put(batch, checkpoints, now)
            if settled:
                self._tell(batch, now)
        if not settled:
            self._young.events.update(batch.events)
            self._young.runs.update(batch.runs)
            self._young_since = now
        return len(batch.events) + len(batch.runs)

    def _tell(self, batch: Batch, now: datetime) -> None:
        """Let the alerts know of *batch*, and of what was too young when it was stored."""
        events = {**self._young.events, **batch.events}
        runs = {**self._young.runs, **batch.runs}
        self._young, self._young_since = Batch(), None
        ends = [
            RunEnd(host=one.host, application=one.run.application, outcome=one.run.outcome,
                   started=one.run.started, ended=one.run.ended)
            for one in runs.values()
        ]  # fmt: skip
        self.alerts.apply(events.values(), ends, now)
        self._planned = False

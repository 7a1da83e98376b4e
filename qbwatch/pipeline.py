"""The loop: follow the sources, classify, store, plan alerts; each batch with its checkpoints in one transaction."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingest.watch import Bell
from qbwatch.sources import Sources, chain_of
from qbwatch.stream import LogStream
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
# What did not change for this long is complete: alerts may speak of it. A last record may still grow.
SETTLED = timedelta(seconds=1)
# A block of this size is stored by itself; smaller ones wait for the end of the file.
_LARGE = 512 << 10
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
    _members: dict[str, dict[str, FollowedFile]] = field(default_factory=dict)  # by chain and uid
    _untold: bool = True  # the store may hold what the alerts have not heard of
    _plan_at: datetime | None = None
    _planned: bool = False
    _stopping: bool = False

    def __post_init__(self) -> None:
        """Take up the checkpoints of the store."""
        self._gate = Gate(literals_of(self.catalogue))
        self.bell = Bell()
        self.sources = Sources(self.settings.sources)
        self.sources.restore(self.store.checkpoints())

    def watch(self, broken: Callable[[], Sequence[tuple[str, BaseException]]] = lambda: ()) -> None:
        """Follow until `stop` is called; raise what *broken* tells ended a sender."""
        try:
            while not self._stopping:
                self.bell.hang(self.sources.folders())
                self._turn_or_wait()
                for _, error in broken():
                    raise error
                if not self._stopping:
                    self.bell.wait(POLL_S)
        finally:
            self.bell.take_down()

    def _turn_or_wait(self) -> None:
        """Turn; while somebody else holds the store, take back what was not stored and try again."""
        try:
            self.turn()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            log.warning("the store is held by another program; it is tried again")
            self._streams.clear()
            self._members.clear()
            self.sources.restore(self.store.checkpoints())

    def stop(self) -> None:
        """End `watch` after the present turn."""
        self._stopping = True
        self.bell.ring()

    def turn(self) -> int:
        """Look once at every source and at what is due; return how many events and runs were stored."""
        stored = 0
        for reading in self.sources.unread():
            try:
                stored += self._read(reading.followed, reading.file)
            except OSError as error:
                self._give_back(reading.followed, error)
        now = self.clock()
        if self._untold:
            self._tell(now)
        self._plan(now)
        return stored

    def _give_back(self, followed: FollowedFile, error: OSError) -> None:
        """Forget what was read of a source since its checkpoint; the others go on."""
        chain = chain_of(followed.checkpoint.path)
        self._streams.pop(chain, None)
        self.sources.reset(self._members.pop(chain, {}).values())
        self.sources.trouble(Path(followed.checkpoint.path), error)

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
        chain = chain_of(followed.checkpoint.path)
        stream = self._stream(chain)
        self._members.setdefault(chain, {})[followed.checkpoint.uid] = followed
        source, stored = followed.checkpoint.path, 0
        for block in followed.read(file):
            stream.take(block, file=followed.file, source=source)
            if len(block.data) >= _LARGE:
                stored += self._commit(chain, stream)
        last = followed.last()
        # A line exists once its newline is on disk.
        if last and last.data.endswith(b"\n"):
            stream.take(last, file=followed.file, source=source)
        stream.review()
        return stored + self._commit(chain, stream)

    def _stream(self, chain: str) -> LogStream:
        """Return the stream of a chain of files: a rolled-over log and its successor are one."""
        if chain not in self._streams:
            self._streams[chain] = LogStream(
                self.catalogue, self._gate, host=self.settings.host, client=self.settings.client
            )
        return self._streams[chain]

    def _commit(self, chain: str, stream: LogStream) -> int:
        """Store what came, with the checkpoints of all files of the chain: a run may span two of them."""
        batch = stream.take_batch()
        checkpoints: list[Checkpoint] = []
        for followed in self._members[chain].values():
            before = followed.checkpoint
            if followed.advance(stream.safe(followed.file)) != before:
                checkpoints.append(followed.checkpoint)
        with self.store.transaction():
            self.store.put(batch, checkpoints, self.clock())
        self._untold = self._untold or bool(batch.events or batch.runs)
        return len(batch.events) + len(batch.runs)

    def _tell(self, now: datetime) -> None:
        """Let the alerts hear of what is stored and did not change for a while; a kill in between loses nothing."""
        with self.store.transaction():
            before, events, runs = self.store.untold(now - SETTLED)
            if events or runs:
                self.alerts.apply(events, runs, now)
                self._planned = False
            self._untold = self.store.mark_told(before)

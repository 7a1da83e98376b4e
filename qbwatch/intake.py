"""Reading on its way to the store: every log's stream, and one transaction for all that came of a turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.formats import qbwc
from qbwatch.neighbours import Neighbours
from qbwatch.nul_runs import nul_runs, unclean_stop
from qbwatch.side_stream import SideStream
from qbwatch.source_paths import chain_of
from qbwatch.stream import Batch, LogStream
from rules.classify import Findings
from rules.gate import Gate, literals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ingest.blocks import Block
    from ingest.follow import FollowedFile
    from ingest.identity import Checkpoint
    from qbwatch.config import Settings
    from qbwatch.history.store import Store
    from qbwatch.machine_intake import MachineIntake
    from qbwatch.selfwatch.canary import Canary
    from qbwatch.source_looks import Reading
    from qbwatch.sources import Sources
    from rules.catalogue import Catalogue
    from rules.threshold import Key, Mark

# As many bytes are stored together, whatever files they are of; fewer wait for the end of the turn, and so do not
# sync each.
_LARGE = 512 << 10
# Of one file as much is read in a turn; the others wait no longer than that takes.
_A_TURN = 4 << 20
# A last line without its end that did not grow for so long is taken as it stands.
_QUIET = timedelta(seconds=2)
_NULS = "NULs where text was to be written: a write was cut off"
_TOO_LONG = "part of a record longer than can be read"


@dataclass(slots=True)
class _Log:
    """One log, which may span several files: its stream, the files that were read, and from where on."""

    stream: LogStream | SideStream
    members: dict[str, FollowedFile] = field(default_factory=dict)
    began: dict[str, int] = field(default_factory=dict)  # by file: where the present stretch of reading began


@dataclass(slots=True)
class Intake:
    """Takes what `Sources` yields, and stores what comes of it with how far it was read."""

    settings: Settings
    catalogue: Catalogue
    gate: Gate
    store: Store
    sources: Sources
    clock: Callable[[], datetime]
    machine: MachineIntake
    canary: Canary | None = None
    _logs: dict[tuple[str, str], _Log] = field(default_factory=dict)
    _touched: dict[tuple[str, str], None] = field(default_factory=dict)
    _unreviewed: set[tuple[str, str]] = field(default_factory=set)  # read since the last review
    _halves: dict[str, tuple[datetime, FollowedFile]] = field(default_factory=dict)
    _neighbours: Neighbours = field(default_factory=Neighbours)
    _outside: Findings = field(init=False)
    _extra: Batch = field(default_factory=Batch)
    _unstored: int = 0  # bytes
    stored: int = 0  # events and runs since the start

    def __post_init__(self) -> None:
        """Begin with no log."""
        self._outside = Findings(self.catalogue)

    def read(self, reading: Reading, tell_from: datetime | None) -> None:
        """Read what is new of one file. Raises OSError when it breaks off; `give_back` then."""
        followed = reading.followed
        log, key = self._log(followed)
        self._touched[key] = None
        self._unreviewed.add(key)
        log.began.setdefault(followed.file, min(followed.read_up_to, followed.checkpoint.offset))
        for block in followed.read(reading.file, _A_TURN):
            self._take(log, followed, block)
            self._unstored += len(block.data)
            if self._unstored >= _LARGE:
                self.commit(tell_from)
                self._touched[key] = None
        self._take_last(log, followed)
        self.sources.was_read(reading)

    def _take_last(self, log: _Log, followed: FollowedFile) -> None:
        last = followed.last()
        self._halves.pop(followed.file, None)
        if last is None:
            return
        # A line exists once its newline is on disk, or when nobody has written it for a while.
        if last.data.endswith(b"\n"):
            self._take(log, followed, last)
        else:
            self._halves[followed.file] = (self.clock(), followed)

    def _take(self, log: _Log, followed: FollowedFile, block: Block) -> None:
        source = followed.checkpoint.path
        for span, time in nul_runs(block):
            self.sources.followed.note_skipped(followed, span.offset, span.offset + span.length, _NULS)
            signal = unclean_stop(
                span, host=self.settings.host, client=self.settings.client, source=source, file=followed.file, time=time
            )
            self._extra.signals[signal.id] = signal
        log.stream.take(block, file=followed.file, source=source)

    def end_turn(self, tell_from: datetime | None) -> None:
        """Take what is quiet, give every finding to its run or to nobody, and store it all."""
        now = self.clock()
        for file, (since, followed) in list(self._halves.items()):
            last = followed.last()
            if now - since >= _QUIET and last is not None:
                log, key = self._log(followed)
                self._take(log, followed, last)
                self._touched[key] = None
                self._unreviewed.add(key)
                del self._halves[file]
        for log in self._to_review():
            # What is still to be read may hold the answer that seems to be missing.
            is_read = not any(followed.has_more for followed in log.members.values())
            log.stream.review(now if is_read else None)
        for draft in self._neighbours.take_unclaimed():
            event = self._outside.outside(draft)
            self._extra.events[event.id] = event
        self.commit(tell_from)

    def _to_review(self) -> Iterator[_Log]:
        """Yield the logs of which there may be news: side logs first, since they may wait for the clock alone."""
        yield from [log for log in self._logs.values() if isinstance(log.stream, SideStream)]
        news, self._unreviewed = self._unreviewed, set()
        for key, log in self._logs.items():
            if isinstance(log.stream, LogStream) and (key in news or not self._neighbours.is_empty):
                yield log

    def _log(self, followed: FollowedFile) -> tuple[_Log, tuple[str, str]]:
        """Return the log of *followed*: a rolled-over file and its successor are one."""
        key = (chain_of(followed.checkpoint.path), followed.grammar.name)
        if key not in self._logs:
            self._logs[key] = _Log(self._stream(followed))
            self._logs[key].stream.counts = self.store.counts(_name(key))
        log = self._logs[key]
        log.members[followed.file] = followed
        return log, key

    def _stream(self, followed: FollowedFile) -> LogStream | SideStream:
        host, client = self.settings.host, self.settings.client
        if self._is_canary(followed.checkpoint.path):
            # Of no connector, so that it tells nothing of one.
            return LogStream(self.catalogue, self.gate, host=host, client=client)
        if followed.grammar.name == qbwc.NAME:
            return LogStream(
                self.catalogue, self.gate, host=host, client=client, neighbours=self._neighbours,
                on_sign=self.machine.watch.sign, on_fact=self.machine.watch.schedule,
            )  # fmt: skip
        return SideStream(
            self.catalogue, self.gate, self._neighbours, host=host, client=client, grammar=followed.grammar
        )

    def commit(self, tell_from: datetime | None) -> None:
        """Store all that came since the last time, with the checkpoints of every file of the logs that were read.

        A run may span two files of a log. What happened before *tell_from* is history that nobody is told of.
        """
        batch, self._extra = self._extra, Batch()
        checkpoints: list[Checkpoint] = []
        counted: dict[str, list[tuple[Key, list[Mark]]]] = {}
        for key in self._touched:
            log = self._logs[key]
            batch.add(log.stream.take_batch())
            if counts := list(log.stream.counts.take_changed()):
                counted[_name(key)] = counts
            checkpoints += self._advance(log)
        self._touched.clear()
        self._unstored = 0
        notes = self.sources.followed.take_notes()
        if self.canary:
            self.canary.take_out(batch)
            notes.ledger = [entry for entry in notes.ledger if not self._is_canary(entry.path)]
        now = self.clock()
        if not (batch.is_empty and not checkpoints and not counted and notes.is_empty):
            with self.store.transaction():
                self.store.put(batch, [*notes.moved, *checkpoints], now, ledger=notes.ledger, tell_from=tell_from)
                self.store.forget(notes.forgotten)
                self.machine.hear(batch)
                for log_name, counts in counted.items():
                    self.store.put_counts(log_name, counts, now)
        self.stored += len(batch.events) + len(batch.runs)

    def _is_canary(self, path: str) -> bool:
        return self.canary is not None and self.canary.is_own(path)

    def _advance(self, log: _Log) -> list[Checkpoint]:
        """Move the checkpoints of *log* up to what was read, and note that in the ledger."""
        moved = []
        for file, followed in list(log.members.items()):
            if followed.checkpoint.past:
                del log.members[file]
                continue
            before = followed.checkpoint
            if followed.advance(log.stream.safe(file)) != before:
                moved.append(followed.checkpoint)
                self.sources.followed.note_read(followed, log.began.get(file, before.offset))
            for begin, end in followed.passed:
                self.sources.followed.note_skipped(followed, begin, end, _TOO_LONG)
        return moved

    def give_back(self, followed: FollowedFile) -> None:
        """Forget what was read of a log since its checkpoints: reading it broke off. The others go on."""
        log, key = self._log(followed)
        del self._logs[key]
        self._touched.pop(key, None)
        for file, member in log.members.items():
            self._halves.pop(file, None)
            member.rewind()

    def use(self, catalogue: Catalogue) -> None:
        """Classify by *catalogue* from now on; open runs and held findings stay."""
        self.catalogue, self.gate = catalogue, Gate(literals_of(catalogue))
        self._outside.use(catalogue)
        for log in self._logs.values():
            log.stream.use(catalogue, self.gate)

    def forget(self) -> None:
        """Forget all that was not stored; `Sources.restore` begins anew at the checkpoints."""
        self._logs.clear()
        self._touched.clear()
        self._unreviewed.clear()
        self._halves.clear()
        self._neighbours = Neighbours()
        self._extra = Batch()


def _name(key: tuple[str, str]) -> str:
    return "\n".join(key)

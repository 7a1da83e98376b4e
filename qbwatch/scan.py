"""Classify logs once: read, join, classify, and hand over what was found."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingest.blocks import BlockCutter
from ingest.encoding import detect_encoding
from ingest.formats import first_time, qbwc, read_records
from ingest.formats.windows_record import UNPARSED
from ingest.identity import HEAD, Change, Sight, compare, hash_of, recognise
from ingest.line_format import LineGrammar
from ingest.local_time import NO_ZONE
from ingest.plain_runs import TICK
from ingest.platform import open_shared
from qbwatch.application_config import OVERDUE_AFTER
from qbwatch.machine import MachineWatch
from qbwatch.neighbours import Neighbours
from qbwatch.nul_runs import nul_runs, unclean_stop
from qbwatch.scan_files import UNREADABLE, why_unreadable
from qbwatch.scan_stream import ScanStream
from qbwatch.second_look import SecondLook
from qbwatch.side_stream import SideStream
from qbwatch.source_paths import chain_of, is_generation
from qbwatch.stream import Batch
from rules.classify import Findings, Where
from rules.event import Role, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ingest.blocks import Block
    from ingest.grammar import Grammar
    from ingest.identity import Checkpoint
    from qbwatch.scan_files import LogFile
    from rules.catalogue import Catalogue
    from rules.gate import Gate
    from rules.pulse import ConfiguredApplication

_CHUNK = 1 << 20
_FIRST_STAMP_WITHIN = 64 << 10


@dataclass(slots=True)
class Summary:
    """What a scan went through."""

    files: int = 0
    bytes: int = 0
    records: int = 0
    runs: int = 0
    events: int = 0
    root_events: int = 0
    alarming: int = 0  # root events of severity warning or above
    unclassified: int = 0
    passed_over: int = 0
    seconds: float = 0.0
    without_zone: list[str] = field(default_factory=list)  # logs whose times are local to a zone that is not known

    def add(self, batch: Batch) -> None:
        """Count what *batch* holds."""
        self.runs += len(batch.runs)
        self.events += len(batch.events)
        for event in batch.events.values():
            self.root_events += event.role is Role.ROOT
            self.alarming += event.role is Role.ROOT and event.severity.rank >= Severity.WARNING.rank
            self.unclassified += event.cause == "unclassified"


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that a watcher has read, as its store tells."""

    checkpoint: Checkpoint
    head: bytes = b""


@dataclass(slots=True)
class Scan:
    """One scan: by which rules, as whose logs, and what to do when a file breaks off."""

    catalogue: Catalogue
    gate: Gate
    host: str
    client: str | None
    on_error: Callable[[str, str], None]
    on_damage: Callable[[str, str], None]  # what is wrong with a log that could be read on
    on_progress: Callable[[int], None]
    summary: Summary
    together: bool = False  # all logs are one machine's, wherever they lie
    known: Sequence[KnownFile] = ()  # the files of the store that the findings go to
    expected: Sequence[ConfiguredApplication] = ()
    overdue_after: int = OVERDUE_AFTER

    def run(self, logs: Iterable[LogFile]) -> Iterator[Batch]:
        """Scan *logs*; those of one group are one machine's. Yield what is final, as it comes."""
        # A subfolder may sort between two files of one folder, hence no itertools.groupby.
        groups: dict[str, list[LogFile]] = {}
        for log in logs:
            groups.setdefault("" if self.together else log.group, []).append(log)
        for group in groups.values():
            for batch in self._machine(group):
                self.summary.add(batch)
                yield batch

    def _machine(self, logs: list[LogFile]) -> Iterator[Batch]:
        """Scan one machine's logs: what lies beside QWCLog.txt first, since it tells of that log's runs."""
        machine = MachineWatch(
            self.catalogue, host=self.host, client=self.client, expected=self.expected,
            overdue_after=self.overdue_after,
        )  # fmt: skip
        logs = list(self._without_copies(logs))
        noted, signals, second = Batch(), Findings(self.catalogue), SecondLook(self.catalogue)
        for log in logs:
            if log.grammar is None:
                noted.add(self._whole(log, machine, signals, second))
        neighbours = Neighbours()
        outside = Findings(self.catalogue)
        beside = [log for log in logs if log.grammar and log.format != qbwc.NAME]
        for _ in self._beside(beside, neighbours):
            if neighbours.is_full:
                yield second.look(_settled(neighbours, outside))
        stream = self._stream(machine, neighbours)
        for begins, log in self._dated([log for log in logs if log.format == qbwc.NAME]):
            if machine.last and begins < machine.last:
                # Not the next file of a rollover, but another log of the same time.
                stream.finish()
                yield _told(second.look(stream.take_batch()), machine)
                stream = self._stream(machine, neighbours)
            for name, block in self._blocks(log):
                self._note_nuls(block, name, log, machine)
                stream.take(block, file=name, source=log.name)
                yield _told(second.look(stream.take_batch()), machine)
        stream.finish()
        yield _told(second.look(stream.take_batch()), machine)
        yield second.look(_settled(neighbours, outside))
        noted.add(Batch(events=machine.judge(None).events))
        yield noted

    def _without_copies(self, logs: list[LogFile]) -> Iterator[LogFile]:
        """Yield *logs* but those that hold the same as another one, such as a copy or its packed form."""
        kept: dict[str, str] = {}
        heads = [self._head_of(log) for log in logs]
        alike = Counter(head for head in heads if head)
        for log, head in zip(logs, heads, strict=True):
            if alike[head] > 1:
                with self._guarded(log), log.open() as file:
                    whole = _digest_of(file)
                    if whole in kept:
                        self.on_damage(log.name, f"holds the same as {kept[whole]}, and is read once")
                        continue
                    kept[whole] = log.name
            yield log

    def _head_of(self, log: LogFile) -> str:
        with suppress(*UNREADABLE), log.open() as file:
            return hash_of(file.read(HEAD))
        return ""

    def _beside(self, logs: list[LogFile], neighbours: Neighbours) -> Iterator[None]:
        """Read the *logs* that know no runs; what is found in them goes to *neighbours*."""
        streams: dict[tuple[str, str], SideStream] = {}
        for _, log in self._dated(logs):
            if log.grammar is None:
                continue
            key = (chain_of(log.name), log.format)
            stream = streams.get(key) or SideStream(
                self.catalogue, self.gate, neighbours, host=self.host, client=self.client, grammar=log.grammar
            )
            streams[key] = stream
            for name, block in self._blocks(log):
                stream.take(block, file=name, source=log.name)
                yield
        for stream in streams.values():
            stream.finish()

    def _stream(self, machine: MachineWatch, neighbours: Neighbours) -> ScanStream:
        return ScanStream(
            self.catalogue, self.gate, host=self.host, client=self.client, neighbours=neighbours, on_sign=machine.sign,
            on_fact=machine.schedule,
        )  # fmt: skip

    def _dated(self, logs: list[LogFile]) -> list[tuple[datetime, LogFile]]:
        """Return *logs* with their first stamps, in the order in which they were written."""
        dated = []
        for log in logs:
            with self._guarded(log), log.open() as file:
                head = file.read(_FIRST_STAMP_WITHIN)
                dated.append((_begins(head, log.grammar), log))
                if _lacks_zone(head, log.grammar):
                    self.summary.without_zone.append(log.name)
        # Two that begin in the same second: the older generation first.
        return sorted(dated, key=lambda one: (one[0], not is_generation(Path(one[1].name).name)))

    @contextmanager
    def _guarded(self, log: LogFile) -> Iterator[None]:
        """One log that breaks off stops no other."""
        try:
            yield
        except UNREADABLE as error:
            self.on_error(log.name, why_unreadable(error))

    def _blocks(self, log: LogFile) -> Iterator[tuple[str, Block]]:
        """Yield the blocks of *log*, each with the name of the file in event ids."""
        self.summary.files += 1
        with self._guarded(log), log.open() as file:
            chunk = file.read(_CHUNK)
            name = self._name_of(log, chunk[:HEAD])
            encoding = detect_encoding(chunk)
            cutter = BlockCutter(log.grammar or qbwc.QwcGrammar(), encoding, offset=encoding.bom)
            self._count(encoding.bom)
            chunk = chunk[encoding.bom :]
            while chunk:
                self._count(len(chunk))
                # A run that is cut in two by the end of a block would be read record by record.
                block = cutter.feed(chunk, TICK if len(chunk) == _CHUNK else b"")
                if block:
                    self.summary.records += block.count()
                    yield name, block
                chunk = file.read(_CHUNK)
            last = cutter.finish()
            if last:
                self.summary.records += last.count()
                yield name, last
            self.summary.passed_over += cutter.passed_over

    def _name_of(self, log: LogFile, head: bytes) -> str:
        """Name a file as the store already does, so that scanning a followed log adds nothing; else by its head."""
        if self.known and Path(log.name).is_file():
            with open_shared(Path(log.name)) as file:
                sight, found = recognise(file, log.name, self.known)
                if found and (sight is Sight.COVERED or compare(file, found.checkpoint) is Change.SAME):
                    return found.checkpoint.file
        return f"{hash_of(head)}:0"

    def _note_nuls(self, block: Block, file: str, log: LogFile, machine: MachineWatch) -> None:
        for span, time in nul_runs(block):
            stop = unclean_stop(span, host=self.host, client=self.client, source=log.name, file=file, time=time)
            machine.signal(stop.record)

    def _count(self, size: int) -> None:
        self.summary.bytes += size
        self.on_progress(self.summary.bytes)

    def _whole(self, log: LogFile, machine: MachineWatch, signals: Findings, second: SecondLook) -> Batch:
        """Read a log that is not cut into blocks, such as an export of Windows events; return what *signals* found."""
        self.summary.files += 1
        batch = Batch()
        with self._guarded(log), log.open() as file:
            data = file.read()
            self._count(len(data))
            where = Where(host=self.host, client=self.client, source=log.name, file=f"{hash_of(data[:HEAD])}:0")
            damaged, undated = [], False
            for record in read_records(log.format, data, log.clock):
                self.summary.records += 1
                if record.level == UNPARSED:
                    damaged.append(record)
                undated = undated or record.fields.get("time_doubt") == NO_ZONE
                if record.time is not None:
                    machine.signal(record)
                    second.signal(record)
                    batch.events |= {event.id: event for event in signals.add(record, where, None)}
            if damaged:
                more = f" ({len(damaged)} places in all)" if len(damaged) > 1 else ""
                # That a file ends early says more than that one of its events is damaged.
                worst = max(damaged, key=lambda record: len(record.message))
                self.on_damage(log.name, f"{worst.message.rstrip('.')}{more}")
            if undated:
                self.summary.without_zone.append(log.name)
        return batch


def _begins(head: bytes, grammar: Grammar | None) -> datetime:
    first = first_time(head, grammar) if grammar else None
    return first or datetime.min.replace(tzinfo=UTC)


def _told(batch: Batch, machine: MachineWatch) -> Batch:
    """Let *machine* hear of the runs of *batch*."""
    for run in batch.runs.values():
        machine.run(run)
    machine.thin_out()
    return batch


def _settled(neighbours: Neighbours, outside: Findings) -> Batch:
    """Return what fell into no run."""
    events = [outside.outside(draft) for draft in neighbours.take_unclaimed()]
    return Batch(events={event.id: event for event in events})


def _lacks_zone(head: bytes, grammar: Grammar | None) -> bool:
    """Say whether the log that begins with *head* tells times that only its machine's zone would make sense of."""
    if not isinstance(grammar, LineGrammar) or grammar.clock.zone is not None or first_time(head, grammar):
        return False
    return first_time(head, grammar.format.bound(replace(grammar.clock, zone=UTC))) is not None


def _digest_of(file: BinaryIO) -> str:
    """Return a hash of all that *file* holds from here on."""
    digest = blake2b(digest_size=16)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()

"""Classify logs once: read, join, classify, and hand over what was found."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.blocks import BlockCutter
from ingest.encoding import detect_encoding
from ingest.follow import CHUNK, HEAD, Change, compare, hash_of, recognise
from ingest.formats import first_time, qbwc, read_records
from ingest.platform import open_shared
from qbwatch.machine import MachineTimeline, Sign
from qbwatch.scan_files import UNREADABLE, why_unreadable
from qbwatch.stream import LogStream
from rules.classify import Where
from rules.event import Role, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ingest.blocks import Block
    from ingest.follow import Checkpoint
    from ingest.record import Record
    from qbwatch.scan_files import LogFile
    from qbwatch.stream import Batch
    from rules.catalogue import Catalogue
    from rules.gate import Gate

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

    def add(self, batch: Batch) -> None:
        """Count what *batch* holds."""
        self.runs += len(batch.runs)
        self.events += len(batch.events)
        for event in batch.events.values():
            self.root_events += event.role is Role.ROOT
            self.alarming += event.role is Role.ROOT and event.severity.rank >= Severity.WARNING.rank
            self.unclassified += event.cause == "unclassified"


@dataclass(slots=True)
class Scan:
    """One scan: by which rules, as whose logs, and what to do when a file breaks off."""

    catalogue: Catalogue
    gate: Gate
    host: str
    client: str | None
    on_error: Callable[[str, str], None]
    on_progress: Callable[[int], None]
    summary: Summary
    known: Sequence[Checkpoint] = ()  # the files of the store that the findings go to

    def run(self, logs: Iterable[LogFile]) -> Iterator[Batch]:
        """Scan *logs*; those of one group are one machine's. Yield what is final, as it comes."""
        # A subfolder may sort between two files of one folder, hence no itertools.groupby.
        groups: dict[str, list[LogFile]] = {}
        for log in logs:
            groups.setdefault(log.group, []).append(log)
        for group in groups.values():
            for batch in self._machine(group):
                self.summary.add(batch)
                yield batch

    def _machine(self, logs: list[LogFile]) -> Iterator[Batch]:
        timeline = MachineTimeline(self.catalogue, host=self.host, client=self.client)
        for log in logs:
            if log.format != qbwc.NAME:
                self._whole(log, timeline)
        stream = self._stream(timeline)
        for begins, log in sorted(self._dated(logs), key=lambda dated: dated[0]):
            if timeline.last and begins < timeline.last:
                # Not the next file of a rollover, but another log of the same time.
                stream.finish()
                yield stream.take_batch()
                stream = self._stream(timeline)
            yield from self._read(log, stream)
        stream.finish()
        yield stream.take_batch()
        yield timeline.take_batch()

    def _stream(self, timeline: MachineTimeline) -> LogStream:
        def on_sign(record: Record, where: Where) -> None:
            if record.time:
                turn = "Password management - Started" in record.message
                timeline.sign(Sign(time=record.time, where=where, span=record.span, is_turn=turn))

        return LogStream(self.catalogue, self.gate, host=self.host, client=self.client, live=False, on_sign=on_sign)

    def _dated(self, logs: list[LogFile]) -> Iterator[tuple[datetime, LogFile]]:
        for log in logs:
            if log.format == qbwc.NAME:
                with self._guarded(log), log.open() as file:
                    yield first_time(file.read(_FIRST_STAMP_WITHIN)) or datetime.min.replace(tzinfo=UTC), log

    @contextmanager
    def _guarded(self, log: LogFile) -> Iterator[None]:
        """One log that breaks off stops no other."""
        try:
            yield
        except UNREADABLE as error:
            self.on_error(log.name, why_unreadable(error))

    def _read(self, log: LogFile, stream: LogStream) -> Iterator[Batch]:
        self.summary.files += 1
        with self._guarded(log), log.open() as file:
            chunk = file.read(CHUNK)
            name = self._name_of(log, chunk[:HEAD])
            encoding = detect_encoding(chunk)
            cutter = BlockCutter(encoding, offset=encoding.bom)
            self._count(encoding.bom)
            chunk = chunk[encoding.bom :]
            while chunk:
                self._count(len(chunk))
                block = cutter.feed(chunk)
                if block:
                    self._take(block, stream, name, log)
                    yield stream.take_batch()
                chunk = file.read(CHUNK)
            last = cutter.finish()
            if last:
                self._take(last, stream, name, log)
            self.summary.passed_over += cutter.passed_over

    def _name_of(self, log: LogFile, head: bytes) -> str:
        """Name a file as the store already does, so that scanning a followed log adds nothing; else by its head."""
        if self.known and Path(log.name).is_file():
            with open_shared(Path(log.name)) as file:
                found = recognise(file, self.known)
                if found and compare(file, found) is Change.SAME:
                    return f"{found.uid}:{found.generation}"
        return f"{hash_of(head)}:0"

    def _take(self, block: Block, stream: LogStream, name: str, log: LogFile) -> None:
        self.summary.records += block.count()
        stream.take(block, file=name, source=log.name)

    def _count(self, size: int) -> None:
        self.summary.bytes += size
        self.on_progress(self.summary.bytes)

    def _whole(self, log: LogFile, timeline: MachineTimeline) -> None:
        """Read a log that is not cut into blocks, such as an export of Windows events."""
        self.summary.files += 1
        with self._guarded(log), log.open() as file:
            data = file.read()
            self._count(len(data))
            where = Where(host=self.host, client=self.client, source=log.name, file=f"{hash_of(data[:HEAD])}:0")
            for record in read_records(log.format, data):
                self.summary.records += 1
                timeline.signal(record, where)

"""One log of one host on its way from blocks to events and runs; scanning and following share it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from heapq import merge
from typing import TYPE_CHECKING

from ingest.formats.qbwc_steps import MARKERS
from ingest.plain_runs import PlainRuns
from ingest.runs import RunJoiner
from rules.classify import Findings, Where, digest
from rules.event import Event, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ingest.blocks import Block
    from ingest.plain_runs import PlainRun
    from ingest.record import Outcome, Record, Run
    from ingest.runs import OpenRun
    from rules.catalogue import Catalogue
    from rules.gate import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """A run as it is stored: with its host, its client and the cause of its root event."""

    run: Run
    host: str
    client: str | None
    cause: str | None
    closed: bool


@dataclass(slots=True)
class Batch:
    """What came of some blocks: events and runs by id, as they stand now."""

    events: dict[str, Event] = field(default_factory=dict)
    runs: dict[str, FinishedRun] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Fed:
    """The record that was fed last: a file's last record comes again when it has grown or is complete."""

    at: tuple[str, int]
    text: str
    run: OpenRun | None


class LogStream:
    """Joins and classifies the records of one log, which may span several files (QWCLogOld.txt, QWCLog.txt)."""

    def __init__(
        self,
        catalogue: Catalogue,
        gate: Gate,
        *,
        host: str,
        client: str | None,
        live: bool = True,
        on_sign: Callable[[Record, Where], None] | None = None,
    ) -> None:
        """Classify by *catalogue*, whose literals *gate* must know; *on_sign* hears of records that show life.

        A *live* stream gives a run's findings as they come and again when they change; else they come once, with
        the run, when it is closed.
        """
        self._live = live
        self._on_sign = on_sign
        self._gate = gate
        self._findings = Findings(catalogue)
        self._joiner = RunJoiner()
        self._host, self._client = host, client
        self._where: dict[str, Where] = {}
        self._shown: dict[str, tuple[Outcome, bool, int]] = {}
        self._last: _Fed | None = None
        self._safe: dict[str, tuple[int, int]] = {}
        self._batch = Batch()
        self._plain = PlainRuns(gate.finds, gate.literals)

    def take(self, block: Block, *, file: str, source: str) -> None:
        """Classify the records of *block* of *file*, the name of its generation; *source* is its path for people."""
        where = Where(host=self._host, client=self._client, source=source, file=file)
        if self._live:
            self._read(block, where, 0, len(block.words.text))
            return
        for begin, end, is_run in self._plain.cut(block):
            whole = self._plain.recognise(block, begin, end) if is_run and self._joiner.is_free else None
            if whole is not None:
                self._take_whole(whole, where)
            else:
                self._read(block, where, begin, end)

    def _read(self, block: Block, where: Where, begin: int, end: int) -> None:
        """Read, record by record, what may matter in the own words text[begin:end] of *block*."""
        words, part = block.words, block.words.text[begin:end]
        hits = [words.place(begin + hit) for hit in self._gate.hits(part)]
        marks = [words.place(begin + found.start()) for found in MARKERS.finditer(part)]
        floor, limit = words.place(begin), words.place(end)
        marks += [at for at in block.layout.banners_before(len(block.data)) if floor <= at < limit]
        marks.sort()
        for record, start, stop in block.records_at(merge(hits, marks)):
            self._feed(record, where, suspect=_is_between(hits, start, stop))

    def _take_whole(self, whole: PlainRun, where: Where) -> None:
        span = whole.first.span
        run = whole.open_run(digest(where.host, where.file, span.offset, "run"), where.source)
        self._joiner.take_whole(run, whole.first)
        self._safe = {where.file: (span.offset, span.line)}
        self._where[run.id] = where
        self._last = None
        if self._on_sign:
            self._on_sign(whole.first, where)
            self._on_sign(whole.last, where)
        for ended in self._joiner.take_ended():
            self._close(ended)

    def _feed(self, record: Record, where: Where, *, suspect: bool) -> None:
        at = (where.file, record.span.offset)
        again = self._last is not None and self._last.at == at
        if again and self._last and (self._last.text == record.text or self._is_closed(self._last.run)):
            return
        run = self._last.run if again and self._last else self._join(record, where)
        self._last = _Fed(at, record.text, run)
        if self._on_sign and not again:
            self._on_sign(record, where)
        if suspect:
            self._classify(record, where, run)
        # Only now: a summary that closes its run is a finding of that run.
        for ended in self._joiner.take_ended():
            self._close(ended)

    @staticmethod
    def _is_closed(run: OpenRun | None) -> bool:
        return run is not None and run.closed

    def _join(self, record: Record, where: Where) -> OpenRun | None:
        place = (record.span.offset, record.span.line)
        run = self._joiner.feed(record, digest(where.host, where.file, place[0], "run"), where.source)
        if all(going is run and going.first == record.span for going in self._joiner.open):
            self._safe = {where.file: place}
        self._safe.setdefault(where.file, place)
        if run is not None:
            self._where.setdefault(run.id, where)
        return run

    def _classify(self, record: Record, where: Where, run: OpenRun | None) -> None:
        events = self._findings.add(record, where, run.as_run() if run else None)
        if run is not None and self._findings.has_root(run.id):
            run.mark_failed()
        if run is None or self._live:
            self._batch.events.update((event.id, event) for event in events)

    def _close(self, ended: OpenRun) -> None:
        run = ended.as_run()
        events = self._findings.close(run, self._where.pop(run.id))
        self._shown.pop(run.id, None)
        self._put(run, events, closed=True)

    def _put(self, run: Run, events: Iterable[Event], *, closed: bool) -> None:
        listed = list(events)
        root = next((event for event in listed if event.role is Role.ROOT), None)
        self._batch.events.update((event.id, event) for event in listed)
        self._batch.runs[run.id] = FinishedRun(
            run=run, host=self._host, client=self._client, cause=root.cause if root else None, closed=closed
        )

    def review(self) -> None:
        """Put what is known of open runs into the batch where it is news: live, nobody waits for the next run."""
        for going in self._joiner.open:
            run = going.as_run()
            if run.application is None or run.id not in self._where:
                continue
            news = (run.outcome, going.is_over, len(going.known))
            if self._shown.get(run.id) != news:
                self._shown[run.id] = news
                self._put(run, self._findings.review(run, self._where[run.id]), closed=False)

    def finish(self) -> None:
        """Close the open runs: the log ends here."""
        for ended in self._joiner.finish():
            self._close(ended)

    def safe(self, file: str) -> tuple[int, int] | None:
        """Return offset and line in *file* from which the open runs can be rebuilt; None if none is open."""
        return self._safe.get(file) if self._joiner.open else None

    def take_batch(self) -> Batch:
        """Return what came since the last call."""
        batch, self._batch = self._batch, Batch()
        return batch


def _is_between(hits: list[int], begin: int, end: int) -> bool:
    at = bisect_left(hits, begin)
    return at < len(hits) and hits[at] < end

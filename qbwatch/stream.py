"""One log of one host on its way from blocks to events and runs; scanning and following share it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from heapq import merge
from typing import TYPE_CHECKING, NamedTuple

from ingest.formats.qbwc import BANNER
from ingest.formats.qbwc_statuses import find_statuses
from ingest.formats.qbwc_steps import MARKERS, is_program_start
from ingest.runs import RunJoiner
from ingest.schedule_facts import MARKS, fact_of
from ingest.search import find
from qbwatch.neighbours import Neighbours
from qbwatch.rule_stream import RuleStream
from rules.classify import Where, digest
from rules.event import Event, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ingest.blocks import Block
    from ingest.record import Outcome, Record, Run, Span, Status
    from ingest.runs import OpenRun
    from ingest.schedule_facts import ScheduleFact
    from qbwatch.signal import NotedSignal
    from rules.catalogue import Catalogue
    from rules.gate import Gate

# A byte order mark and blank lines stand at most before the first banner of a file.
_FIRST = 16


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
    """What came of some blocks: events, runs and signals by id, as they stand now."""

    events: dict[str, Event] = field(default_factory=dict)
    runs: dict[str, FinishedRun] = field(default_factory=dict)
    signals: dict[str, NotedSignal] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing came."""
        return not (self.events or self.runs or self.signals)

    def add(self, other: Batch) -> None:
        """Take in *other*, which came later."""
        self.events.update(other.events)
        self.runs.update(other.runs)
        self.signals.update(other.signals)


class Sign(NamedTuple):
    """A line of a log that shows its program alive; `is_turn` if the schedule looked at an application then.

    `starts` if the program began anew just before.
    """

    time: datetime
    where: Where
    span: Span
    is_turn: bool
    starts: bool = False


@dataclass(frozen=True, slots=True)
class _Fed:
    """The record that was fed last: a file's last record comes again when it has grown or is complete."""

    at: tuple[str, int]
    text: str
    statuses: tuple[Status, ...]
    run: OpenRun | None

    def says_as(self, record: Record) -> bool:
        """Say whether *record*, which is the same one, tells nothing that was not told before."""
        return self.text == record.text and self.statuses == record.statuses


class LogStream(RuleStream):
    """Joins and classifies the records of one log, which may span several files (QWCLogOld.txt, QWCLog.txt)."""

    def __init__(
        self,
        catalogue: Catalogue,
        gate: Gate,
        *,
        host: str,
        client: str | None,
        live: bool = True,
        neighbours: Neighbours | None = None,
        on_sign: Callable[[Sign], None] | None = None,
        on_fact: Callable[[ScheduleFact], None] | None = None,
    ) -> None:
        """Classify by *catalogue*, whose literals *gate* must know; *on_sign* hears of records that show life.

        *on_fact* hears what the log says of its schedule, *neighbours* holds what the machine's other logs tell of
        its runs. A *live* stream gives a run's findings as they come and again when they change; else they come once,
        with the run, when it is closed.
        """
        self._live = live
        self._neighbours = neighbours or Neighbours()
        self._on_sign, self._on_fact = on_sign, on_fact
        self._starts = False
        super().__init__(catalogue, gate)
        self._joiner = RunJoiner()
        self._host, self._client = host, client
        self._where: dict[str, Where] = {}
        self._shown: dict[str, tuple[Outcome, bool, int, int]] = {}
        self._last: _Fed | None = None
        self._safe: dict[str, tuple[int, int]] = {}
        self._batch = Batch()

    def take(self, block: Block, *, file: str, source: str) -> None:
        """Classify the records of *block* of *file*, the name of its generation; *source* is its path for people."""
        where = Where(host=self._host, client=self._client, source=source, file=file)
        self._read(block, where, 0, len(block.words.text))

    def _read(self, block: Block, where: Where, begin: int, end: int) -> None:
        """Read, record by record, what may matter in the own words text[begin:end] of *block* and their payloads."""
        words, part = block.words, block.words.text[begin:end]
        hits = [words.place(begin + hit) for hit in self._gate.hits(part)]
        marks = [words.place(begin + found.start()) for found in MARKERS.finditer(part)]
        floor, limit = words.place(begin), words.place(end)
        marks += facts_in(block, begin, end)
        marks += [at for at in block.layout.banners_before(len(block.data)) if floor <= at < limit]
        marks.sort()
        for record, start, stop in block.records_at(merge(hits, marks, statuses_in(block, begin, end))):
            self._feed(record, where, suspect=is_between(hits, start, stop))

    def _feed(self, record: Record, where: Where, *, suspect: bool) -> None:
        at = (where.file, record.span.offset)
        again = self._last is not None and self._last.at == at
        if again and self._last and (self._last.says_as(record) or self._is_closed(self._last.run)):
            return
        run = self._last.run if again and self._last else self._join(record, where)
        self._last = _Fed(at, record.text, record.statuses, run)
        if not again:
            self._tell_life(record, where)
        if suspect or record.statuses:
            self._classify(record, where, run, suspect=suspect)
        # Only now: a summary that closes its run is a finding of that run.
        for ended in self._joiner.take_ended():
            self._close(ended)

    def _tell_life(self, record: Record, where: Where) -> None:
        # A file that begins with a banner may only have been rolled over.
        is_banner = record.component == BANNER
        self._starts = self._starts or (record.span.offset > _FIRST if is_banner else is_program_start(record))
        if record.time is not None:
            self._sign(Sign(record.time, where, record.span, is_turn=is_turn(record)))
        fact = fact_of(record) if self._on_fact else None
        if fact and self._on_fact:
            self._on_fact(fact)

    def _sign(self, sign: Sign) -> None:
        if self._on_sign:
            self._on_sign(sign._replace(starts=True) if self._starts else sign)
        self._starts = False

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

    def _classify(self, record: Record, where: Where, run: OpenRun | None, *, suspect: bool) -> None:
        known = run.as_run() if run else None
        events = self._findings.add(record, where, known) if suspect else []
        events += self._findings.add_statuses(record, where, known)
        if run is not None and self._findings.has_root(run.id):
            run.mark_failed()
        if run is None or self._live:
            self._batch.events.update((event.id, event) for event in events)

    def _close(self, ended: OpenRun) -> None:
        run = ended.as_run()
        if not self._neighbours.is_empty:
            self._adopt(run)
        events = self._findings.close(run, self._where.pop(run.id))
        self._neighbours.close(run)
        self._shown.pop(run.id, None)
        self._put(run, events, closed=True)

    def _adopt(self, run: Run) -> int:
        """Take for *run* what other logs say of it; return how much that is."""
        drafts = list(self._neighbours.of(run))
        for draft in drafts:
            self._findings.adopt(run, draft)
        return len(drafts)

    def _put(self, run: Run, events: Sequence[Event], *, closed: bool) -> None:
        cause = None
        if events:
            cause = next((event.cause for event in events if event.role is Role.ROOT), None)
            self._batch.events.update((event.id, event) for event in events)
        self._batch.runs[run.id] = FinishedRun(
            run=run, host=self._host, client=self._client, cause=cause, closed=closed
        )

    def review(self, now: datetime | None = None) -> None:
        """Put what is known of open runs into the batch where it is news: live, nobody waits for the next run."""
        del now
        for going in self._joiner.open:
            run = going.as_run()
            if run.application is None or run.id not in self._where:
                continue
            news = (run.outcome, going.is_over, len(going.known), self._adopt(run))
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


def is_turn(record: Record) -> bool:
    """Say whether the schedule looked at an application then."""
    return "Password management - Started" in record.message


def is_between(hits: list[int], begin: int, end: int) -> bool:
    """Say whether one of the ascending *hits* lies from *begin* to before *end*."""
    at = bisect_left(hits, begin)
    return at < len(hits) and hits[at] < end


def facts_in(block: Block, begin: int, end: int) -> list[int]:
    """Return where the own words text[begin:end] of *block* say something of a schedule."""
    found = []
    for mark in MARKS:
        at = find(block.words.text, mark, begin, end)
        while at >= 0:
            found.append(block.words.place(at))
            at = find(block.words.text, mark, at + 1, end)
    return found


def statuses_in(block: Block, begin: int, end: int) -> list[int]:
    """Return where QuickBooks may have refused something in the payloads between the own words text[begin:end]."""
    floor, limit = block.words.place(begin), block.words.place(end)
    # Without a payload the words stand as close as in the block; most logs have hardly any.
    return find_statuses(block.data, floor, limit) if limit - floor > end - begin else []

"""Plain runs, taken whole: most runs of a log are healthy and say the same as one before them.

Each record of a run is known again by its bytes, so that it is read once and not in every run. Most are silent: they
are no step that tells a run, and no rule looks for anything in them. The others make the run's shape, and what becomes
of a shape is learnt by joining one run of it record by record. So this file says nothing about runs of its own: it
only tells when a run is one that was joined before, but for its times, its ticket and the digits in silent records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ingest.formats import qbwc
from ingest.formats.qbwc_payloads import is_announced
from ingest.formats.qbwc_stamp import BANNER_START, BEFORE_UTC, NO_DIGITS, is_stamp, stamps, to_time
from ingest.formats.qbwc_steps import MARKERS
from ingest.record import Span, Trigger
from ingest.runs import OpenRun, RunJoiner
from ingest.search import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from ingest.blocks import Block
    from ingest.record import Record

_MARK = b" UTC\t: "
_BEFORE_TEXT = BEFORE_UTC + len(_MARK)
_ANY_STAMP = b"20000101.00:00:00"
TICK = b" UTC\t: UpdateThisScheduledApp() : Password management - S"
"""Where a scheduled run begins."""
_SUMMARY = b" UTC\t: UpdateThisScheduledApp() : QBWC"
_STAMPS = re.compile(rb"(?:\d{8}\.\d\d:\d\d:\d\d)+")
_MANUAL = b" UTC\t: QBWebConnector.WebServiceManager.DoUpdateSelected() : updateWS() for application = "
# Of these letters no word is made that tells a step, so that a run's ticket cannot look like one.
_TICKET = re.compile(rb'authRet\[0\]="([0-9A-Fa-f{}-]{12,64})"')
_OPENINGS = (b"<?xml", b"<QBXM")
# A silence within a run may not be as long as one that is looked at for its reason.
_LONGEST = timedelta(minutes=10)
_MOST_RECORDS = 1000
_LONGEST_RECORD = 1024
_MOST_KNOWN = 4096
_MOST_SHAPES = 256

_ODD = -1
_SILENT = 0
_ANNOUNCING = 1  # silent, and the next record is somebody's own text


@dataclass(frozen=True, slots=True)
class _Shape:
    """What becomes of a run: the state in which its joining ended."""

    run: OpenRun


class PlainRun(NamedTuple):
    """A run that was known again: where its first and last telling record stand, and when they were written."""

    shape: _Shape
    first: Span
    last: Span
    times: tuple[datetime | None, datetime | None]
    ticket: str

    @property
    def is_turn(self) -> bool:
        """Whether the schedule began it."""
        return self.shape.run.trigger is Trigger.SCHEDULED

    def open_run(self, run_id: str, source: str) -> OpenRun:
        """Return the run as joining its records would leave it, were no other open."""
        return self.shape.run.again(run_id, source, self.first, self.times, self.ticket)


class _Records(NamedTuple):
    """The records of a part of a block, told apart: each one's stamp and its text behind that."""

    stamps: list[bytes]
    texts: list[bytes]

    @classmethod
    def of(cls, part: bytes) -> _Records:
        stamp, *texts = part.split(_MARK)
        last = texts.pop()
        return cls(
            [stamp, *[text[-BEFORE_UTC:] for text in texts]],
            [*[text[:-BEFORE_UTC] for text in texts], last],
        )

    def distinct_stamps(self) -> set[bytes]:
        """Return the stamps, each once; none if one is no stamp, or two are far from each other."""
        distinct = set(self.stamps)
        if not _STAMPS.fullmatch(b"".join(distinct)):
            return set()
        first, last = to_time(min(distinct)), to_time(max(distinct))
        return distinct if first and last and last - first < _LONGEST else set()

    def from_end(self, at: int) -> int:
        """Return how many bytes there are from the begin of record number *at* to the end; at the end it is cheap."""
        return sum(map(len, self.texts[at:])) + (len(self.texts) - at) * _BEFORE_TEXT


class PlainRuns:
    """Remembers the records and the shapes of a log's runs."""

    def __init__(self, is_suspect: Callable[[bytes], bool], literals: Iterable[bytes] = ()) -> None:
        """Take *is_suspect*, which says whether one of *literals*, for which rules look, stands in a text."""
        self._is_suspect = is_suspect
        # Records are looked at one by one, so what a rule looks for must not begin in one and end in the next.
        self._is_off = any(b"\n" in literal or _MARK.strip() in literal.upper() for literal in literals)
        self._known: dict[bytes, int] = {}
        self._silent: set[bytes] = set()
        self._shapes: dict[tuple[int, ...], _Shape | None] = {}
        self._sighted: set[int] = set()
        self._last_mark = _ANNOUNCING

    def cut(self, block: Block) -> Iterator[tuple[int, int, bool]]:
        """Part the own words of *block*: begin, end, and whether a run begins there."""
        text = block.words.text
        begin, is_run = 0, False
        kept = block.words.has_payload(0, len(text))
        for mark in sorted([*_places(text, TICK), *_places(text, _MANUAL)]):
            start = mark - BEFORE_UTC
            # Where no payload was kept, what looks like a record in the words is one.
            is_start = _starts_at(block, block.words.place(mark) - BEFORE_UTC) if kept else is_stamp(text, start)
            if start < begin or not is_start:
                continue
            if start > begin:
                yield begin, start, is_run
            begin, is_run = start, True
        if begin < len(text):
            yield begin, len(text), is_run

    def before_summary(self, block: Block, begin: int, end: int) -> int:
        """Return where the summary of the run in text[begin:end] stands, in which rules always find something."""
        mark = block.words.text.find(_SUMMARY, begin, end)
        is_record = mark >= 0 and _starts_at(block, block.words.place(mark) - BEFORE_UTC)
        return mark - BEFORE_UTC if is_record else end

    def recognise(self, block: Block, begin: int, end: int) -> PlainRun | None:
        """Return the run that stands in the own words text[begin:end] of *block*, if one of its shape is known."""
        words = block.words
        part = words.text[begin:end]
        if self._is_off or b"\0" in part or words.has_payload(begin, end):
            return None
        records = _Records.of(part)
        distinct = records.distinct_stamps() if len(records.texts) <= _MOST_RECORDS else None
        if not distinct:
            return None
        ticket = _ticket(part)
        marks = self._marks_of(records, distinct, ticket)
        last = next((at for at in range(len(marks) - 1, 0, -1) if marks[at] > _ANNOUNCING), 0)
        if not last:
            return None

        def read() -> list[Record]:
            telling = [at for at, mark in enumerate(marks) if mark > _ANNOUNCING]
            return [block.record_at(words.place(end - records.from_end(at))) for at in telling]

        shape = self._shape(tuple(filter(None, marks)), read, ticket)
        if shape is None:
            return None
        first_ends = words.place(begin + _BEFORE_TEXT + len(records.texts[0]) - 1) + 1
        first = block.span(words.place(begin), first_ends)
        last_ends = words.place(end - records.from_end(last + 1) - 1) + 1
        times = to_time(records.stamps[0]), to_time(records.stamps[last])
        last_span = block.span(words.place(end - records.from_end(last)), last_ends)
        return PlainRun(shape, first, last_span, times, ticket.decode("ascii"))

    def _marks_of(self, records: _Records, distinct: set[bytes], ticket: bytes) -> list[int]:
        """Return the mark of each record; none if one needs a closer look."""
        known = [self._known.get(text) for text in records.texts]
        fresh = [text for text, mark in zip(records.texts, known, strict=True) if mark is None]
        if self._is_suspect(_MARK.join([*distinct, *fresh, b""])):
            return []
        met = (self._meet(text, ticket) for text in fresh)
        marks = [next(met) if mark is None else mark for mark in known]
        is_odd = _ODD in marks or (_ANNOUNCING in marks and any(a == _ANNOUNCING < b for a, b in pairwise(marks)))
        return [] if is_odd else marks

    def _meet(self, text: bytes, ticket: bytes) -> int:
        """Say what a record tells that is not known by its very bytes, and in which no rule looks for anything."""
        alike = text.replace(ticket, b"\0" * len(ticket)) if ticket else text
        mark = self._known.get(alike)
        if mark is None and alike.translate(NO_DIGITS) in self._silent:
            return _SILENT
        return mark if mark is not None else self._read(alike)

    def _read(self, text: bytes) -> int:
        """Read a record's *text* for the first time."""
        if len(text) > _LONGEST_RECORD:
            return _ODD
        record = _ANY_STAMP + _MARK + text
        if stamps(record, 0, len(record)) != [0] or BANNER_START in text or not text.endswith(b"\n"):
            mark = _ODD
        elif MARKERS.search(record):
            mark = self._next_mark() if _is_telling(record) else _ODD
        elif is_announced(record, len(record)):
            mark = _ANNOUNCING
        else:
            mark = _SILENT
            self._silent.add(text.translate(NO_DIGITS))
        self._known[text] = mark
        return mark

    def _next_mark(self) -> int:
        self._last_mark += 1
        return self._last_mark

    def _shape(self, marks: tuple[int, ...], read: Callable[[], list[Record]], ticket: bytes) -> _Shape | None:
        """Return what becomes of a run of these *marks*; it is learnt from *read* when they are seen again."""
        if marks in self._shapes:
            return self._shapes[marks]
        self._forget_much()
        if hash(marks) not in self._sighted:
            self._sighted.add(hash(marks))
            return None
        self._shapes[marks] = _learn(read(), ticket.decode("ascii"))
        return self._shapes[marks]

    def _forget_much(self) -> None:
        """Begin anew when too much is remembered: of a log that never repeats itself nothing is worth keeping."""
        if len(self._known) + len(self._silent) > _MOST_KNOWN or len(self._shapes) > _MOST_SHAPES:
            # Marks are never given twice, so no shape of before can be taken for one of after.
            self._known.clear()
            self._silent.clear()
            self._shapes.clear()
        if len(self._sighted) > _MOST_KNOWN:
            self._sighted.clear()


def _places(text: bytes, words: bytes) -> Iterator[int]:
    end = len(text)
    pos = find(text, words, 0, end)
    while pos >= 0:
        yield pos
        pos = find(text, words, pos + 1, end)


def _starts_at(block: Block, pos: int) -> bool:
    return pos >= 0 and block.layout.next_start(pos) == pos


def _learn(records: list[Record], ticket: str) -> _Shape | None:
    """Join *records* alone; return what became of them if all belong to the run that the first one began."""
    joiner = RunJoiner()
    run = joiner.feed(records[0], "", "")
    for record in records[1:]:
        if joiner.feed(record, "", "") is not run:
            return None
    if run is None or run.started is None or (ticket and any(leaks(record, ticket) for record in records)):
        return None
    return _Shape(run)


def leaks(record: Record, ticket: str) -> bool:
    """Say whether *ticket* stands in a value that is kept of the run, such as its application's name."""
    return any(ticket in value for name, value in record.fields.items() if name not in {"ticket", "server_text"})


def _is_telling(record: bytes) -> bool:
    """Say whether what a step's *record* tells depends on its bytes alone: on no payload and no other run's ticket."""
    if any(opening in record for opening in _OPENINGS):
        return False
    span = Span(offset=0, length=len(record), line=1)
    # NULs stand for the run's own ticket, and nothing is read from them.
    return not qbwc.parse(record, 0, len(record), span).fields.get("ticket")


def _ticket(part: bytes) -> bytes:
    """Return the run's ticket, nothing if it has none that can be told from other text."""
    found = _TICKET.search(part)
    return found[1] if found else b""

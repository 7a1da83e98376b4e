"""Runs known again by their look: their own words, but for digits and the ticket.

A log's runs mostly say the same, so one comparison of bytes does for all records of a run at once. What the look leaves
out must not matter, or is compared beside it: the digits of the records that tell a run, those in a literal for which
rules look, and the times. What is learnt of a look is the caller's business; this file only says that a run is like one
before it, and that rules' literals stand at the same places in both.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import timedelta
from struct import Struct
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ingest.formats.qbwc_stamp import BANNER_START, BEFORE_UTC, NO_DIGITS, stamps, to_time
from ingest.literals import TICKET_LETTERS, Literals
from ingest.search import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from ingest.blocks import Block
    from ingest.record import Span

Learnt = TypeVar("Learnt")

# A silence within a run may not be as long as one that is looked at for its reason.
LONGEST = timedelta(minutes=10)
_TICKET = b'authRet[0]="'
_TICKET_LENGTHS = range(12, 65)
_OPENINGS = (b"<?xml", b"<QBXM")
_DIGITS = re.compile(rb"[0-9]+")
# Fewer digits are looked for by no rule.
_FEWEST_DIGITS = 3
_GAPS = re.compile(rb"\0+")
# With a ticket behind it, this could be a word that means something.
_GLUED = re.compile(rb"[\w-]\0")
_LONGEST_RUN = 64 << 10
_MOST_BYTES = 2 << 20
_MOST_SIGHTED = 4096
_FEWEST_TOLD = 2  # a beginning and an end


class Sight(NamedTuple):
    """A part of a block as it is compared: its look, which has NULs for the ticket, its words, and the ticket."""

    look: bytes
    words: bytes
    ticket: bytes


@dataclass(frozen=True, slots=True)
class Stencil(Generic[Learnt]):
    """A look with what must be the same beside it; `told` are the records that tell the run, as begin and length."""

    told: tuple[tuple[int, int], ...]
    read_tickets: Callable[[bytes], tuple[bytes, ...]]
    digits: tuple[bytes, ...]
    read_digits: Callable[[bytes], tuple[bytes, ...]]
    read_numbers: Callable[[bytes], tuple[bytes, ...]]
    read_stamps: Callable[[bytes], tuple[bytes, ...]]
    is_suspect: Callable[[bytes], bool]
    learnt: Learnt

    def times(self, sight: Sight) -> tuple[datetime, datetime] | None:
        """Return when the first and the last telling record of *sight* were written; None if it is another run."""
        words, ticket = sight.words, sight.ticket
        if self.read_digits(words) != self.digits:
            return None
        tickets = set(self.read_tickets(words))
        if tickets and tickets != {ticket}:
            return None
        written = set(self.read_stamps(words))
        # A literal of digits alone may stand in any of these.
        if self.is_suspect(b" ".join((ticket, *self.read_numbers(words), *written))):
            return None
        low, high = to_time(min(written)), to_time(max(written))
        if low is None or high is None or high - low >= LONGEST:
            return None
        first, last = self.time(sight, 0), self.time(sight, -1)
        return (first, last) if first and last else None

    def span(self, block: Block, begin: int, number: int) -> Span:
        """Return where the telling record of this *number* stands, in the run that *begin*s so in the own words."""
        at, length = self.told[number]
        start = block.words.place(begin + at)
        return block.span(start, start + length)

    def time(self, sight: Sight, number: int) -> datetime | None:
        """Return when the telling record of this *number* was written."""
        begin = self.told[number][0]
        return to_time(sight.words[begin : begin + BEFORE_UTC])


@dataclass(slots=True)
class _Kept(Generic[Learnt]):
    stencils: dict[bytes, Stencil[Learnt] | None] = field(default_factory=dict)
    size: int = 0


class Stencils(Generic[Learnt]):
    """Remembers the looks of a log's runs, and what was learnt of each."""

    def __init__(self, is_suspect: Callable[[bytes], bool], literals: Iterable[bytes] = ()) -> None:
        """Take *is_suspect*, which says whether one of *literals*, for which rules look, stands in a text.

        One that crosses from record to record makes looks worthless.
        """
        self._is_suspect = is_suspect
        self._literals = Literals(literals)
        self._kept: _Kept[Learnt] = _Kept()
        self._sighted: set[int] = set()

    def sight(self, block: Block, begin: int, end: int) -> Sight | None:
        """Look at the own words text[begin:end] of *block*."""
        words = block.words
        if self._literals.cross_records or end - begin > _LONGEST_RUN or words.has_payload(begin, end):
            return None
        part = words.text[begin:end]
        if b"\0" in part:
            return None
        at = find(part, _TICKET, 0, len(part)) + len(_TICKET)
        ticket = part[at : part.find(b'"', at)] if at >= len(_TICKET) else b""
        look = words.alike[begin:end]
        if len(ticket) not in _TICKET_LENGTHS or ticket.strip(TICKET_LETTERS):
            return Sight(look, part, b"")
        return Sight(look.replace(ticket.translate(NO_DIGITS), b"\0" * len(ticket)), part, ticket)

    def known(self, sight: Sight) -> Stencil[Learnt] | None:
        """Return the stencil that has the look of *sight*."""
        return self._kept.stencils.get(sight.look)

    def is_worth_learning(self, sight: Sight) -> bool:
        """Say whether nothing was tried yet of the look of *sight*, which was seen before."""
        if sight.look in self._kept.stencils:
            return False
        seen = hash(sight.look)
        if seen in self._sighted:
            return True
        if len(self._sighted) > _MOST_SIGHTED:
            self._sighted.clear()
        self._sighted.add(seen)
        return False

    def learn(
        self, sight: Sight, told: Sequence[int], learnt: Learnt | None, hits: Iterable[int] = ()
    ) -> Stencil[Learnt] | None:
        """Keep *learnt* for the look of *sight*; *told* are the begins of the records in it that tell the run.

        Rules' literals stand in it at *hits*. None is kept for a look of which nothing can be said.
        """
        stencil = self._stencil(sight, told, learnt, hits) if learnt is not None else None
        if self._kept.size > _MOST_BYTES:
            self._kept = _Kept()
        self._kept.stencils[sight.look] = stencil
        self._kept.size += len(sight.look) + 1000
        return stencil

    def _stencil(
        self, sight: Sight, told: Sequence[int], learnt: Learnt, hits: Iterable[int]
    ) -> Stencil[Learnt] | None:
        words = sight.words.replace(sight.ticket, b"\0" * len(sight.ticket)) if sight.ticket else sight.words
        begins = stamps(words, 0, len(words))
        is_plain = begins and begins[0] == 0 and BANNER_START not in words and words.endswith(b"\n")
        ends = dict(zip(begins, [*begins[1:], len(words)], strict=True))
        if not is_plain or len(told) < _FEWEST_TOLD or any(begin not in ends for begin in told):
            return None
        texts = [words[begin : ends[begin]] for begin in told]
        if any(opening in text for text in texts for opening in _OPENINGS) or any(map(_GLUED.search, texts)):
            return None
        if any(b"\0" in words[begin : ends[begin]] for begin in _holding(hits, begins)):
            # What is said of a record with a ticket in it may quote it.
            return None
        tickets = [gap.span() for gap in _GAPS.finditer(words)]
        if any(self._literals.may_touch(words, *ticket) for ticket in tickets):
            return None
        compared = [(begin + BEFORE_UTC, ends[begin]) for begin in told] + self._literals.places(sight.look)
        digits = _digits_in(words, compared)
        read_digits = _reader(digits, len(words))
        read_stamps = _reader([(begin, begin + BEFORE_UTC) for begin in begins], len(words))
        stencil = Stencil(
            told=tuple((begin, ends[begin] - begin) for begin in told),
            read_tickets=_reader(tickets, len(words)),
            digits=read_digits(words),
            read_digits=read_digits,
            read_numbers=_reader(_numbers_beside(words, begins, digits), len(words)),
            read_stamps=read_stamps,
            is_suspect=self._is_suspect,
            learnt=learnt,
        )
        return stencil if stencil.times(sight) else None


def _holding(hits: Iterable[int], begins: list[int]) -> set[int]:
    return {begins[bisect_left(begins, hit + 1) - 1] for hit in hits}


def _digits_in(words: bytes, parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return where the digits in the *parts* of *words* stand, in order and each once."""
    runs = (found.span() for begin, end in parts for found in _DIGITS.finditer(words, begin, end))
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(set(runs)):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _numbers_beside(words: bytes, begins: Iterable[int], compared: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return where numbers stand in *words* that are neither in the stamps at *begins* nor *compared* whole."""
    known, stamped = set(compared), set(begins)
    written = {found.span() for found in _DIGITS.finditer(words) if len(found[0]) >= _FEWEST_DIGITS}
    return sorted(
        span for span in written - known if not stamped.intersection(range(span[0] - BEFORE_UTC, span[0] + 1))
    )


def _reader(parts: Iterable[tuple[int, int]], length: int) -> Callable[[bytes], tuple[bytes, ...]]:
    """Return what reads these *parts* out of *length* bytes; all at once, which slices are not."""
    layout, pos = "", 0
    for begin, end in parts:
        layout += f"{begin - pos}x{end - begin}s"
        pos = end
    return Struct(f"{layout}{length - pos}x").unpack

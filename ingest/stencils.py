"""Runs known again by their look: their own words, but for digits and the ticket.

A log's runs mostly say the same, so one comparison of bytes does for all records of a run at once. What the look leaves
out must not matter, or is compared beside it: the digits of the records that tell a run, and the times. What is learnt
of a look is the caller's business; this file only says that a run is like one before it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import timedelta
from struct import Struct
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ingest.formats.qbwc_stamp import BANNER_START, BEFORE_UTC, NO_DIGITS, stamps, to_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from ingest.blocks import Block
    from ingest.record import Span

Learnt = TypeVar("Learnt")

# A silence within a run may not be as long as one that is looked at for its reason.
LONGEST = timedelta(minutes=10)
_MARK = b"UTC\t:"
_TICKET = b'authRet[0]="'
# Of these letters no word is made that tells a step, so that a run's ticket cannot look like one.
_TICKET_LETTERS = b"0123456789abcdefABCDEF{}-"
_TICKET_LENGTHS = range(12, 65)
_OPENINGS = (b"<?xml", b"<QBXM")
# With a ticket behind it, this could be a word that means something.
_GLUED = re.compile(rb"[\w-]\0")
_LONGEST_RUN = 64 << 10
_MOST_BYTES = 2 << 20
_MOST_SIGHTED = 4096
_FEWEST_TOLD = 2  # a beginning and an end


class Sight(NamedTuple):
    """A part of a block as it is compared: its look, its words with the ticket out, the ticket, where literals hit."""

    look: bytes
    words: bytes
    ticket: bytes
    hits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stencil(Generic[Learnt]):
    """A look with what must be the same beside it; `told` are the records that tell the run, as begin and length."""

    told: tuple[tuple[int, int], ...]
    hits: tuple[int, ...]
    digits: tuple[bytes, ...]
    read_digits: Callable[[bytes], tuple[bytes, ...]]
    read_stamps: Callable[[bytes], tuple[bytes, ...]]
    learnt: Learnt

    def times(self, sight: Sight) -> tuple[datetime, datetime] | None:
        """Return when the first and the last telling record of *sight* were written; None if it is another run."""
        words = sight.words
        if sight.hits != self.hits or self.read_digits(words) != self.digits:
            return None
        written = self.read_stamps(words)
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

    def __init__(self, literals: Iterable[bytes] = ()) -> None:
        """Take the *literals* for which rules look: one that crosses from record to record makes looks worthless."""
        self._is_off = any(b"\n" in literal or _MARK in literal.upper() for literal in literals)
        self._kept: _Kept[Learnt] = _Kept()
        self._sighted: set[int] = set()

    def sight(self, block: Block, begin: int, end: int, hits: Sequence[int]) -> Sight | None:
        """Look at the own words text[begin:end] of *block*, in which rules' literals stand at *hits*."""
        words = block.words
        if self._is_off or end - begin > _LONGEST_RUN or words.has_payload(begin, end):
            return None
        part = words.text[begin:end]
        if b"\0" in part:
            return None
        at = part.find(_TICKET) + len(_TICKET)
        ticket = part[at : part.find(b'"', at)] if at >= len(_TICKET) else b""
        if len(ticket) in _TICKET_LENGTHS and not ticket.strip(_TICKET_LETTERS):
            masked = part.replace(ticket, b"\0" * len(ticket))
        else:
            ticket, masked = b"", part
        low, high = bisect_left(hits, begin), bisect_left(hits, end)
        found = tuple([hit - begin for hit in hits[low:high]]) if low < high else ()
        return Sight(masked.translate(NO_DIGITS), masked, ticket, found)

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

    def learn(self, sight: Sight, told: Sequence[int], learnt: Learnt | None) -> Stencil[Learnt] | None:
        """Keep *learnt* for the look of *sight*; *told* are the begins of the records in it that tell the run.

        None is kept for a look of which nothing can be said.
        """
        stencil = _stencil(sight, told, learnt) if learnt is not None else None
        if self._kept.size > _MOST_BYTES:
            self._kept = _Kept()
        self._kept.stencils[sight.look] = stencil
        self._kept.size += len(sight.look) + 1000
        return stencil


def _stencil(sight: Sight, told: Sequence[int], learnt: Learnt) -> Stencil[Learnt] | None:
    words = sight.words
    begins = stamps(words, 0, len(words))
    is_plain = begins and begins[0] == 0 and BANNER_START not in words and words.endswith(b"\n")
    ends = dict(zip(begins, [*begins[1:], len(words)], strict=True))
    if not is_plain or len(told) < _FEWEST_TOLD or any(begin not in ends for begin in told):
        return None
    texts = [words[begin : ends[begin]] for begin in told]
    if any(opening in text for text in texts for opening in _OPENINGS) or any(map(_GLUED.search, texts)):
        return None
    if any(b"\0" in words[begin : ends[begin]] for begin in _holding(sight.hits, begins)):
        # What is said of a record with a ticket in it may quote it.
        return None
    digits = [(begin + BEFORE_UTC, ends[begin]) for begin, text in zip(told, texts, strict=True) if _has_digits(text)]
    read_digits = _reader(digits, len(words))
    return Stencil(
        told=tuple((begin, ends[begin] - begin) for begin in told),
        hits=sight.hits,
        digits=read_digits(words),
        read_digits=read_digits,
        read_stamps=_reader([(begin, begin + BEFORE_UTC) for begin in begins], len(words)),
        learnt=learnt,
    )


def _holding(hits: Iterable[int], begins: list[int]) -> set[int]:
    return {begins[bisect_left(begins, hit + 1) - 1] for hit in hits}


def _has_digits(text: bytes) -> bool:
    return text[BEFORE_UTC:].translate(NO_DIGITS).find(b"0") >= 0


def _reader(parts: Iterable[tuple[int, int]], length: int) -> Callable[[bytes], tuple[bytes, ...]]:
    """Return what reads these *parts* out of *length* bytes; all at once, which slices are not."""
    layout, pos = "", 0
    for begin, end in parts:
        layout += f"{begin - pos}x{end - begin}s"
        pos = end
    return Struct(f"{layout}{length - pos}x").unpack

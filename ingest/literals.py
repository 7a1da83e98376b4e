"""The literals for which rules look, as far as a run's look tells where they stand: all but their digits."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ingest.search import alike

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TICKET_LETTERS = b"0123456789abcdefABCDEF{}-"
"""Of these letters no word is made that tells a step, so that a run's ticket cannot look like one."""

_MARK = b"utc\t:"
_DIGITS = b"0123456789"
# The shortest ticket: of a literal that reaches beyond one, so much stands in it.
_SHORTEST_TICKET = 12
# As much text beside a ticket is looked at as a literal may reach over.
_BESIDE = 500


class Literals:
    """Texts in any letter case that may stand in runs of one look.

    >>> Literals([b"QBWC1"]).places(b"<QBWC0000: x>")
    [(1, 6)]
    """

    def __init__(self, literals: Iterable[bytes]) -> None:
        """Take all *literals*."""
        self._known = sorted({literal.lower() for literal in literals})
        self.cross_records = any(b"\n" in one or _MARK in one for one in self._known)

    def places(self, look: bytes) -> list[tuple[int, int]]:
        """Return where in a run of this *look* a literal of more than digits stands, if its digits are there."""
        folded = look.lower()
        return [(at, at + len(one)) for one in self._with_digits for at in _all_of(one, folded)]

    def may_touch(self, words: bytes, begin: int, end: int) -> bool:
        """Say whether a literal may reach from words[:begin] or words[end:] into the ticket that stands between."""
        into, out_of = self._reaching
        before, behind = words[max(0, begin - _BESIDE) : begin], words[end : end + _BESIDE]
        return alike(before.lower()).endswith(into) or alike(behind.lower()).startswith(out_of)

    @cached_property
    def _with_digits(self) -> list[bytes]:
        bare = {alike(one) for one in self._known if one.strip(_DIGITS)}
        return [one for one in bare if b"0" in one]

    @cached_property
    def _reaching(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """The beginnings of literals that may go on in a ticket, and the endings that may have begun in one."""
        into, out_of = set(), set()
        for one in self._known:
            for at in range(1, len(one)):
                if not one[at : at + _SHORTEST_TICKET].strip(TICKET_LETTERS):
                    into.add(alike(one[:at]))
                if not one[max(0, at - _SHORTEST_TICKET) : at].strip(TICKET_LETTERS):
                    out_of.add(alike(one[at:]))
        return tuple(into), tuple(out_of)


def _all_of(words: bytes, text: bytes) -> Iterator[int]:
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)

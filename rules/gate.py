"""The literals of all rules, looked for in whole blocks of bytes: where none is, nothing needs to be parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahocorasick_rs import BytesAhoCorasick, Implementation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.catalogue import Catalogue

# A text of which one stands wherever a code of its family does.
_FAMILIES = (b"QBWC1", b"80040", b"80070", b"80080", b"80010", b"-2147", b"-2146")


class Gate:
    """Finds the places of a block at which a rule may apply; a parse decides there.

    One automaton looks for all literals at once, so that many rules cost no more than a few.
    """

    def __init__(self, literals: Iterable[bytes]) -> None:
        """Look for *literals*."""
        self.literals = tuple(sorted(set(literals)))
        self._automaton = BytesAhoCorasick(self.literals, implementation=Implementation.DFA)

    def hits(self, block: bytes) -> list[int]:
        """Return the ascending positions in *block* at which a literal begins; of overlapping ones, the first."""
        return [start for _, start, _ in self._automaton.find_matches_as_indexes(block)]


def literals_of(catalogue: Catalogue) -> frozenset[bytes]:
    """Return byte literals of which one is in every record that a rule of *catalogue* can match.

    Texts match in any letter case; their literals are given as written and in lower case. A text in another
    mixture of cases is not found in a block.
    """
    found: set[bytes] = set()
    for rule in catalogue.rules:
        for need in rule.condition.needs or ():
            family = next((one for one in _FAMILIES if one in need.encode()), None)
            if family:
                found.update((family, family.lower()))
            else:
                found.update(form.encode() for form in (need, need.lower()))
    return frozenset(found)

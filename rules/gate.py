"""The literals of all rules, looked for in whole blocks of bytes: where none is, nothing needs to be parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahocorasick_rs import BytesAhoCorasick, Implementation

from ingest.search import lowered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.catalogue import Catalogue

# A text of which one stands wherever a code of its family does.
_FAMILIES = ("qbwc1", "80040", "80070", "80080", "80010", "-2147", "-2146")
# What looks like a failure is kept even where no rule knows it: a code of any number, or a trace.
_SUSPICIOUS = ("qbwc1", "0x80", "-214", "-213", "stacktrace =", "unhandled exception")


class Gate:
    """Finds the places of a block at which a rule may apply; a parse decides there.

    One automaton looks for all literals at once, so that many rules cost no more than a few.
    """

    def __init__(self, literals: Iterable[bytes]) -> None:
        """Look for *literals* in any letter case."""
        self.literals = tuple(sorted({literal.lower() for literal in literals}))
        self._automaton = BytesAhoCorasick(self.literals, implementation=Implementation.DFA)

    def hits(self, block: bytes) -> list[int]:
        """Return the ascending positions in *block* at which a literal begins; of overlapping ones, the first."""
        return [start for _, start, _ in self._automaton.find_matches_as_indexes(lowered(block))]

    def finds(self, text: bytes) -> bool:
        """Say whether a literal stands in *text*."""
        return bool(self._automaton.find_matches_as_indexes(lowered(text)))


def literals_of(catalogue: Catalogue) -> frozenset[bytes]:
    """Return byte literals of which one is in every record that a rule of *catalogue* can match.

    One is also in every record that looks like a failure. Letters beyond ASCII are found in the letter case in which
    the rule writes them.
    """
    needs = {need for rule in catalogue.rules for need in rule.condition.sought}
    found = {next((family for family in _FAMILIES if family in need.lower()), need) for need in needs}
    return frozenset(literal.encode() for literal in found.union(_SUSPICIOUS))

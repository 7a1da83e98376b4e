"""The literals of all rules, looked for in whole blocks of bytes: where none is, nothing needs to be parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stringzilla import Str

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.catalogue import Catalogue

# Texts of which one stands wherever a code of its family does: one search serves them all.
_FAMILIES = (b"QBWC1", b"80040", b"80070", b"80080", b"80010", b"-2147", b"-2146")


class Gate:
    """Finds the places of a block at which a rule may apply; a parse decides there."""

    def __init__(self, literals: Iterable[bytes]) -> None:
        """Look for *literals*, leaving out those that contain another one."""
        kept: list[bytes] = []
        for literal in sorted(set(literals), key=len):
            if not any(shorter in literal for shorter in kept):
                kept.append(literal)
        self.literals = tuple(kept)

    def hits(self, block: bytes) -> list[int]:
        """Return the ascending positions in *block* at which a literal begins."""
        text = Str(block)
        found: list[int] = []
        for literal in self.literals:
            pos = text.find(literal)
            while pos >= 0:
                found.append(pos)
                pos = text.find(literal, pos + len(literal))
        found.sort()
        return found


def literals_of(catalogue: Catalogue) -> frozenset[bytes]:
    """Return byte literals of which one is in every record that a rule of *catalogue* can match.

    Texts match in any letter case; their literals are given as written, in lower case, in upper case, and
    capitalised. A text in any other mixture of cases is not found in a block.
    """
    found: set[bytes] = set()
    for rule in catalogue.rules:
        for need in rule.condition.needs or ():
            family = next((one for one in _FAMILIES if one in need.encode()), None)
            if family:
                found.add(family)
            else:
                found.update(form.encode() for form in (need, need.lower(), need.upper(), need.capitalize()))
    return frozenset(found)

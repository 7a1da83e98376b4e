"""What every stream of records has: the findings of a catalogue, and the gate that knows its literals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.classify import Findings

if TYPE_CHECKING:
    from rules.catalogue import Catalogue
    from rules.gate import Gate
    from rules.threshold import Tallies


class RuleStream:
    """Classifies records by a catalogue that may be changed while it goes on."""

    def __init__(self, catalogue: Catalogue, gate: Gate) -> None:
        """Classify by *catalogue*, whose literals *gate* must know."""
        self._findings = Findings(catalogue)
        self._gate = gate

    @property
    def counts(self) -> Tallies:
        """What rules with a threshold have counted; it may be set before the first block is taken."""
        return self._findings.counts

    @counts.setter
    def counts(self, counts: Tallies) -> None:
        self._findings.counts = counts

    def use(self, catalogue: Catalogue, gate: Gate) -> None:
        """Classify by *catalogue*, whose literals *gate* knows, from now on; what is open or held stays as it is."""
        self._findings.use(catalogue)
        self._gate = gate

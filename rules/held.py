"""What of a run only its end decides: records that ask for the outcome, or for another record of the same run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rules.condition import LONGEST_TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.record import Record, Run
    from rules.catalogue import Catalogue, Match, Study
    from rules.condition import Subject
    from rules.draft import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A record that rules may still come to match; `best` is the match that its own words make."""

    record: Record
    where: Where
    subject: Subject
    late: tuple[str, ...]
    best: Match | None


class Held:
    """The waiting records of one run, and which of its records fulfil what others ask for."""

    def __init__(self, most: int) -> None:
        """Hold at the *most* so many records; what comes later is decided without the run."""
        self._most = most
        self._waiting: dict[str, Waiting] = {}
        self._holding: dict[str, set[str]] = {}  # name of a `within run` -> ids of the records that fulfil it

    def put(self, id_: str, study: Study, record: Record, where: Where, best: Match | None) -> bool:
        """Hold *record*, in the place of what it was before it grew; say whether there was room."""
        for ids in self._holding.values():
            ids.discard(id_)
        self._waiting.pop(id_, None)
        for name in study.holds:
            ids = self._holding.setdefault(name, set())
            # One that fulfils it besides any that asks is enough, and a record may come again.
            if len(ids) < self._most:
                ids.add(id_)
        if not study.late:
            return True
        if len(self._waiting) >= self._most:
            return False
        slim = replace(record, data="", body=record.body[:LONGEST_TEXT])
        late = tuple(rule.name for rule in study.late)
        self._waiting[id_] = Waiting(record=slim, where=where, subject=study.subject, late=late, best=best)
        return True

    @property
    def is_empty(self) -> bool:
        """Whether no record waits, nor is one that others ask for."""
        return not self._waiting and not self._holding

    def decided(
        self, catalogue: Catalogue, run: Run, counts: Callable[[Match, Waiting], bool]
    ) -> Iterator[tuple[str, Match, Waiting]]:
        """Yield, now that *run* is over, each record of which a waiting rule makes more than its own words do.

        *counts* says of a match whether it is enough, or whether more must come together.
        """
        for id_, waiting in self._waiting.items():
            holding = [name for name, ids in self._holding.items() if ids - {id_}]
            subject = waiting.subject.in_run(run.outcome, holding)
            asked = (catalogue.by_name.get(name) for name in waiting.late)
            made = (catalogue.ask(rule, subject) for rule in asked if rule and rule.name not in catalogue.broken)
            found = [match for match in made if match and counts(match, waiting)]
            best = max(found, key=lambda match: match.order, default=None)
            if best and (waiting.best is None or best.order > waiting.best.order):
                yield id_, best, waiting

"""Classify stored findings anew by other rules: what would move, and moving it.

What the store keeps of a record is its first lines, redacted, with its codes, its level and its component. A finding
is read again only where the old rules make of that what is stored; anything else is left as it is and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ingest.record import Record, Span
from rules.draft import UNCLASSIFIED, Drafter, Where

if TYPE_CHECKING:
    from ingest.record import Run
    from rules.catalogue import Catalogue, Match
    from rules.event import Event


class Kept(StrEnum):
    """Why a stored finding cannot be read again."""

    NO_RECORD = "made of a whole run, of what did not happen or of an answer of QuickBooks, not of a log line"
    NEEDS_RUN = "made by a rule that asks for a whole run or a count"
    WEIGHED = "given another cause by what lay near them, and still found by the same rule"
    NOT_ENOUGH = "the old rules do not find it in what the store keeps of its lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What new rules make of a stored finding: `kept` says why it cannot be told, else `event` is it as it would be."""

    before: Event
    event: Event | None = None
    kept: Kept | None = None

    @property
    def moves(self) -> bool:
        """Whether it would get another cause."""
        return self.event is not None and self.event.cause != self.before.cause


@dataclass(frozen=True, slots=True)
class Reclassifier:
    """Compares what two sets of rules make of stored findings."""

    old: Catalogue
    new: Catalogue

    def judge(self, event: Event, run: Run | None) -> Verdict:
        """Say what the new rules make of *event*, which may belong to *run*."""
        known = self.old.by_name.get(event.rule)
        is_answer = event.message.startswith("qbXML/")
        if is_answer or (known is None and event.rule != UNCLASSIFIED):
            was_new = event.rule in self.new.by_name
            return Verdict(before=event, kept=Kept.NOT_ENOUGH if was_new and not is_answer else Kept.NO_RECORD)
        if known and (known.condition.is_late or known.condition.threshold):
            return Verdict(before=event, kept=Kept.NEEDS_RUN)
        record = as_record(event)
        before, after = _best(self.old, record, run), _best(self.new, record, run)
        if (before.rule.name if before else UNCLASSIFIED) != event.rule:
            return Verdict(before=event, kept=Kept.NOT_ENOUGH)
        if before and after and after.rule.name == event.rule and before.rule.cause == after.rule.cause != event.cause:
            return Verdict(before=event, kept=Kept.WEIGHED)
        return Verdict(before=event, event=self._as_new(event, record, run, after))

    def _as_new(self, event: Event, record: Record, run: Run | None, match: Match | None) -> Event | None:
        """Return *event* as the new rules would have made it; what it says of its log line stays."""
        drafter = Drafter(self.new)
        where = Where(host=event.host, client=event.client, source=event.source, file="")
        draft = drafter.of(match, record, where, run)
        if draft is None:
            return replace(event, rule_pack=self.new.pack)
        made = draft.event
        return replace(
            event, cause=made.cause, rule=made.rule, severity=made.severity, confidence=made.confidence, act=made.act,
            title=made.title, explanation=made.explanation, steps=made.steps, links=made.links,
            rule_pack=self.new.pack,
        )  # fmt: skip


def as_record(event: Event) -> Record:
    """Return what the store keeps of the record that *event* was made of."""
    first, *rest = event.lines
    fields = {"application": event.application, "company_file": event.company_file}
    return Record(
        format=event.format,
        time=event.time,
        component=event.component,
        message=first,
        body="\n".join(rest),
        span=Span(offset=event.offset, length=0, line=event.line),
        level=event.level,
        codes=event.codes,
        fields={name: value for name, value in fields.items() if value},
    )


def _best(catalogue: Catalogue, record: Record, run: Run | None) -> Match | None:
    """Return the best match of the rules that ask for one record alone."""
    found = catalogue.study(record, run).matches
    return next((match for match in found if match.rule.condition.threshold is None), None)

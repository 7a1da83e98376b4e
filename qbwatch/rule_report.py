"""What can be told of a set of rules from its own samples: overlaps, what is never used, and what each rule costs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbwatch.rule_check import records_of
from qbwatch.selfwatch.findings import OWN
from rules.condition import Subject
from rules.preventive import CAUSES as PREVENTIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ingest.line_format import LineFormat
    from rules.catalogue import Catalogue, Match, Place

MADE_BY_QBWATCH = frozenset(
    {
        "auto_run_off", "blue_screen", "connector_crashed", "connector_not_running", "machine_asleep", "machine_paused",
        "machine_restarted", "machine_shut_down", "missed_schedule", "no_work_offered", "power_lost",
        "rule_quarantined", "rules_not_loaded", "session_logged_out", "source_never_seen", "source_quiet",
        "source_unreadable", "unclassified", *OWN, *PREVENTIVE,
    }
)  # fmt: skip
"""Causes that the program itself finds, where no line of a log says them."""
_LEAST_S = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A sample that several rules claim: who wins, over whom, and why."""

    place: Place
    winner: str
    loser: str
    same_cause: bool
    why: str

    @property
    def is_even(self) -> bool:
        """Whether nothing but the names decides."""
        return self.why == _EVEN


_EVEN = "nothing tells them apart but their names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one rule takes: how many samples it was asked about, how many it matched, and the time for one."""

    rule: str
    asked: int
    matched: int
    microseconds: float


def overlaps(catalogue: Catalogue, own: Sequence[LineFormat] = ()) -> Iterator[Overlap]:
    """Yield every sample of one record that several rules claim, each with every rule that the winner beats."""
    formats = {one.name: one for one in own}
    for rule in catalogue.rules:
        for sample in rule.samples:
            record = next(iter(records_of(sample, formats)), None)
            if record is None or sample.several:
                continue
            matches = catalogue.matches(record, record.fields.get("application"))
            first = matches[0] if matches else None
            for other in matches[1:]:
                if first:
                    yield Overlap(
                        place=sample.place, winner=first.rule.name, loser=other.rule.name,
                        same_cause=first.rule.cause == other.rule.cause, why=why(first, other),
                    )  # fmt: skip


def why(first: Match, other: Match) -> str:
    """Say in words why *first* wins over *other*."""
    one, two = first.rank, other.rank
    if one[0] != two[0]:
        return f"priority {one[0]} goes before {two[0]}"
    if one[1] != two[1]:
        return "the other is a fallback"
    if one[2] != two[2]:
        return "it knows the code, the other only words"
    return f"it asks for more: {one[3]} against {two[3]}" if one[3] != two[3] else _EVEN


def unused_causes(catalogue: Catalogue) -> list[str]:
    """Return the causes that neither a rule nor the program itself ever names."""
    used = {rule.cause for rule in catalogue.rules} | MADE_BY_QBWATCH
    return sorted(set(catalogue.causes) - used)


def costs(catalogue: Catalogue, own: Sequence[LineFormat] = ()) -> list[Cost]:
    """Measure each rule on all samples that it would be asked about, in one run; the dearest first."""
    formats = {one.name: one for one in own}
    samples = [sample for rule in catalogue.rules for sample in (*rule.samples, *rule.nevers)]
    records = [record for sample in samples for record in records_of(sample, formats)]
    subjects = [(record.format, Subject.of(record, None, (record.format,))) for record in records]
    found = []
    for rule in catalogue.rules:
        needs = {need.lower() for need in rule.condition.needs or ()}
        asked = [
            subject
            for format_, subject in subjects
            if rule.reads(format_) and any(need in subject.folded for need in needs)
        ]
        matched = sum(rule.condition.may_match(subject) for subject in asked)
        took = _seconds(rule.condition.may_match, asked)
        found.append(Cost(rule=rule.name, asked=len(asked), matched=matched, microseconds=took * 1e6))
    return sorted(found, key=lambda cost: (-cost.microseconds, cost.rule))


def _seconds(ask: Callable[[Subject], bool], subjects: Sequence[Subject]) -> float:
    """Return how long one question takes, over as many turns as make the clock tell it."""
    if not subjects:
        return 0.0
    turns, began = 0, time.process_time()
    while (passed := time.process_time() - began) < _LEAST_S:
        for subject in subjects:
            ask(subject)
        turns += 1
    return passed / (turns * len(subjects))

"""Causes and rules as they are used: which rule a record matches best."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rules.condition import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ingest.record import Record
    from rules.condition import Condition
    from rules.event import Act, Confidence, Role, Severity

log = logging.getLogger(__name__)

# What a text says where a value is not known.
PLACEHOLDERS = {
    "host": "the machine",
    "application": "the application",
    "company_file": "the company file",
    "user": "the sync's user",
    "url": "the web service",
    "machine": "another computer",
    "detail": "it",
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in a rule file; line and column count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        """Return it as editors understand it."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A record that a rule must match, or must not; `expect` are fields with the values they must have."""

    format: str
    text: str
    expect: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A cause's texts with the names filled in."""

    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a sync fails: one entry of the catalogue."""

    name: str
    title: str
    severity: Severity
    act: Act
    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    place: Place

    def filled(self, values: Mapping[str, str | None], *, rule: Rule | None = None) -> Filled:
        """Return the texts with *values* filled in; *rule* adds its note, and its own steps and links."""
        explanation, steps, links = self.explanation, self.steps, self.links
        if rule is not None:
            explanation = f"{explanation} {rule.note}" if rule.note else explanation
            steps = rule.steps or steps
            links = tuple(dict.fromkeys((*rule.links, *links)))
        return Filled(
            explanation=_sentence(explanation, values),
            steps=tuple(_sentence(step, values) for step in steps),
            links=links,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pattern over records that names a cause; no formats means any."""

    name: str
    cause: str
    formats: tuple[str, ...]
    condition: Condition
    confidence: Confidence
    role: Role
    fallback: bool
    priority: int
    note: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    samples: tuple[Sample, ...]
    nevers: tuple[Sample, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule that a record matches, what it captured, and all codes of the record in canonical form."""

    rule: Rule
    captures: Mapping[str, str]
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """All causes by name, and all rules."""

    causes: Mapping[str, Cause]
    rules: tuple[Rule, ...]
    broken: dict[str, str] = field(default_factory=dict)  # by name: rules that threw, and what; they are left out

    def match(self, record: Record, application: str | None) -> Match | None:
        """Return the best rule for *record*, None if no rule knows it."""
        return next(iter(self.matches(record, application)), None)

    def matches(self, record: Record, application: str | None) -> list[Match]:
        """Return every rule that *record* matches, the best first.

        Before all counts a rule's own priority; then a rule that is no fallback; then one that knows the record's
        code before one that knows its words; then the one that asks for more.
        """
        subject = Subject.of(record, application)
        found = []
        for rule in self._candidates(subject, record.format):
            captures = self._try(rule, subject)
            if captures is not None:
                found.append(Match(rule=rule, captures=captures, codes=subject.codes))
        return sorted(found, key=_rank, reverse=True)

    def _try(self, rule: Rule, subject: Subject) -> Mapping[str, str] | None:
        """Ask *rule*; one that throws is left out from then on, so that it stops no other."""
        try:
            return rule.condition.parse(subject)
        except Exception as error:  # noqa: BLE001 - one rule on one record; kept and told
            self.broken[rule.name] = f"{type(error).__name__}: {error}"
            log.warning("rule %s at %s threw and is left out: %s", rule.name, rule.place, self.broken[rule.name])
            return None

    def _candidates(self, subject: Subject, format_: str) -> Iterator[Rule]:
        tried: set[str] = set()
        for need, rules in self._by_need.items():
            for rule in rules if need in subject.folded else ():
                known = rule.name in tried or rule.name in self.broken
                if not known and (not rule.formats or format_ in rule.formats):
                    tried.add(rule.name)
                    yield rule

    @cached_property
    def _by_need(self) -> dict[str, list[Rule]]:
        by_need: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for need in {one.lower() for one in rule.condition.needs or ("",)}:
                by_need.setdefault(need, []).append(rule)
        return by_need


def _rank(match: Match) -> tuple[int, bool, bool, int, str]:
    rule = match.rule
    by_code = bool(rule.condition.codes.intersection(match.codes))
    return (rule.priority, not rule.fallback, by_code, rule.condition.weight, rule.name)


def _sentence(text: str, values: Mapping[str, str | None]) -> str:
    """Fill the placeholders; a plain phrase at the start of a sentence gets its capital letter."""

    def value(found: re.Match[str]) -> str:
        known = values.get(found[1])
        if known:
            return known
        plain = PLACEHOLDERS.get(found[1], found[1])
        before = text[: found.start()].rstrip()
        return plain[0].upper() + plain[1:] if not before or before[-1] in ".!?:" else plain

    return _PLACEHOLDER.sub(value, text)

"""Causes and rules as they are used: which rule a record matches best."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from rules.condition import Subject
from rules.links import page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ingest.record import Record, Run
    from rules.condition import Condition, Within
    from rules.event import Act, Confidence, Role, Severity

log = logging.getLogger(__name__)

# In a rule's formats: every log that a program writes; Windows' own events are something else.
LOGS = "logs"
WINDOWS_EVENTS = "windows-events"
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
# How many different records are remembered with what rules made of them, and how long they may be.
_MOST_STUDIED = 500
_LONGEST_STUDIED = 2000
T = TypeVar("T")


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
    """A record that a rule must match, or must not; `expect` are fields with the values they must have.

    One of `several` records is a piece of a log, in which the rule must find something, or must not.
    """

    format: str
    text: str
    expect: Mapping[str, str]
    place: Place
    several: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A cause's texts with the names filled in."""

    explanation: str
    steps: tuple[str, ...]
    verify: tuple[str, ...]
    client: str
    links: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a sync fails: one entry of the catalogue.

    `verify` tells how to see that the fix worked; `client` is for the people at the client, in their words. A user's
    own cause may leave both out.
    """

    name: str
    title: str
    severity: Severity
    act: Act
    explanation: str
    steps: tuple[str, ...]
    verify: tuple[str, ...]
    client: str
    links: tuple[str, ...]
    place: Place
    page: str = ""  # our own page about it, where there is one

    def filled(self, values: Mapping[str, str | None], *, rule: Rule | None = None) -> Filled:
        """Return the texts with *values* filled in; *rule* adds its note, and its own steps and links."""
        explanation, steps, links = self.explanation, self.steps, self.links
        if rule is not None:
            explanation = f"{explanation} {rule.note}" if rule.note else explanation
            steps = rule.steps or steps
            links = (*rule.links, *links)
        # The best page of all first, then ours: small screens show two.
        links = tuple(dict.fromkeys((*links[:1], *filter(None, (self.page,)), *links[1:])))
        return Filled(
            explanation=_sentence(explanation, values),
            steps=tuple(_sentence(step, values) for step in steps),
            verify=tuple(_sentence(line, values) for line in self.verify),
            client=_sentence(self.client, values),
            links=links,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pattern over records that names a cause; no formats means any, "logs" any but the events of Windows."""

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

    def reads(self, format_: str) -> bool:
        """Say whether the rule is asked about records of *format_*."""
        known = not self.formats or format_ in self.formats
        return known or (LOGS in self.formats and format_ != WINDOWS_EVENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule that a record matches, what it captured, and all codes of the record in canonical form."""

    rule: Rule
    captures: Mapping[str, str]
    codes: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, bool, bool, int]:
        """What counts where several rules match, the most important first; the highest wins."""
        by_code = bool(self.rule.condition.codes.intersection(self.codes))
        return (self.rule.priority, not self.rule.fallback, by_code, self.rule.condition.weight)

    @property
    def order(self) -> tuple[int, bool, bool, int, str]:
        """Its rank; of equals the name decides."""
        return (*self.rank, self.rule.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What the rules make of a record alone: those that match, the best first, and what its run has to decide.

    `late` may come to match. `holds` are the names of the `within run` conditions that the record fulfils.
    """

    subject: Subject
    matches: tuple[Match, ...]
    late: tuple[Rule, ...]
    holds: frozenset[str]


@dataclass(frozen=True)
class Catalogue:
    """All causes by name, and all rules; `pack` names the set by its files' texts."""

    causes: Mapping[str, Cause]
    rules: tuple[Rule, ...]
    broken: dict[str, str] = field(default_factory=dict)  # by name: rules that threw, and what; they are left out
    pack: str = ""
    _studied: dict[tuple[Subject, str], Study] = field(default_factory=dict, init=False, repr=False, compare=False)

    def with_pages(self, pages: str | None) -> Catalogue:
        """Return it with a link to our own page of each cause, of which *pages* tells the address."""
        if not pages:
            return self
        causes = {name: replace(cause, page=page_of(pages, name)) for name, cause in self.causes.items()}
        return replace(self, causes=causes)

    def match(self, record: Record, application: str | None) -> Match | None:
        """Return the best rule for *record*, None if no rule knows it."""
        return next(iter(self.matches(record, application)), None)

    def matches(self, record: Record, application: str | None) -> list[Match]:
        """Return every rule that *record* alone makes match, the best first.

        Before all counts a rule's own priority; then a rule that is no fallback; then one that knows the record's
        code before one that knows its words; then the one that asks for more.
        """
        found = self._study(record, Subject.of(record, application, (record.format,)))
        return [match for match in found.matches if match.rule.condition.threshold is None]

    def study(self, record: Record, run: Run | None) -> Study:
        """Return what the rules make of *record*, which may belong to *run*, as far as that is known by now."""
        application = (run.application if run else None) or record.fields.get("application")
        return self._study(record, Subject.of(record, application, _products(record, run)))

    def _study(self, record: Record, subject: Subject) -> Study:
        """Return what the rules make of *subject*; the same words come again and again, and are parsed once."""
        key = (subject, record.format)
        study = self._studied.get(key)
        if study is None:
            study = self._parsed(record, subject)
            if len(subject.text) <= _LONGEST_STUDIED:
                if len(self._studied) >= _MOST_STUDIED:
                    self._studied.clear()
                self._studied[key] = study
        return study

    def _parsed(self, record: Record, subject: Subject) -> Study:
        found, late = [], []
        for rule in self._candidates(subject, record.format):
            if rule.condition.is_late:
                if self._try(rule, lambda rule=rule: rule.condition.may_match(subject)):  # type: ignore[misc]
                    late.append(rule)
                continue
            match = self.ask(rule, subject)
            if match is not None:
                found.append(match)
        matches = tuple(sorted(found, key=lambda match: match.order, reverse=True))
        return Study(subject=subject, matches=matches, late=tuple(late), holds=self._holding(subject))

    def ask(self, rule: Rule, subject: Subject) -> Match | None:
        """Return the match of *rule*, None if *subject* does not match it."""
        captures = self._try(rule, lambda: rule.condition.parse(subject))
        return None if captures is None else Match(rule=rule, captures=captures, codes=subject.codes)

    def _holding(self, subject: Subject) -> frozenset[str]:
        """Return the names of the `within run` conditions that *subject* fulfils."""
        holding = set()
        for need, asked in self._within_by_need.items():
            for rule, within in asked if need in subject.folded else ():
                if within.name in holding or rule.name in self.broken:
                    continue
                if self._try(rule, lambda within=within: within.condition.may_match(subject)):  # type: ignore[misc]
                    holding.add(within.name)
        return frozenset(holding)

    def _try(self, rule: Rule, ask: Callable[[], T]) -> T | None:
        """Ask *rule*; one that throws is left out from then on, so that it stops no other."""
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - one rule on one record; kept and told
            self.broken[rule.name] = f"{type(error).__name__}: {error}"
            self._studied.clear()
            log.warning("rule %s at %s threw and is left out: %s", rule.name, rule.place, self.broken[rule.name])
            return None

    def _candidates(self, subject: Subject, format_: str) -> Iterator[Rule]:
        tried: set[str] = set()
        for need, rules in self._by_need.items():
            for rule in rules if need in subject.folded else ():
                known = rule.name in tried or rule.name in self.broken
                if not known and rule.reads(format_):
                    tried.add(rule.name)
                    yield rule

    @cached_property
    def _by_need(self) -> dict[str, list[Rule]]:
        by_need: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for need in {one.lower() for one in rule.condition.needs or ("",)}:
                by_need.setdefault(need, []).append(rule)
        return by_need

    @cached_property
    def _within_by_need(self) -> dict[str, list[tuple[Rule, Within]]]:
        by_need: dict[str, list[tuple[Rule, Within]]] = {}
        for rule in self.rules:
            for within in rule.condition.within:
                for need in {one.lower() for one in within.condition.needs or ("",)}:
                    by_need.setdefault(need, []).append((rule, within))
        return by_need

    @cached_property
    def by_name(self) -> dict[str, Rule]:
        """The rules by name."""
        return {rule.name: rule for rule in self.rules}


def _products(record: Record, run: Run | None) -> tuple[str, ...]:
    """Return what is known of the programs at work: the log's format, the connector's version, the service's host."""
    if run is None:
        return (record.format,)
    host = urlsplit(run.url).hostname if run.url else None
    return tuple(filter(None, (record.format, run.product_version, host)))


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

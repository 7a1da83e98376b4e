"""Build causes and rules from the sections of a rule file, and say what is missing or wrong in them."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from rules.catalogue import LOGS, PLACEHOLDERS, WINDOWS_EVENTS, Cause, Place, Rule, Sample
from rules.condition import Condition
from rules.event import Act, Confidence, Role, Severity
from rules.language import CAUSE_KEYS, CAUSE_NEEDS, RULE_KEYS, LanguageError, nearest
from rules.links import link_problem
from rules.threshold import Per
from rules.when import NOTHING_SOUGHT, is_sought, read_condition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.language import Section, Statement

T = TypeVar("T", bound=StrEnum)

FORMATS = ("qbwc", "qbsdk", WINDOWS_EVENTS, "serilog", "nlog", "log4net", "clef", "ms-console", "qbwin")
_MANY = {"step", "verify", "link", "sample", "expect", "never"}
_NO_CONDITION = Condition(("never",), None, 0)
_PLACEHOLDER = re.compile(r"\{(\w*)\}?")
_WITH_RUNS = ("qbwc", LOGS)
"""Formats whose records belong to runs."""


def place_of(text: str, name: str, position: int) -> Place:
    """Return the place of a position in *text*."""
    line = text.count("\n", 0, position) + 1
    return Place(file=name, line=line, column=position - (text.rfind("\n", 0, position) + 1) + 1)


class Builder:
    """Builds the sections of one file; faults go to a list."""

    def __init__(self, text: str, name: str, faults: list[LanguageError], own: Iterable[str] = ()) -> None:
        """Build from *text*, the file called *name*; *own* are the names of the user's formats."""
        self._text, self._name, self._faults = text, name, faults
        self._known_formats = (*FORMATS, *own)

    def build(self, section: Section) -> Cause | Rule | None:
        """Return the cause or rule of *section*, also where it has faults; None if it is neither."""
        if section.kind == "cause":
            return self._cause(section)
        return self._rule(section) if section.kind == "rule" else None

    def _fault(self, at: int, problem: str) -> None:
        self._faults.append(LanguageError(at, problem))

    def _by_key(self, section: Section, known: tuple[str, ...]) -> dict[str, list[Statement]]:
        by_key: dict[str, list[Statement]] = {key: [] for key in known}
        for statement in section.statements:
            if statement.key not in by_key:
                hint = nearest(statement.key, known)
                self._fault(statement.key_at, f'a {section.kind} has no "{statement.key}". {hint}')
                continue
            if by_key[statement.key] and statement.key not in _MANY:
                self._fault(statement.key_at, f'"{statement.key}" stands here for the second time. Take one away')
            if not statement.value.strip():
                self._fault(statement.key_at, f'"{statement.key}" says nothing. Write its value behind it')
            by_key[statement.key].append(statement)
        return by_key

    def _cause(self, section: Section) -> Cause:
        by_key = self._by_key(section, CAUSE_KEYS)
        missing = [key for key in CAUSE_NEEDS if not by_key[key]]
        if missing:
            needed = ", ".join(CAUSE_NEEDS)
            self._fault(section.at, f"cause {section.name} has no {', '.join(missing)}. Every cause needs {needed}")
        # What is there is looked at also where something is missing: all faults are told at once.
        return Cause(
            name=section.name,
            title=" ".join(one.prose for one in by_key["title"][:1]),
            severity=self._optional(Severity, by_key["severity"]) or Severity.ERROR,
            act=self._optional(Act, by_key["act"]) or Act.OPS,
            explanation=" ".join(self._texts(by_key["explain"])[:1]),
            steps=self._texts(by_key["step"]),
            verify=self._texts(by_key["verify"]),
            client=" ".join(self._texts(by_key["client"][:1])),
            links=self._links(by_key["link"]),
            place=place_of(self._text, self._name, section.at),
        )

    def _rule(self, section: Section) -> Rule:
        by_key = self._by_key(section, RULE_KEYS)
        missing = [key for key in ("cause", "in", "when", "sample") if not by_key[key]]
        if missing:
            needed = "Every rule needs cause, in, when and a sample"
            self._fault(section.at, f"rule {section.name} has no {', '.join(missing)}. {needed}")
        formats = self._formats(by_key["in"][0]) if by_key["in"] else (LOGS,)
        # One that has a fault is refused anyway; the rest of the rule is looked at all the same.
        condition = (self._condition(by_key["when"][0]) if by_key["when"] else None) or _NO_CONDITION
        if by_key["when"]:
            self._check_runs(by_key["when"][0], condition, formats)
        note = self._texts(by_key["note"])
        return Rule(
            name=section.name,
            cause=by_key["cause"][0].word if by_key["cause"] else "unclassified",
            formats=formats,
            condition=condition,
            confidence=self._optional(Confidence, by_key["confidence"]) or Confidence.STRONG,
            role=self._optional(Role, by_key["role"]) or Role.ROOT,
            fallback=self._flag(by_key["fallback"]),
            priority=self._number(by_key["priority"]),
            note=note[0] if note else "",
            steps=self._texts(by_key["step"]),
            links=self._links(by_key["link"]),
            samples=self._samples(section, "sample", formats),
            nevers=self._samples(section, "never", formats),
            place=place_of(self._text, self._name, section.at),
        )

    def _condition(self, statement: Statement) -> Condition | None:
        try:
            condition = read_condition(statement.value)
        except LanguageError as error:
            self._fault(statement.value_at + error.position, error.problem)
            return None
        if not is_sought(condition):
            self._fault(statement.value_at, NOTHING_SOUGHT)
        return condition

    def _check_runs(self, when: Statement, condition: Condition, formats: tuple[str, ...]) -> None:
        """Refuse a question about runs where no record belongs to one."""
        per_run = condition.threshold is not None and condition.threshold.per is Per.RUN
        if (condition.is_late or per_run) and formats and not set(formats).intersection(_WITH_RUNS):
            problem = f"a log of {', '.join(formats)} knows no runs, so this never matches. Only one of qbwc does"
            self._fault(when.value_at, problem)

    def _formats(self, statement: Statement) -> tuple[str, ...]:
        names = tuple(name.strip() for name in statement.word.split(","))
        if names == ("any",):
            return ()
        for name in names:
            if name not in {*self._known_formats, LOGS}:
                known = (*self._known_formats, LOGS, "any")
                self._fault(statement.value_at, f'"{name}" is no format. {nearest(name, known)}')
        return names

    def _one_of(self, kind: type[T], statement: Statement) -> T | None:
        known = tuple(member.value for member in kind)
        if statement.word not in known:
            self._fault(
                statement.value_at, f'"{statement.word}" is no {statement.key}. {nearest(statement.word, known)}'
            )
            return None
        return kind(statement.word)

    def _optional(self, kind: type[T], statements: list[Statement]) -> T | None:
        return self._one_of(kind, statements[0]) if statements else None

    def _flag(self, statements: list[Statement]) -> bool:
        if statements and statements[0].word not in {"yes", "no"}:
            self._fault(statements[0].value_at, f'{statements[0].key} is "yes" or "no"')
        return bool(statements) and statements[0].word == "yes"

    def _number(self, statements: list[Statement]) -> int:
        if not statements:
            return 0
        if not re.fullmatch(r"-?\d{1,6}", statements[0].word):
            self._fault(statements[0].value_at, f'"{statements[0].word}" is no whole number, such as 10')
            return 0
        return int(statements[0].word)

    def _texts(self, statements: list[Statement]) -> tuple[str, ...]:
        for statement in statements:
            for found in _PLACEHOLDER.finditer(statement.value):
                if found[1] not in PLACEHOLDERS or not found[0].endswith("}"):
                    hint = nearest(found[1], tuple(PLACEHOLDERS))
                    self._fault(
                        statement.value_at + found.start(), f'"{found[0]}" is no name that can be filled in. {hint}'
                    )
        return tuple(statement.prose for statement in statements)

    def _links(self, statements: list[Statement]) -> tuple[str, ...]:
        for statement in statements:
            problem = link_problem(statement.prose)
            if problem:
                self._fault(statement.value_at, f'"{statement.prose}" is no link. {problem}')
        return tuple(statement.prose for statement in statements)

    def _samples(self, section: Section, key: str, formats: tuple[str, ...]) -> tuple[Sample, ...]:
        samples: list[Sample] = []
        takes = False
        for statement in section.statements:
            if statement.key == "expect" and takes and key == "sample":
                samples[-1] = self._expecting(samples[-1], statement)
            elif statement.key == "expect" and not samples and key == "sample":
                self._fault(statement.key_at, "expect stands below the sample that it is about")
            elif statement.key in {"sample", "never"}:
                takes = statement.key == key
                if takes:
                    samples.append(self._sample(statement, formats))
        return tuple(samples)

    def _sample(self, statement: Statement, formats: tuple[str, ...]) -> Sample:
        format_ = statement.variant or (formats[0] if formats and formats[0] != LOGS else FORMATS[0])
        if statement.variant and format_ not in self._known_formats:
            self._fault(statement.key_at, f'"{format_}" is no format. {nearest(format_, self._known_formats)}')
        place = place_of(self._text, self._name, statement.key_at)
        text = "\r\n".join(statement.lines) + "\r\n"
        return Sample(format=format_, text=text, expect={}, place=place, several=statement.has_several)

    def _expecting(self, sample: Sample, statement: Statement) -> Sample:
        name, sign, value = statement.prose.partition("=")
        if not sign:
            self._fault(statement.value_at, "write it as: expect company_file = C:\\Books\\Contoso.qbw")
            return sample
        return replace(sample, expect={**sample.expect, name.strip(): value.strip()})

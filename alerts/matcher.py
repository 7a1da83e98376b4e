"""Matchers in Alertmanager's words: which incidents a route, a silence or an inhibition speaks of; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.incident import Incident

MATCHABLE: Final = ("severity", "cause", "client", "host", "application", "act")
"""What a matcher can ask of an incident; what is unknown of it is the empty text."""

_TEXT = re.compile(
    r'\s*(?P<name>[A-Za-z_]+)\s*(?P<operator>=~|!~|!=|=)\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^"\s].*?))\s*'
)


class MatcherError(ValueError):
    """A matcher that cannot be read, with what to write instead."""


class Operator(StrEnum):
    """How a matcher compares."""

    IS = "="
    IS_NOT = "!="
    LIKE = "=~"
    NOT_LIKE = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; a pattern must match the whole value, as in Alertmanager."""

    name: str
    operator: Operator
    value: str

    def fits(self, incident: Incident) -> bool:
        """Say whether *incident* meets the condition."""
        has = label(incident, self.name)
        if self.operator in {Operator.IS, Operator.IS_NOT}:
            return (has == self.value) is (self.operator is Operator.IS)
        return bool(re.fullmatch(self.value, has)) is (self.operator is Operator.LIKE)

    def __str__(self) -> str:
        """Write it as `read_matcher` reads it."""
        return f'{self.name} {self.operator} "{self.value}"'


def read_matcher(text: str) -> Matcher:
    """Read one matcher. Raises MatcherError.

    >>> print(read_matcher("host=~srv-.*"))
    host =~ "srv-.*"
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise MatcherError(f"\"{text}\" is no matcher. Write it like 'host =~ \"srv-.*\"' or 'severity = critical'")
    name, value = found["name"], found["quoted"] if found["bare"] is None else found["bare"]
    if name not in MATCHABLE:
        raise MatcherError(f'nothing is called "{name}" here. Match one of: {", ".join(MATCHABLE)}')
    operator = Operator(found["operator"])
    if operator in {Operator.LIKE, Operator.NOT_LIKE}:
        try:
            re.compile(value)
        except re.error as error:
            raise MatcherError(f'"{value}" is no pattern ({error}). A dot stands for any letter: "srv-.*"') from error
    return Matcher(name, operator, value)


def label(incident: Incident, name: str) -> str:
    """Return what *incident* has under the matchable *name*, empty when unknown."""
    value = getattr(incident, name)
    return "" if value is None else str(value)


def all_fit(matchers: Iterable[Matcher], incident: Incident) -> bool:
    """Say whether *incident* meets every one of *matchers*."""
    return all(matcher.fits(incident) for matcher in matchers)

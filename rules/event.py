"""The types that leave rules: `Severity`, `Role`, `Confidence`, `Act`, `Alternative`, `Event`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Severity(StrEnum):
    """How bad it is: act now, act today, look at it, weekly report only."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"

    @property
    def rank(self) -> int:
        """3 for critical down to 0 for notice."""
        return 3 - list(Severity).index(self)


class Role(StrEnum):
    """A root is why a run failed; an echo only follows from it and is never alerted."""

    ROOT = "root"
    ECHO = "echo"


class Confidence(StrEnum):
    """How sure a finding is."""

    PROOF = "proof"
    STRONG = "strong"
    LIKELY = "likely"
    WEAK = "weak"


class Act(StrEnum):
    """Who must act: our ops, the client's people, or the provider of the application."""

    OPS = "ops"
    CLIENT = "client"
    PROVIDER = "provider"


NEAR_IT, ALSO_POSSIBLE = "Near it: ", "Also possible: "
"""How lines of evidence begin that say why this cause was taken, and what it may be instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another cause that a finding may have: how likely, and what speaks for it and against it, in plain words."""

    cause: str
    confidence: Confidence
    speaks_for: str = ""
    speaks_against: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A classified finding, ready to be stored.

    `id` is the same each time the same bytes are read. `run` is the id of the run it belongs to.
    `message` and `evidence` are redacted words of the log; `title`, `steps` and `link` are the catalogue's.
    `rule_pack` names the set of rules that made it, empty where none did. `others` are the causes that it may have
    instead, the likeliest first.
    """

    id: str
    time: datetime | None
    host: str
    client: str | None
    source: str
    format: str
    line: int
    offset: int
    application: str | None
    company_file: str | None
    run: str | None
    cause: str
    rule: str
    severity: Severity
    role: Role
    confidence: Confidence
    act: Act
    codes: tuple[str, ...]
    message: str
    evidence: tuple[str, ...]
    title: str
    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    rule_pack: str = ""
    component: str = ""
    level: str | None = None
    others: tuple[Alternative, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The words of the log among the evidence."""
        own = tuple(line for line in self.evidence if not line.startswith((NEAR_IT, ALSO_POSSIBLE)))
        return own or (self.message,)

    @property
    def link(self) -> str | None:
        """The page that mends it best, of those that a browser anywhere can open."""
        return next((link for link in self.links if link.startswith("http")), None)

"""The types that leave rules: `Severity`, `Role`, `Confidence`, `Act`, `Event`."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A classified finding, ready to be stored.

    `id` is the same each time the same bytes are read. `run` is the id of the run it belongs to.
    `message` and `evidence` are redacted words of the log; `title`, `steps` and `link` are the catalogue's.
    `rule_pack` names the set of rules that made it, empty where none did.
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

    @property
    def link(self) -> str | None:
        """The page that mends it best."""
        return self.links[0] if self.links else None

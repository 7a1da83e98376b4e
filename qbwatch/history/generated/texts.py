"""The words of the catalogue for made-up findings, filled in once for each machine and application."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from rules.load import load

if TYPE_CHECKING:
    from qbwatch.history.generated.fleet import Application, Host
    from qbwatch.history.generated.seasons import Season
    from rules.event import Act, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a finding of one cause says on one machine; `columns` are its texts as the store writes them."""

    cause: str
    severity: Severity
    act: Act
    title: str
    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    codes: tuple[str, ...]
    message: str
    company_file: str | None
    columns: tuple[str, ...]


class Texts:
    """Gives the words for a cause on a machine."""

    def __init__(self) -> None:
        """Load the catalogue that ships."""
        self._causes = load([], []).causes
        self.of = cache(self._of)

    def _of(self, cause: str, season: Season | None, host: Host, application: Application | None) -> Words:
        found = self._causes[cause]
        company_file = application.company_file if application else None
        names = {"host": host.name, "application": application.name if application else None,
                 "company_file": company_file}  # fmt: skip
        filled = found.filled(names)
        return Words(
            cause=cause, severity=found.severity, act=found.act, title=found.title, explanation=filled.explanation,
            steps=filled.steps, links=filled.links, codes=season.codes if season else (),
            message=season.words if season else found.title, company_file=company_file,
            columns=(found.title, filled.explanation, json.dumps(filled.steps), json.dumps(filled.links)),
        )  # fmt: skip

"""What is wrong with a source for long becomes a finding like any other: a log that cannot be read tells nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from qbwatch.source_state import Standing
from rules.classify import digest
from rules.event import Confidence, Event, Role

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from qbwatch.source_looks import Seen
    from rules.catalogue import Catalogue

UNREADABLE = "source_unreadable"
"""The cause of a log that cannot be opened."""

# Backup, antivirus and the log's own writer hold a file for moments; that is no trouble.
_PATIENCE = timedelta(minutes=5)


@dataclass(slots=True)
class SourceTrouble:
    """Tells once of every path that cannot be read for minutes, and when all can be read again."""

    host: str
    client: str | None
    catalogue: Catalogue
    hidden: str | None = None  # a file of qbwatch's own, which is judged elsewhere
    _told: dict[str, str] = field(default_factory=dict)  # path -> id of the event
    _is_first: bool = True  # an earlier watcher may have told of what is well by now

    def judge(self, seen: Mapping[str, Seen], now: datetime) -> tuple[dict[str, Event], bool]:
        """Return the new findings by id, and whether the last trouble that was told is over."""
        lasting = {
            path: one
            for path, one in seen.items()
            if one.standing is Standing.UNREADABLE and one.problem_since and now - one.problem_since >= _PATIENCE
            if path != self.hidden
        }
        events = [self._event(path, one) for path, one in lasting.items() if path not in self._told]
        was_told = bool(self._told) or (
            self._is_first and all(one.standing is not Standing.UNREADABLE for one in seen.values())
        )
        self._is_first = False
        self._told = {path: self._told.get(path, "") for path in self._told if path in lasting}
        self._told |= {event.source: event.id for event in events}
        return {event.id: event for event in events}, was_told and not self._told

    def _event(self, path: str, seen: Seen) -> Event:
        cause = self.catalogue.causes[UNREADABLE]
        filled = cause.filled({"host": self.host})
        return Event(
            id=digest(self.host, path, seen.problem_since, UNREADABLE), time=seen.problem_since, host=self.host,
            client=self.client, source=path, format="", line=0, offset=0, application=None, company_file=None,
            run=None, cause=cause.name, rule=f"source.{cause.name}", severity=cause.severity, role=Role.ROOT,
            confidence=Confidence.PROOF, act=cause.act, codes=(), message=f"{path} cannot be read: {seen.problem}",
            evidence=(), title=cause.title, explanation=filled.explanation, steps=filled.steps, links=filled.links,
        )  # fmt: skip

"""Logs that never appeared, and logs that went quiet while their neighbours write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from ingest.formats import WINDOWS_EVENTS, qbwc
from qbwatch.source_state import Standing
from rules.classify import digest
from rules.event import Confidence, Event, Role

if TYPE_CHECKING:
    from datetime import datetime

    from qbwatch.source_state import SourceState
    from rules.catalogue import Catalogue

NEVER_SEEN = "source_never_seen"
QUIET = "source_quiet"

# A program that is being installed, or a drive that is being connected, needs its time.
_APPEARS_WITHIN = timedelta(hours=1)
# Before that nothing is known of a log's habits; it is quiet when this often its longest silence has passed.
_LEARNING = timedelta(days=3)
_TIMES = 3
_SHORTEST = timedelta(hours=6)
# A neighbour that wrote so lately shows that the machine works.
_LIVELY = timedelta(hours=1)
_CLEARLY = timedelta(minutes=5)
# Web Connector's schedule is known better than by its log's habits, and Windows has no duty to note anything.
_KNOWN_OTHERWISE = {qbwc.NAME, WINDOWS_EVENTS}


@dataclass(slots=True, kw_only=True)
class SourceLife:
    """What is known of one path: since when it is watched, when it was last written, its longest silence so far."""

    source: str
    standing: Standing
    format: str | None
    since: datetime
    first: datetime | None = None
    last: datetime | None = None
    longest: timedelta = timedelta()
    told: str | None = None  # the cause that is told of it, while it lasts

    def take(self, state: SourceState) -> None:
        """Take how it stands now."""
        self.standing, self.format = state.standing, state.format or self.format
        record = state.last_record
        if record is None or (self.last and record <= self.last):
            return
        self.first = self.first or record
        if self.last:
            self.longest = max(self.longest, record - self.last)
        self.last = record


@dataclass(slots=True)
class SourceSilence:
    """Tells once of each source that is missing or quiet, and when that is over."""

    catalogue: Catalogue
    host: str
    client: str | None
    lives: dict[str, SourceLife] = field(default_factory=dict)

    def take(self, state: SourceState) -> None:
        """Take how a path stands; what a pattern had been told of is of the path that matches it now."""
        if state.path != state.source:
            self.lives.pop(state.source, None)
        life = self.lives.get(state.path)
        if life is None:
            life = self.lives[state.path] = SourceLife(
                source=state.source, standing=state.standing, format=state.format, since=state.looked_at
            )
        life.take(state)

    def writing(self, since: datetime) -> tuple[str, ...]:
        """Name the logs, but for Web Connector's own, that were written clearly behind *since*."""
        return tuple(
            PureWindowsPath(path).name
            for path, life in self.lives.items()
            if life.format not in _KNOWN_OTHERWISE and life.last and life.last > since + _CLEARLY
        )

    def judge(self, now: datetime) -> tuple[list[Event], list[tuple[str, datetime]]]:
        """Return the new findings, and the causes that are over now with since when."""
        found: list[Event] = []
        before = {life.told for life in self.lives.values()}
        lively = [path for path, life in self.lives.items() if _is_lively(life, now)][:2]
        for path, life in self.lives.items():
            cause = self._cause(life, now, has_neighbour=any(other != path for other in lively))
            if cause and cause != life.told:
                found.append(self._event(path, life, cause))
            life.told = cause
        over = before - {life.told for life in self.lives.values()}
        return found, [(cause, now) for cause in sorted(cause for cause in over if cause)]

    @staticmethod
    def _cause(life: SourceLife, now: datetime, *, has_neighbour: bool) -> str | None:
        if life.standing is Standing.NEVER_SEEN:
            return NEVER_SEEN if now - life.since >= _APPEARS_WITHIN else None
        if life.standing is not Standing.FOLLOWED or life.format in _KNOWN_OTHERWISE or not (life.first and life.last):
            return None
        is_known = life.last - life.first >= _LEARNING
        is_long = now - life.last >= max(_TIMES * life.longest, _SHORTEST)
        return QUIET if is_known and is_long and has_neighbour else None

    def _event(self, path: str, life: SourceLife, name: str) -> Event:
        cause = self.catalogue.causes[name]
        filled = cause.filled({"host": self.host})
        began = life.last if name == QUIET and life.last else life.since
        told = {
            NEVER_SEEN: f"{path}: no such log since {began:%Y-%m-%d %H:%M} UTC.",
            QUIET: f"{path}: no line since {began:%Y-%m-%d %H:%M} UTC, while other logs of {self.host} go on.",
        }
        return Event(
            id=digest(self.host, path, began.isoformat(), name), time=began, host=self.host, client=self.client,
            source=path, format=life.format or "", line=0, offset=0, application=None, company_file=None, run=None,
            cause=name, rule=f"absence.{name}", severity=cause.severity, role=Role.ROOT, act=cause.act, codes=(),
            confidence=Confidence.STRONG if name == NEVER_SEEN else Confidence.LIKELY, message=told[name], evidence=(),
            title=cause.title, explanation=filled.explanation, steps=filled.steps, links=filled.links,
        )  # fmt: skip


def _is_lively(life: SourceLife, now: datetime) -> bool:
    return life.last is not None and timedelta() <= now - life.last <= _LIVELY

"""An open problem and its states; pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ingest.record import Outcome
from rules.event import Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from rules.event import Act, Event


class State(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class ChangeKind(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    TOUCHED = "touched"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One open problem per host, application and cause, told in the words of its newest event.

    `opened_at` and `last_at` are the log's times; `recorded_at` is when it was first seen here,
    from which waiting times run. `runs_failed` counts runs, or findings where no run is known.
    """

    id: str
    host: str
    application: str | None
    cause: str
    state: State
    severity: Severity
    act: Act
    client: str | None
    company_file: str | None
    opened_at: datetime
    recorded_at: datetime
    last_at: datetime
    resolved_at: datetime | None
    last_good_at: datetime | None
    runs_failed: int
    first_event: str
    last_event: str
    last_run: str | None
    title: str
    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    codes: tuple[str, ...]
    message: str
    evidence: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str | None, str]:
        """Host, application and cause: at most one incident of a key is unresolved."""
        return (self.host, self.application, self.cause)

    @property
    def is_live(self) -> bool:
        """True until it is resolved."""
        return self.state is not State.RESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """What an incident needs to know of a finished run."""

    host: str
    application: str | None
    outcome: Outcome
    started: datetime | None
    ended: datetime | None

    @property
    def is_good(self) -> bool:
        """True when the run worked or had nothing to do."""
        return self.outcome in {Outcome.OK, Outcome.NO_WORK}

    @property
    def began(self) -> datetime | None:
        """The start or, where the log does not tell it, the end."""
        return self.started or self.ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """The newest good run of an application: when it began and when it ended."""

    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An incident as it is after `kind` happened to it at `at`."""

    kind: ChangeKind
    incident: Incident
    at: datetime
    event: str | None = None


def on_event(incident: Incident | None, event: Event, now: datetime, *, last_good: Good | None = None) -> Change | None:
    """Apply *event* to the newest *incident* of its key, or to none.

    None when it changes nothing: an echo, a notice, an event that is already in, one that is older
    than what resolved the incident, or one that a good run has outlived before it was read.
    """
    if event.role is not Role.ROOT or event.severity is Severity.NOTICE:
        return None
    at = event.time or now
    if _is_past(incident, event, at) or (last_good is not None and at < last_good.began):
        return None
    if incident is not None and incident.is_live:
        touched = _touched(incident, event, at)
        return Change(kind=ChangeKind.TOUCHED, incident=touched, at=at, event=event.id)
    opened = _opened(event, at, now, last_good)
    return Change(kind=ChangeKind.OPENED, incident=opened, at=at, event=event.id)


def on_run(incidents: Iterable[Incident], run: RunEnd, now: datetime) -> list[Change]:
    """Resolve those of *incidents* that *run* proves to be over.

    A good run proves it when it began after the incident's last event. An incident without an
    application is over with any good run on its host.
    """
    began = run.began
    if not run.is_good or began is None:
        return []
    resolved_at = run.ended or min(began, now)
    return [
        Change(
            kind=ChangeKind.RESOLVED,
            incident=replace(incident, state=State.RESOLVED, resolved_at=resolved_at, last_good_at=resolved_at),
            at=resolved_at,
        )
        for incident in incidents
        if incident.is_live
        and incident.host == run.host
        and incident.application in {None, run.application}
        and began > incident.last_at
    ]


def acknowledge(incident: Incident, now: datetime) -> Change | None:
    """Mark *incident* as taken up by someone; None when it is not open."""
    if incident.state is not State.OPEN:
        return None
    taken = replace(incident, state=State.ACKNOWLEDGED)
    return Change(kind=ChangeKind.ACKNOWLEDGED, incident=taken, at=now)


def resolve(incident: Incident, now: datetime) -> Change | None:
    """Close *incident* by hand; None when it is closed already."""
    if not incident.is_live:
        return None
    closed = replace(incident, state=State.RESOLVED, resolved_at=max(now, incident.last_at))
    return Change(kind=ChangeKind.RESOLVED, incident=closed, at=now)


def _is_past(incident: Incident | None, event: Event, at: datetime) -> bool:
    if incident is None:
        return False
    if event.id in {incident.first_event, incident.last_event}:
        return True
    if incident.resolved_at is not None:
        return at <= incident.resolved_at
    return at < incident.last_at


def _opened(event: Event, at: datetime, now: datetime, last_good: Good | None) -> Incident:
    key = "\0".join((event.host, event.application or "", event.cause, event.id))
    return Incident(
        id=hashlib.sha256(key.encode()).hexdigest()[:16],
        host=event.host,
        application=event.application,
        cause=event.cause,
        state=State.OPEN,
        severity=event.severity,
        act=event.act,
        client=event.client,
        company_file=event.company_file,
        opened_at=at,
        recorded_at=now,
        last_at=at,
        resolved_at=None,
        last_good_at=last_good.ended if last_good else None,
        runs_failed=1,
        first_event=event.id,
        last_event=event.id,
        last_run=event.run,
        title=event.title,
        explanation=event.explanation,
        steps=event.steps,
        links=event.links,
        codes=event.codes,
        message=event.message,
        evidence=event.evidence,
    )


def _touched(incident: Incident, event: Event, at: datetime) -> Incident:
    another = event.run is None or event.run != incident.last_run
    return replace(
        incident,
        severity=max(incident.severity, event.severity, key=lambda severity: severity.rank),
        act=event.act,
        client=event.client or incident.client,
        company_file=event.company_file or incident.company_file,
        last_at=at,
        runs_failed=incident.runs_failed + another,
        last_event=event.id,
        last_run=event.run or incident.last_run,
        title=event.title,
        explanation=event.explanation,
        steps=event.steps,
        links=event.links,
        codes=event.codes,
        message=event.message,
        evidence=event.evidence,
    )

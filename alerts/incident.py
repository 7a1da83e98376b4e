"""An open problem and its states; pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ingest.record import Outcome
from rules.event import Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rules.event import Act, Event

AHEAD = timedelta(minutes=5)
"""How far a log's clock may run before ours; a time beyond that is not believed."""


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
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One open problem per host, application and cause, told in the words of its newest event.

    `opened_at` and `last_at` are the log's times; `recorded_at` is when it was first seen here,
    from which waiting times run. `runs_failed` counts runs, or findings where no run is known.
    `withdrawn` is a resolved one that never was: each of its events turned out to be something else.
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
    withdrawn: bool = False

    @property
    def key(self) -> tuple[str, str | None, str]:
        """Host, application and cause: at most one incident of a key is unresolved."""
        return (self.host, self.application, self.cause)

    @property
    def is_live(self) -> bool:
        """True until it is resolved."""
        return self.state is not State.RESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an incident keeps of one of its events, so that it can be told without another one."""

    event: str
    at: datetime
    run: str | None
    severity: Severity
    act: Act
    client: str | None
    company_file: str | None
    title: str
    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    codes: tuple[str, ...]
    message: str
    evidence: tuple[str, ...]


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


def opens(event: Event) -> bool:
    """Say whether *event* is one that incidents are made of: no echo, no notice."""
    return event.role is Role.ROOT and event.severity is not Severity.NOTICE


def finding_of(event: Event, at: datetime) -> Finding:
    """Return what an incident keeps of *event*, which happened at *at*."""
    return Finding(
        event=event.id,
        at=at,
        run=event.run,
        severity=event.severity,
        act=event.act,
        client=event.client,
        company_file=event.company_file,
        title=event.title,
        explanation=event.explanation,
        steps=event.steps,
        links=event.links,
        codes=event.codes,
        message=event.message,
        evidence=event.evidence,
    )


def believable(times: Iterable[datetime], now: datetime) -> dict[datetime, datetime]:
    """Give those of *times* that lie too far ahead the moments after *now*, in their order.

    A clock that runs ahead says nothing of when, but still what came first.
    """
    ahead = sorted({time for time in times if time > now + AHEAD})
    return {time: now + timedelta(microseconds=place) for place, time in enumerate(ahead, 1)}


def on_event(
    incident: Incident | None, event: Event, now: datetime, *, last_good: Good | None = None, counted: bool = False
) -> Change | None:
    """Apply *event*, which is in no incident yet, to the newest *incident* of its key, or to none.

    None when it changes nothing: an echo, a notice, an event that is older than what resolved the
    incident, or one that a good run has outlived before it was read. *counted* says that the incident
    has an event of the same run.
    """
    at = event.time or now
    if not opens(event) or _is_past(incident, at) or (last_good is not None and at < last_good.began):
        return None
    finding = finding_of(event, at)
    if incident is not None and incident.is_live:
        touched = _touched(incident, finding, counted=counted)
        return Change(kind=ChangeKind.TOUCHED, incident=touched, at=at, event=event.id)
    opened = _opened(event, finding, now, last_good, after=incident)
    return Change(kind=ChangeKind.OPENED, incident=opened, at=at, event=event.id)


def on_revision(
    incident: Incident, findings: Sequence[Finding], now: datetime, *, last_good: Good | None = None
) -> Change | None:
    """Tell *incident* anew by the *findings* it still has; None when that changes nothing.

    Without any it is withdrawn; what is left may have been outlived by a good run already.
    """
    if not findings:
        return None if incident.withdrawn else _withdrawn(incident, now)
    told = _told_by(incident, findings)
    if told.is_live and last_good is not None and last_good.began > told.last_at:
        over = replace(told, state=State.RESOLVED, resolved_at=last_good.ended, last_good_at=last_good.ended)
        return Change(kind=ChangeKind.RESOLVED, incident=over, at=last_good.ended)
    return None if told == incident else Change(kind=ChangeKind.TOUCHED, incident=told, at=now)


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


def _is_past(incident: Incident | None, at: datetime) -> bool:
    if incident is None or incident.withdrawn or incident.resolved_at is None:
        return False
    return at <= incident.resolved_at


def _opened(
    event: Event, finding: Finding, now: datetime, last_good: Good | None, *, after: Incident | None
) -> Incident:
    # An event may come back to a cause from which it was withdrawn: that is another incident.
    parts = (event.host, event.application or "", event.cause, event.id, *([after.id] if after else []))
    return Incident(
        id=hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16],
        host=event.host,
        application=event.application,
        cause=event.cause,
        state=State.OPEN,
        severity=finding.severity,
        client=finding.client,
        company_file=finding.company_file,
        opened_at=finding.at,
        recorded_at=now,
        resolved_at=None,
        last_good_at=last_good.ended if last_good else None,
        runs_failed=1,
        first_event=finding.event,
        last_run=finding.run,
        **_newest(finding),
    )


def _touched(incident: Incident, finding: Finding, *, counted: bool) -> Incident:
    """Add *finding* to *incident*; one that is read late leaves the words to the newer ones."""
    first = min((incident.opened_at, incident.first_event), (finding.at, finding.event))
    known = counted or (finding.run is not None and finding.run == incident.last_run)
    touched = replace(
        incident,
        severity=_worst([incident, finding]),
        opened_at=first[0],
        first_event=first[1],
        runs_failed=incident.runs_failed + (not known),
        client=incident.client or finding.client,
        company_file=incident.company_file or finding.company_file,
        last_run=incident.last_run or finding.run,
    )
    if (finding.at, finding.event) < (incident.last_at, incident.last_event):
        return touched
    return replace(
        touched,
        client=finding.client or touched.client,
        company_file=finding.company_file or touched.company_file,
        last_run=finding.run or touched.last_run,
        **_newest(finding),
    )


def _told_by(incident: Incident, findings: Sequence[Finding]) -> Incident:
    ordered = sorted(findings, key=lambda finding: (finding.at, finding.event))
    return replace(
        incident,
        severity=_worst(ordered),
        opened_at=ordered[0].at,
        first_event=ordered[0].event,
        runs_failed=len({finding.run or finding.event for finding in ordered}),
        client=_last(finding.client for finding in ordered),
        company_file=_last(finding.company_file for finding in ordered),
        last_run=_last(finding.run for finding in ordered),
        **_newest(ordered[-1]),
    )


def _withdrawn(incident: Incident, now: datetime) -> Change:
    resolved_at = incident.resolved_at or max(now, incident.last_at)
    closed = replace(incident, state=State.RESOLVED, withdrawn=True, runs_failed=0, resolved_at=resolved_at)
    return Change(kind=ChangeKind.WITHDRAWN, incident=closed, at=now)


def _newest(finding: Finding) -> dict[str, Any]:
    """Return what an incident takes from its newest finding alone."""
    names = ("act", "title", "explanation", "steps", "links", "codes", "message", "evidence")
    return {"last_at": finding.at, "last_event": finding.event, **{name: getattr(finding, name) for name in names}}


def _worst(told: Iterable[Incident | Finding]) -> Severity:
    return max((one.severity for one in told), key=lambda severity: severity.rank)


def _last(values: Iterable[str | None]) -> str | None:
    return ([None, *(value for value in values if value)])[-1]

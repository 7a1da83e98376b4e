"""How an incident opens, goes on and ends; pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from alerts.incident import (
    AHEAD,
    NO_BACKGROUND,
    Background,
    Change,
    ChangeKind,
    Ending,
    Finding,
    Good,
    Incident,
    RunEnd,
    State,
)
from rules.event import Confidence, Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rules.event import Event


def opens(event: Event) -> bool:
    """Say whether *event* is one that incidents are made of: no echo, no notice."""
    return event.role is Role.ROOT and event.severity is not Severity.NOTICE


def is_known_better(incident: Incident, event: Event) -> bool:
    """Say whether *incident* was a silence, and *event* tells, now that it is over, why it was.

    That is no other problem: the incident keeps its place, and takes the better name.
    """
    same = (incident.host, incident.application) == (event.host, event.application)
    is_over = not incident.is_live and not incident.withdrawn
    return same and is_over and opens(event) and event.rule.startswith("absence.")


def named_at_its_end(incident: Incident, event: Event) -> Incident:
    """Return *incident*, which `is_known_better`, by the name that *event* gives it; a mere guess gives none."""
    if event.confidence is Confidence.WEAK:
        return incident
    names = ("cause", "title", "explanation", "steps", "links")
    return replace(incident, **{name: getattr(event, name) for name in names})


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
    incident: Incident | None,
    event: Event,
    now: datetime,
    *,
    last_good: Good | None = None,
    counted: bool = False,
    background: Background = NO_BACKGROUND,
) -> Change | None:
    """Apply *event*, which is in no incident yet, to the newest *incident* of its key, or to none.

    None when it changes nothing: an echo, a notice, an event that is older than what resolved the
    incident, or one that a good run has outlived before it was read. *counted* says that the incident
    has an event of the same run; *background* is that of an incident that it would open.
    """
    at = event.time or now
    if not opens(event) or _is_past(incident, at) or (last_good is not None and at < last_good.began):
        return None
    finding = finding_of(event, at)
    if incident is not None and incident.is_live:
        touched = _touched(incident, finding, counted=counted)
        return Change(kind=ChangeKind.TOUCHED, incident=touched, at=at, event=event.id)
    opened = _opened(event, finding, now, last_good, after=incident)
    opened = replace(opened, **{name: getattr(background, name) for name in Background.__slots__})
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
        over = _over(told, last_good.ended)
        return Change(kind=ChangeKind.RESOLVED, incident=over, at=last_good.ended)
    return None if told == incident else Change(kind=ChangeKind.TOUCHED, incident=told, at=now)


def on_run(incidents: Iterable[Incident], run: RunEnd, now: datetime) -> list[Change]:
    """Resolve those of *incidents* that *run* proves to be over, or bring them nearer to that.

    A good run proves it when it began after the incident's last event; what keeps failing and mending needs several
    in a row. An incident without an application is over with any good run on its host.
    """
    began = run.began
    if not run.is_good or began is None:
        return []
    ended = run.ended or min(began, now)
    return [
        _on_good(incident, began, ended)
        for incident in incidents
        if incident.is_live
        and incident.host == run.host
        and incident.application in {None, run.application}
        and began > incident.last_at
        and (incident.good_at is None or began > incident.good_at)
    ]


def _on_good(incident: Incident, began: datetime, ended: datetime) -> Change:
    """Count a good run of *incident*; the last one that it needs ends it."""
    counted = replace(incident, goods=incident.goods + 1, good_at=began)
    if counted.goods >= counted.needs:
        return Change(kind=ChangeKind.RESOLVED, incident=_over(counted, ended), at=ended)
    counted = replace(counted, state=State.RECOVERING)
    return Change(kind=ChangeKind.RECOVERING, incident=counted, at=ended)


def _over(incident: Incident, at: datetime) -> Incident:
    """Return *incident* as one that a good run ended *at*."""
    return replace(incident, state=State.RESOLVED, resolved_at=at, ending=Ending.RECOVERED)


def acknowledge(incident: Incident, now: datetime, *, by: str | None = None) -> Change | None:
    """Mark *incident* as taken up by someone; None when it is over, or taken already."""
    if not incident.is_live or incident.acknowledged_at is not None:
        return None
    state = State.ACKNOWLEDGED if incident.state is State.OPEN else incident.state
    taken = replace(incident, state=state, acknowledged_at=now, acknowledged_by=by)
    return Change(kind=ChangeKind.ACKNOWLEDGED, incident=taken, at=now)


def resolve(
    incident: Incident, now: datetime, *, ending: Ending = Ending.FIXED, by: str | None = None
) -> Change | None:
    """Close *incident* for the reason *ending*; None when it is closed already."""
    if not incident.is_live:
        return None
    at = max(now, incident.last_at)
    closed = replace(incident, state=State.RESOLVED, resolved_at=at, ending=ending, resolved_by=by)
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
    if incident.good_at is None or finding.at >= incident.good_at:
        touched = _failing(touched)
    if (finding.at, finding.event) < (incident.last_at, incident.last_event):
        return touched
    return replace(
        touched,
        client=finding.client or touched.client,
        company_file=finding.company_file or touched.company_file,
        last_run=finding.run or touched.last_run,
        **_newest(finding),
    )


def _failing(incident: Incident) -> Incident:
    """Return *incident* as one that fails again, if it was about to recover."""
    if incident.state is not State.RECOVERING:
        return incident
    state = State.ACKNOWLEDGED if incident.acknowledged_at else State.OPEN
    return replace(incident, state=state, goods=0, good_at=None)


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

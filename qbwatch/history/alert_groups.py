"""The store's incidents sorted into the groups in which receivers hear of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from alerts.decide import Group, Kind, Progress, Reason
from alerts.incident import State
from alerts.outbreak import Outbreak, cause_of, outbreaks
from alerts.route import Routed, group_key, routes_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from alerts.hold import Hold, Policy
    from alerts.incident import Incident
    from alerts.route import Route
    from qbwatch.history.alert_rows import Past, Place

Grouped = dict["Place", Group]
"""By receiver and the group's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The groups, and when somebody else is to hear of an incident whom nobody has told of it yet."""

    groups: Grouped
    dues: tuple[datetime, ...]


@dataclass(slots=True, kw_only=True)
class _Heard:
    """Where each receiver was told of an incident and when, by both; and whom it did not reach, since when."""

    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    since: dict[tuple[str, str], datetime] = field(default_factory=dict)
    lost: set[tuple[str, str]] = field(default_factory=set)
    waits: dict[tuple[str, str], datetime] = field(default_factory=dict)
    receivers: dict[str, set[str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Building:
    routed: Routed
    members: dict[str, Incident] = field(default_factory=dict)
    held: dict[str, Hold] = field(default_factory=dict)
    reminds: bool = False
    because: Reason = Reason.NEW


def grouped(
    incidents: Sequence[Incident],
    past: Mapping[Place, Sequence[Past]],
    *,
    root: Route,
    policy: Policy,
    last_reason: Callable[[Place], Reason | None],
    now: datetime,
) -> Sorted:
    """Sort *incidents* into groups, with what *policy* holds back in each.

    An incident stays in the group in which its receiver was told of it, though its labels or the routes may have
    changed since; a group that no route leads to any more only hears of its end. Who did not acknowledge in time,
    and who could not be reached, is joined by another receiver.
    """
    heard = _heard(past)
    routes = {one.id: routes_for(one, root) for one in incidents}
    inhibitors = policy.inhibitors(one for one in incidents if one.is_live)
    holds = {one.id: policy.own_hold(one, inhibitors, now) for one in incidents}
    building: dict[Place, _Building] = {}
    dues: list[datetime] = []

    def put(incident: Incident, routed: Routed, key: str, because: Reason) -> None:
        place = (routed.receiver, heard.keys.get((routed.receiver, incident.id), key))
        one = building.setdefault(place, _Building(routed))
        one.routed, one.reminds, one.because = routed, True, because
        one.members[incident.id] = incident
        hold = holds[incident.id] or policy.quiet(routed, now)
        if hold:
            one.held[incident.id] = hold

    spread = _spread(incidents, heard, past, routes)
    for incident in incidents:
        for routed in routes[incident.id]:
            key = spread.get((routed.receiver, incident.id)) or group_key(incident, routed)
            put(incident, routed, key, Reason.NEW)
            for also in _also(incident, routed, key, heard, policy):
                if now >= also.at:
                    put(incident, also.routed, also.key, also.because)
                else:
                    dues.append(also.at)
        for receiver in heard.receivers.get(incident.id, ()):
            place = (receiver, heard.keys[receiver, incident.id])
            one = building.setdefault(place, _Building(Routed(receiver=receiver, path="")))
            one.members[incident.id] = incident
    groups = {
        place: Group(
            key=place[1], routed=one.routed, incidents=tuple(one.members.values()), reminds=one.reminds, held=one.held,
            quiet=policy.quiet(one.routed, now), opens_because=one.because, held_before=last_reason(place),
        )
        for place, one in building.items()
    }  # fmt: skip
    return Sorted(groups=groups, dues=tuple(dues))


def _heard(past: Mapping[Place, Sequence[Past]]) -> _Heard:
    heard = _Heard()
    for (receiver, key), all_told in past.items():
        for one in all_told:
            for incident_id in one.told.incidents:
                who = (receiver, incident_id)
                heard.keys[who] = key
                heard.since.setdefault(who, one.told.at)
                heard.receivers.setdefault(incident_id, set()).add(receiver)
                if one.told.kind is not Kind.RESOLVED and one.told.progress is Progress.DEAD:
                    heard.lost.add(who)
                elif one.told.kind is not Kind.RESOLVED and one.told.progress is Progress.WAITING:
                    heard.waits.setdefault(who, one.told.at)
    return heard


@dataclass(frozen=True, slots=True, kw_only=True)
class _Also:
    """Somebody else who hears of an incident from `at` on."""

    routed: Routed
    key: str
    because: Reason
    at: datetime


def _also(incident: Incident, routed: Routed, key: str, heard: _Heard, policy: Policy) -> Iterator[_Also]:
    """Yield who hears of *incident* because the receiver of *routed* did nothing about it, or could not be reached."""
    if detour := policy.detour(incident, routed.receiver):
        yield _Also(
            routed=replace(routed, receiver=detour, group_wait=timedelta(), escalate_to=None),
            key=f"{key}|beside {routed.receiver}", because=Reason.FELL_BACK, at=incident.recorded_at,
        )  # fmt: skip
    who = (routed.receiver, incident.id)
    since = heard.since.get(who)
    if since is None:
        return
    told_in = heard.keys.get(who, key)
    waits = incident.state in {State.OPEN, State.RECOVERING} and incident.acknowledged_at is None
    if routed.escalate_to is not None and waits:
        yield _Also(
            routed=replace(routed, receiver=routed.escalate_to, group_wait=timedelta(), escalate_to=None),
            key=f"{told_in}|escalated", because=Reason.NOT_ACKNOWLEDGED, at=since + routed.escalate_after,
        )  # fmt: skip
    asked = {routed.receiver}
    while (instead := policy.fallbacks.get(who[0])) and instead not in asked and (at := _lost_at(who, heard, policy)):
        yield _Also(
            routed=replace(routed, receiver=instead, group_wait=timedelta(), escalate_to=None),
            key=f"{told_in}|instead of {who[0]}", because=Reason.FELL_BACK, at=at,
        )  # fmt: skip
        asked.add(instead)
        who = (instead, incident.id)


def _lost_at(who: tuple[str, str], heard: _Heard, policy: Policy) -> datetime | None:
    """Return from when on another receiver stands in for one that was not reached; None while it is or may be."""
    if who in heard.lost:
        return heard.since[who]
    waits = heard.waits.get(who)
    return waits + policy.fallback_after if waits else None


def _spread(
    incidents: Sequence[Incident],
    heard: _Heard,
    past: Mapping[Place, Sequence[Past]],
    routes: Mapping[str, Sequence[Routed]],
) -> dict[tuple[str, str], str]:
    """Return the group of what belongs to an outbreak, by receiver and incident."""
    untold: dict[str, list[Incident]] = {}
    for incident in incidents:
        for routed in routes[incident.id] if incident.is_live else ():
            if (routed.receiver, incident.id) not in heard.keys:
                untold.setdefault(routed.receiver, []).append(incident)
    found: dict[tuple[str, str], str] = {}
    for receiver, fresh in untold.items():
        known = [
            Outbreak(key=key, cause=cause, grew_at=all_told[-1].told.at)
            for (at, key), all_told in past.items()
            if at == receiver and (cause := cause_of(key))
        ]
        found.update({(receiver, id_): key for id_, key in outbreaks(fresh, known).items()})
    return found

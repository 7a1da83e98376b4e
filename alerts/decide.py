"""What to say about a group of incidents now, and why; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from alerts.incident import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from alerts.incident import Incident
    from alerts.route import Routed


LOOK_AGAIN = timedelta(seconds=15)
"""When to ask again while something else must happen first that nobody announces."""


class Kind(StrEnum):
    """What a notification says of its incidents."""

    OPENED = "opened"
    CHANGED = "changed"
    REMINDER = "reminder"
    RESOLVED = "resolved"


class Reason(StrEnum):
    """Why a notification is made or held; stored, and shown in these words' sense."""

    NEW = "new"
    JOINED = "joined"
    STILL_OPEN = "still_open"
    SOME_RESOLVED = "some_resolved"
    ALL_RESOLVED = "all_resolved"
    GROUP_WAIT = "group_wait"
    GROUP_INTERVAL = "group_interval"
    ALREADY_TOLD = "already_told"
    ACKNOWLEDGED = "acknowledged"
    NOT_DELIVERED_YET = "not_delivered_yet"
    RESOLVED_BEFORE_SENT = "resolved_before_sent"
    OPENING_NEVER_DELIVERED = "opening_never_delivered"
    TOO_OLD = "too_old"
    NOTHING_OPEN = "nothing_open"


REASON_TEXT = {
    Reason.NEW: "This is a new problem.",
    Reason.JOINED: "More has failed since the last message.",
    Reason.STILL_OPEN: "Nobody has solved this yet, so here is a reminder.",
    Reason.SOME_RESOLVED: "These count as over; others of this group are still failing.",
    Reason.ALL_RESOLVED: "It counts as over: a later sync ended without a failure, or somebody closed it.",
    Reason.GROUP_WAIT: "Held for a moment, so that what belongs together arrives together.",
    Reason.GROUP_INTERVAL: "Held until the group's next turn.",
    Reason.ALREADY_TOLD: "Already told; the next reminder is not due.",
    Reason.ACKNOWLEDGED: "Someone has taken this up, so there are no reminders.",
    Reason.NOT_DELIVERED_YET: "The message before this one has not been delivered yet.",
    Reason.RESOLVED_BEFORE_SENT: "It was over before anything was sent.",
    Reason.OPENING_NEVER_DELIVERED: "The opening message never arrived, so nobody waits for this one.",
    Reason.TOO_OLD: "It was already old when its log was first read.",
    Reason.NOTHING_OPEN: "Nothing is open.",
}
"""Each reason as a sentence for people."""


class Progress(StrEnum):
    """How far a past notification came."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notification that was made for the group since it was last all resolved."""

    kind: Kind
    at: datetime
    incidents: frozenset[str]
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The incidents that one receiver hears of together, with the timing of their route.

    `reminds` is False for a group that the routes no longer lead to: it gets its resolving message only.
    """

    key: str
    routed: Routed
    incidents: tuple[Incident, ...]
    reminds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to say now: a kind, or None to hold until `due_at` or the next change."""

    kind: Kind | None
    reason: Reason
    incidents: tuple[Incident, ...] = ()
    due_at: datetime | None = None


def decide(group: Group, past: Sequence[Told], now: datetime, *, stale_after: timedelta | None = None) -> Decision:
    """Decide what the group's receiver hears at *now*, given the *past* notifications.

    *stale_after* keeps quiet about incidents whose last event was already that old when it was first read.
    """
    told = _ids(one for one in past if one.kind is not Kind.RESOLVED)
    told_over = _ids(one for one in past if one.kind is Kind.RESOLVED)
    live = tuple(incident for incident in group.incidents if incident.is_live)
    fresh = tuple(one for one in live if one.id not in told and not _is_stale(one, stale_after))
    known = tuple(one for one in live if one.id in told)
    gone = tuple(one for one in group.incidents if not one.is_live and one.id in told - told_over)
    if not past:
        return _opening(group, fresh, live, now)
    if not known:
        return _resolving(gone, past)
    if gone and (not fresh or past[-1].kind is Kind.CHANGED):
        return _partly_resolving(group, gone, known, past, now)
    if fresh and group.reminds:
        return _joining(group, fresh, known, past, now)
    return _reminding(group, known, past, now)


def _ids(past: Iterable[Told]) -> frozenset[str]:
    return frozenset[str]().union(*(one.incidents for one in past))


def _is_stale(incident: Incident, stale_after: timedelta | None) -> bool:
    return stale_after is not None and incident.recorded_at - incident.last_at > stale_after


def _earliest(incidents: Iterable[Incident]) -> datetime:
    return min(incident.recorded_at for incident in incidents)


def _opening(group: Group, fresh: tuple[Incident, ...], live: tuple[Incident, ...], now: datetime) -> Decision:
    if not fresh:
        if live:
            return Decision(kind=None, reason=Reason.TOO_OLD)
        reason = Reason.RESOLVED_BEFORE_SENT if group.incidents else Reason.NOTHING_OPEN
        return Decision(kind=None, reason=reason, incidents=group.incidents)
    due_at = _earliest(fresh) + group.routed.group_wait
    if now < due_at:
        return Decision(kind=None, reason=Reason.GROUP_WAIT, incidents=fresh, due_at=due_at)
    return Decision(kind=Kind.OPENED, reason=Reason.NEW, incidents=fresh)


def _joining(
    group: Group,
    fresh: tuple[Incident, ...],
    known: tuple[Incident, ...],
    past: Sequence[Told],
    now: datetime,
) -> Decision:
    last = past[-1]
    due_at = max(last.at + group.routed.group_interval, _earliest(fresh) + group.routed.group_wait)
    if last.progress is Progress.WAITING:
        return _not_delivered_yet(fresh, due_at, now)
    if now < due_at:
        return Decision(kind=None, reason=Reason.GROUP_INTERVAL, incidents=fresh, due_at=due_at)
    return Decision(kind=Kind.CHANGED, reason=Reason.JOINED, incidents=fresh + known)


def _reminding(group: Group, known: tuple[Incident, ...], past: Sequence[Told], now: datetime) -> Decision:
    last = past[-1]
    if all(incident.state is State.ACKNOWLEDGED for incident in known):
        return Decision(kind=None, reason=Reason.ACKNOWLEDGED, incidents=known)
    due_at = last.at + group.routed.repeat_interval
    if last.progress is Progress.WAITING:
        return _not_delivered_yet(known, due_at, now)
    if not group.reminds or now < due_at:
        due = due_at if group.reminds else None
        return Decision(kind=None, reason=Reason.ALREADY_TOLD, incidents=known, due_at=due)
    return Decision(kind=Kind.REMINDER, reason=Reason.STILL_OPEN, incidents=known)


def _not_delivered_yet(incidents: tuple[Incident, ...], due_at: datetime, now: datetime) -> Decision:
    due_at = max(due_at, now + LOOK_AGAIN)
    return Decision(kind=None, reason=Reason.NOT_DELIVERED_YET, incidents=incidents, due_at=due_at)


def _heard(gone: tuple[Incident, ...], past: Sequence[Told]) -> tuple[Incident, ...]:
    """Return those of *gone* of which a message arrived or still may."""
    heard = _ids(one for one in past if one.kind is not Kind.RESOLVED and one.progress is not Progress.DEAD)
    return tuple(one for one in gone if one.id in heard)


def _resolving(gone: tuple[Incident, ...], past: Sequence[Told]) -> Decision:
    heard = _heard(gone, past)
    if not heard:
        return Decision(kind=None, reason=Reason.OPENING_NEVER_DELIVERED, incidents=gone)
    return Decision(kind=Kind.RESOLVED, reason=Reason.ALL_RESOLVED, incidents=heard)


def _partly_resolving(
    group: Group,
    gone: tuple[Incident, ...],
    known: tuple[Incident, ...],
    past: Sequence[Told],
    now: datetime,
) -> Decision:
    heard = _heard(gone, past)
    if not heard:
        return _reminding(group, known, past, now)
    due_at = past[-1].at + group.routed.group_interval
    if now < due_at:
        return Decision(kind=None, reason=Reason.GROUP_INTERVAL, incidents=heard, due_at=due_at)
    return Decision(kind=Kind.RESOLVED, reason=Reason.SOME_RESOLVED, incidents=heard)

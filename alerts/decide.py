"""What to say about a group of incidents now, and why; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from alerts.hold import Barrier
from alerts.incident import State
from alerts.inhibit import ABSENCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from alerts.hold import Hold
    from alerts.incident import Incident
    from alerts.route import Routed


_LATE = timedelta(minutes=10)
LOOK_AGAIN = timedelta(seconds=15)
"""When to ask again while something else must happen first that nobody announces."""


class Kind(StrEnum):
    """What a notification says of its incidents."""

    OPENED = "opened"
    CHANGED = "changed"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    DIGEST = "digest"


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
    HELD_BACK = "held_back"
    SILENCED = "silenced"
    SILENCE_ENDED = "silence_ended"
    SILENCE_ENDS = "silence_ends"
    INHIBITED = "inhibited"
    NO_LONGER_INHIBITED = "no_longer_inhibited"
    MUTED = "muted"
    WINDOW_ENDED = "window_ended"
    OVER_IN_WINDOW = "over_in_window"
    FIRST_FAILURE = "first_failure"
    FAILED_AGAIN = "failed_again"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    FELL_BACK = "fell_back"
    STORM = "storm"
    STORM_CAP = "storm_cap"
    RECOVERING = "recovering"
    SEEN_TOO_LATE = "seen_too_late"


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
    Reason.SILENCED: "A silence holds it back.",
    Reason.SILENCE_ENDED: "It was silenced, the silence has ended, and it still fails.",
    Reason.SILENCE_ENDS: "A silence ends soon, and this still fails under it.",
    Reason.INHIBITED: "Another open problem explains it and holds it back.",
    Reason.NO_LONGER_INHIBITED: "The problem that seemed to explain it is over, and this still fails.",
    Reason.MUTED: "The receiver's quiet hours or a maintenance window hold it back.",
    Reason.WINDOW_ENDED: "It was held in quiet hours or a maintenance window, and it still fails now.",
    Reason.OVER_IN_WINDOW: "These came and went while messages were held. Nothing is left to do.",
    Reason.FIRST_FAILURE: "It often mends itself, so the second failed run is waited for.",
    Reason.FAILED_AGAIN: "It did not mend itself: another run has failed.",
    Reason.NOT_ACKNOWLEDGED: "Nobody has acknowledged this in time, so it is passed on to you.",
    Reason.FELL_BACK: "It could not be delivered to the receiver that it was for, so you get it instead.",
    Reason.STORM: "So much happened at once that it comes as one message.",
    Reason.STORM_CAP: "The receiver has had as many messages as it takes for now; the rest comes as one.",
    Reason.RECOVERING: "It is about to recover.",
    Reason.SEEN_TOO_LATE: "It was over by the time it could be seen. The steps keep it from coming again.",
    Reason.HELD_BACK: "These were held back and are told together.",
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
    `held` says by incident what keeps messages about it back, and `quiet` what keeps back every message.
    `opens_because` is why the group exists at all, where that is more than that something is new.
    `held_before` is for what its opening was last held.
    """

    key: str
    routed: Routed
    incidents: tuple[Incident, ...]
    reminds: bool = True
    held: Mapping[str, Hold] = field(default_factory=dict)
    quiet: Hold | None = None
    opens_because: Reason = Reason.NEW
    held_before: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to say now: a kind, or None to hold until `due_at` or the next change; `held_by` names what holds it."""

    kind: Kind | None
    reason: Reason
    incidents: tuple[Incident, ...] = ()
    due_at: datetime | None = None
    held_by: str | None = None


def decide(group: Group, past: Sequence[Told], now: datetime, *, stale_after: timedelta | None = None) -> Decision:
    """Decide what the group's receiver hears at *now*, given the *past* notifications.

    *stale_after* keeps quiet about incidents whose last event was already that old when it was first read.
    """
    told = _ids(one for one in past if one.kind is not Kind.RESOLVED)
    told_over = _ids(one for one in past if one.kind is Kind.RESOLVED)
    live = tuple(incident for incident in group.incidents if incident.is_live)
    untold = tuple(one for one in live if one.id not in told and not _is_stale(one, stale_after))
    fresh = tuple(one for one in untold if one.id not in group.held)
    known = tuple(one for one in live if one.id in told)
    gone = tuple(one for one in group.incidents if not one.is_live and one.id in told - told_over)
    if not past:
        late = tuple(one for one in group.incidents if _was_seen_late(one, now, stale_after))
        if late and group.reminds and not (live or group.quiet):
            return Decision(kind=Kind.DIGEST, reason=Reason.SEEN_TOO_LATE, incidents=late)
        return _opening(group, untold, fresh, live, now)
    return _going_on(group, (fresh, known, gone), past, now)


def _going_on(
    group: Group,
    parts: tuple[tuple[Incident, ...], tuple[Incident, ...], tuple[Incident, ...]],
    past: Sequence[Told],
    now: datetime,
) -> Decision:
    """Decide about a group that was told before: what is fresh in it, known, and gone."""
    fresh, known, gone = parts
    if group.quiet and (fresh or gone or known):
        return _held(group.quiet, (*fresh, *gone) or known)
    if not known:
        return _resolving(gone, past)
    if gone and (not fresh or past[-1].kind is Kind.CHANGED):
        return _partly_resolving(group, gone, known, past, now)
    if fresh and group.reminds:
        return _joining(group, fresh, known, past, now)
    return _reminding(group, known, past, now)


_REASON_OF = {
    Barrier.SILENCED: Reason.SILENCED,
    Barrier.INHIBITED: Reason.INHIBITED,
    Barrier.MUTED: Reason.MUTED,
    Barrier.FIRST_FAILURE: Reason.FIRST_FAILURE,
}
_AFTER = {
    Reason.SILENCED: Reason.SILENCE_ENDED,
    Reason.INHIBITED: Reason.NO_LONGER_INHIBITED,
    Reason.MUTED: Reason.WINDOW_ENDED,
    Reason.FIRST_FAILURE: Reason.FAILED_AGAIN,
}


def _held(hold: Hold, incidents: tuple[Incident, ...]) -> Decision:
    return Decision(
        kind=None, reason=_REASON_OF[hold.barrier], incidents=incidents, due_at=hold.until, held_by=hold.by
    )  # fmt: skip


def _ids(past: Iterable[Told]) -> frozenset[str]:
    return frozenset[str]().union(*(one.incidents for one in past))


def _is_stale(incident: Incident, stale_after: timedelta | None) -> bool:
    # A silence has one time, its beginning, however long it lasts.
    if stale_after is None or incident.cause in ABSENCES:
        return False
    return incident.recorded_at - incident.last_at > stale_after


def _was_seen_late(incident: Incident, now: datetime, stale_after: timedelta | None) -> bool:
    """Say whether *incident* began long before it could be seen and has ended just now, as the sleep of a machine."""
    if incident.is_live or incident.withdrawn or incident.resolved_at is None:
        return False
    is_news = stale_after is None or now - incident.resolved_at <= stale_after
    return incident.cause in ABSENCES and incident.recorded_at - incident.opened_at >= _LATE and is_news


def _earliest(incidents: Iterable[Incident]) -> datetime:
    return min(incident.recorded_at for incident in incidents)


def _opening(
    group: Group,
    untold: tuple[Incident, ...],
    fresh: tuple[Incident, ...],
    live: tuple[Incident, ...],
    now: datetime,
) -> Decision:
    if group.quiet and untold:
        return _held(group.quiet, untold)
    if untold and not fresh:
        # What is held longest by its nature comes first: its end is asked for again then.
        first = min((group.held[one.id] for one in untold), key=lambda hold: (hold.until is None, hold.until or now))
        return _held(first, untold)
    if not fresh:
        if live:
            return Decision(kind=None, reason=Reason.TOO_OLD)
        reason = Reason.RESOLVED_BEFORE_SENT if group.incidents else Reason.NOTHING_OPEN
        return Decision(kind=None, reason=reason, incidents=group.incidents)
    due_at = _earliest(fresh) + group.routed.group_wait
    if now < due_at:
        return Decision(kind=None, reason=Reason.GROUP_WAIT, incidents=fresh, due_at=due_at)
    reason = _AFTER.get(group.held_before, group.opens_because) if group.held_before else group.opens_because
    return Decision(kind=Kind.OPENED, reason=reason, incidents=fresh)


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
    open_ = tuple(one for one in known if one.state is State.OPEN and one.acknowledged_at is None)
    if not open_:
        recovers = any(incident.state is State.RECOVERING for incident in known)
        return Decision(kind=None, reason=Reason.RECOVERING if recovers else Reason.ACKNOWLEDGED, incidents=known)
    loud = tuple(one for one in known if one.id not in group.held)
    if not loud:
        return _held(group.held[known[0].id], known)
    due_at = last.at + group.routed.repeat_interval
    if last.progress is Progress.WAITING:
        return _not_delivered_yet(known, due_at, now)
    if not group.reminds or now < due_at:
        due = due_at if group.reminds else None
        return Decision(kind=None, reason=Reason.ALREADY_TOLD, incidents=known, due_at=due)
    return Decision(kind=Kind.REMINDER, reason=Reason.STILL_OPEN, incidents=loud)


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

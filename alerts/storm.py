"""How many messages a receiver takes in a while; what is more comes as one digest; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alerts.decide import Decision, Kind, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most `most` messages in any `window`."""

    most: int
    window: timedelta


DEFAULT_CAP: Final = Cap(most=20, window=timedelta(minutes=10))
_URGENCY = (Kind.OPENED, Kind.DIGEST, Kind.CHANGED, Kind.RESOLVED, Kind.REMINDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped:
    """What of a receiver's groups goes out now, what is told together in one `digest`, and what waits; by group."""

    spoken: Mapping[str, Decision]
    held: Mapping[str, Decision]
    gathered: tuple[str, ...] = ()
    digest: Decision | None = None


def capped(due: Mapping[str, Decision], sent: Sequence[datetime], now: datetime, cap: Cap) -> Capped:
    """Let of what is *due* at one receiver so much go out as *cap* leaves, given when it was *sent* something.

    Openings that do not fit are told in one digest; the rest waits, and nothing is left out.
    """
    recent = sorted(at for at in sent if now - at < cap.window)
    room = max(cap.most - len(recent), 0)
    order = sorted(due, key=lambda key: _rank(due[key]))
    if len(order) <= room:
        return Capped(spoken=due, held={})
    # The last place is the digest's.
    first, rest = order[: max(room - 1, 0)], order[max(room - 1, 0) :]
    gathered = tuple(key for key in rest if due[key].kind is Kind.OPENED) if room else ()
    if len(gathered) == 1:
        first, gathered = [*first, *gathered], ()
    incidents = tuple({one.id: one for key in gathered for one in due[key].incidents}.values())
    free_at = recent[0] + cap.window if recent else now + cap.window
    return Capped(
        spoken={key: due[key] for key in first},
        held={key: _waiting(due[key], free_at) for key in rest if key not in {*gathered, *first}},
        gathered=gathered,
        digest=Decision(kind=Kind.DIGEST, reason=Reason.STORM, incidents=incidents) if gathered else None,
    )


def _rank(decision: Decision) -> tuple[int, int]:
    worst = max((one.severity.rank for one in decision.incidents), default=0)
    return (_URGENCY.index(decision.kind) if decision.kind else len(_URGENCY), -worst)


def _waiting(decision: Decision, free_at: datetime) -> Decision:
    return Decision(kind=None, reason=Reason.STORM_CAP, incidents=decision.incidents, due_at=free_at)

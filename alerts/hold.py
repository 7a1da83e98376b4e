"""What keeps a message about an incident back for now, and until when; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from alerts.incident import State
from alerts.inhibit import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from alerts.incident import Incident
    from alerts.inhibit import Inhibition
    from alerts.route import Routed
    from alerts.silence import Silence
    from alerts.storm import Cap
    from alerts.time_interval import TimeInterval

SELF_HEALING: Final = (
    "web_service_unreachable", "web_service_error", "quickbooks_busy", "update_lock_stuck", "company_file_lock_stuck",
)  # fmt: skip
"""Causes that often mend themselves before the next run; the second failed run in a row is told."""

ENDS_UNSEEN: Final = (
    "antivirus_or_policy_blocked", "quickbooks_crashed", "connector_crashed", "connector_hung", "blue_screen",
    "multiuser_hosting_broken", "store_replaced", "unclassified",
)  # fmt: skip
"""Causes that also come from a log that knows no runs, so that no good run may ever end them."""

FALLBACK_AFTER: Final = timedelta(minutes=15)
"""How long a message may wait for its receiver before another one gets it as well."""

UNDELIVERED: Final = "delivery_failing"
"""The cause that says that a receiver cannot be reached."""

_SECOND_RUN = 2
# The second run may never come; then the first failure is told all the same.
_LONGEST_PATIENCE = timedelta(hours=6)


Inhibitors = tuple[tuple["Inhibition", tuple["Incident", ...]], ...]
"""By inhibition the open incidents that hold others."""


class Barrier(StrEnum):
    """What holds a message back."""

    SILENCED = "silenced"
    INHIBITED = "inhibited"
    MUTED = "muted"
    FIRST_FAILURE = "first_failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A message is kept back by `barrier`, named in `by`; `until` is None where something must happen first."""

    barrier: Barrier
    by: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What holds messages back, by the configuration and by people's silences.

    `intervals` are the time intervals that routes name. Of the causes in `patient` the second failed run is told.
    `caps` and `fallbacks` are by receiver: how much it takes, and who gets what cannot be delivered to it, or was not
    delivered after `fallback_after`.
    """

    silences: Sequence[Silence] = ()
    inhibitions: Sequence[Inhibition] = (BUILT_IN,)
    intervals: Mapping[str, TimeInterval] = field(default_factory=dict)
    patient: Sequence[str] = SELF_HEALING
    caps: Mapping[str, Cap] = field(default_factory=dict)
    fallbacks: Mapping[str, str] = field(default_factory=dict)
    detours: Mapping[str, str] = field(default_factory=dict)
    fallback_after: timedelta = FALLBACK_AFTER

    def hold(self, incident: Incident, routed: Routed, live: Sequence[Incident], now: datetime) -> Hold | None:
        """Return what keeps *incident* from the receiver of *routed* at *now*, given all *live* incidents."""
        return self.own_hold(incident, self.inhibitors(live), now) or self.quiet(routed, now)

    def inhibitors(self, live: Iterable[Incident]) -> Inhibitors:
        """Return by inhibition those of the *live* incidents that hold others: few, and asked of every incident."""
        known = list(live)
        return tuple((rule, tuple(rule.sources(known))) for rule in self.inhibitions)

    def own_hold(self, incident: Incident, inhibitors: Inhibitors, now: datetime) -> Hold | None:
        """Return what keeps *incident* from every receiver at *now*."""
        return self._silenced(incident, now) or _inhibited(incident, inhibitors) or self._first_failure(incident, now)

    def _silenced(self, incident: Incident, now: datetime) -> Hold | None:
        holding = [one for one in self.silences if one.holds(incident, now)]
        if not holding:
            return None
        last = max(holding, key=lambda one: one.ends_at)
        return Hold(
            barrier=Barrier.SILENCED, by=f"silence {last.id} of {last.author}: {last.reason}", until=last.ends_at
        )

    def detour(self, incident: Incident, receiver: str) -> str | None:
        """Return who hears of *incident* beside *receiver*, which it says cannot be reached."""
        return self.detours.get(receiver) if incident.cause == UNDELIVERED else None

    def quiet(self, routed: Routed, now: datetime) -> Hold | None:
        """Return what keeps everything from the receiver of *routed* at *now*: quiet hours, or times not its own."""
        for name in routed.mute_time_intervals:
            until = self.intervals[name].ends_after(now)
            if until or self.intervals[name].contains(now):
                return Hold(barrier=Barrier.MUTED, by=name, until=until)
        active = [self.intervals[name] for name in routed.active_time_intervals]
        if active and not any(one.contains(now) for one in active):
            begins = min((at for one in active if (at := one.begins_after(now))), default=None)
            return Hold(barrier=Barrier.MUTED, by="outside " + ", ".join(one.name for one in active), until=begins)
        return None

    def _first_failure(self, incident: Incident, now: datetime) -> Hold | None:
        until = incident.recorded_at + _LONGEST_PATIENCE
        waits = incident.cause in self.patient and incident.runs_failed < _SECOND_RUN and incident.last_run is not None
        if not waits or incident.state is not State.OPEN or now >= until:
            return None
        return Hold(barrier=Barrier.FIRST_FAILURE, by="it often mends itself before the next run", until=until)


def _inhibited(incident: Incident, inhibitors: Inhibitors) -> Hold | None:
    for rule, sources in inhibitors if incident.is_live else ():
        source = rule.source_of(incident, sources) if sources else None
        if source:
            return Hold(barrier=Barrier.INHIBITED, by=f"incident {source.id[:8]}: {source.title}")
    return None

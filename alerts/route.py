"""Which receivers hear of an incident, and in which groups; pure. The words are Alertmanager's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alerts.matcher import MATCHABLE, all_fit, label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alerts.incident import Incident
    from alerts.matcher import Matcher

__all__ = ["MATCHABLE", "Route", "Routed", "fits", "group_key", "label", "receivers_of", "routes_for"]

DEFAULT_GROUP_BY: Final = ("client", "cause")
DEFAULT_GROUP_WAIT: Final = timedelta(seconds=30)
DEFAULT_GROUP_INTERVAL: Final = timedelta(minutes=5)
DEFAULT_REPEAT_INTERVAL: Final = timedelta(hours=4)
DEFAULT_ESCALATE_AFTER: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One branch of the tree; what is None is taken from the branch above.

    `match` holds, per name of `MATCHABLE`, one value or several of which one must fit; `matchers` must fit as well.
    The first branch that fits takes the incident; with `continue_` the next ones are asked as well.
    Who has not acknowledged after `escalate_after` is helped by `escalate_to`.
    In the `mute_time_intervals`, and outside the `active_time_intervals` if there are any, nothing is sent.
    """

    receiver: str | None = None
    match: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    matchers: tuple[Matcher, ...] = ()
    continue_: bool = False
    group_by: tuple[str, ...] | None = None
    group_wait: timedelta | None = None
    group_interval: timedelta | None = None
    repeat_interval: timedelta | None = None
    mute_time_intervals: tuple[str, ...] | None = None
    active_time_intervals: tuple[str, ...] | None = None
    escalate_to: str | None = None
    escalate_after: timedelta | None = None
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Where an incident goes, with every setting filled in; `path` counts the branches, as in `0.2`."""

    receiver: str
    path: str
    group_by: tuple[str, ...] = DEFAULT_GROUP_BY
    group_wait: timedelta = DEFAULT_GROUP_WAIT
    group_interval: timedelta = DEFAULT_GROUP_INTERVAL
    repeat_interval: timedelta = DEFAULT_REPEAT_INTERVAL
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    escalate_to: str | None = None
    escalate_after: timedelta = DEFAULT_ESCALATE_AFTER


def group_key(incident: Incident, routed: Routed) -> str:
    """Return what the incidents of one group share, such as `0|cause=popup_blocked|client=Acme`."""
    names = sorted(set(routed.group_by))
    return f"{routed.path}|" + "|".join(f"{name}={label(incident, name)}" for name in names)


def routes_for(incident: Incident, root: Route) -> list[Routed]:
    """Walk the tree under *root* and return where *incident* goes, each receiver once.

    A branch that has branches of its own takes what none of those takes; the root takes the rest.
    """
    first: dict[str, Routed] = {}
    for routed in _walk(incident, root, Routed(receiver=root.receiver or "", path="0")):
        first.setdefault(routed.receiver, routed)
    return list(first.values())


def receivers_of(root: Route) -> set[str]:
    """Return the name of every receiver in the tree."""
    names = {name for branch in root.routes for name in receivers_of(branch)}
    return names | {name for name in (root.receiver, root.escalate_to) if name}


def fits(incident: Incident, route: Route) -> bool:
    """Tell whether every matcher of *route* fits *incident*."""
    return all_fit(route.matchers, incident) and all(
        label(incident, name) in ((wanted,) if isinstance(wanted, str) else wanted)
        for name, wanted in route.match.items()
    )


def _walk(incident: Incident, route: Route, above: Routed) -> Iterator[Routed]:
    here = _inherited(route, above)
    taken = False
    for place, branch in enumerate(route.routes):
        if fits(incident, branch):
            yield from _walk(incident, branch, replace(here, path=f"{here.path}.{place}"))
            taken = True
            if not branch.continue_:
                break
    if not taken:
        yield here


def _inherited(route: Route, above: Routed) -> Routed:
    own = {name: value for name in _INHERITED if (value := getattr(route, name)) is not None}
    return replace(above, receiver=route.receiver or above.receiver, **own)


_INHERITED = (
    "group_by", "group_wait", "group_interval", "repeat_interval", "mute_time_intervals", "active_time_intervals",
    "escalate_to", "escalate_after",
)  # fmt: skip

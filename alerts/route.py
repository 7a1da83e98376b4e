"""Which receivers hear of an incident, and in which groups; pure. The words are Alertmanager's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alerts.incident import Incident

MATCHABLE: Final = ("severity", "cause", "client", "host", "application", "act")
"""What a route can match and group by."""

DEFAULT_GROUP_BY: Final = ("client", "cause")
DEFAULT_GROUP_WAIT: Final = timedelta(seconds=30)
DEFAULT_GROUP_INTERVAL: Final = timedelta(minutes=5)
DEFAULT_REPEAT_INTERVAL: Final = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One branch of the tree; what is None is taken from the branch above.

    `match` holds, per name of `MATCHABLE`, one value or several of which one must fit.
    The first branch that fits takes the incident; with `continue_` the next ones are asked as well.
    """

    receiver: str | None = None
    match: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    continue_: bool = False
    group_by: tuple[str, ...] | None = None
    group_wait: timedelta | None = None
    group_interval: timedelta | None = None
    repeat_interval: timedelta | None = None
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


def label(incident: Incident, name: str) -> str:
    """Return what *incident* has under the matchable *name*, empty when unknown."""
    value = getattr(incident, name)
    return "" if value is None else str(value)


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
    return names | {root.receiver} if root.receiver else names


def fits(incident: Incident, route: Route) -> bool:
    """Tell whether every matcher of *route* fits *incident*."""
    return all(
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
    return Routed(
        receiver=route.receiver or above.receiver,
        path=above.path,
        group_by=above.group_by if route.group_by is None else route.group_by,
        group_wait=above.group_wait if route.group_wait is None else route.group_wait,
        group_interval=above.group_interval if route.group_interval is None else route.group_interval,
        repeat_interval=above.repeat_interval if route.repeat_interval is None else route.repeat_interval,
    )

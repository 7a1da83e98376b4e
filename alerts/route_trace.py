"""How an incident comes through the route tree, branch by branch; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.matcher import label
from alerts.route import fits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.incident import Incident
    from alerts.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One branch that was asked: what it wants, and which of that the incident does not meet (None if it fits)."""

    path: str
    wants: tuple[str, ...]
    unmet: str | None
    receiver: str | None
    goes_on: bool

    @property
    def fits(self) -> bool:
        """Whether the branch takes the incident."""
        return self.unmet is None


def visits(incident: Incident, root: Route, path: str = "0") -> Iterator[Visit]:
    """Yield every branch that is asked about *incident*, in the order in which it is asked."""
    yield _visit(incident, root, path)
    for place, branch in enumerate(root.routes):
        below = f"{path}.{place}"
        if not fits(incident, branch):
            yield _visit(incident, branch, below)
            continue
        yield from visits(incident, branch, below)
        if not branch.continue_:
            break


def _visit(incident: Incident, route: Route, path: str) -> Visit:
    unmet = None if fits(incident, route) else _unmet(incident, route)
    return Visit(
        path=path, wants=tuple(_wants(route)), unmet=unmet, receiver=route.receiver, goes_on=route.continue_
    )  # fmt: skip


def _wants(route: Route) -> Iterator[str]:
    for name, value in route.match.items():
        yield f"{name} = {value if isinstance(value, str) else ' or '.join(value)}"
    yield from map(str, route.matchers)


def _unmet(incident: Incident, route: Route) -> str:
    for name, value in route.match.items():
        if label(incident, name) not in ((value,) if isinstance(value, str) else value):
            return f"its {name} is {_said(label(incident, name))}"
    failed = next(matcher for matcher in route.matchers if not matcher.fits(incident))
    return f"its {failed.name} is {_said(label(incident, failed.name))}"


def _said(value: str) -> str:
    return f'"{value}"' if value else "not known"

"""What is made: how much of it, and the made-up clients, machines and applications."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOUSES = ("Contoso", "Fabrikam")
_TRADES = (
    "Dental", "Foods", "Roofing", "Freight", "Flowers", "Legal", "Motors", "Bakery", "Optics", "Timber", "Travel",
    "Plumbing",
)  # fmt: skip
_APPLICATIONS = ("Contoso Sync", "Fabrikam Orders", "Example Payroll", "Example Inventory", "Contoso Payments")
# Minutes between two turns, and how common that is.
_TURNS = ((15, 1), (30, 3), (60, 5), (120, 2), (240, 1))
_VERSIONS = ("2.3.0.36", "2.3.0.207", "3.0.0.12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much history is made; the same plan makes the same history.

    It ends at `until` and begins `weeks` before. `hosts` counts per client and `applications` per host, each of which
    runs every `every_minutes`, or as its kind does when that is None. `trouble` scales how often something breaks.
    `client_names` are taken first.
    """

    seed: int = 7
    clients: int = 4
    hosts: int = 3
    applications: int = 2
    weeks: int = 16
    until: datetime = datetime(2026, 11, 23, 5, tzinfo=UTC)
    zone: str = "America/New_York"
    every_minutes: int | None = None
    trouble: float = 1.0
    echoes: float = 2.5
    client_names: tuple[str, ...] = ()

    @property
    def begins(self) -> datetime:
        """When the history begins."""
        return self.until - timedelta(weeks=self.weeks)


LARGE: Final = Plan(clients=60, hosts=5, applications=2, weeks=26, every_minutes=74, trouble=5.0, echoes=5.0)
"""About 2 M runs and 1 M events: half a year of 300 machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A made-up machine; `luck` scales how often it breaks, `starts` is when its history begins."""

    name: str
    client: str
    zone: ZoneInfo
    luck: float
    applications: tuple[Application, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One scheduled application of a machine; it runs each `turn_s` seconds, `phase_s` after the full turn."""

    name: str
    company_file: str
    url: str
    user: str
    version: str
    turn_s: int
    phase_s: int
    luck: float = field(default=1.0)


def fleet(plan: Plan) -> Iterator[Host]:
    """Make up the machines of *plan*."""
    zone = ZoneInfo(plan.zone)
    for client_at in range(plan.clients):
        client = _client(plan, client_at)
        for host_at in range(plan.hosts):
            random = Random(f"{plan.seed}/{client_at}/{host_at}")  # noqa: S311 - it makes up data
            yield Host(
                name=f"{client.lower().replace(' ', '-')}-{('srv', 'ws')[host_at % 2]}-{host_at + 1:02}",
                client=client,
                zone=zone,
                luck=random.choice((0.3, 0.6, 0.8, 1.0, 1.0, 2.6)),
                applications=tuple(_application(plan, client, at, random) for at in range(plan.applications)),
            )


def _client(plan: Plan, at: int) -> str:
    if at < len(plan.client_names):
        return plan.client_names[at]
    house = _HOUSES[at % len(_HOUSES)]
    number = at // len(_HOUSES)
    again = number // len(_TRADES)
    return f"{house} {_TRADES[number % len(_TRADES)]}" + (f" {again + 1}" if again else "")


def _application(plan: Plan, client: str, at: int, random: Random) -> Application:
    name = _APPLICATIONS[at % len(_APPLICATIONS)]
    minutes = plan.every_minutes or random.choices([t for t, _ in _TURNS], [w for _, w in _TURNS])[0]
    return Application(
        name=name if at < len(_APPLICATIONS) else f"{name} {at // len(_APPLICATIONS) + 1}",
        company_file=f"C:\\Books\\{client}.qbw",
        url=f"https://{name.split()[1].lower()}.example.com/qbwc.asmx",
        user="sync",
        version=random.choice(_VERSIONS),
        turn_s=minutes * 60,
        phase_s=random.randrange(minutes * 60),
        luck=random.choice((0.5, 1.0, 1.0, 1.5)),
    )

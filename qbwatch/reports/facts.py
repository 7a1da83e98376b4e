"""What the store tells of some days: the types that every figure is made from, and what must tell them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

NOT_FOUND: Final = "unclassified"
"""The cause of a failure that no rule knows."""

MISSED: Final = "missed"
"""The outcome of runs that did not begin, where something proves why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What failed for one reason in one application on one day of its host.

    `hours` counts by the hour in which it began; `seconds` is how long the application did not work after it.
    `outcome` is that of the runs, `failed` or `unfinished`, or `missed`: then each is a pause of the whole machine.
    """

    day: date
    host: str
    client: str | None
    application: str | None
    cause: str
    outcome: str
    seconds: int
    hours: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many runs failed, or how many pauses there were."""
        return sum(self.hours)

    @property
    def runs(self) -> int:
        """How many runs failed: a pause is none."""
        return 0 if self.outcome == MISSED else self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodRuns:
    """How many runs of an application on a host worked or had nothing to do, on one day."""

    day: date
    host: str
    client: str | None
    application: str | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIncident:
    """What the report needs to know of an incident; times are seconds since 1970."""

    host: str
    application: str | None
    client: str | None
    cause: str
    opened: int
    resolved: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What the catalogue said of a cause when it was last found on a host."""

    title: str
    steps: tuple[str, ...]
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of the log and how often it came, on which hosts; or, if it `stands`, how these are set up."""

    cause: str
    title: str
    message: str
    count: int
    hosts: tuple[str, ...]
    steps: tuple[str, ...]
    link: str | None
    stands: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """Deliveries that were given up, by receiver and reason; in the report of a client no receiver is named."""

    receiver: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDay:
    """The hours of one day of its own in which a host had a run."""

    host: str
    client: str | None
    day: date
    hours: frozenset[int]


Place = tuple[str, str | None]
"""A host, and an application there."""


class Facts(Protocol):
    """What tells the facts of the days from *first* to before *last*, each in the zone of its host."""

    def failures(self, first: date, last: date) -> list[Failures]:
        """Return what failed."""

    def good_runs(self, first: date, last: date) -> list[GoodRuns]:
        """Return what worked."""

    def good_counts(self, first: date, last: date) -> Mapping[date, int]:
        """Return how many runs worked or had nothing to do, by day."""

    def runs_a_day(self, first: date, last: date, places: Iterable[Place]) -> Mapping[Place, Mapping[date, int]]:
        """Return how many runs began at *places*, by day."""

    def host_days(self, first: date, last: date) -> list[HostDay]:
        """Return the hours in which each host had a run."""

    def first_day(self) -> date | None:
        """Return the first day of all of which there are runs."""

    def incidents(self, begins: int, ends: int) -> list[PastIncident]:
        """Return the incidents that were open at some moment between, in seconds since 1970."""

    def remedies(self, wanted: Mapping[str, str | None], ends: int) -> Mapping[str, Remedy]:
        """Return what to do about causes, each *wanted* in the words for its host."""

    def unknown(self, begins: int, ends: int) -> list[Said]:
        """Return what no rule knows, the commonest first."""

    def notices(self, begins: int, ends: int) -> list[Said]:
        """Return what is worth knowing before it breaks, the commonest first."""

    def undelivered(self, begins: int, ends: int) -> tuple[int, list[Undelivered]]:
        """Return how many deliveries were settled, and which were given up."""

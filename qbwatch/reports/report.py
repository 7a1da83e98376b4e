"""The weekly report as it is before it is written in any format: figures, rankings and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from qbwatch.reports.facts import Said, Undelivered
    from qbwatch.reports.week import Week


class Tone(StrEnum):
    """Whether a change is good news."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekFigures:
    """What one week comes to; `docs/report.md` defines each figure.

    `recovery_s` is the mean time to recover in seconds, None when nothing was resolved.
    """

    good: int
    failed: int
    lost: int
    seconds: int
    opened: int
    resolved: int
    still_open: int
    recovery_s: float | None

    @property
    def due(self) -> int:
        """Runs that began and runs that should have."""
        return self.good + self.failed + self.lost

    @property
    def success_rate(self) -> float | None:
        """Good runs of those that were due, from 0 to 1; None when none was due."""
        return self.good / self.due if self.due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure beside what it was; texts are for people, numbers for programs."""

    name: str
    label: str
    value: float | None
    previous: float | None
    usual: float | None
    tone: Tone
    text: str
    previous_text: str
    usual_text: str

    @property
    def words(self) -> str:
        """How it compares, in words."""
        told = {Tone.BETTER: "better than usual", Tone.WORSE: "worse than usual", Tone.SAME: "as usual"}
        return told.get(self.tone, "nothing to compare with")


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """What one cause cost; `share` is of all seconds lost in the week, `usual_seconds` the median of four weeks."""

    cause: str
    title: str
    failures: int
    lost: int
    seconds: int
    share: float
    usual_seconds: float | None
    hosts: tuple[str, ...]
    clients: tuple[str, ...]
    steps: tuple[str, ...]
    link: str | None
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """What went wrong on one host, or in one application wherever it runs."""

    name: str
    client: str | None
    good: int
    failed: int
    lost: int
    seconds: int
    main_cause: str

    @property
    def success_rate(self) -> float | None:
        """Good runs of those that were due, from 0 to 1."""
        due = self.good + self.failed + self.lost
        return self.good / due if due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MendFirst:
    """The one thing to mend first, why, how, and where it is explained."""

    cause: str
    title: str
    why: str
    where: str
    steps: tuple[str, ...]
    link: str | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """What each cause cost in each week, the oldest first: how often, and how many seconds.

    The cause that cost the most comes first; the last may be all others together. `rates` are the success rates.
    """

    weeks: tuple[str, ...]
    causes: tuple[str, ...]
    titles: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    seconds: tuple[tuple[int, ...], ...]
    rates: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedRow:
    """Problems of one cause that were resolved in the week before: how many, and how many stayed away."""

    cause: str
    title: str
    resolved: int
    stayed: int
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How complete the data is; `unseen` tells the hours by host, the most first."""

    hosts: int
    heard: int
    silent: tuple[str, ...]
    unseen: tuple[tuple[str, int], ...]
    expected_hours: int

    @property
    def unseen_hours(self) -> int:
        """The hours of all hosts of which nothing is known."""
        return sum(hours for _, hours in self.unseen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One week, of all clients or of one.

    `heat` holds failures by weekday, Monday first, and hour of the day in the week's zone.
    """

    week: Week
    client: str | None
    made_at: datetime
    is_over: bool
    is_empty: bool
    headline: str
    summary: str
    tone: Tone
    mend_first: MendFirst | None
    now: WeekFigures
    figures: tuple[Figure, ...]
    trend: Trend
    heat: tuple[tuple[int, ...], ...]
    causes: tuple[CauseRow, ...]
    hosts: tuple[PlaceRow, ...]
    applications: tuple[PlaceRow, ...]
    new_causes: tuple[CauseRow, ...]
    unknown: tuple[Said, ...]
    mended: tuple[MendedRow, ...]
    notices: tuple[Said, ...]
    deliveries: int
    undelivered: tuple[Undelivered, ...]
    coverage: Coverage

    @property
    def title(self) -> str:
        """What the report is called."""
        return f"Sync report for {self.client}" if self.client else "Sync report"

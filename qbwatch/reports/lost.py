"""Runs that did not begin: how many an application usually has in as long a time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from qbwatch.reports.facts import MISSED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from qbwatch.reports.facts import Failures, Place

DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Tells the runs that were lost; `usual` is how many runs a day a place usually has."""

    usual: Mapping[Place, float]

    def of(self, failures: Iterable[Failures]) -> int:
        """Return how many runs were lost in *failures*.

        Of a pause, one interval is that between its last run and the next, and the others each lost a run.
        """
        return sum(self._of_one(one) for one in failures if one.outcome == MISSED)

    def _of_one(self, one: Failures) -> int:
        a_day = self.usual.get((one.host, one.application), 0.0)
        return max(0, round(one.seconds * a_day / DAY_S) - one.count)


def lost_from(runs: Mapping[Place, Mapping[date, int]], first: date, last: date) -> Lost:
    """Learn what is usual from the *runs* of the days from *first* to before *last*: the median of days with any.

    >>> from datetime import date
    >>> place = ("srv-01", "Sync")
    >>> lost_from({place: {date(2026, 3, 9): 24, date(2026, 3, 10): 20}}, date(2026, 3, 1), date(2026, 3, 11)).usual
    {('srv-01', 'Sync'): 22.0}
    """
    span = [first + timedelta(days=number) for number in range((last - first).days)]
    found = {place: [days[day] for day in span if day in days] for place, days in runs.items()}
    return Lost(usual={place: float(median(counts)) for place, counts in found.items() if counts})

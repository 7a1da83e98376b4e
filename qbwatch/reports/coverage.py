"""How complete the data is: hosts of which nothing was heard, and hours in which nobody knows what happened. Pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

from qbwatch.reports.facts import MISSED
from qbwatch.reports.report import Coverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from qbwatch.reports.facts import Failures, HostDay

WEEKS: Final = 2
"""How many weeks before tell when a host usually runs something."""

_WEEK: Final = 7 * 24
_SHORTEST: Final = 3
"""A pause counts from so many hours on, and from three usual turns."""


def coverage_of(days: Iterable[HostDay], failures: Sequence[Failures], monday: date, hours: int = _WEEK) -> Coverage:
    """Tell which hosts were silent in the week from *monday*, of which *hours* are over, and the hours unseen of each.

    An hour of a host is unseen if it had a run in the same hour of both weeks before and now none, the pause around it
    is long, and nothing explains it. Hours are those of the host's clock.
    """
    seen: dict[str, set[int]] = defaultdict(set)
    for one in days:
        seen[one.host] |= {(one.day - monday).days * 24 + hour for hour in one.hours}
    explained = _explained(failures, monday)
    silent, unseen, expected = [], [], 0
    for host in sorted(seen):
        now = {hour for hour in seen[host] if 0 <= hour < hours}
        usual = _usual(seen[host], hours)
        expected += len(usual)
        if not now:
            silent.append(host)
        missing = usual - now - explained[host]
        longest = max(_SHORTEST, 3 * _turn({hour for hour in seen[host] if hour < 0}))
        gone = sum(len(missing & pause) for pause in _pauses(now, hours, longest))
        if gone:
            unseen.append((host, gone))
    return Coverage(
        hosts=len(seen), heard=len(seen) - len(silent), silent=tuple(silent),
        unseen=tuple(sorted(unseen, key=lambda item: (-item[1], item[0]))), expected_hours=expected,
    )  # fmt: skip


def first_day(monday: date) -> date:
    """Return the first day that `coverage_of` needs to know."""
    return monday - timedelta(weeks=WEEKS)


def _usual(seen: set[int], hours: int) -> set[int]:
    """Return the hours so far whose like had a run in both weeks before."""
    return {hour for hour in range(hours) if all(hour - back * _WEEK in seen for back in range(1, WEEKS + 1))}


def _explained(failures: Sequence[Failures], monday: date) -> dict[str, set[int]]:
    """Return the hours of the pauses that something proves; several in one hour share their length."""
    found: dict[str, set[int]] = defaultdict(set)
    for one in failures:
        if one.outcome == MISSED and one.count:
            length = one.seconds // one.count // 3600 + 1
            for hour in (at for at, times in enumerate(one.hours) if times):
                begins = (one.day - monday).days * 24 + hour
                found[one.host] |= set(range(begins, begins + length + 1))
    return found


def _turn(hours: set[int]) -> int:
    between = [after - before for before, after in pairwise(sorted(hours))]
    return int(median(between)) if between else 1


def _pauses(now: set[int], hours: int, shortest: int) -> list[set[int]]:
    """Return the stretches of at least *shortest* hours in a row without a run."""
    quiet = [hour for hour in range(hours) if hour not in now]
    stretches = [
        {hour for _, hour in group} for _, group in groupby(enumerate(quiet), key=lambda item: item[1] - item[0])
    ]
    return [stretch for stretch in stretches if len(stretch) >= shortest]

"""Silences that come again and again at the same time of day: an application that pauses so is healthy."""

from __future__ import annotations

from bisect import bisect_left
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MEMORY = timedelta(days=15)
"""How far apart pauses may lie that are one habit."""

# Two pauses may be chance; they must be of other days, and of these weeks.
_ENOUGH = 2
_BEGINS = itemgetter(0)
_DAY = timedelta(days=1)
# What is longer, such as a week off, is no habit of any day.
_LONGEST = timedelta(days=4)
# How far apart two pauses may begin, by the clock on the wall; a clock change moves them by an hour.
_ABOUT = timedelta(minutes=90)


def is_habit(begins: datetime, ends: datetime, pauses: Sequence[tuple[datetime, datetime]], *, late: timedelta) -> bool:
    """Say whether a silence from *begins* to *ends* is as those of other days were, or at most *late* longer.

    *pauses*, in their order, may lie before it and, after the fact, behind it.
    """
    alike = 0
    # Of a log of years only those of these weeks are looked at.
    first = bisect_left(pauses, begins - MEMORY, key=_BEGINS)
    for began, ended in pauses[first : bisect_left(pauses, begins + MEMORY, key=_BEGINS)]:
        days = round((began - begins) / _DAY)
        same_time = abs(began - begins - days * _DAY) <= _ABOUT
        if days and ended - began < _LONGEST and same_time and ends - days_after(ended, -days) <= late:
            alike += 1
    return alike >= _ENOUGH


def days_after(moment: datetime, days: int) -> datetime:
    """Return *moment* so many *days* later."""
    return moment + days * _DAY

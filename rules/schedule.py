"""When an application is expected to run: how often, in which windows, and how many runs a silence has cost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

SHORTEST_GAP = timedelta(minutes=10)
"""No silence shorter than this is looked at, however often an application runs."""

# A run that waits its turn behind another application's is late, not missed.
_GRACE = timedelta(minutes=5)
_DAY = timedelta(days=1)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?:([A-Za-z]{3})(?:\s*-\s*([A-Za-z]{3}))?\s+)?(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")


class Known(StrEnum):
    """From where an interval is known."""

    CONFIGURED = "configured"
    QWC = "qwc"
    LEARNT = "learnt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of the day in which runs are expected; it begins on `days` (0 is Monday) and may pass midnight."""

    days: frozenset[int]
    opens: time
    closes: time

    def opening(self, day: datetime) -> tuple[datetime, datetime]:
        """Return from when to when it is open if it opens on *day*, a midnight in local time."""
        opens = datetime.combine(day.date(), self.opens, day.tzinfo)
        # A time that a clock change leaves out is read as the clock showed it before.
        last = day.date() if self.closes > self.opens else day.date() + _DAY
        return opens.astimezone(UTC), datetime.combine(last, self.closes, day.tzinfo).astimezone(UTC)


def window_of(text: str) -> Window:
    """Read a window as a person writes it. Raises ValueError with a message for a person.

    >>> window_of("Mon-Fri 19:00-07:00").closes
    datetime.time(7, 0)
    """
    found = _WINDOW.fullmatch(text.strip())
    window = _read(*found.groups()) if found else None
    if window is None:
        like = '"19:00-07:00", "Mon-Fri 08:00-18:00" or "Sat 08:00-12:00"'
        raise ValueError(f'"{text}" is no window. Write one like {like}')
    return window


def _read(first: str | None, last: str | None, *clock: str) -> Window | None:
    try:
        opens, closes = time(int(clock[0]), int(clock[1])), time(int(clock[2]) % 24, int(clock[3]))
        return Window(days=_days(first, last), opens=opens, closes=closes)
    except ValueError:
        return None


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    begin = _DAYS.index(first.lower())
    end = _DAYS.index(last.lower()) if last else begin
    return frozenset(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """That an application runs `every` so often, counted from the end of a run, in its `windows` of `zone`.

    Without windows it runs at any time. `known` says who says so.
    """

    application: str
    every: timedelta
    known: Known
    windows: tuple[Window, ...] = ()
    zone: ZoneInfo | None = None

    def missed(self, begins: datetime, ends: datetime) -> int:
        """Count the runs that were due between the end of one at *begins*, and *ends*, and did not come."""
        late = min(self.every / 2, _GRACE)
        if not self.windows or self.every >= _DAY:
            return max((ends - begins - late) // self.every, 0)
        open_for, closed, longest = timedelta(), 0, timedelta()
        for opens, closes in self.openings(begins, ends):
            open_for += max(min(closes, ends) - max(opens, begins), timedelta())
            closed += opens >= begins and closes + late <= ends
            longest = max(longest, closes - opens)
        # In a window shorter than the interval one run is due.
        return closed if longest < self.every else max((open_for - late) // self.every, 0)

    def next_due(self, after: datetime) -> datetime:
        """Return when the next run is due after one that ended at *after*."""
        if not self.windows or self.every >= _DAY:
            return after + self.every
        left = self.every
        for opens, closes in self.openings(after, after + 8 * _DAY + self.every * 7):
            begins = max(opens, after)
            if closes - begins >= left or closes - opens < self.every:
                return min(begins + left, closes)
            left -= max(closes - begins, timedelta())
        return after + self.every

    def openings(self, begins: datetime, ends: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield in their order from when to when the windows are open that touch the time between *begins* and *ends*.

        Windows that overlap or touch are one.
        """
        local = begins.astimezone(self.zone or UTC)
        day = datetime.combine(local.date() - _DAY, time(), local.tzinfo)
        found: list[tuple[datetime, datetime]] = []
        while day.astimezone(UTC) <= ends:
            found += [window.opening(day) for window in self.windows if day.weekday() in window.days]
            day = datetime.combine(day.date() + _DAY, time(), local.tzinfo)
        for opens, closes in _merged(found):
            if closes > begins and opens < ends:
                yield opens, closes


def _merged(openings: list[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    last: tuple[datetime, datetime] | None = None
    for opens, closes in sorted(openings):
        if last and opens <= last[1]:
            last = (last[0], max(last[1], closes))
            continue
        if last:
            yield last
        last = (opens, closes)
    if last:
        yield last

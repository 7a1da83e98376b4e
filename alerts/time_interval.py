"""Recurring times in a zone of their own, such as quiet hours or a maintenance window; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_DAY = timedelta(days=1)
_MIDNIGHT = 24 * 60
# A window that does not come in so long, such as on 30 February, never comes.
_LOOK_AHEAD = timedelta(days=366)
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


class TimeIntervalError(ValueError):
    """A part of a time interval that cannot be read, with what to write instead."""


@dataclass(frozen=True, slots=True)
class Span:
    """From minute `begins` of a day to before minute `ends`; one that ends earlier ends on the next day."""

    begins: int
    ends: int


_WHOLE_DAY = (Span(0, _MIDNIGHT),)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeInterval:
    """Every time that is in one of `times` of a day that `weekdays`, `days` and `months` allow, in `zone`.

    `weekdays` count from 0 (Monday), `months` from 1, `days` are of the month and count from its end when negative.
    Empty ones allow all. A span over midnight is of the day on which it begins.
    """

    name: str
    zone: tzinfo
    times: tuple[Span, ...] = ()
    weekdays: frozenset[int] = frozenset()
    days: tuple[tuple[int, int], ...] = ()
    months: frozenset[int] = frozenset()

    def contains(self, at: datetime) -> bool:
        """Say whether *at* is in it."""
        return any(begins <= at < ends for begins, ends in self._around(at))

    def ends_after(self, at: datetime) -> datetime | None:
        """Return when it ends if *at* is in it; None if it is not, or if it never ends."""
        end = at
        while end - at < _LOOK_AHEAD:
            further = max((ends for begins, ends in self._around(end) if begins <= end < ends), default=None)
            if further is None:
                return end if end > at else None
            end = further
        return None

    def begins_after(self, at: datetime) -> datetime | None:
        """Return when it begins next after *at*; None if it never does."""
        day = at
        while day - at < _LOOK_AHEAD:
            begins = min((begins for begins, ends in self._around(day) if at < begins < ends), default=None)
            if begins is not None:
                return begins
            day += _DAY
        return None

    def _around(self, at: datetime) -> list[tuple[datetime, datetime]]:
        """Return the spans of the day of *at* and of the day before."""
        day = at.astimezone(self.zone).date()
        return [
            (self._moment(one, span.begins), self._moment(one + _DAY * (span.ends <= span.begins), span.ends))
            for one in (day - _DAY, day)
            if self._allows(one)
            for span in self.times or _WHOLE_DAY
        ]

    def _moment(self, day: date, minute: int) -> datetime:
        """Return when the clocks of the zone show *minute* of *day*; a time that they skip is that of the jump."""
        day, minute = (day + _DAY, 0) if minute == _MIDNIGHT else (day, minute)
        return datetime.combine(day, time(minute // 60, minute % 60), self.zone).astimezone(UTC)

    def _allows(self, day: date) -> bool:
        length = ((day.replace(day=28) + 4 * _DAY).replace(day=1) - _DAY).day
        of_month = [(_from_start(first, length), _from_start(last, length)) for first, last in self.days]
        return (
            (not self.weekdays or day.weekday() in self.weekdays)
            and (not self.months or day.month in self.months)
            and (not of_month or any(first <= day.day <= last for first, last in of_month))
        )


def _from_start(day: int, length: int) -> int:
    return length + 1 + day if day < 0 else day


def read_times(text: str) -> Span:
    """Read a span of a day. Raises TimeIntervalError.

    >>> read_times("19:00-07:00")
    Span(begins=1140, ends=420)
    """
    parts = [_minute(part) for part in text.split("-")]
    if len(parts) != 2 or None in parts or parts[0] == parts[1] or parts[0] == _MIDNIGHT:
        raise TimeIntervalError(f'"{text}" is no time of day. Write it like "19:00-07:00"')
    begins, ends = (part or 0 for part in parts)
    return Span(begins, ends)


def _minute(text: str) -> int | None:
    found = _CLOCK.fullmatch(text.strip())
    minute = int(found[1]) * 60 + int(found[2]) if found else None
    return minute if minute is None or minute <= _MIDNIGHT else None


def read_weekdays(text: str) -> frozenset[int]:
    """Read a day of the week or several. Raises TimeIntervalError.

    >>> sorted(read_weekdays("fri-mon"))
    [0, 4, 5, 6]
    """
    return _cycle(text, DAYS, "day of the week", '"monday" or "mon-fri"')


def read_months(text: str) -> frozenset[int]:
    """Read a month or several, counted from 1. Raises TimeIntervalError.

    >>> sorted(read_months("dec-jan"))
    [1, 12]
    """
    return frozenset(place + 1 for place in _cycle(text, MONTHS, "month", '"december" or "nov-jan"'))


def read_days(text: str) -> tuple[int, int]:
    """Read days of the month, counted from its end when negative. Raises TimeIntervalError.

    >>> read_days("-3--1")
    (-3, -1)
    """
    found = re.fullmatch(r"(-?\d{1,2})(?:-(-?\d{1,2}))?", text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not (1 <= abs(first) <= 31 and 1 <= abs(last) <= 31) or (first > 0 and last > 0 and last < first):
        raise TimeIntervalError(f'"{text}" are no days of a month. Write it like "1-7", or "-3--1" for the last three')
    return first, last


def _cycle(text: str, names: tuple[str, ...], what: str, example: str) -> frozenset[int]:
    ends = [_place(part.strip().casefold(), names) for part in text.split("-")]
    if len(ends) > 2 or -1 in ends:
        raise TimeIntervalError(f'"{text}" is no {what}. Write it like {example}')
    first, last = ends[0], ends[-1]
    return frozenset((first + step) % len(names) for step in range((last - first) % len(names) + 1))


def _place(part: str, names: tuple[str, ...]) -> int:
    """Return the place of the name that *part* is, or the first three letters of; -1 if of none."""
    fitting = [place for place, name in enumerate(names) if part in {name, name[:3]}]
    return fitting[0] if fitting else -1

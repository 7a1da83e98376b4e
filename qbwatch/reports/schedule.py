"""When the weekly report is due: a weekday and a time in a zone. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qbwatch.reports.week import week_of
from qbwatch.reports.words import DAYS

if TYPE_CHECKING:
    from qbwatch.reports.week import Week

_WRITTEN: Final = re.compile(r"(?P<day>[A-Za-z]+)\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?:\s+(?P<zone>\S+))?")
_CRON: Final = re.compile(r"(?P<minute>\d{1,2})\s+(?P<hour>\d{1,2})\s+\*\s+\*\s+(?P<day>\w+)(?:\s+(?P<zone>\S+))?")
_LIKE: Final = 'Write a weekday and a time, such as "Mon 07:00" or "Mon 07:00 Europe/Berlin"; "0 7 * * 1" works too'


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Once a week: on `weekday` (0 is Monday) at `hour` and `minute` in `zone`."""

    weekday: int
    hour: int
    minute: int
    zone: ZoneInfo

    def last_due(self, now: datetime) -> datetime:
        """Return the newest moment at or before *now* at which a report was due, in UTC.

        A time that the clocks skip is an hour later; one that comes twice is the first of both.
        """
        day = now.astimezone(self.zone).date()
        day -= timedelta(days=(day.weekday() - self.weekday) % 7)
        due = self._at(day.year, day.month, day.day)
        if due > now:
            day -= timedelta(days=7)
            due = self._at(day.year, day.month, day.day)
        return due

    def next_due(self, now: datetime) -> datetime:
        """Return the first moment after *now* at which a report is due, in UTC."""
        # Daylight saving makes a week up to an hour shorter or longer.
        return self.last_due(self.last_due(now) + timedelta(days=8))

    def _at(self, year: int, month: int, day: int) -> datetime:
        return datetime(year, month, day, self.hour, self.minute, tzinfo=self.zone).astimezone(UTC)


def reported_week(due: datetime, zone: ZoneInfo) -> Week:
    """Return the week that a report due at *due* tells of: the last one that is over."""
    return week_of(due, zone).back(1)


def read_schedule(text: str, zone: ZoneInfo) -> Schedule:
    """Read a schedule; without a zone of its own it is in *zone*. Raises ValueError with a message for a person.

    >>> read_schedule("Fri 16:30", ZoneInfo("UTC")).weekday
    4
    """
    found = _WRITTEN.fullmatch(text.strip()) or _CRON.fullmatch(text.strip())
    weekday = _weekday(found["day"]) if found else None
    if found is None or weekday is None or int(found["hour"]) > 23 or int(found["minute"]) > 59:
        raise ValueError(f'"{text}" is no time of the week. {_LIKE}')
    try:
        own = ZoneInfo(found["zone"]) if found["zone"] else zone
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f'"{found["zone"]}" is no time zone. {_LIKE}') from None
    return Schedule(weekday=weekday, hour=int(found["hour"]), minute=int(found["minute"]), zone=own)


def _weekday(text: str) -> int | None:
    if text.isdecimal():
        # Cron counts from Sunday, and knows it as 7 too.
        return (int(text) - 1) % 7 if int(text) <= 7 else None
    fits = [number for number, day in enumerate(DAYS) if len(text) >= 2 and day.lower().startswith(text.lower())]
    return fits[0] if len(fits) == 1 else None

"""ISO weeks in a time zone: from Monday 00:00 to the next, which daylight saving makes an hour longer or shorter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_WRITTEN = re.compile(r"(\d{4})-?W(\d{1,2})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Week:
    """A week as ISO 8601 counts it, in the time of `zone`."""

    monday: date
    zone: ZoneInfo

    @property
    def name(self) -> str:
        """The week as people write it, such as 2026-W47."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def begins(self) -> datetime:
        """Its first moment, in UTC."""
        return self._midnight(self.monday)

    @property
    def ends(self) -> datetime:
        """The first moment of the next week, in UTC."""
        return self._midnight(self.next_monday)

    @property
    def next_monday(self) -> date:
        """The first day that is no longer in it."""
        return self.monday + timedelta(days=7)

    @property
    def days(self) -> str:
        """Its first and its last day in words.

        >>> from zoneinfo import ZoneInfo
        >>> parse_week("2026-W47", ZoneInfo("UTC")).days
        '16 to 22 November 2026'
        """
        sunday = self.monday + timedelta(days=6)
        first = f"{self.monday.day}"
        if self.monday.month != sunday.month:
            first += f" {self.monday:%B}"
        if self.monday.year != sunday.year:
            first += f" {self.monday.year}"
        return f"{first} to {sunday.day} {sunday:%B %Y}"

    def back(self, weeks: int) -> Week:
        """Return the week so many *weeks* before."""
        return Week(monday=self.monday - timedelta(weeks=weeks), zone=self.zone)

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)


def week_of(moment: datetime, zone: ZoneInfo) -> Week:
    """Return the week of *moment*."""
    day = moment.astimezone(zone).date()
    return Week(monday=day - timedelta(days=day.weekday()), zone=zone)


def parse_week(text: str, zone: ZoneInfo) -> Week:
    """Read a week such as 2026-W47. Raises ValueError with a message for a person."""
    found = _WRITTEN.fullmatch(text.strip())
    try:
        if found:
            return Week(monday=date.fromisocalendar(int(found[1]), int(found[2]), 1), zone=zone)
    except ValueError:
        pass
    raise ValueError(f'"{text}" is no week. Write the year and the ISO week, such as 2026-W47')

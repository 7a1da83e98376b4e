"""Times and numbers as people say them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta, tzinfo

# As findings of silences tell their times; the lines of logs are written in other ways.
_TOLD = re.compile(r"\b(20\d\d-[01]\d-[0-3]\d [0-2]\d:[0-5]\d)(?: UTC|:[0-5]\dZ)(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: when, and by which clock on the wall."""

    now: datetime
    zone: tzinfo

    def stamp(self, at: datetime) -> str:
        """Return *at* with the zone's name, and with the year once it is long gone.

        >>> from datetime import UTC, datetime
        >>> at = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
        >>> Reader(now=at, zone=UTC).stamp(at)
        'Tue 10 Mar, 02:00 UTC'
        """
        local = at.astimezone(self.zone)
        name = local.strftime("%Z")
        shown = f"UTC{name}" if name[:1] in {"+", "-"} else name
        year = f" {local.year}" if abs((self.now - at).days) > 180 else ""
        return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M} {shown}"

    def told(self, text: str) -> str:
        """Return *text*, which a finding says, with its times as `stamp` shows them.

        >>> from zoneinfo import ZoneInfo
        >>> reader = Reader(now=datetime(2026, 3, 10, 2, 0, tzinfo=UTC), zone=ZoneInfo("America/New_York"))
        >>> reader.told("It slept from 2026-03-09 23:12 UTC to 2026-03-10 01:59:07Z.")
        'It slept from Mon 9 Mar, 19:12 EDT to Mon 9 Mar, 21:59 EDT.'
        """
        return _TOLD.sub(self._stamped, text)

    def _stamped(self, told: re.Match[str]) -> str:
        try:
            return self.stamp(datetime.strptime(told[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC))
        except ValueError:
            return told[0]

    def since(self, at: datetime) -> str:
        """Return *at* as `stamp` does, and how long ago that is."""
        gone = self.now - at
        return f"{self.stamp(at)} ({duration(gone)} ago)" if gone.total_seconds() >= 60 else self.stamp(at)


def duration(length: timedelta) -> str:
    """Return *length* by its one or two largest units.

    >>> from datetime import timedelta
    >>> duration(timedelta(hours=26, minutes=5))
    '1 day 2 h'
    """
    minutes = int(length.total_seconds()) // 60
    if minutes < 1:
        return "less than a minute"
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{plural(days, 'day')} {hours} h" if hours and days < 7 else plural(days, "day")
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{rest} min"


def plural(count: int, noun: str) -> str:
    """Return *count* with *noun*, in the plural unless it is one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"

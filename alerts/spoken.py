"""Times and numbers as people say them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta, tzinfo


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

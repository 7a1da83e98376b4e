"""How times are written in the store and in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def stamp(time: datetime | None) -> str | None:
    """Write a time in ISO 8601 in UTC with Z, to the second; None stays None.

    >>> from datetime import UTC, datetime
    >>> stamp(datetime(2026, 3, 10, 2, 0, 9, tzinfo=UTC))
    '2026-03-10T02:00:09Z'
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None

"""A record made by a probe: a code, a plain sentence and named fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ingest.record import Record, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = COMPONENT = "probe"
_NOWHERE = Span(offset=0, length=0, line=0)


def probe(what: str, time: datetime, message: str, fields: Mapping[str, str | datetime | None]) -> Record:
    """Return the record of *what* a probe saw at *time*; a field that nobody knows is left out.

    >>> probe("disk", datetime(2026, 3, 10, tzinfo=UTC), "Little room is left.", {"Free": "5", "At": None}).codes
    ('probe/disk',)
    """
    named = {
        name: value if isinstance(value, str) else stamp(value) for name, value in fields.items() if value is not None
    }
    return Record(
        format=FORMAT, time=time, component=COMPONENT, message=message, span=_NOWHERE, level="info",
        codes=(f"{COMPONENT}/{what}",), fields=named,
    )  # fmt: skip


def stamp(time: datetime) -> str:
    """Write a time as signals carry it: ISO 8601 in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def spoken(time: datetime) -> str:
    """Write a time for a sentence."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

"""How much room is left on the volumes of the logs: told when it gets little, and when there is enough again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.probes.signal import probe

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.platform import DiskSpace
    from ingest.record import Record

_UNITS = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_LIMIT = re.compile(r"(?i)(\d+(?:\.\d+)?)\s*(%|KB|MB|GB|TB)")
# It counts as enough again only well above the limit, so that one file more or less is no news.
_ENOUGH = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Below how much room a volume has little left: bytes, or a share of the whole."""

    size: int = 0
    share: float = 0.0

    def of(self, total: int) -> int:
        """Return it in bytes for a volume of *total* bytes."""
        return max(self.size, int(total * self.share))


DEFAULT = Limit(size=1 << 30)


def read_limit(text: str) -> Limit | None:
    """Read a limit as a person writes it; None if it is none.

    >>> read_limit("2 GB"), read_limit("5%"), read_limit("two")
    (Limit(size=2147483648, share=0.0), Limit(size=0, share=0.05), None)
    """
    found = _LIMIT.fullmatch(text.strip())
    if found is None:
        return None
    number, unit = float(found[1]), found[2].upper()
    if unit == "%":
        return Limit(share=number / 100) if number < 100 else None
    return Limit(size=int(number * _UNITS[unit]))


@dataclass(slots=True)
class SpaceWatch:
    """Tells of each volume whether its room is low, at the first look only if it is."""

    limit: Limit = DEFAULT
    low: set[str] = field(default_factory=set)

    def look(self, space: DiskSpace, now: datetime) -> list[Record]:
        """Return what is new."""
        least = self.limit.of(space.total)
        was_low = space.volume in self.low
        if not was_low and space.free < least:
            self.low.add(space.volume)
            return [_record(space, now, "low")]
        if was_low and space.free >= least * _ENOUGH:
            self.low.discard(space.volume)
            return [_record(space, now, "fine")]
        return []


def _record(space: DiskSpace, now: datetime, state: str) -> Record:
    left = f"{space.free / _UNITS['MB']:,.0f} MB of {space.total / _UNITS['MB']:,.0f} MB are free on {space.volume}"
    message = f"Little room is left: {left}." if state == "low" else f"There is room again: {left}."
    fields = {"Volume": space.volume, "Free": str(space.free), "Total": str(space.total), "State": state}
    return probe("disk", now, message, fields)

"""Thresholds of rules, such as `3 times in 30m per application`: when enough has come together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

MOST_TIMES = 1000
# What is behind the last matches is kept too, so that a record that is read again finds those before it.
_KEPT_TURNS = 2


class Per(StrEnum):
    """What matches are counted by."""

    APPLICATION = "application"
    HOST = "host"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """So many matches, the last one included, within so long of one another; without `within` at any time."""

    times: int
    within: timedelta | None
    per: Per

    def __str__(self) -> str:
        """Return it as a rule writes it."""
        length = f" in {_written(self.within)}" if self.within else ""
        return f"{self.times} times{length} per {self.per}"


def _written(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    unit, size = next((unit, size) for unit, size in UNITS.items() if seconds % size == 0)
    return f"{seconds // size}{unit}"


UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
"""Units of time with their seconds, the longest first."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One match: a name for where it stands, and when it was written."""

    place: str
    time: datetime | None


Key: TypeAlias = tuple[str, str]
"""A rule's name, and whose matches are counted."""


class Tallies:
    """The last matches of each rule with a threshold; a match that comes again is counted once."""

    def __init__(self, marks: dict[Key, list[Mark]] | None = None) -> None:
        """Begin with the *marks* that were kept."""
        self._marks = marks or {}
        self._changed: set[Key] = set()

    def note(self, key: Key, threshold: Threshold, mark: Mark) -> bool:
        """Count *mark*; say whether it reaches the threshold: the last so many matches lie within its time."""
        if threshold.within and mark.time is None:
            return False
        marks = self._marks.setdefault(key, [])
        places = [one.place for one in marks]
        if mark.place in places:
            at = places.index(mark.place)
        else:
            marks.append(mark)
            del marks[: -threshold.times * _KEPT_TURNS]
            at = len(marks) - 1
            self._changed.add(key)
        last = marks[max(0, at + 1 - threshold.times) : at + 1]
        return len(last) == threshold.times and all(_near(one, mark, threshold.within) for one in last)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not self._marks

    def take_changed(self) -> Iterator[tuple[Key, list[Mark]]]:
        """Yield what was counted since the last call, whole."""
        changed, self._changed = self._changed, set()
        for key in sorted(changed):
            yield key, list(self._marks[key])


def _near(one: Mark, last: Mark, within: timedelta | None) -> bool:
    if within is None:
        return True
    return one.time is not None and last.time is not None and abs(last.time - one.time) <= within

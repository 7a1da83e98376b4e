"""Learn how often an application runs from its runs, whatever nights, weekends and pauses lie between them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

# So many waits that are alike make an interval known, or known anew.
_ALIKE = 3
_RECENT = 5
# Web Connector looks again after a minute where a sync broke off, whatever the interval.
_AFTER_FAILURE = timedelta(seconds=75)
_MOST_PHASES = 200


@dataclass(slots=True)
class Rhythm:
    """The waits between one application's runs: what they were last, and the intervals they made known, by time.

    A wait counts from the end of a run. One that is a pause is unlike the others, and so changes nothing.
    """

    # When each of the last waits began, and how long it was in seconds.
    waits: deque[tuple[datetime, float]] = field(default_factory=lambda: deque(maxlen=_RECENT))
    phases: list[tuple[datetime, float]] = field(default_factory=list)  # from when on, and the interval in seconds

    def note(self, ended: datetime, started: datetime, *, failed: bool = False) -> None:
        """Learn from the wait between a run that *ended*, perhaps because it *failed*, and the next that *started*."""
        wait = started - ended
        now = self.latest
        if wait < timedelta() or (failed and wait <= _AFTER_FAILURE and (now is None or now > _AFTER_FAILURE)):
            return
        self.waits.append((ended, wait.total_seconds()))
        alike = alike_of([seconds for _, seconds in self.waits])
        if len(alike) < _ALIKE:
            return
        every = median(alike)
        if now is None or not is_alike(every, now.total_seconds()):
            since = next(began for began, seconds in self.waits if seconds in alike)
            self.phases = [*self.phases[1 - _MOST_PHASES :], (since, every)]

    def note_usual(self, ended: datetime, started: datetime) -> bool:
        """Learn from a wait that is as the interval says; False leaves any other one to `note`."""
        if not self.phases:
            return False
        every, wait = self.phases[-1][1], (started - ended).total_seconds()
        is_usual = 0.85 * every <= wait <= 1.2 * every
        if is_usual:
            self.waits.append((ended, wait))
        return is_usual

    def forget(self, before: datetime) -> None:
        """Drop the intervals that held no more at *before*."""
        if len(self.phases) > 1 and self.phases[1][0] <= before:
            held = [phase for phase in self.phases if phase[0] <= before]
            self.phases = [*held[-1:], *(phase for phase in self.phases if phase[0] > before)]

    @property
    def latest(self) -> timedelta | None:
        """The interval that is known now."""
        return timedelta(seconds=self.phases[-1][1]) if self.phases else None

    def at(self, moment: datetime) -> timedelta | None:
        """Return the interval that held at *moment*; before the first that is known, the first."""
        held = [every for since, every in self.phases if since <= moment] or [every for _, every in self.phases[:1]]
        return timedelta(seconds=held[-1]) if held else None


def alike_of(waits: list[float]) -> list[float]:
    """Return the largest part of *waits* that is alike; of two, the one with the shorter waits.

    >>> alike_of([900.0, 901.0, 43200.0, 905.0])
    [900.0, 901.0, 905.0]
    """
    if waits and is_alike(min(waits), max(waits)):
        # Then all are, which they mostly are.
        return list(waits)
    groups = [[one for one in waits if is_alike(one, wait)] for wait in sorted(waits)]
    return max(groups, key=len, default=[])


def is_alike(one: float, other: float) -> bool:
    """Say whether two waits in seconds are of one interval: another application's run may come before."""
    return abs(one - other) <= max(0.25 * min(one, other), 5.0)

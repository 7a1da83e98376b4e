"""What the clocks tell: the machine slept, was restarted, its clock was set, or the watcher itself did not run.

Two clocks count seconds and never step, one of them also while the machine sleeps; beside them stands the wall's.
What they say between two looks tells all of this apart:

    asleep = all seconds - seconds awake      unseen = seconds awake      step = the wall's time - all seconds
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingest.probes.signal import probe, spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.platform import Clocks
    from ingest.record import Record

SHORTEST_SLEEP = timedelta(seconds=5)
SMALLEST_STEP = timedelta(seconds=5)
# Clocks that count the same seconds run apart by so much, which adds up while nobody looks.
_DRIFT = 0.0005
# A sleep is told as an interval where its place is known as well as this; else only its length is.
_PLACE_KNOWN = timedelta(minutes=5)
# Where the system names no boot: two looks belong to different ones if their starts lie so far apart.
_ANOTHER_START = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The last moment at which the watcher was known to run, as it is kept for the next start."""

    wall: datetime
    awake_s: float
    alive_s: float
    boot: str | None

    @classmethod
    def of(cls, clocks: Clocks) -> Heartbeat:
        """Keep a look at the clocks."""
        return cls(wall=clocks.wall, awake_s=clocks.awake_s, alive_s=clocks.alive_s, boot=clocks.boot)


@dataclass(slots=True)
class ClockWatch:
    """Compares each look at the clocks with the one before; a silence of *away_after* or more is told."""

    away_after: timedelta = timedelta(seconds=60)
    _last: Clocks | Heartbeat | None = None

    def begin(self, last: Heartbeat | None, now: Clocks) -> list[Record]:
        """Return what happened since the *last* heartbeat of an earlier watcher, if there was one."""
        self._last = now
        if last is None:
            return []
        if is_restarted(last, now):
            return [_boot(last, now), *_not_running(last, now, self.away_after)]
        return list(_between(last, now, self.away_after, why="not_running"))

    def look(self, now: Clocks) -> list[Record]:
        """Return what happened since the last look."""
        last, self._last = self._last, now
        return list(_between(last, now, self.away_after, why="stopped")) if last else []


def is_restarted(last: Heartbeat, now: Clocks) -> bool:
    """Say whether the machine was started anew since *last*."""
    if last.boot is not None and now.boot is not None:
        return last.boot != now.boot
    if now.alive_s < last.alive_s:
        return True
    started, before = _started(now), _started(last)
    return abs(started - before) > _ANOTHER_START + (now.wall - last.wall) * _DRIFT


def _started(clocks: Clocks | Heartbeat) -> datetime:
    return clocks.wall - timedelta(seconds=clocks.alive_s)


def _between(last: Clocks | Heartbeat, now: Clocks, away_after: timedelta, *, why: str) -> Iterator[Record]:
    """Yield what happened between two looks of one boot."""
    passed = timedelta(seconds=now.alive_s - last.alive_s)
    unseen = timedelta(seconds=now.awake_s - last.awake_s)
    asleep = passed - unseen
    step = now.wall - last.wall - passed
    has_slept = asleep >= SHORTEST_SLEEP + passed * _DRIFT
    if abs(step) >= SMALLEST_STEP + passed * _DRIFT:
        yield _step(now, step)
    # Told by the clock as it is now, so that all times of one silence fit together.
    last_seen = now.wall - passed
    if unseen >= away_after:
        yield _away(last_seen, now.wall, why, asleep if has_slept else None)
    if has_slept and unseen <= _PLACE_KNOWN:
        yield _slept(now.wall - asleep, now.wall)


def _not_running(last: Heartbeat, now: Clocks, away_after: timedelta) -> list[Record]:
    """Return that nobody watched from *last* over a restart until *now*; sleep and steps in it cannot be told."""
    return [_away(last.wall, now.wall, "not_running", None)] if now.wall - last.wall >= away_after else []


def _step(now: Clocks, step: timedelta) -> Record:
    way = "forward" if step > timedelta() else "back"
    message = f"The clock of this machine was set {way} by {_length(abs(step))}."
    return probe("clock-step", now.wall, message, {"OldTime": now.wall - step, "NewTime": now.wall})


def _slept(begins: datetime, ends: datetime) -> Record:
    message = f"The machine slept from {spoken(begins)} to {spoken(ends)}."
    return probe("slept", ends, message, {"SleepTime": begins, "WakeTime": ends})


_WHY = {"stopped": "was stopped or got no time to run", "not_running": "did not run"}


def _away(last_seen: datetime, now: datetime, why: str, asleep: timedelta | None) -> Record:
    message = f"qbwatch {_WHY[why]} from {spoken(last_seen)} to {spoken(now)}; what happened then was not seen."
    fields: dict[str, str | datetime | None] = {"LastSeen": last_seen, "SeenAgain": now, "Why": why}
    if asleep is not None:
        message = f"{message} For {_length(asleep)} of it the machine slept."
        fields["SleptSeconds"] = str(round(asleep.total_seconds()))
    return probe("away", now, message, fields)


def _boot(last: Heartbeat, now: Clocks) -> Record:
    began = _started(now)
    message = f"The machine was started anew at {spoken(began)}; it was last seen running at {spoken(last.wall)}."
    return probe("boot", now.wall, message, {"LastSeen": last.wall, "BootTime": began})


def _length(length: timedelta) -> str:
    """Write a length as people say it.

    >>> _length(timedelta(hours=26, minutes=5)), _length(timedelta(seconds=40))
    ('26 h 5 min', '40 s')
    """
    seconds = round(length.total_seconds())
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if seconds < 120:
        return f"{seconds} s"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"

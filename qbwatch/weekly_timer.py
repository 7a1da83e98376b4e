"""Does what is due once a week, in a process of its own: charts and the like take memory for good."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qbwatch.reports.schedule import Schedule

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 60.0
_FIRST_WAIT: Final = timedelta(minutes=10)
_LONGEST_WAIT: Final = timedelta(hours=6)


@dataclass(slots=True, kw_only=True)
class WeeklyTimer:
    """Calls `act` when something is due, and again after a while if it says that something was not done.

    What was due while nobody watched is due at once. `act` itself knows what was done already.
    """

    schedule: Schedule
    clock: Callable[[], datetime]
    act: Callable[[], bool]
    _done: datetime | None = None
    _again_at: datetime | None = None
    _wait: timedelta = _FIRST_WAIT
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def turn(self) -> None:
        """Do what is due now."""
        now = self.clock()
        due = self.schedule.last_due(now)
        is_waiting = self._again_at is not None and now < self._again_at
        if due == self._done or is_waiting:
            return
        if self.act():
            self._done, self._again_at, self._wait = due, None, _FIRST_WAIT
        else:
            self._again_at, self._wait = now + self._wait, min(self._wait * 2, _LONGEST_WAIT)

    def _live(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_S if self._done or self._again_at else 1.0):
            self.turn()

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread = threading.Thread(target=self._live, name="weekly-timer", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more; what is under way is finished by its own process."""
        self._stopping.set()


def run_beside(config: Path, *command: str, longest_s: float, what: str) -> int | None:
    """Run one of our commands in a process of its own, and log what it says; None if that cannot be done."""
    line = [sys.executable, "-m", "qbwatch", "--config", str(config), *command]
    try:
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=longest_s)  # noqa: S603 - our own command
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("the %s could not be made: %s", what, error)
        return None
    for said in (*done.stdout.splitlines(), *done.stderr.splitlines()):
        log.warning("%s", said) if done.returncode else log.info("%s", said)
    return done.returncode

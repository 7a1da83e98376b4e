"""Starts the sending of the weekly report when it is due, in a process of its own: charts take memory for good."""

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

    from qbwatch.config import Settings
    from qbwatch.reports.schedule import Schedule

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 60.0
_FIRST_WAIT: Final = timedelta(minutes=10)
_LONGEST_WAIT: Final = timedelta(hours=6)
_LONGEST_RUN_S: Final = 1800


@dataclass(slots=True, kw_only=True)
class ReportTimer:
    """Calls *send* when a report is due, and again after a while if it says that something was not sent.

    What was due while nobody watched is due at once. *send* itself knows what was sent already.
    """

    schedule: Schedule
    clock: Callable[[], datetime]
    send: Callable[[], bool]
    _done: datetime | None = None
    _again_at: datetime | None = None
    _wait: timedelta = _FIRST_WAIT
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def turn(self) -> None:
        """Send what is due now."""
        now = self.clock()
        due = self.schedule.last_due(now)
        is_waiting = self._again_at is not None and now < self._again_at
        if due == self._done or is_waiting:
            return
        if self.send():
            self._done, self._again_at, self._wait = due, None, _FIRST_WAIT
        else:
            self._again_at, self._wait = now + self._wait, min(self._wait * 2, _LONGEST_WAIT)

    def _live(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY_S if self._done or self._again_at else 1.0):
            self.turn()

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread = threading.Thread(target=self._live, name="report-timer", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more; a report that is under way is finished by its own process."""
        self._stopping.set()


def report_timer(settings: Settings, clock: Callable[[], datetime]) -> ReportTimer | None:
    """Return the timer of the report that *settings* schedule, if they do."""
    schedule, file = settings.report.weekly, settings.file
    if schedule is None or file is None:
        return None
    return ReportTimer(schedule=schedule, clock=clock, send=lambda: _send(file))


def _send(config: Path) -> bool:
    """Send what is due; False if that is to be tried again."""
    command = [sys.executable, "-m", "qbwatch", "--config", str(config), "report", "weekly", "--send", "--due"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST_RUN_S)  # noqa: S603 - our own command
    except (OSError, subprocess.TimeoutExpired) as error:
        log.warning("the weekly report could not be made: %s", error)
        return False
    for line in (*done.stdout.splitlines(), *done.stderr.splitlines()):
        log.warning("%s", line) if done.returncode else log.info("%s", line)
    return done.returncode == 0

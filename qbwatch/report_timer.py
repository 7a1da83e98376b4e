"""Sends the weekly report when the configuration asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qbwatch.weekly_timer import WeeklyTimer, run_beside

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from qbwatch.config import Settings

_LONGEST_S: Final = 1800


def report_timer(settings: Settings, clock: Callable[[], datetime]) -> WeeklyTimer | None:
    """Return the timer of the report that *settings* schedule, if they do."""
    schedule, file = settings.report.weekly, settings.file
    if schedule is None or file is None:
        return None
    return WeeklyTimer(schedule=schedule, clock=clock, act=lambda: _sent(file))


def _sent(config: Path) -> bool:
    """Send what is due; False if that is to be tried again."""
    code = run_beside(config, "report", "weekly", "--send", "--due", longest_s=_LONGEST_S, what="weekly report")
    return code == 0

"""Makes a drill when the configuration asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qbwatch.history.drill_rows import DrillRow, last_drill, put_drill
from qbwatch.weekly_timer import WeeklyTimer, run_beside

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from qbwatch.config import Settings
    from qbwatch.drill_config import DrillSettings

_LONGEST_S: Final = 600


def is_due(db: sqlite3.Connection, drill: DrillSettings, now: datetime) -> bool:
    """Say whether the schedule asks for a drill that was not made; what was due before it was set is not.

    Call it inside a transaction: the first time that a schedule is seen is noted.
    """
    if drill.weekly is None:
        return False
    last = last_drill(db)
    if last is None:
        put_drill(db, DrillRow(at=now, passed=None, report={}))
        return False
    return last.at < drill.weekly.last_due(now)


def drill_timer(settings: Settings, clock: Callable[[], datetime]) -> WeeklyTimer | None:
    """Return the timer of the drills that *settings* schedule, if they do."""
    schedule, file = settings.drill.weekly, settings.file
    if schedule is None or file is None or settings.route is None:
        return None
    return WeeklyTimer(schedule=schedule, clock=clock, act=lambda: _made(file))


def _made(config: Path) -> bool:
    """Make the drill that is due; it is not repeated, since a drill tells everybody."""
    return run_beside(config, "drill", "--due", longest_s=_LONGEST_S, what="drill") not in {None, 2}

"""`kill -9` of the watcher again and again, at any moment, while its log is written and rotated by rename."""

from __future__ import annotations

import random
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from live_watch import configured, poll, stored, watching
from qwclog import BANNER, START, Session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a POSIX matter")

# Each application fails once or more, and the last run of every third one is a good one.
APPLICATIONS = 9
RUNS_A_FILE = 40


@dataclass(slots=True)
class Connector:
    """Appends whole runs, one after another, and renames its log now and then."""

    folder: Path
    runs: list[str] = field(default_factory=list)  # the outcome of each, as it was written
    _chance: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311 - moments, not secrets
    _stopping: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        while not self._stopping.wait(self._chance.uniform(0.0, 0.12)):
            self.run(failed=self._chance.random() < 0.5)
            if len(self.runs) % RUNS_A_FILE == 0:
                number = len(self.runs) // RUNS_A_FILE
                (self.folder / "QWCLog.txt").rename(self.folder / f"QWCLog-{number:03}.txt")

    def run(self, *, failed: bool) -> None:
        number = len(self.runs)
        at = int((datetime(2026, 3, 10, tzinfo=UTC) - START).total_seconds()) + 10 * number
        session = Session(application=f"App {number % APPLICATIONS}", ticket=f"{{{number:032}}}", at=at)
        self.runs.append("failed" if failed else "ok")
        self._append((session.blocked if failed else session.ok)())

    def _append(self, lines: list[str]) -> None:
        """Write the lines in some pieces, which may end anywhere, as the connector's own buffer does."""
        log = self.folder / "QWCLog.txt"
        text = ("" if log.exists() else BANNER) + "".join(lines)
        cut = self._chance.randrange(len(text))
        for piece in (text[:cut], text[cut:]):
            with log.open("ab") as file:
                file.write(piece.encode())
            self._stopping.wait(self._chance.uniform(0.0, 0.03))

    @contextmanager
    def working(self) -> Iterator[None]:
        thread = threading.Thread(target=self.work)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()


def check_kills(folder: Path, kills: int) -> None:
    chance = random.Random(11)  # noqa: S311 - moments, not secrets
    config, connector = configured(folder), Connector(folder / "log")
    pause = threading.Event()
    with connector.working():
        for _ in range(kills):
            with watching(config):
                pause.wait(chance.uniform(0.0, 1.2))
    for _ in range(APPLICATIONS):
        connector.run(failed=len(connector.runs) % 3 != 0)
    with watching(config):
        poll(lambda: stored_runs(folder) == connector.runs and told_all(folder), timeout_s=30)
    assert stored_runs(folder) == connector.runs
    assert failing_runs(folder) == [number for number, outcome in enumerate(connector.runs) if outcome == "failed"]
    assert stored(folder, "SELECT * FROM ledger WHERE fate = 'lost'") == []
    assert open_incidents(folder) == {f"App {n}" for n in range(APPLICATIONS) if last_outcome(connector, n) == "failed"}


def last_outcome(connector: Connector, application: int) -> str:
    return [outcome for n, outcome in enumerate(connector.runs) if n % APPLICATIONS == application][-1]


def number_at(time: str) -> int:
    return int((datetime.fromisoformat(time) - datetime(2026, 3, 10, tzinfo=UTC)).total_seconds()) // 10


def stored_runs(folder: Path) -> list[str]:
    """Return the outcomes of the stored runs by their numbers; one that is stored twice stands there twice."""
    found = stored(folder, "SELECT started, outcome FROM runs ORDER BY started")
    numbers = [number_at(started) for started, _ in found]
    return [outcome for _, outcome in found] if numbers == list(range(len(found))) else [f"runs {numbers}"]


def failing_runs(folder: Path) -> list[int]:
    """Return the number of the run of each root event that is of one; qbwatch tells of its own crashes, too."""
    query = "SELECT time FROM events WHERE role = 'root' AND run IS NOT NULL ORDER BY time"
    return [number_at(time) for (time,) in stored(folder, query)]


def told_all(folder: Path) -> bool:
    waiting = "SELECT (SELECT count(*) FROM events WHERE told = 0) + (SELECT count(*) FROM runs WHERE told = 0)"
    return stored(folder, waiting) == [(0,)]


def open_incidents(folder: Path) -> set[str]:
    # One that fails and mends again and again recovers over several good runs.
    query = (
        "SELECT application FROM incidents WHERE state NOT IN ('resolved', 'recovering') AND application IS NOT NULL"
    )
    return {name for (name,) in stored(folder, query)}


@pytest.mark.timeout(180)
def test_a_dozen_kills_while_the_log_is_written_lose_and_double_nothing(tmp_path: Path) -> None:
    check_kills(tmp_path, 12)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_two_hundred_kills_while_the_log_is_written_lose_and_double_nothing(tmp_path: Path) -> None:
    check_kills(tmp_path, 200)

"""A line of our own in a private file, followed like any log: what it does not pass, a failure would not either."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ingest.formats import qbwc
from qbwatch.config import Source

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime
    from pathlib import Path

    from qbwatch.selfwatch.findings import OwnFindings
    from qbwatch.stream import Batch

RULE: Final = "qbwatch.canary"
"""The shipped rule that knows the line; what it finds in the canary's file is never stored as an event."""
PATIENCE: Final = timedelta(minutes=1)
"""So long a line may be under way."""

_LARGEST = 256 << 10


def place(store: Path) -> Path:
    """Return where the canary of *store* lies: in a folder of its own, for a change there wakes the watcher."""
    return store.with_name(f"{store.name}.canary") / "canary.txt"


@dataclass(slots=True)
class Canary:
    """Writes a line each *every* and waits for it; `Intake` hands over what it found in the file.

    Times are seconds of a clock that never goes back.
    """

    path: Path
    every: timedelta
    findings: OwnFindings
    number: int = 0
    came_s: float | None = None  # when the last one came through
    _wrote_s: float | None = None
    _begins: int = 0  # where the line that is under way stands; as the last one it stays held there
    _is_found: bool = False
    _is_stored: bool = True
    _fault: str | None = None

    @property
    def source(self) -> Source:
        """What is followed."""
        return Source(path=str(self.path), format=qbwc.NAME)

    def prepare(self) -> None:
        """Make the folder, and begin a large file anew. What is wrong there is told when a line is due."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size > _LARGEST:
                self.path.unlink()
        except OSError as error:
            self._fault = error.strerror or str(error)

    def is_own(self, path: str) -> bool:
        """Say whether *path* is the canary's file."""
        return path == str(self.path)

    def turn(self, now_s: float, now: datetime) -> bool:
        """Write what is due, and judge what is late; say whether a line was written, which is to be read now."""
        if not self._is_stored:
            self._judge(now_s, now)
        if self._wrote_s is not None and now_s - self._wrote_s < self.every.total_seconds():
            return False
        return self._write(now_s, now)

    def _write(self, now_s: float, now: datetime) -> bool:
        self.number += 1
        text = f"qbwatch canary line {self.number}. It is no sync; qbwatch tests itself."
        line = f"{now:%Y%m%d.%H:%M:%S} UTC\t: qbwatch.Canary() : {text}\r\n"
        self._wrote_s, self._is_found, self._is_stored = now_s, False, False
        try:
            with self.path.open("ab") as file:
                self._begins = file.tell()
                file.write(line.encode())
        except OSError as error:
            self._fault = error.strerror or str(error)
            return False
        self._fault = None
        return True

    def _judge(self, now_s: float, now: datetime) -> None:
        if self._wrote_s is None or now_s - self._wrote_s < PATIENCE.total_seconds():
            return
        if self._fault:
            why = f"it cannot be written to {self.path} ({self._fault})"
        elif self._is_found:
            why = "it was read and recognised, but did not come out of the store"
        else:
            why = f"it was written to {self.path}, but not read and recognised"
        self.findings.tell("canary_late", "canary", f"Test line {self.number} did not come through: {why}.", now)

    def take_out(self, batch: Batch) -> None:
        """Take what was found in the canary's file out of *batch*: it is no sync, and is kept nowhere."""
        for id_, event in list(batch.events.items()):
            if self.is_own(event.source):
                del batch.events[id_]
                self._is_found = self._is_found or f"canary line {self.number}." in event.message
        for id_, one in list(batch.runs.items()):
            if self.is_own(one.run.source):
                del batch.runs[id_]

    def committed(self, db: sqlite3.Connection, now_s: float) -> None:
        """Ask the store whether it holds that the present line was read."""
        if self._is_stored or not self._is_found:
            return
        row = db.execute("SELECT max(offset) FROM files WHERE path = ? AND NOT past", (str(self.path),)).fetchone()
        if row[0] is not None and row[0] >= self._begins:
            self._is_stored, self.came_s = True, now_s
            self.findings.mend("canary_late", "canary")

"""A Windows machine on a virtual clock: it sleeps, is set right, starts anew, signs people in, runs programs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from ingest.platform import Clocks, DiskSpace, PlatformError, Process, Session, SessionState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

MORNING = datetime(2026, 4, 14, 8, 0, tzinfo=UTC)


@dataclass
class WindowsFake:
    """Answers as Windows does: session 0 belongs to no user, the boot's name is when its first program started."""

    wall: datetime = MORNING
    awake_s: float = 3600.0
    alive_s: float = 3600.0
    started: datetime = MORNING - timedelta(hours=1)
    room: dict[str, tuple[int, int]] = field(default_factory=lambda: {"C:\\": (80 << 30, 256 << 30)})
    prints: dict[str, str] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    _sessions: dict[str, Session] = field(default_factory=dict)
    _processes: dict[int, Process] = field(default_factory=dict)
    _next_session: int = 1
    _next_pid: int = 4000

    # What the program asks.

    def clocks(self) -> Clocks:
        return Clocks(
            wall=self.wall, awake_s=self.awake_s, alive_s=self.alive_s, boot=self.started.isoformat("T", "milliseconds")
        )

    def booted(self) -> datetime:
        return self.wall - timedelta(seconds=self.alive_s)

    def sessions(self) -> Sequence[Session]:
        self._ask("sessions")
        return list(self._sessions.values())

    def processes(self, wanted: Callable[[str], bool]) -> Sequence[Process]:
        self._ask("processes")
        return [one for one in self._processes.values() if wanted(one.name)]

    def disk(self, folder: Path) -> DiskSpace | None:
        self._ask("disk")
        volume = PureWindowsPath(folder).anchor or "C:\\"
        if volume.startswith("\\\\"):
            return None
        free, total = self.room[volume]
        return DiskSpace(volume=volume, free=free, total=total)

    def run(self, command: Iterable[str]) -> str:
        line = " ".join(command)
        self._ask(line)
        for begins, printed in self.prints.items():
            if line.startswith(begins):
                return printed
        raise PlatformError(f"{line} ended with 1")

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.refuses:
            raise PlatformError(f"Windows does not tell {what}: Zugriff verweigert (5)")

    # What happens to it.

    def passes(self, seconds: float) -> None:
        self.awake_s += seconds
        self.alive_s += seconds
        self.wall += timedelta(seconds=seconds)

    def sleeps(self, seconds: float) -> None:
        """Sleep: the unbiased interrupt time stands still, the tick count goes on."""
        self.alive_s += seconds
        self.wall += timedelta(seconds=seconds)

    def is_paused(self, seconds: float) -> None:
        """Be suspended by the host of a virtual machine: no clock runs, and the wall's is set right afterwards."""
        self.wall += timedelta(seconds=seconds)

    def clock_is_set(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)

    def starts_anew(self, off_s: float) -> None:
        self.wall += timedelta(seconds=off_s)
        self.awake_s = self.alive_s = 20.0
        self.started = self.wall - timedelta(seconds=20)
        self._sessions.clear()
        self._processes.clear()

    def signs_in(self, user: str, domain: str = "SYNC-PC-01") -> str:
        number = str(self._next_session)
        self._next_session += 1
        self._sessions[number] = Session(number=number, user=user, domain=domain, state=SessionState.ACTIVE)
        return number

    def disconnects(self, number: str) -> None:
        self._sessions[number] = replace(self._sessions[number], state=SessionState.DISCONNECTED)

    def signs_out(self, number: str) -> None:
        """End a session, and every program in it."""
        del self._sessions[number]
        self._processes = {pid: one for pid, one in self._processes.items() if one.session != number}

    def starts(self, name: str, session: str = "0", user: str | None = "NT AUTHORITY\\SYSTEM") -> int:
        pid, self._next_pid = self._next_pid, self._next_pid + 4
        self._processes[pid] = Process(pid=pid, name=name, session=session, user=user, started=self.wall)
        return pid

    def ends(self, pid: int) -> None:
        del self._processes[pid]

    def hangs(self, pid: int, *, hung: bool = True) -> None:
        self._processes[pid] = replace(self._processes[pid], hung=hung)

"""What a machine can be asked while it runs: its clocks, who is signed in, which programs run, what room is left."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path


class PlatformError(OSError):
    """The system refused an answer; the message says which, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """One look at all clocks: the wall's, which may step, and two that count seconds since the boot and never step.

    `awake_s` stands still while the machine sleeps, `alive_s` goes on. `boot` is the same for as long as the machine
    is not started anew; None where the system tells none.
    """

    wall: datetime
    awake_s: float
    alive_s: float
    boot: str | None


class SessionState(StrEnum):
    """What a signed-in user's session is; a disconnected one goes on working."""

    ACTIVE = "active"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in user's session; `number` is the system's name for it."""

    number: str
    user: str
    domain: str
    state: SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running program; what the system does not tell to the account that asks is None.

    `hung` says that it is stopped, or that its window does not answer, where that can be seen.
    """

    pid: int
    name: str
    session: str | None
    user: str | None
    started: datetime | None
    hung: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    """How much room is left on a volume, in bytes."""

    volume: str
    free: int
    total: int


class Platform(Protocol):
    """A machine that answers. Each question may raise PlatformError."""

    def clocks(self) -> Clocks:
        """Look at all clocks at once; cheap enough for each turn."""

    def booted(self) -> datetime:
        """Return when the machine was started, by the present wall clock."""

    def sessions(self) -> Sequence[Session]:
        """Return the sessions in which somebody is signed in."""

    def processes(self, wanted: Callable[[str], bool]) -> Sequence[Process]:
        """Return the running programs whose file name is *wanted*."""

    def disk(self, folder: Path) -> DiskSpace | None:
        """Return the room on the volume of *folder*; None if it is not there or on a network."""

    def run(self, command: Iterable[str]) -> str:
        """Return what a program of the system prints, such as `powercfg.exe`."""


if sys.platform == "win32":

    def this_machine() -> Platform:
        """Return the machine that this runs on; what it needs is loaded now."""
        from ingest.platform.windows import Windows  # noqa: PLC0415 - psutil is only loaded where it is asked

        return Windows()

else:

    def this_machine() -> Platform:
        """Return the machine that this runs on; what it needs is loaded now."""
        from ingest.platform.posix import Posix  # noqa: PLC0415 - psutil is only loaded where it is asked

        return Posix()

"""Linux and its like, asked by way of /proc, the kernel's clocks and psutil."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ingest.platform.commands import output_of
from ingest.platform.machine import Clocks, DiskSpace, Process, Session, SessionState
from ingest.platform.volume import space_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_PROC = Path("/proc")
# The kernel keeps no more of a program's name.
_NAME_KEPT = 15


class Posix:
    """A machine without Windows' sessions: who is signed in stands in utmp, a program's session is its terminal."""

    def __init__(self) -> None:
        """Learn what names the present boot."""
        self._boot = _boot_id()

    def clocks(self) -> Clocks:
        """Look at all clocks at once; where no clock counts the time asleep, sleep is not seen."""
        awake_s = time.monotonic()
        return Clocks(wall=datetime.now(UTC), awake_s=awake_s, alive_s=_alive_s(awake_s), boot=self._boot)

    def booted(self) -> datetime:
        """Return when the machine was started."""
        return datetime.fromtimestamp(psutil.boot_time(), UTC)

    def sessions(self) -> Sequence[Session]:
        """Return who is signed in; here everybody who is counts as active."""
        return [
            Session(number=user.terminal or str(user.pid), user=user.name, domain="", state=SessionState.ACTIVE)
            for user in psutil.users()
        ]

    def processes(self, wanted: Callable[[str], bool]) -> Sequence[Process]:
        """Return the running programs whose name is *wanted*; one that ends meanwhile is left out."""
        found = (_process(pid) for pid, name in _names() if wanted(name))
        return [one for one in found if one is not None and wanted(one.name)]

    def disk(self, folder: Path) -> DiskSpace | None:
        """Return the room on the volume of *folder*."""
        return space_of(folder)

    def run(self, command: Iterable[str]) -> str:
        """Return what a program of the system prints."""
        return output_of(list(command)).decode("utf-8", "replace")


if sys.platform == "linux":

    def _alive_s(awake_s: float) -> float:
        del awake_s
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:

    def _alive_s(awake_s: float) -> float:
        return awake_s


def _boot_id() -> str | None:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


def _names() -> Iterator[tuple[int, str]]:
    """Yield every process with its name: of hundreds psutil would make an object each."""
    if not (_PROC / "self").exists():
        yield from ((one.pid, one.info["name"] or "") for one in psutil.process_iter(["name"]))
        return
    with os.scandir(_PROC) as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdigit()]
    for pid in pids:
        try:
            with open(f"/proc/{pid}/comm", "rb") as file:  # noqa: PTH123 - hundreds at a time: a Path costs more
                name = file.read().rstrip(b"\n").decode("utf-8", "replace")
        except OSError:
            continue
        yield pid, name if len(name) < _NAME_KEPT else _long_name(pid, name)


def _long_name(pid: int, short: str) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return short


def _process(pid: int) -> Process | None:
    try:
        one = psutil.Process(pid)
        with one.oneshot():
            return Process(
                pid=pid, name=one.name(), session=one.as_dict(["terminal"])["terminal"], user=one.username(),
                started=datetime.fromtimestamp(one.create_time(), UTC),
                hung=one.status() in {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP},
            )  # fmt: skip
    except psutil.Error:
        return None

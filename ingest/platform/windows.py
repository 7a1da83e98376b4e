"""Windows, asked by way of its own libraries: sessions and programs of all users, clocks, hung windows."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import os
    import subprocess
    from ctypes import wintypes
    from datetime import UTC, datetime
    from pathlib import PureWindowsPath
    from typing import TYPE_CHECKING, Any

    import psutil

    from ingest.platform.commands import output_of
    from ingest.platform.machine import Clocks, DiskSpace, PlatformError, Process, Session, SessionState
    from ingest.platform.volume import space_of

    if TYPE_CHECKING:
        from collections.abc import Callable, Iterable, Iterator, Sequence
        from pathlib import Path

    _THIS_SERVER = None
    _SESSIONS = 2  # WTSTypeSessionInfoLevel1
    # The states of a session in which a user is signed in.
    _STATES = {0: SessionState.ACTIVE, 1: SessionState.CONNECTED, 4: SessionState.DISCONNECTED}
    _TICKS_A_SECOND = 10_000_000
    # Started once a boot, before anybody can sign in; its stamp never changes when the clock is set.
    _FIRST_PROGRAM = "smss.exe"

    class _SessionInfo(ctypes.Structure):
        _fields_ = (
            ("ExecEnvId", wintypes.DWORD), ("State", ctypes.c_int), ("SessionId", wintypes.DWORD),
            ("pSessionName", wintypes.LPWSTR), ("pHostName", wintypes.LPWSTR), ("pUserName", wintypes.LPWSTR),
            ("pDomainName", wintypes.LPWSTR), ("pFarmName", wintypes.LPWSTR),
        )  # fmt: skip

    class _ProcessInfo(ctypes.Structure):
        _fields_ = (
            ("SessionId", wintypes.DWORD), ("ProcessId", wintypes.DWORD), ("pProcessName", wintypes.LPWSTR),
            ("pUserSid", ctypes.c_void_p),
        )  # fmt: skip

    class Windows:
        """The machine itself. From a service it sees all sessions; whether a window hangs, only in its own."""

        def __init__(self) -> None:
            """Load the libraries and learn what names the present boot."""
            self._kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            self._terminal = ctypes.WinDLL("wtsapi32", use_last_error=True)
            self._user = ctypes.WinDLL("user32", use_last_error=True)
            self._kernel.GetTickCount64.restype = ctypes.c_ulonglong
            # A window's handle is as wide as a pointer; ctypes would cut it to 32 bits.
            self._user.IsHungAppWindow.argtypes = [wintypes.HWND]
            self._user.GetWindowThreadProcessId.argtypes = [wintypes.HWND, wintypes.LPDWORD]
            self._boot = self._boot_id()

        def clocks(self) -> Clocks:
            """Look at all clocks at once; the tick count goes on in sleep, the unbiased interrupt time does not."""
            awake = ctypes.c_ulonglong()
            self._kernel.QueryUnbiasedInterruptTime(ctypes.byref(awake))
            return Clocks(
                wall=datetime.now(UTC), awake_s=awake.value / _TICKS_A_SECOND,
                alive_s=self._kernel.GetTickCount64() / 1000, boot=self._boot,
            )  # fmt: skip

        def booted(self) -> datetime:
            """Return when the machine was started."""
            return datetime.fromtimestamp(psutil.boot_time(), UTC)

        def sessions(self) -> Sequence[Session]:
            """Return the sessions in which somebody is signed in."""
            level, count, found = wintypes.DWORD(1), wintypes.DWORD(), ctypes.POINTER(_SessionInfo)()
            if not self._terminal.WTSEnumerateSessionsExW(
                _THIS_SERVER, ctypes.byref(level), 0, ctypes.byref(found), ctypes.byref(count)
            ):
                raise _refused("who is signed in")
            try:
                return [
                    Session(
                        number=str(one.SessionId), user=one.pUserName, domain=one.pDomainName or "",
                        state=_STATES[one.State],
                    )
                    for one in found[: count.value]
                    if one.pUserName and one.State in _STATES
                ]  # fmt: skip
            finally:
                self._terminal.WTSFreeMemoryExW(_SESSIONS, found, count)

        def processes(self, wanted: Callable[[str], bool]) -> Sequence[Process]:
            """Return the running programs whose file name is *wanted*; one call lists those of all sessions."""
            listed = [one for one in self._listed() if wanted(one[1])]
            hung = self._hung() if listed else set()
            return [_process(pid, name, session, hung=pid in hung) for pid, name, session in listed]

        def disk(self, folder: Path) -> DiskSpace | None:
            """Return the room on the volume of *folder*."""
            return space_of(folder)

        def run(self, command: Iterable[str]) -> str:
            """Return what a program of Windows prints."""
            program, *rest = command
            path = PureWindowsPath(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", program)
            told = output_of([str(path), *rest], flags=subprocess.CREATE_NO_WINDOW)
            return told.decode(f"cp{self._kernel.GetOEMCP()}", "replace")

        def _listed(self) -> list[tuple[int, str, str]]:
            count, found = wintypes.DWORD(), ctypes.POINTER(_ProcessInfo)()
            if not self._terminal.WTSEnumerateProcessesW(_THIS_SERVER, 0, 1, ctypes.byref(found), ctypes.byref(count)):
                raise _refused("which programs run")
            try:
                return [(one.ProcessId, one.pProcessName or "", str(one.SessionId)) for one in found[: count.value]]
            finally:
                self._terminal.WTSFreeMemory(found)

        def _hung(self) -> set[int]:
            """Return the programs with a window on our own desktop that does not answer."""
            pids: set[int] = set()

            def look(window: int, _: int) -> bool:
                if self._user.IsHungAppWindow(window):
                    pid = wintypes.DWORD()
                    self._user.GetWindowThreadProcessId(window, ctypes.byref(pid))
                    pids.add(pid.value)
                return True

            kind: Any = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)
            self._user.EnumWindows(kind(look), 0)
            return pids

        def _boot_id(self) -> str | None:
            for pid, name, _ in self._listed():
                if name.casefold() == _FIRST_PROGRAM:
                    started = _process(pid, name, "0", hung=False).started
                    return started.isoformat(timespec="milliseconds") if started else None
            return None

    def _process(pid: int, name: str, session: str, *, hung: bool) -> Process:
        user, started = None, None
        for told in _details(pid):
            user, started = told
        return Process(pid=pid, name=name, session=session, user=user, started=started, hung=hung)

    def _details(pid: int) -> Iterator[tuple[str | None, datetime | None]]:
        """Yield what is known of a program, ever more of it, until Windows refuses."""
        try:
            one = psutil.Process(pid)
            started = datetime.fromtimestamp(one.create_time(), UTC)
            yield None, started
            yield one.username(), started
        except (psutil.Error, OSError):
            return

    def _refused(what: str) -> PlatformError:
        code = ctypes.get_last_error()
        return PlatformError(f"Windows does not tell {what}: {ctypes.FormatError(code).strip()} ({code})")

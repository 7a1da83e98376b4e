"""Live reading of Windows event channels, by `wevtutil` and from a bookmark: the number of the last record seen.

A channel is asked for the events that tell of the machine's state, oldest first, in batches. Asking costs two
processes where there is news and one where there is none.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from ingest.formats import windows_events
from ingest.record import Record, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Run = Callable[[Sequence[str]], bytes]
"""Run a command and return what it prints; raises CalledProcessError with its exit code if it fails."""

_LONGEST_RUN_S = 60
# Windows refuses a query of more than some twenty comparisons.
_COMPARISONS = 20
_ACCESS_DENIED, _NO_SERVICE, _NO_CHANNEL = 5, 1722, 15007
# The very newest event may be one that cannot be read.
_NEWEST_TRIED = 3
_NUMBER = re.compile(r"\d+")

Wanted = dict[str, tuple[int, ...]]
"""Which events of which providers are asked for."""

SIGNALS: Mapping[str, Wanted] = {
    "System": {
        "Microsoft-Windows-Kernel-Power": (41, 42, 107, 109, 506, 507),
        "Microsoft-Windows-Power-Troubleshooter": (1,),
        "Microsoft-Windows-Kernel-General": (1, 12, 13),
        "Microsoft-Windows-Kernel-Boot": (20, 27),
        "Microsoft-Windows-Winlogon": (7001, 7002),
        "EventLog": (6005, 6006, 6008, 6013),
        "User32": (1074,),
        "USER32": (1074,),
        "Microsoft-Windows-WindowsUpdateClient": (19, 20, 21, 22),
        "Service Control Manager": (7031, 7034),
        "Microsoft-Windows-WER-SystemErrorReporting": (1001,),
    },
    "Application": {
        "Application Error": (1000,),
        "Application Hang": (1002,),
        ".NET Runtime": (1026,),
    },
    "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational": {
        "Microsoft-Windows-TerminalServices-LocalSessionManager": (21, 22, 23, 24, 25, 39, 40),
    },
    "Microsoft-Windows-Windows Defender/Operational": {
        "Microsoft-Windows-Windows Defender": (1116, 1117, 1121, 1123, 1127),
    },
    "Microsoft-Windows-AppLocker/EXE and DLL": {"Microsoft-Windows-AppLocker": (8004,)},
    "Microsoft-Windows-AppLocker/MSI and Script": {"Microsoft-Windows-AppLocker": (8007,)},
    "Microsoft-Windows-CodeIntegrity/Operational": {"Microsoft-Windows-CodeIntegrity": (3033, 3077)},
}
"""What is asked for by default; of a channel that is not listed, everything."""


class ChannelError(OSError):
    """A channel cannot be read; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRead:
    """One reading: its records, oldest first, and the bookmark to go on from.

    `cleared` says that the log was emptied since the last reading, `more` that the next reading will find more.
    """

    records: tuple[Record, ...]
    bookmark: int
    cleared: bool
    more: bool


def run_wevtutil(command: Sequence[str]) -> bytes:
    """Run *command* on Windows without a window; raises ChannelError on any other system."""
    if sys.platform == "win32":
        folder = PureWindowsPath(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32")
        try:
            return subprocess.run(  # noqa: S603 - a program of Windows, by its full path and without a shell
                [str(folder / command[0]), *command[1:]],
                check=True,
                capture_output=True,
                timeout=_LONGEST_RUN_S,
                creationflags=subprocess.CREATE_NO_WINDOW,
            ).stdout
        except subprocess.TimeoutExpired as error:
            raise ChannelError(f"Windows did not answer within {_LONGEST_RUN_S} s when asked for events") from error
    raise ChannelError(
        "event channels exist on Windows only. On this system give qbwatch an exported log: .evtx, XML, CSV or JSON"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """An event channel of this machine, such as `System`; at most *batch* records of each query come at a time."""

    name: str
    run: Run = run_wevtutil
    batch: int = 500
    wanted: Wanted | None = field(default=None)

    def newest(self) -> int:
        """Return the number of the newest record, from which a reading on finds only what is new; 0 if none."""
        found = list(self._query("*", limit=_NEWEST_TRIED, newest_first=True))
        numbers = [number for number, record in found if "RecordID" in record.fields]
        if found and not numbers:
            # Taking this for an emptied log would read all of it again.
            raise ChannelError(f'the newest events of the channel "{self.name}" cannot be read')
        return max(numbers, default=0)

    def read(self, bookmark: int) -> ChannelRead:
        """Read what came after *bookmark*; 0 reads the log from its start.

        A log that was emptied begins anew at 1. Where it has outgrown the bookmark again by the next reading,
        nothing shows that, and what came in between is lost.
        """
        newest = self.newest()
        cleared = newest < bookmark
        after = 0 if cleared else bookmark
        if newest == after:
            return ChannelRead(records=(), bookmark=after, cleared=cleared, more=False)
        # Each query may stop at its limit: what lies beyond the one that stopped first is left for the next reading.
        until, found = newest, dict[tuple[int, tuple[str, ...]], Record]()
        for clause in self._clauses():
            query = f"*[System[EventRecordID>{after} and EventRecordID<={newest}{clause}]]"
            part = list(self._query(query, limit=self.batch, newest_first=False))
            if len(part) >= self.batch:
                until = min(until, part[-1][0])
            # Windows may take the two spellings of a source for one, and answer twice.
            found.update({(number, record.codes): record for number, record in part})
        records = tuple(found[key] for key in sorted(found) if key[0] <= until)
        return ChannelRead(records=records, bookmark=until, cleared=cleared, more=until < newest)

    def _clauses(self) -> Iterator[str]:
        """Split what is wanted into conditions that Windows takes."""
        wanted = SIGNALS.get(self.name) if self.wanted is None else self.wanted
        if not wanted:
            yield ""
            return
        # Two comparisons bound the record's number.
        parts: list[str] = []
        room = _COMPARISONS - 2
        for provider, numbers in wanted.items():
            for some in _split(numbers, _COMPARISONS - 3):
                if room < len(some) + 1:
                    yield f" and ({' or '.join(parts)})"
                    parts, room = [], _COMPARISONS - 2
                either = " or ".join(f"EventID={number}" for number in some)
                parts.append(f"(Provider[@Name='{provider}'] and ({either}))")
                room -= len(some) + 1
        yield f" and ({' or '.join(parts)})"

    def _query(self, query: str, *, limit: int, newest_first: bool) -> Iterator[tuple[int, Record]]:
        """Ask for events, and number each record by its place in the log."""
        try:
            told = self.run((
                "wevtutil.exe", "qe", self.name, f"/q:{query}", "/f:xml", "/uni:true",
                f"/rd:{'true' if newest_first else 'false'}", f"/c:{limit}",
            ))  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise ChannelError(_why(self.name, error)) from error
        except FileNotFoundError as error:
            raise ChannelError("wevtutil.exe, a part of Windows, is not on this machine") from error
        last = 0
        for record in windows_events.records(told):
            number = record.fields.get("RecordID", "")
            last = int(number) if _NUMBER.fullmatch(number) else last + 1
            yield last, replace(record, span=Span(offset=last, length=record.span.length, line=last))


def _split(numbers: tuple[int, ...], size: int) -> Iterator[tuple[int, ...]]:
    return (numbers[start : start + size] for start in range(0, len(numbers), size))


def _why(name: str, error: subprocess.CalledProcessError) -> str:
    """Say what went wrong by the exit code; the words are in the machine's language."""
    if error.returncode == _ACCESS_DENIED:
        return (
            f'the account that runs qbwatch may not read the event channel "{name}". Add it to the group Event Log '
            "Readers (S-1-5-32-573), and start qbwatch again"
        )
    if error.returncode == _NO_CHANNEL:
        return f'this machine has no event channel "{name}". The command wevtutil el lists those that it has'
    if error.returncode == _NO_SERVICE:
        return "the service Windows Event Log does not run on this machine. Start it: net start eventlog"
    words = " ".join((error.stderr or b"").decode("utf-8", "replace").split())[:300]
    return f'wevtutil could not read the event channel "{name}": it ended with {error.returncode} {words}'.rstrip()

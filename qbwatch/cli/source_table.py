"""How followed paths and the ledger are shown to people, within the width of a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qbwatch.cli.output import paint, table
from qbwatch.source_state import Standing
from rules.event import Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime, tzinfo

    from ingest.ledger import LedgerEntry
    from qbwatch.source_state import SourceState

_HEAD = ("PATH", "STATE", "READ", "LAG", "LAST RECORD")
_SHORTEST = 16
_UNITS = (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000))
_AGES = (("days", 2 * 86400, 86400), ("h", 2 * 3600, 3600), ("min", 120, 60))


def state_table(states: Sequence[SourceState], bad: Collection[str], *, now: datetime, zone: tzinfo, width: int) -> str:
    """Return a line for each of *states*, and under it what is worth a word; the paths in *bad* are coloured."""
    rows = [
        (_printable(state.path), state.standing.value, _read(state), _lag(state, now), _when(state.last_record, zone))
        for state in states
    ]
    room = width - max(len("  ".join((" ", *row[1:]))) for row in _padded([_HEAD, *rows])) + 1
    shown = [(shorten(path, max(room, _SHORTEST)), *rest) for path, *rest in rows]
    head, *lines = table(shown, _HEAD).splitlines()
    said = [head]
    for state, line in zip(states, lines, strict=True):
        said += [paint(line, Severity.ERROR) if state.path in bad else line, *_notes(state, zone)]
    return "\n".join(said)


def _padded(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]


def _notes(state: SourceState, zone: tzinfo) -> list[str]:
    """Say what is not as it mostly is."""
    facts = []
    if state.generation:
        facts.append(f"generation {state.generation}")
    if state.drops:
        facts.append(f"{state.drops} dropped")
    if state.missed:
        facts.append(f"{state.missed} found by polling alone")
    if state.polled_only:
        facts.append("polled only")
    notes = [f"    {', '.join(facts)}"] if facts else []
    if state.problem:
        since = f", since {_when(state.problem_since, zone)}" if state.problem_since else ""
        notes.append(f"    {_printable(state.problem)}{since}")
    return notes


def entry_lines(entry: LedgerEntry, *, zone: tzinfo, width: int) -> str:
    """Return when a range of bytes met its fate, which and where; and on a second line why, or since when."""
    at, since = _when(entry.at, zone), _when(entry.since, zone)
    end = "?" if entry.end is None else f"{entry.end:,}"
    start = f"{at}  {entry.fate.value:7}  {entry.begin:,} to {end}  "
    path = shorten(_printable(entry.path), max(width - len(start), _SHORTEST))
    why = [_printable(entry.reason)] if entry.reason else []
    why += [f"since {since}"] if since != at else []
    return f"{start}{path}\n    {', '.join(why)}" if why else f"{start}{path}"


def shorten(path: str, width: int) -> str:
    r"""Return *path* in at most *width* characters, its middle left out; its last name stays whole where it can.

    >>> shorten(r"C:\ProgramData\Intuit\QBWebConnector\log\QWCLog.txt", 26)
    'C:\\Progra…r\\log\\QWCLog.txt'
    """
    if len(path) <= width:
        return path
    name = re.split(r"[\\/]", path)[-1]
    end = min(max(2 * width // 3 - 1, len(name) + 1), width - 2)
    return f"{path[: width - 1 - end]}…{path[-end:]}"


def ago(seconds: float) -> str:
    """Say a length of time in its largest fitting unit.

    >>> ago(150), ago(3 * 3600), ago(45)
    ('2 min', '3 h', '45 s')
    """
    for unit, least, size in _AGES:
        if seconds >= least:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def lag(state: SourceState, now: datetime) -> int | None:
    """Return for how many seconds something waits to be read; None where nobody can know."""
    if state.behind_since is not None:
        return max(0, int((now - state.behind_since).total_seconds()))
    return 0 if state.standing is Standing.FOLLOWED else None


def _lag(state: SourceState, now: datetime) -> str:
    seconds = lag(state, now)
    return "-" if seconds is None else f"{seconds} s"


def _read(state: SourceState) -> str:
    """Say how much of the file was read, both in the unit of its size; of a channel, up to which event."""
    if state.offset is None:
        return "-"
    if state.size is None:
        return f"event {state.offset}"
    unit, size = next(((unit, size) for unit, size in _UNITS if max(state.offset, state.size) >= size), ("B", 1))
    digits = 0 if size == 1 else 1
    # Rounded down, so that a file with a rest does not seem read to its end.
    read, whole = (int(value * 10**digits // size) / 10**digits for value in (state.offset, state.size))
    return f"{read:.{digits}f}/{whole:.{digits}f} {unit}"


def _when(time: datetime | None, zone: tzinfo) -> str:
    return time.astimezone(zone).strftime("%Y-%m-%d %H:%M") if time else "-"


def _printable(text: str) -> str:
    """Keep a file's name from steering the terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)

"""What a signal says, whatever tool wrote it: its code, and its data as times, numbers and program names."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.record import Record

NUL_RUN = "log/nul-run"
"""The code of the signal that NULs in place of a log's text are."""

POWER = "microsoft-windows-kernel-power/"
TROUBLESHOOTER = "microsoft-windows-power-troubleshooter/1"
GENERAL = "microsoft-windows-kernel-general/"
BOOT = "microsoft-windows-kernel-boot/"
LOG = "eventlog/"
LOGON = "microsoft-windows-winlogon/"
SESSIONS = "microsoft-windows-terminalservices-localsessionmanager/"
AUDIT = "microsoft-windows-security-auditing/"
ASKED = "user32/1074"
UPDATE = "microsoft-windows-windowsupdateclient/"
DEFENDER = "microsoft-windows-windows defender/"
APPLOCKER = "microsoft-windows-applocker/"
INTEGRITY = "microsoft-windows-codeintegrity/"
CRASH_REPORT = "microsoft-windows-wer-systemerrorreporting/1001"
CRASHED = ("application error/1000", ".net runtime/1026")
HUNG = ("application hang/1002",)

TELLING = (
    POWER, TROUBLESHOOTER, GENERAL, BOOT, LOG, LOGON, SESSIONS, AUDIT, ASKED, UPDATE, DEFENDER, APPLOCKER, INTEGRITY,
    CRASH_REPORT, *CRASHED, *HUNG, "probe/", NUL_RUN,
)  # fmt: skip
"""How the codes begin that any spell is made of."""

# Kernel times before this are "never", which Windows counts from 1601 on.
_FIRST = datetime(1980, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"(\.\d{6})\d+")
_NUMBER = re.compile(r"\s*(0[xX][0-9a-fA-F]{1,16}|\d{1,20})\s*")


def code_of(signal: Record) -> str:
    """Return the code of *signal* in lower case: the sources of events are spelled in several ways."""
    return signal.codes[0].lower() if signal.codes else ""


def dated(signals: Iterable[Record], *codes: str) -> list[tuple[datetime, Record]]:
    """Return those of *signals* that have one of *codes* and a time, in the order of time."""
    found = [(signal.time, signal) for signal in signals if signal.time and code_of(signal) in codes]
    return sorted(found, key=lambda pair: (pair[0], key_of(pair[1])))


def key_of(signal: Record) -> tuple[str, int, str, tuple[tuple[str, str], ...]]:
    """Return what puts signals of one moment into an order of their own, whichever way they came."""
    number = signal.fields.get("RecordID", "")
    return (
        code_of(signal),
        int(number) if _NUMBER.fullmatch(number) and number.isdigit() else 0,
        signal.message,
        _all(signal),
    )


def _all(signal: Record) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(signal.fields.items()))


def stamp(text: str) -> datetime | None:
    """Read a time in ISO 8601, with up to ten digits of a second; None if it is none or means "never".

    >>> stamp("2026-03-10T22:20:00.1234567Z").isoformat()
    '2026-03-10T22:20:00.123456+00:00'
    """
    try:
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text.strip()))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment >= _FIRST else None


def time_in(signal: Record, name: str) -> datetime | None:
    """Return the time in the data of *signal* called *name*."""
    return stamp(signal.fields.get(name, ""))


def number_in(signal: Record, name: str) -> int | None:
    """Return the number in the data of *signal* called *name*, decimal or hexadecimal; None if there is none.

    A tool may write a truth value for it, which counts as 1 or 0.
    """
    text = signal.fields.get(name, "").strip().lower()
    if text in {"true", "false"}:
        return int(text == "true")
    found = _NUMBER.fullmatch(text)
    return int(found[1], 0 if found[1].startswith("0x") else 10) if found else None


def program_of(text: str) -> str:
    r"""Return the name of a program's file out of a path with what may follow it, in lower case.

    >>> program_of(r"C:\Windows\system32\svchost.exe (SYNC-PC-01)")
    'svchost.exe'
    """
    name = re.split(r"[\\/]", text.strip())[-1].lower()
    found = re.match(r".*?\.exe\b", name)
    return found[0] if found else name


def first_after(moments: Iterable[tuple[datetime, Record]], time: datetime) -> tuple[datetime, Record] | None:
    """Return the first of *moments* later than *time*."""
    return min((one for one in moments if one[0] > time), key=lambda one: one[0], default=None)


def near(first: datetime, second: datetime, distance: timedelta) -> bool:
    """Say whether two times are at most *distance* apart."""
    return abs(first - second) <= distance

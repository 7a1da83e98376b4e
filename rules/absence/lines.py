"""Evidence: what each signal means, and those of its data that say it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.absence.clues import code_of, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ingest.record import Record

_LONGEST_LINE = 300
_MOST_LINES = 6
_LONGEST_VALUE = 120
_POWER = "microsoft-windows-kernel-power/"
_GENERAL = "microsoft-windows-kernel-general/"
_SESSION = "microsoft-windows-terminalservices-localsessionmanager/"
_DEFENDER = "microsoft-windows-windows defender/"

# By code: what the event says, and the names of the data worth showing.
_MEANINGS = {
    f"{_POWER}41": ("Windows had stopped without shutting down", "BugcheckCode PowerButtonTimestamp SleepInProgress"),
    f"{_POWER}42": ("Windows goes down", "TargetState Reason"),
    f"{_POWER}109": ("the kernel ends Windows", "ShutdownActionType"),
    f"{_POWER}506": ("entering modern standby", "Reason"),
    f"{_POWER}507": ("leaving modern standby", "Reason"),
    "microsoft-windows-power-troubleshooter/1": ("slept", "SleepTime WakeTime WakeSourceText"),
    f"{_GENERAL}1": ("the clock was set", "OldTime NewTime Reason ProcessName"),
    f"{_GENERAL}12": ("Windows started", "StartTime"),
    f"{_GENERAL}13": ("Windows ended", "StopTime"),
    "microsoft-windows-kernel-boot/20": ("how the last shutdown went", "LastShutdownGood"),
    "microsoft-windows-kernel-boot/27": ("how Windows started", "BootType"),
    "eventlog/6005": ("the event log started", ""),
    "eventlog/6006": ("the event log stopped", ""),
    "eventlog/6008": ("the shutdown before was unexpected", "LastAliveTime"),
    "user32/1074": ("was asked to end", "param1 param3 param5 param7"),
    "microsoft-windows-winlogon/7001": ("a user signed in", "TSId"),
    "microsoft-windows-winlogon/7002": ("a user signed out", "TSId"),
    f"{_SESSION}21": ("a user signed in", "User SessionID"),
    f"{_SESSION}23": ("a user signed out", "User SessionID"),
    f"{_SESSION}24": ("a session was disconnected", "User SessionID"),
    f"{_SESSION}25": ("a session was connected again", "User SessionID"),
    f"{_SESSION}39": ("a session was disconnected by another", "TargetSession Source"),
    f"{_SESSION}40": ("a session was disconnected", "Session Reason"),
    "application error/1000": ("a program crashed", "AppName ModuleName ExceptionCode"),
    "application hang/1002": ("a program no longer responded", "AppName"),
    ".net runtime/1026": ("a .NET program crashed", "0"),
    "microsoft-windows-wer-systemerrorreporting/1001": ("Windows had crashed", "param1 0"),
    f"{_DEFENDER}1116": ("malware was found", "Threat Name,Path"),
    f"{_DEFENDER}1117": ("malware was dealt with", "Threat Name,Action Name,Path"),
    f"{_DEFENDER}1121": ("a rule blocked a program", "ID,Path,Process Name"),
    f"{_DEFENDER}1123": ("a protected folder was kept from a program", "Path,Process Name"),
    "microsoft-windows-applocker/8004": ("a program was not allowed", "FilePath"),
    "microsoft-windows-codeintegrity/3077": ("a program was not allowed", "File Name,PolicyName"),
}
# What a number of Windows means, by the event and the name of its data.
_NUMBERS = {
    (f"{_POWER}42", "TargetState"): {"4": "sleep", "5": "hibernation", "6": "shutdown carried out as hibernation"},
    (f"{_POWER}42", "Reason"): {"0": "button or lid", "2": "battery", "4": "a program", "7": "idle"},
    (f"{_POWER}41", "BugcheckCode"): {"0": "no blue screen"},
    (f"{_POWER}506", "Reason"): {"1": "power button", "12": "idle", "15": "lid", "21": "idle"},
    (f"{_GENERAL}1", "Reason"): {"1": "by a program", "2": "by the hardware's clock", "3": "time zone"},
    ("microsoft-windows-kernel-boot/27", "BootType"): {"0": "full start", "1": "fast start-up", "2": "hibernation"},
}
_EXCEPTION = re.compile(r"Application: ([^\n]{1,80}).*?\n(Exception Info: [^\n]{1,120})", re.DOTALL)


def line_of(record: Record) -> str:
    """Say on one line what a signal means, and the data that say it."""
    code = record.codes[0] if record.codes else record.component
    words, names = _MEANINGS.get(code_of(record), ("", ""))
    shown = [(name, record.fields.get(name, "")) for name in names.split("," if "," in names else " ")]
    data = "; ".join(_said(code_of(record), name, value) for name, value in shown if value)
    # An export without the data shows Windows' own words for it.
    told = f"{words}: {data}" if words and data else " ".join(record.message.split()) or words
    return f"{clock(record.time)} {code} {told}"[:_LONGEST_LINE].rstrip()


def lines_of(records: Iterable[Record]) -> tuple[str, ...]:
    """Say each of *records* once, in the order of time, and not too many."""
    dated = [(record.time, line_of(record)) for record in records]
    known = sorted((time, line) for time, line in dated if time)
    return _few([*(line for time, line in dated if time is None), *(line for _, line in known)])


def clock(time: datetime | None) -> str:
    """Say a time in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%SZ") if time else "?"


def _few(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(lines))[:_MOST_LINES]


def _said(code: str, name: str, value: str) -> str:
    if name == "0":
        found = _EXCEPTION.search(value)
        return _value(f"{found[1].strip()}: {found[2]}" if found else value)
    meaning = _NUMBERS.get((code, name), {}).get(value.strip())
    return f"{name}={_value(value)}{f' ({meaning})' if meaning else ''}"


def _value(text: str) -> str:
    words = " ".join(text.split())
    time = stamp(words) if words[4:5] == "-" else None
    if time:
        return clock(time)
    return words if len(words) <= _LONGEST_VALUE else words[:_LONGEST_VALUE] + "…"

"""Windows events in their true shapes for tests: written as XML and read by the program's own reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from ingest.formats import windows_events
from ingest.record import Record, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENING = datetime(2026, 3, 10, 18, 0, tzinfo=UTC)
POWER = "Microsoft-Windows-Kernel-Power"
GENERAL = "Microsoft-Windows-Kernel-General"
BOOT = "Microsoft-Windows-Kernel-Boot"
LOGON = "Microsoft-Windows-Winlogon"
SESSIONS = "Microsoft-Windows-TerminalServices-LocalSessionManager"
TROUBLESHOOTER = "Microsoft-Windows-Power-Troubleshooter"
DEFENDER = "Microsoft-Windows-Windows Defender"
SYNC = "S-1-5-21-1000000000-2000000000-3000000000-1001"
OTHER = "S-1-5-21-1000000000-2000000000-3000000000-1002"
_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
_ids = count(1000)


def at(hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
    """Return a time after EVENING."""
    return EVENING + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def iso(time: datetime) -> str:
    """Write *time* as Windows does, with seven digits of a second."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06d}0Z"


def xml(
    provider: str, number: int, time: datetime, data: Mapping[str, object] | tuple[object, ...] = (), *,
    binary: str = "", user_data: str = "", record: int | None = None, level: int = 4, channel: str = "System",
) -> str:  # fmt: skip
    """Write one event; *data* in a tuple is unnamed, `user_data` the name of the provider's own element for it."""
    pairs = list(data.items()) if not isinstance(data, tuple) else [("", one) for one in data]
    if user_data:
        inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in pairs)
        body = f"<UserData><{user_data} xmlns='Event_NS'>{inner}</{user_data}></UserData>"
    else:
        named = [f"<Data Name={quoteattr(name)}>" if name else "<Data>" for name, _ in pairs]
        inner = "".join(f"{tag}{escape(str(value))}</Data>" for tag, (_, value) in zip(named, pairs, strict=True))
        body = f"<EventData>{inner}{f'<Binary>{binary}</Binary>' if binary else ''}</EventData>"
    return (
        f"<Event xmlns='{_NAMESPACE}'><System><Provider Name={quoteattr(provider)}/><EventID>{number}</EventID>"
        f"<Version>0</Version><Level>{level}</Level><Task>0</Task><Opcode>0</Opcode>"
        f"<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime='{iso(time)}'/>"
        f"<EventRecordID>{record or next(_ids)}</EventRecordID><Correlation/>"
        f"<Execution ProcessID='4' ThreadID='8'/><Channel>{channel}</Channel><Computer>SYNC-PC-01</Computer>"
        f"<Security/></System>{body}</Event>"
    )


def read(*events: str) -> list[Record]:
    """Read *events* as an export of `wevtutil qe ... /f:xml`."""
    return list(windows_events.records("\n".join(events).encode()))


def entering_sleep(time: datetime, *, target: int = 4, effective: int | None = None, reason: int = 7) -> str:
    return xml(POWER, 42, time, {"TargetState": target, "EffectiveState": effective or target, "Reason": reason})


def resumed(stamp: datetime) -> str:
    return xml(POWER, 107, stamp, {"TargetState": 4, "EffectiveState": 4, "WakeFromState": 4})


def slept(begins: datetime, ends: datetime, *, target: int = 4) -> str:
    times = {"SleepTime": iso(begins), "WakeTime": iso(ends), "SleepDuration": 1469, "TargetState": target}
    return xml(TROUBLESHOOTER, 1, ends + timedelta(seconds=2), times)


def clock_set(old: datetime, new: datetime, *, reason: int = 2, process: str = "") -> str:
    data = {"NewTime": iso(new), "OldTime": iso(old), "Reason": reason, "ProcessName": process}
    return xml(GENERAL, 1, new, data)


def signed_in(time: datetime, user: str = SYNC, session: int = 2) -> str:
    return xml(LOGON, 7001, time, {"TSId": session, "UserSid": user})


def signed_out(time: datetime, user: str = SYNC, session: int = 2) -> str:
    return xml(LOGON, 7002, time, {"TSId": session, "UserSid": user})


def session_event(number: int, time: datetime, session: int = 2) -> str:
    data = {"User": r"SYNC-PC-01\qbsync", "SessionID": session, "Address": "192.0.2.57"}
    return xml(SESSIONS, number, time, data, user_data="EventXML")


def asked(
    time: datetime, program: str = "svchost.exe", action: str = "restart", user: str = r"NT AUTHORITY\SYSTEM"
) -> str:
    data = {
        "param1": rf"C:\Windows\system32\{program} (SYNC-PC-01)", "param2": "SYNC-PC-01",
        "param3": "Operating System: Service pack (Planned)", "param4": "0x80020010", "param5": action, "param6": "",
        "param7": user,
    }  # fmt: skip
    return xml("User32", 1074, time, data)


def windows_ended(time: datetime, action: int = 5) -> list[str]:
    """Return what a clean end writes; the kernel's own word of it is stored with the next start."""
    return [
        xml("EventLog", 6006, time, binary="01000000"),
        xml(POWER, 109, time, {"ShutdownActionType": action, "ShutdownEventCode": 0, "ShutdownReason": 5}),
        xml(GENERAL, 13, time + timedelta(seconds=2), {"StopTime": iso(time + timedelta(seconds=2))}),
    ]


def windows_started(time: datetime, *, good: bool = True) -> list[str]:
    return [
        xml(GENERAL, 12, time, {"MajorVersion": 10, "BootMode": 0, "StartTime": iso(time)}),
        xml(BOOT, 20, time, {"LastShutdownGood": str(good).lower(), "LastBootGood": "true"}),
        xml(BOOT, 27, time, {"BootType": 0}),
        xml("EventLog", 6005, time + timedelta(seconds=20), binary="E9070300"),
    ]


def stopped_dead(
    time: datetime, alive: datetime, *, bugcheck: int = 0, button: int = 0, asleep: str = "false"
) -> list[str]:
    """Return what the start at *time* after a power loss writes; *alive* is when the log last knew it alive."""
    data = {"BugcheckCode": bugcheck, "SleepInProgress": asleep, "PowerButtonTimestamp": button}
    text = ("9:59:13 AM", "\u200e4/\u200e6/\u200e2012", "", "", "1234", "", "")
    return [
        *windows_started(time, good=False),
        xml("EventLog", 6008, time + timedelta(seconds=21), text, binary=_died_at(alive), level=2),
        xml(POWER, 41, time + timedelta(seconds=5), data, level=1),
    ]


def _died_at(alive: datetime) -> str:
    """Write two times of eight 16-bit numbers: local, five hours behind, and UTC."""
    local = alive - timedelta(hours=5)
    words = b""
    for one in (local, alive):
        numbers = (
            one.year, one.month, one.isoweekday() % 7, one.day, one.hour, one.minute, one.second,
            one.microsecond // 1000,
        )  # fmt: skip
        words += b"".join(number.to_bytes(2, "little") for number in numbers)
    return (words + bytes(8)).hex().upper()


def probe(code: str, time: datetime, **fields: str) -> Record:
    """Return what a probe notes."""
    span = Span(offset=0, length=0, line=1)
    return Record(
        format="probe", time=time, component="probe", message=f"{code} seen", codes=(code,), fields=fields, span=span
    )  # fmt: skip

"""What Windows notes of a machine's troubles, as an export of its event logs."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
_POWER, _GENERAL = "Microsoft-Windows-Kernel-Power", "Microsoft-Windows-Kernel-General"
_LOGON = "Microsoft-Windows-Winlogon"
_USER = {"TSId": "1", "UserSid": "S-1-5-21-1000000000-2000000000-3000000000-1001"}
_SECOND = timedelta(seconds=1)


@dataclass
class WindowsMonth:
    """The events, each with when it can be read: what is stamped while a machine sleeps is not."""

    events: list[tuple[datetime, str]] = field(default_factory=list)

    def note(self, kind: str, begins: datetime, ends: datetime) -> None:
        """Note a trouble of *kind*."""
        getattr(self, f"_{kind}", self._nothing)(begins, ends)

    def export(self, until: datetime | None = None, since: datetime | None = None) -> bytes:
        """Return the events that can be read before *until*, as wevtutil exports them."""
        found = (text for at, text in self.events if (not until or at < until) and (not since or at >= since))
        return "".join(f"{text}\r\n" for text in found).encode()

    def _nothing(self, begins: datetime, ends: datetime) -> None:
        """Note nothing: nobody told Windows."""

    def _up(self, begins: datetime, ends: datetime) -> None:
        del ends
        data = "".join(
            f"<Data>{value}</Data>" for value in ("", "", "", "", "97211", "60", "300 Eastern Standard Time")
        )
        self._raw("EventLog", 6013, begins, data)

    def _asleep(self, begins: datetime, ends: datetime) -> None:
        state = {"TargetState": "4", "EffectiveState": "4"}
        self._put(_POWER, 42, begins, state | {"Reason": "7", "Flags": "0"})
        self._put(_GENERAL, 1, ends, {"NewTime": _iso(ends), "OldTime": _iso(begins), "Reason": "2"})
        # Its stamp is of the clock before the wake.
        self._put(_POWER, 107, begins + _SECOND, state | {"WakeFromState": "4"}, readable=ends)
        self._put("Microsoft-Windows-Power-Troubleshooter", 1, ends + 3 * _SECOND, {
            "SleepTime": _iso(begins), "WakeTime": _iso(ends), **state, "WakeSourceType": "5", "WakeSourceText": "",
        })  # fmt: skip

    def _updated(self, begins: datetime, ends: datetime) -> None:
        self._asked(begins, "c:\\windows\\system32\\svchost.exe (SYNC-PC-01)", "restart", "NT AUTHORITY\\SYSTEM")
        self._boot(begins + timedelta(minutes=3))
        self._put(_LOGON, 7001, ends - 20 * _SECOND, _USER)

    def _off(self, begins: datetime, ends: datetime) -> None:
        self._asked(begins, "C:\\Windows\\Explorer.EXE (SYNC-PC-01)", "power off", "SYNC-PC-01\\qbsync")
        self._boot(ends - timedelta(minutes=2))
        self._put(_LOGON, 7001, ends - 20 * _SECOND, _USER)

    def _power(self, begins: datetime, ends: datetime) -> None:
        boot = ends - timedelta(minutes=4)
        died = _system_time(begins - timedelta(hours=4)) + _system_time(begins)
        self._put(_GENERAL, 12, boot, {"StartTime": _iso(boot), "BootMode": "0"})
        self._put(_POWER, 41, boot + _SECOND, {
            "BugcheckCode": "0", "SleepInProgress": "0", "PowerButtonTimestamp": "0",
        }, level=1)  # fmt: skip
        data = "".join(
            f"<Data>{value}</Data>" for value in ("2:20:00 PM", "\u200e3/\u200e12/\u200e2026", "", "", "81234")
        )
        self._raw("EventLog", 6008, boot + 9 * _SECOND, f"{data}<Binary>{died.hex().upper()}</Binary>", level=2)
        self._put("EventLog", 6005, boot + 9 * _SECOND, {})
        self._put("Microsoft-Windows-Kernel-Boot", 20, boot + _SECOND, {"LastShutdownGood": "false"})
        self._put(_LOGON, 7001, ends - 20 * _SECOND, _USER)

    def _signed_out(self, begins: datetime, ends: datetime) -> None:
        self._put(_LOGON, 7002, begins, _USER)
        self._put(_LOGON, 7001, ends - 20 * _SECOND, _USER)

    def _disconnected(self, begins: datetime, ends: datetime) -> None:
        for number, at in ((24, begins), (25, ends)):
            self._raw("Microsoft-Windows-TerminalServices-LocalSessionManager", number, at, (
                '<EventXML xmlns="Event_NS"><User>SYNC-PC-01\\qbsync</User><SessionID>1</SessionID>'
                "<Address>192.0.2.57</Address></EventXML>"
            ), holder="UserData")  # fmt: skip

    def _crashed(self, begins: datetime, ends: datetime) -> None:
        del ends
        values = ("QBWebConnector.exe", "33.0.10015.91", "607177dc", "KERNELBASE.dll", "10.0.19041.1", "0", "e0434352",
                  "00000000000c1234", "1a2c", "01d9", "C:\\QBWebConnector.exe", "C:\\KERNELBASE.dll", "0")  # fmt: skip
        data = "".join(f"<Data>{value}</Data>" for value in values)
        self._raw("Application Error", 1000, begins, data, channel="Application", level=2)

    def _paused(self, begins: datetime, ends: datetime) -> None:
        self._put(_GENERAL, 1, ends, {
            "NewTime": _iso(ends), "OldTime": _iso(begins), "Reason": "1", "ProcessName": "C:\\vmtoolsd.exe",
        })  # fmt: skip

    def _asked(self, at: datetime, process: str, what: str, user: str) -> None:
        self._put("User32", 1074, at, {
            "param1": process, "param2": "SYNC-PC-01", "param3": "Operating System: Service pack (Planned)",
            "param4": "0x80020010", "param5": what, "param6": "", "param7": user,
        })  # fmt: skip
        self._put(_LOGON, 7002, at + 4 * _SECOND, _USER)
        self._put("EventLog", 6006, at + 9 * _SECOND, {})
        self._put(_GENERAL, 13, at + 12 * _SECOND, {"StopTime": _iso(at + 12 * _SECOND)})

    def _boot(self, at: datetime) -> None:
        self._put(_GENERAL, 12, at, {"StartTime": _iso(at), "BootMode": "0"})
        self._put("Microsoft-Windows-Kernel-Boot", 20, at + _SECOND, {"LastShutdownGood": "true"})
        self._put("Microsoft-Windows-Kernel-Boot", 27, at + _SECOND, {"BootType": "0"})
        self._put("EventLog", 6005, at + 12 * _SECOND, {})

    def _put(
        self, provider: str, number: int, at: datetime, data: dict[str, str], *, readable: datetime | None = None,
        level: int = 4,
    ) -> None:  # fmt: skip
        named = "".join(f"<Data Name='{name}'>{value}</Data>" for name, value in data.items())
        self._raw(provider, number, at, named, readable=readable, level=level)

    def _raw(
        self, provider: str, number: int, at: datetime, data: str, *, holder: str = "EventData",
        channel: str = "System", readable: datetime | None = None, level: int = 4,
    ) -> None:  # fmt: skip
        record = 20310 + len(self.events)
        self.events.append((readable or at, (
            f"<Event xmlns='{_NAMESPACE}'><System><Provider Name='{provider}'/><EventID>{number}</EventID>"
            f"<Version>0</Version><Level>{level}</Level><TimeCreated SystemTime='{_iso(at)}'/>"
            f"<EventRecordID>{record}</EventRecordID><Channel>{channel}</Channel><Computer>SYNC-PC-01</Computer>"
            f"<Security/></System><{holder}>{data}</{holder}></Event>"
        )))  # fmt: skip


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.0000000Z"


def _system_time(at: datetime) -> bytes:
    """Return a SYSTEMTIME, as the binary part of event 6008 holds two of."""
    return struct.pack("<8H", at.year, at.month, (at.weekday() + 1) % 7, at.day, at.hour, at.minute, at.second, 0)

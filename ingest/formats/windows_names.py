"""How events that carry their data by position call it, and how the sources of events are spelled.

Windows 11 names what Windows 10 left unnamed, and `Get-WinEvent` leaves out all names. The orders are those of
the providers' own manifests; later versions of an event only add at the end, so that one list fits them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_POWER = "Microsoft-Windows-Kernel-Power"
_GENERAL = "Microsoft-Windows-Kernel-General"
_BOOT = "Microsoft-Windows-Kernel-Boot"
_LOGON = "Microsoft-Windows-Winlogon"
_SESSIONS = "Microsoft-Windows-TerminalServices-LocalSessionManager"
_AUDIT = "Microsoft-Windows-Security-Auditing"
_UPDATE = "Microsoft-Windows-WindowsUpdateClient"
_CLEANER = "Microsoft-Windows-Windows Defender"
_SERVICES = "Service Control Manager"

_PARAMETERS = " ".join(f"param{number}" for number in range(1, 8))
_BUGCHECK = "BugcheckCode BugcheckParameter1 BugcheckParameter2 BugcheckParameter3 BugcheckParameter4"
_SUBJECT = "TargetUserSid TargetUserName TargetDomainName TargetLogonId"
_REMOTE = "AccountName AccountDomain LogonID SessionName ClientName ClientAddress"
_SLEPT = (
    "SleepTime WakeTime SleepDuration WakeDuration DriverInitDuration BiosInitDuration HiberWriteDuration "
    "HiberReadDuration HiberPagesWritten Attributes TargetState EffectiveState WakeSourceType WakeSourceTextLength "
    "WakeSourceText"
)
_CRASHED = (
    "AppName AppVersion AppTimeStamp ModuleName ModuleVersion ModuleTimeStamp ExceptionCode FaultingOffset "
    "ProcessId ProcessCreationTime AppPath ModulePath IntegratorReportId PackageFullName PackageRelativeAppId"
)
_HUNG = (
    "AppName AppVersion ProcessId StartTime TerminationTime ExeFileName ReportId PackageFullName "
    "PackageRelativeAppId HangType"
)
_RESUMED = (
    "TargetState EffectiveState WakeFromState ProgrammedWakeTimeAc ProgrammedWakeTimeDc WakeRequesterTypeAc "
    "WakeRequesterTypeDc"
)
# The names have blanks; what follows the path is of no use here.
_THREAT = (
    "Product Name,Product Version,Detection ID,Detection Time,Unused,Unused2,Threat ID,Threat Name,Severity ID,"
    "Severity Name,Category ID,Category Name,FWLink,Status Code,Status Description,State,Source ID,Source Name,"
    "Process Name,Detection User,Unused3,Path,Origin ID,Origin Name,Execution ID,Execution Name,Type ID,Type Name,"
    "Pre Execution Status,Action ID,Action Name"
)
_BLOCKED = "Product Name,Product Version,ID,Detection Time,User,Path,Process Name"

_ORDERS: dict[str, dict[str, str]] = {
    _POWER: {
        "41": f"{_BUGCHECK} SleepInProgress PowerButtonTimestamp BootAppStatus Checkpoint ConnectedStandbyInProgress",
        "42": "TargetState EffectiveState Reason Flags TransitionsToOn",
        "105": "AcOnline RemainingCapacity FullChargeCapacity",
        "107": _RESUMED,
        "109": "ShutdownActionType ShutdownEventCode ShutdownReason",
        "172": "State Reason",
        "506": "Reason LidOpenState",
        "507": "Reason LidOpenState",
    },
    "Microsoft-Windows-Power-Troubleshooter": {"1": _SLEPT},
    _GENERAL: {
        "1": "NewTime OldTime Reason ProcessName ProcessID",
        "12": "MajorVersion MinorVersion BuildVersion QfeVersion ServiceVersion BootMode StartTime",
        "13": "StopTime",
    },
    _BOOT: {"20": "LastShutdownGood LastBootGood LastBootId BootStatusPolicy", "27": "BootType LoadOptions"},
    "User32": {"1074": _PARAMETERS},
    _LOGON: {"7001": "TSId UserSid", "7002": "TSId UserSid"},
    _SESSIONS: {
        **dict.fromkeys(("21", "22", "24", "25"), "User SessionID Address"),
        "23": "User SessionID",
        "39": "TargetSession Source",
        "40": "Session Reason",
    },
    _AUDIT: {
        "4634": f"{_SUBJECT} LogonType",
        "4647": _SUBJECT,
        **dict.fromkeys(("4778", "4779"), _REMOTE),
        **dict.fromkeys(("4800", "4801", "4802", "4803"), f"{_SUBJECT} SessionId"),
    },
    _UPDATE: {
        "19": "updateTitle updateGuid updateRevisionNumber serviceGuid",
        "20": "errorCode updateTitle updateGuid updateRevisionNumber serviceGuid",
        "21": "updatelist",
        "22": "restarttime updatelist",
        **dict.fromkeys(("43", "44"), "updateTitle updateGuid updateRevisionNumber"),
    },
    _SERVICES: dict.fromkeys(("7000", "7023", "7031", "7034", "7036"), _PARAMETERS),
    "Application Error": {"1000": _CRASHED},
    "Microsoft-Windows-WER-SystemErrorReporting": {"1001": "param1 param2 param3"},
    "Application Hang": {"1002": _HUNG},
    _CLEANER: {
        **dict.fromkeys(("1116", "1117"), _THREAT),
        **dict.fromkeys(("1121", "1122", "1123", "1127"), _BLOCKED),
    },
}
_NAMES = {
    f"{provider}/{number}": tuple(names.split("," if "," in names else " "))
    for provider, events in _ORDERS.items()
    for number, names in events.items()
}
# Windows 7 and Windows 10 spell some in different ways.
_SPELLINGS = {name.casefold(): name for name in (*_ORDERS, "EventLog")}


def code_of(provider: str, event_id: str) -> str:
    """Return the one code by which rules know an event.

    >>> code_of("USER32", "1074")
    'User32/1074'
    """
    return f"{_SPELLINGS.get(provider.casefold(), provider)}/{event_id}"


def named(code: str, values: Sequence[str]) -> dict[str, str]:
    """Name data that came by position; what has no name goes by its number, from 0 on.

    >>> named("Microsoft-Windows-Winlogon/7002", ["2", "S-1-5-18", "more"])
    {'TSId': '2', 'UserSid': 'S-1-5-18', '2': 'more'}
    """
    names = _NAMES.get(code, ())
    return {names[place] if place < len(names) else str(place): value for place, value in enumerate(values)}

"""The scheduled task of Windows as XML: it starts with the machine, whoever is signed in, and nothing ends it."""

from __future__ import annotations

from subprocess import list2cmdline
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qbwatch.service.job import Job

_NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
# Windows' own accounts go by their identifiers, since their names are translated.
_BUILT_IN: Final = {"SYSTEM": "S-1-5-18", "LOCAL SERVICE": "S-1-5-19", "NETWORK SERVICE": "S-1-5-20"}
# A restart on failure gives up some day; this trigger never does, and while it runs Windows ignores it.
_AGAIN: Final = {
    "Enabled": "true",
    "StartBoundary": "2020-01-01T00:00:00",
    "Repetition": {"Interval": "PT10M", "StopAtDurationEnd": "false"},
}
_SETTINGS: Final = {
    "MultipleInstancesPolicy": "IgnoreNew",
    "DisallowStartIfOnBatteries": "false",
    "StopIfGoingOnBatteries": "false",
    "AllowHardTerminate": "true",
    "StartWhenAvailable": "true",
    "RunOnlyIfNetworkAvailable": "false",
    "IdleSettings": {"StopOnIdleEnd": "false", "RestartOnIdle": "false"},
    "AllowStartOnDemand": "true",
    "Enabled": "true",
    "Hidden": "false",
    "RunOnlyIfIdle": "false",
    "WakeToRun": "false",
    # Without this line Windows ends a task after three days.
    "ExecutionTimeLimit": "PT0S",
    "Priority": "7",
    "RestartOnFailure": {"Interval": "PT1M", "Count": "255"},
}


def task_xml(job: Job) -> str:
    """Return the task that keeps *job* running, as Windows' Task Scheduler reads it."""
    task = ET.Element("Task", {"version": "1.2", "xmlns": _NAMESPACE})
    _grow(task, {
        "RegistrationInfo": {
            "Description": "Watches the logs of QuickBooks syncs. Made by: qbwatch service install",
            "URI": "\\qbwatch",
        },
        "Triggers": _triggers(job),
        "Principals": {"Principal": _principal(job)},
        "Settings": _SETTINGS,
        "Actions": {"Exec": {
            "Command": job.program,
            "Arguments": list2cmdline(job.arguments),
            "WorkingDirectory": _folder_of(str(job.config)),
        }},
    })  # fmt: skip
    for name, attribute, value in (("Principals/Principal", "id", "Author"), ("Actions", "Context", "Author")):
        found = task.find(name)
        if found is not None:
            found.set(attribute, value)
    ET.indent(task)
    return '<?xml version="1.0" encoding="UTF-16"?>\n' + ET.tostring(task, encoding="unicode") + "\n"


def as_file(xml: str) -> bytes:
    """Return the bytes that `schtasks /Create /XML` takes: UTF-16 with its mark, as the first line says."""
    return xml.replace("\n", "\r\n").encode("utf-16")


def account_of(printed: str) -> str | None:
    """Return as whom a task runs, from its XML as `schtasks /Query /XML` prints it."""
    begin, end = printed.find("<UserId>"), printed.find("</UserId>")
    found = printed[begin + len("<UserId>") : end].strip() if 0 <= begin < end else ""
    return next((name for name, sid in _BUILT_IN.items() if sid == found), found) or None


def _triggers(job: Job) -> dict[str, object]:
    if job.at_logon:
        return {"LogonTrigger": {"Enabled": "true", "UserId": str(job.account)}}
    return {"BootTrigger": {"Enabled": "true"}, "TimeTrigger": _AGAIN}


def _principal(job: Job) -> dict[str, str]:
    if job.at_logon:
        return {"UserId": str(job.account), "LogonType": "InteractiveToken", "RunLevel": "LeastPrivilege"}
    sid = _BUILT_IN.get((job.account or "SYSTEM").upper())
    if sid:
        return {"UserId": sid, "RunLevel": "HighestAvailable" if sid == _BUILT_IN["SYSTEM"] else "LeastPrivilege"}
    # S4U: whether the user is signed on or not, without a password kept anywhere.
    return {"UserId": str(job.account), "LogonType": "S4U", "RunLevel": "LeastPrivilege"}


def _folder_of(path: str) -> str:
    at = max(path.rfind("\\"), path.rfind("/"))
    return path[:at] or path[: at + 1]


def _grow(parent: ET.Element, tree: Mapping[str, object]) -> None:
    for name, value in tree.items():
        child = ET.SubElement(parent, name)
        if isinstance(value, dict):
            _grow(child, value)
        else:
            child.text = str(value)

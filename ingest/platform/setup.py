"""How a Windows machine is set up, asked by way of powercfg, reg, icacls and the Startup folders."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.machine_facts import Autostart, LogAccess, MachineFacts, PowerPlan, UpdateHours
from ingest.platform.machine import PlatformError
from ingest.platform.setup_text import log_access, power_plan, registry_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ingest.platform.machine import Platform

_RUN = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Run"
_RUN_32 = r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Run"
_UPDATE = r"HKLM\SOFTWARE\Microsoft\WindowsUpdate\UX\Settings"
_UPDATE_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
_CONNECTOR = r"Software\Intuit\QBWebConnector"
_USERS = re.compile(r"(?m)^HKEY_USERS\\(S-1-5-21-[\d-]+)\s*$")
_STARTUP = Path("Microsoft", "Windows", "Start Menu", "Programs", "Startup")
# What Windows takes where nobody has set the active hours.
_ACTIVE_FROM, _ACTIVE_UNTIL = 8, 17


if sys.platform == "win32":
    import os

    def startup_folders() -> list[Path]:
        """Return the Startup folders of this machine: of all users and of each."""
        shared = Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), _STARTUP)
        homes = Path(os.environ.get("PUBLIC", r"C:\Users\Public")).parent
        return [shared, *sorted(homes.glob(str(Path("*", "AppData", "Roaming", _STARTUP))))]

else:

    def startup_folders() -> list[Path]:
        """Return none: these are folders of Windows."""
        return []


def machine_facts(platform: Platform, logs: Iterable[str], folders: Sequence[Path]) -> MachineFacts:
    """Ask *platform* how it is set up, where its *logs* lie and what its Startup *folders* hold.

    What it does not tell stays unknown. Not Windows: nothing is known.
    """
    users = _users(platform)
    if users is None:
        return MachineFacts()
    return MachineFacts(
        power=_power(platform), autostart=_autostart(platform, users, folders), updates=_updates(platform),
        access=tuple(_access(platform, logs)), levels=_levels(platform, users),
    )  # fmt: skip


def _users(platform: Platform) -> list[str] | None:
    """Return the SIDs of the users whose registry is loaded: of those who are signed in."""
    try:
        return _USERS.findall(platform.run(["reg.exe", "query", "HKU"]))
    except PlatformError:
        return None


def _power(platform: Platform) -> PowerPlan | None:
    try:
        return power_plan(platform.run(["powercfg.exe", "/q", "SCHEME_CURRENT", "SUB_SLEEP"]))
    except PlatformError:
        return None


def _autostart(platform: Platform, users: Sequence[str], folders: Sequence[Path]) -> Autostart:
    keys = [f"HKLM\\{_RUN}", f"HKLM\\{_RUN_32}", *(f"HKU\\{sid}\\{_RUN}" for sid in users)]
    run = [(key, text) for key in keys for text in _values(platform, key).values()]
    started = [(str(folder), entry.stem) for folder in folders for entry in _listed(folder)]
    return Autostart(entries=(*run, *started, *_tasks(platform)))


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(
            entry for entry in folder.iterdir() if entry.suffix.casefold() in {".lnk", ".exe", ".bat", ".cmd"}
        )
    except OSError:
        return []


def _tasks(platform: Platform) -> Iterator[tuple[str, str]]:
    """Yield what scheduled tasks start; their XML is the same in every language."""
    try:
        printed = platform.run(["schtasks.exe", "/query", "/xml"])
    except PlatformError:
        return
    for command in re.findall(r"(?s)<Command>(.*?)</Command>", printed):
        yield "Task Scheduler", command.strip()


def _updates(platform: Platform) -> UpdateHours:
    policy, own = _values(platform, _UPDATE_POLICY), _values(platform, _UPDATE)
    automatic = _values(platform, f"{_UPDATE_POLICY}\\AU")
    is_set = policy.get("SetActiveHours") == "1"
    hours = policy if is_set else own
    return UpdateHours(
        active_from=_hour(hours.get("ActiveHoursStart"), _ACTIVE_FROM),
        active_until=_hour(hours.get("ActiveHoursEnd"), _ACTIVE_UNTIL),
        never="1" in {automatic.get("NoAutoUpdate"), automatic.get("NoAutoRebootWithLoggedOnUsers")},
    )


def _hour(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) < 24 else default


def _access(platform: Platform, logs: Iterable[str]) -> Iterator[LogAccess]:
    for path in logs:
        try:
            yield log_access(path, platform.run(["icacls.exe", path]))
        except PlatformError:
            continue


def _levels(platform: Platform, users: Sequence[str]) -> dict[str, str]:
    found = {sid: _values(platform, f"HKU\\{sid}\\{_CONNECTOR}").get("Level") for sid in users}
    return {sid: level for sid, level in found.items() if level}


def _values(platform: Platform, key: str) -> dict[str, str]:
    """Return the values of one key of the registry; none if it is not there."""
    try:
        keys = registry_values(platform.run(["reg.exe", "query", key]))
    except PlatformError:
        return {}
    return next(iter(keys.values()), {})

"""The block [probes] of the configuration: whom and what the probes look for on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fnmatch import translate
from functools import cache
from re import IGNORECASE, Pattern
from re import compile as compile_
from typing import TYPE_CHECKING

from ingest.probes import DEFAULT, Limit, read_limit

if TYPE_CHECKING:
    from qbwatch.config_table import Table

# Web Connector, and QuickBooks by all the names that its editions had.
_ALWAYS = ("QBWebConnector.exe", "QBW.EXE", "QBW32*.EXE", "QBWEnterprise*.exe", "QBWPremier*.exe", "QBWPro*.exe")
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """What is looked for: the sessions of `windows_user` (None: of all), `processes` beside those that always are."""

    enabled: bool = True
    windows_user: str | None = None
    processes: tuple[str, ...] = ()
    disk_low: Limit = DEFAULT
    every: timedelta = timedelta(seconds=15)

    def wants(self, program: str) -> bool:
        """Say whether *program*, a file name, is looked for.

        >>> ProbeSettings(processes=("Contoso.Sync.exe",)).wants("contoso.sync.EXE")
        True
        """
        return _pattern((*_ALWAYS, *self.processes)).match(program) is not None

    @property
    def expected(self) -> tuple[str, ...]:
        """The programs that should always run: those that the configuration names without a placeholder."""
        return tuple(name for name in self.processes if not set(name) & set("*?["))


@cache
def _pattern(names: tuple[str, ...]) -> Pattern[str]:
    return compile_("|".join(translate(name) for name in names), IGNORECASE)


def probes_of(top: Table) -> ProbeSettings:
    """Read [probes]; what is wrong with it goes to the faults of *top*."""
    table = top.table("probes")
    table.only("enabled", "windows_user", "processes", "disk_low", "every")
    enabled = table.flag("enabled")
    return ProbeSettings(
        enabled=True if enabled is None else enabled,
        windows_user=_user(table),
        processes=_processes(table),
        disk_low=_disk_low(table),
        every=_every(table),
    )


def _user(table: Table) -> str | None:
    user = table.text("windows_user")
    if user is not None and (not user.strip() or "@" in user):
        table.fault(
            "windows_user",
            f"\"{user}\" is no name of a Windows user. Write it as `whoami` prints it, such as 'SRV-01\\qbsync', "
            "or without the part before the backslash",
        )
        return None
    return user


def _processes(table: Table) -> tuple[str, ...]:
    names = table.texts("processes") or ()
    for name in names:
        if not name.strip() or "\\" in name or "/" in name:
            table.fault(
                "processes",
                f'"{name}" is no file name of a program. Write what Task Manager > Details shows, such as '
                '"Contoso.Sync.exe", without its folder',
            )
    return names


def _disk_low(table: Table) -> Limit:
    text = table.text("disk_low")
    limit = read_limit(text) if text is not None else DEFAULT
    if limit is None:
        table.fault("disk_low", f'"{text}" is no amount of room. Write it like "500 MB", "2 GB" or "5%"')
    return limit or DEFAULT


def _every(table: Table) -> timedelta:
    every = table.duration("every")
    if every is None:
        return ProbeSettings().every
    if not _SHORTEST <= every <= _LONGEST:
        table.fault("every", 'the machine is looked at every second at most and every minute at least: "1s" to "1m"')
        return ProbeSettings().every
    return every

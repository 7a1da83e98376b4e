"""The [[application]] blocks of the configuration: when each application is expected to run."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules.pulse import ConfiguredApplication
from rules.schedule import window_of

if TYPE_CHECKING:
    from qbwatch.config_table import Table
    from rules.schedule import Window

OVERDUE_AFTER = 3
"""After so many turns without a run it is overdue, unless the configuration says otherwise."""


def applications_of(top: Table, zone: ZoneInfo) -> tuple[ConfiguredApplication, ...]:
    """Read what is expected of the applications, in *zone* where they name none."""
    found: dict[str, ConfiguredApplication] = {}
    for table in top.tables("application"):
        table.only("name", "every", "windows", "timezone")
        name = table.text("name", needed='the name that Web Connector shows, such as "Contoso Sync"') or ""
        if name in found:
            table.fault("name", f'there are two applications "{name}". Write all that is expected of it in one block')
        every = table.duration("every")
        if every is not None and not every:
            table.fault("every", 'no time passes between two runs. Write a length such as "15m"')
        found[name] = ConfiguredApplication(
            name=name, every=every or None, windows=_windows(table), zone=_zone(table) or zone
        )
    return tuple(found.values())


def overdue_after(top: Table) -> int:
    """Read after how many turns without a run it is overdue."""
    table = top.table("schedule")
    table.only("overdue_after")
    value = table.values.get("overdue_after", OVERDUE_AFTER)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        table.fault("overdue_after", "overdue_after is a number of turns from 1 on, such as 3")
        return OVERDUE_AFTER
    return value


def _windows(table: Table) -> tuple[Window, ...]:
    windows: list[Window] = []
    for text in table.texts("windows") or ():
        try:
            windows.append(window_of(text))
        except ValueError as error:
            table.fault("windows", f"{error}")
    return tuple(windows)


def _zone(table: Table) -> ZoneInfo | None:
    name = table.text("timezone")
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        table.fault("timezone", f'"{name}" is no time zone. Write an IANA name such as "America/New_York"')
        return None

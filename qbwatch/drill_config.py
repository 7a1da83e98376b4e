"""The [drill] table of the configuration: when a drill is made every week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbwatch.reports.schedule import Schedule, read_schedule

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from qbwatch.config_table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillSettings:
    """When a drill is made without anybody asking."""

    weekly: Schedule | None = None


def drill_of(top: Table, zone: ZoneInfo) -> DrillSettings:
    """Read [drill]; times are in *zone*."""
    table = top.table("drill")
    table.only("weekly")
    text = table.text("weekly")
    try:
        return DrillSettings(weekly=read_schedule(text, zone) if text is not None else None)
    except ValueError as error:
        table.fault("weekly", str(error))
        return DrillSettings()

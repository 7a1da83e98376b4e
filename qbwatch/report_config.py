"""The [report] table of the configuration: when and to whom the weekly report goes, and whose name stands on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbwatch.reports.brand import COLOUR, Brand, image_kind
from qbwatch.reports.schedule import Schedule, read_schedule

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from qbwatch.config_table import Table

_LARGEST_LOGO = 200_000
_KEYS = ("weekly", "receiver", "per_client", "name", "logo", "colour", "pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """When the report is sent and to whom; a `receiver` gets the one of all clients in place of the route's.

    With `per_client` each client has one of its own as well, which goes where the route leads for that client. With
    `pdf` the same pages are enclosed as PDF.
    """

    weekly: Schedule | None = None
    receiver: str | None = None
    per_client: bool = False
    name: str | None = None
    logo: Path | None = None
    colour: str | None = None
    pdf: bool = False

    def brand(self) -> Brand:
        """Return whose report it is; the logo is read now."""
        given = {"name": self.name, "colour": self.colour, "logo": self.logo.read_bytes() if self.logo else None}
        return Brand(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]


def report_of(top: Table, folder: Path, receivers: set[str], zone: ZoneInfo) -> ReportSettings:
    """Read [report]; a relative logo is looked for in *folder*, and times are in *zone*."""
    table = top.table("report")
    table.only(*_KEYS)
    receiver = table.text("receiver")
    if receiver is not None and receiver not in receivers:
        known = ", ".join(sorted(receivers)) or "none"
        table.fault("receiver", f"no [[receiver]] has this name (known: {known})")
    colour = table.text("colour")
    if colour is not None and not COLOUR.fullmatch(colour):
        table.fault("colour", f'"{colour}" is no colour. Write it like "#1f4f99"')
        colour = None
    return ReportSettings(
        weekly=_weekly(table, zone), receiver=receiver, per_client=bool(table.flag("per_client")),
        name=table.text("name"), logo=_logo(table, folder), colour=colour,
        pdf=bool(table.flag("pdf")),
    )  # fmt: skip


def _weekly(table: Table, zone: ZoneInfo) -> Schedule | None:
    text = table.text("weekly")
    try:
        return read_schedule(text, zone) if text is not None else None
    except ValueError as error:
        table.fault("weekly", str(error))
        return None


def _logo(table: Table, folder: Path) -> Path | None:
    name = table.text("logo")
    if name is None:
        return None
    path = folder / name
    try:
        image = path.read_bytes()
    except OSError as error:
        table.fault("logo", f"{path} cannot be read ({error.strerror}). Write the path of a PNG, JPEG or GIF")
        return None
    if image_kind(image) is None:
        table.fault("logo", f"{path} is no PNG, JPEG or GIF, and mail programs show no others")
    elif len(image) > _LARGEST_LOGO:
        table.fault("logo", f"{path} has {len(image) // 1000} kB, which goes with every mail. Make it smaller than "
                    f"{_LARGEST_LOGO // 1000} kB; it is shown 36 pixels high")  # fmt: skip
    return path

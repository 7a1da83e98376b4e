"""The report as one HTML page that mail programs read as well: tables, styles inline, pictures as they are given."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Any

from qbwatch.reports.brand import image_kind
from qbwatch.reports.charts import colour_of
from qbwatch.reports.report import Tone
from qbwatch.reports.spoken import title_of
from qbwatch.reports.words import count, length, listed, percent, several, times, whole_percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qbwatch.reports.brand import Brand
    from qbwatch.reports.charts import Chart
    from qbwatch.reports.report import Report

LOGO = "logo"
"""The name of the logo among the pictures."""

_NAMED = 3
_TONES = {
    Tone.WORSE: ("#b3261e", "#fcf1ef", "#3f1a17", "#f2b8b5"),
    Tone.BETTER: ("#1b6e37", "#eaf5ed", "#12331c", "#a5d6b0"),
    Tone.SAME: ("#1f4f99", "#edf3fc", "#14294d", "#a8c7fa"),
    Tone.UNKNOWN: ("#5b636c", "#f1f3f5", "#2a2e33", "#c4c9cf"),
}
"""The colour of each tone, its tint, and both for the dark."""


def page(report: Report, brand: Brand, charts: Iterable[Chart], sources: Mapping[str, str] | None = None) -> str:
    """Return the report as a page; *sources* says where each picture is found, else they stand in the page itself."""
    drawn = {chart.name: chart for chart in charts}
    known = sources if sources is not None else _inline(brand, drawn)
    return str(
        _template().render(
            report=report, brand=brand, charts=drawn, sources=known, tones=_TONES, tone=_TONES[report.tone],
            titles={row.cause: row.title for row in report.causes}, made_at=report.made_at.astimezone(report.week.zone),
        )
    )  # fmt: skip


def _inline(brand: Brand, charts: Mapping[str, Chart]) -> dict[str, str]:
    pictures = {name: chart.png for name, chart in charts.items()}
    if brand.logo:
        pictures[LOGO] = brand.logo
    return {
        name: f"data:image/{image_kind(image)};base64,{base64.b64encode(image).decode()}"
        for name, image in pictures.items()
    }


def _machines(hosts: Sequence[str]) -> str:
    return listed(hosts) if len(hosts) <= _NAMED else several(len(hosts), "machine")


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only who writes HTML needs it

    environment = Environment(
        loader=PackageLoader("qbwatch.reports", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        thousands=count,
        amount=len,
        lasting=length,
        percent=percent,
        whole_percent=whole_percent,
        listed=listed,
        title_of=title_of,
        machines=_machines,
        times=times,
    )
    environment.globals.update(several=several, colour_of=colour_of)
    return environment.get_template("weekly.html")

"""The charts of the report as PNG, which every mail program shows; on no ground, so that they fit light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from qbwatch.errors import UsageError
from qbwatch.reports.words import DAYS, count, length

if TYPE_CHECKING:
    from qbwatch.reports.report import Report, Trend

_GREY: Final = "#7a828c"
"""Read as well on white as on the dark of mail programs."""
_OTHERS: Final = "#a3abb5"
# Told apart by the colour-blind too, and none of them shouts.
_COLOURS: Final = ("#3b6fb6", "#e0a03b", "#4e9f77", "#b5629b", "#62b3d4", "#8c7a5b")
_WIDTH_INCHES: Final = 6.0
_DOTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture with the words for those who do not see it; `width` is in CSS pixels."""

    name: str
    png: bytes
    alt: str
    width: int = 600


def charts_of(report: Report) -> tuple[Chart, ...]:
    """Draw the charts of *report*. Raises UsageError without matplotlib."""
    if report.is_empty:
        return ()
    return (
        Chart(name="trend", png=_trend(report.trend), alt=_trend_words(report.trend)),
        Chart(name="hours", png=_hours(report.heat), alt=_hours_words(report.heat)),
    )


def colour_of(cause: str, at: int) -> str:
    """Return the colour of the cause that stands at *at* in the trend."""
    return _OTHERS if cause == "others" else _COLOURS[at % len(_COLOURS)]


def _axes(height: float) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import
    except ImportError as error:
        raise UsageError(
            "the charts of the report are drawn by matplotlib, which is not installed. Install it with: pip install "
            '"qbwatch[report]", or leave the charts out with --no-charts.'
        ) from error
    figure = Figure(figsize=(_WIDTH_INCHES, height), dpi=_DOTS)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0, labelsize=10, colors=_GREY)
    return figure, axes


def _png(figure: Any) -> bytes:
    out = BytesIO()
    figure.savefig(out, format="png", transparent=True, metadata={"Software": None})
    return out.getvalue()


def _trend(trend: Trend) -> bytes:
    figure, axes = _axes(2.4)
    axes.set_position((0.075, 0.11, 0.92, 0.86))
    places = range(len(trend.weeks))
    floor = [0.0] * len(trend.weeks)
    for at, (cause, lost) in enumerate(zip(trend.causes, trend.seconds, strict=True)):
        colour = colour_of(cause, at)
        hours = [seconds / 3600 for seconds in lost]
        axes.bar(places, hours, bottom=floor, color=colour, width=0.66)
        floor = [low + high for low, high in zip(floor, hours, strict=True)]
    axes.set_xticks(list(places), [week.partition("-")[2] for week in trend.weeks])
    axes.set_xlim(-0.6, len(trend.weeks) - 0.4)
    axes.set_ylim(0, max(*floor, 4) * 1.15)
    axes.grid(axis="y", color=_GREY, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=4)
    for place, total in zip(places, floor, strict=True):
        is_last = place == len(floor) - 1
        axes.annotate(f"{count(round(total))}", (place, total), (0, 3), textcoords="offset points",
                      ha="center", fontsize=9, color=_GREY, weight="bold" if is_last else "normal")  # fmt: skip
    axes.get_xticklabels()[-1].set_weight("bold")
    return _png(figure)


def _trend_words(trend: Trend) -> str:
    totals = [sum(lost) for lost in zip(*trend.seconds, strict=True)] or [0] * len(trend.weeks)
    told = ", ".join(
        f"{week.partition('-')[2]} {length(total)}" for week, total in zip(trend.weeks, totals, strict=True)
    )
    return f"Time lost in each of the last {len(totals)} weeks: {told}."


def _hours(heat: tuple[tuple[int, ...], ...]) -> bytes:
    from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415 - slow to import

    figure, axes = _axes(2.2)
    axes.set_position((0.075, 0.12, 0.92, 0.87))
    worst = max(max(row) for row in heat)
    calm = LinearSegmentedColormap.from_list("calm", ["#f6d9a8", "#e0a03b", "#b3261e"])
    boxes = [(hour + 0.05, day + 0.08) for day in range(7) for hour in range(24)]
    counts = [failures for row in heat for failures in row]
    inks = [calm(failures / worst) if failures else (0.48, 0.51, 0.55, 0.12) for failures in counts]
    _boxes(axes, boxes, inks)
    for (left, top), failures in zip(boxes, counts, strict=True):
        if failures:
            ink = "#ffffff" if failures > worst * 0.6 else "#3d2a05"
            axes.text(left + 0.45, top + 0.45, _short(failures), ha="center", va="center", fontsize=8, color=ink)
    axes.set_xlim(0, 24)
    axes.set_ylim(7, 0)
    axes.set_yticks([day + 0.5 for day in range(7)], [day[:3] for day in DAYS])
    axes.set_xticks([hour + 0.5 for hour in range(0, 24, 3)], [f"{hour:02}:00" for hour in range(0, 24, 3)])
    return _png(figure)


def _boxes(axes: Any, corners: list[tuple[float, float]], inks: list[Any]) -> None:
    from matplotlib.collections import PatchCollection  # noqa: PLC0415 - slow to import
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    # One collection draws many times as fast as a patch each.
    rectangles = [Rectangle(corner, 0.9, 0.84) for corner in corners]
    axes.add_collection(PatchCollection(rectangles, facecolors=inks, linewidths=0))


def _short(number: int) -> str:
    return str(number) if number < 1000 else f"{number / 1000:.0f}k"


def _hours_words(heat: tuple[tuple[int, ...], ...]) -> str:
    cells = sorted(((n, DAYS[day], hour) for day, row in enumerate(heat) for hour, n in enumerate(row) if n),
                   key=lambda cell: -cell[0])  # fmt: skip
    worst = ", ".join(f"{day} {hour:02}:00 ({count(n)})" for n, day, hour in cells[:3])
    return f"Failures by weekday and hour. Most began on {worst}." if cells else "No failure began this week."

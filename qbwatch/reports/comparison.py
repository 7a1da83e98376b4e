"""How a week compares with the weeks before, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbwatch.reports.report import Tone
from qbwatch.reports.words import length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.reports.report import Report

_HEAD = ("", "THIS WEEK", "LAST WEEK", "USUALLY", "")


def comparison(report: Report) -> str:
    """Return the figures of *report* beside those of the weeks before, and what made the difference."""
    rows = [
        _HEAD,
        *((one.label, one.text, one.previous_text, one.usual_text, _told(one.tone)) for one in report.figures),
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(_HEAD))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    head = [f"{report.title}, {report.week.name}: {report.week.days}", report.headline, report.summary, ""]
    return "\n".join([*head, *table, *_causes(report)])


def _told(tone: Tone) -> str:
    return {Tone.BETTER: "better", Tone.WORSE: "worse"}.get(tone, "")


def _causes(report: Report) -> Iterator[str]:
    changed = [row for row in report.causes if row.usual_seconds is not None]
    if changed:
        yield ""
        yield "TIME LOST   USUALLY     CAUSE"
    for row in changed:
        yield f"{length(row.seconds):10}  {length(row.usual_seconds or 0):10}  {row.title}"

"""The report as data: JSON whole, and CSV in one long table that any spreadsheet turns as it likes."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from qbwatch.history.times import stamp
from qbwatch.reports.week import Week
from qbwatch.reports.words import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.reports.report import PlaceRow, Report

HEAD = ("week", "client", "table", "name", "measure", "value")


def as_json(report: Report) -> dict[str, Any]:
    """Return all of *report* as JSON knows it; the week is its name."""
    return {"kind": "weekly_report", **_plain(report)}


def json_text(report: Report) -> str:
    """Return *report* as JSON text."""
    return json.dumps(as_json(report), ensure_ascii=False, indent=2) + "\n"


def csv_text(report: Report) -> str:
    """Return *report* as CSV, one value a row; times are in seconds."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEAD)
    for table, name, measure, value in _cells(report):
        row = (report.week.name, report.client or "", table, name, measure)
        writer.writerow([*map(_harmless, row), "" if value is None else value])
    return out.getvalue()


def _cells(report: Report) -> Iterator[tuple[str, str, str, float | None]]:
    for figure in report.figures:
        yield "figure", figure.name, "value", figure.value
        yield "figure", figure.name, "last week", figure.previous
        yield "figure", figure.name, "usual", figure.usual
    for row in report.causes:
        for measure in ("failures", "lost", "seconds", "usual_seconds"):
            yield "cause", row.cause, measure, getattr(row, measure)
    for table, rows in (("machine", report.hosts), ("application", report.applications)):
        for place in rows:
            yield from _of_place(table, place)
    for cause, counts, lost in zip(report.trend.causes, report.trend.counts, report.trend.seconds, strict=True):
        for week, failures, seconds in zip(report.trend.weeks, counts, lost, strict=True):
            yield "trend", cause, f"failures in {week}", failures
            yield "trend", cause, f"seconds in {week}", seconds
    for day, hours in zip(DAYS, report.heat, strict=True):
        for hour, failures in enumerate(hours):
            yield "hour", f"{day} {hour:02}:00", "failures", failures


def _of_place(table: str, row: PlaceRow) -> Iterator[tuple[str, str, str, float | None]]:
    for measure in ("good", "failed", "lost", "seconds"):
        yield table, row.name, measure, getattr(row, measure)


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking *text* for a formula.

    >>> _harmless("=1+1")
    "'=1+1"
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _plain(value: Any) -> Any:
    if isinstance(value, Week):
        return value.name
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, (date, ZoneInfo)):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value

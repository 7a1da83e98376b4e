"""The report as Markdown, and as the plain text of its mail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from qbwatch.reports.report import Tone
from qbwatch.reports.spoken import title_of
from qbwatch.reports.words import count, length, listed, percent, several, times, whole_percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qbwatch.reports.brand import Brand
    from qbwatch.reports.facts import Said
    from qbwatch.reports.report import CauseRow, PlaceRow, Report

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>|#~])")
_MOST: Final = 5


def safe(text: str) -> str:
    r"""Write *text* so that Markdown shows it as it is, on one line.

    >>> safe("a|b <script>")
    'a\\|b \\<script\\>'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def markdown(report: Report, brand: Brand) -> str:
    """Return *report* as Markdown."""
    parts = (
        _head(report, brand), _first(report), _figures(report), _causes(report.causes), _trend(report),
        _places("Machines with the most trouble", report.hosts, report),
        _places("Applications with the most trouble", report.applications, report),
        _news(report), _mended(report), _said("Look at before it breaks", report.notices), _coverage(report),
        [_made(report)],
    )  # fmt: skip
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"


def plain(report: Report, brand: Brand) -> str:
    """Return the shortest telling of *report*: what mail programs without HTML show, and chats."""
    lines = [f"{brand.name}: {report.title}, {report.week.days}", "", report.headline, report.summary]
    first = report.mend_first
    if first:
        lines += ["", f"Mend this first: {first.title}", f"{first.why} {first.where}"]
        lines += [f"  {number}. {step}" for number, step in enumerate(first.steps, 1)]
        lines += [f"  {first.link}"] if first.link else []
    lines += ["", *(_plain_figure(figure.label, figure.text, figure.usual_text) for figure in report.figures)]
    if report.causes:
        lines += ["", "What cost the most:"]
        lines += [f"  {row.title}: {length(row.seconds)}, {times(row.failures)}" for row in report.causes[:_MOST]]
    return "\n".join(lines) + "\n"


def _plain_figure(label: str, now: str, usual: str) -> str:
    return f"{label}: {now} (usually {usual})"


def _head(report: Report, brand: Brand) -> Iterator[str]:
    yield f"# {safe(report.title)}, {report.week.name}"
    yield ""
    yield f"{safe(brand.name)}, {report.week.days}"
    yield ""
    yield f"**{safe(report.headline)}**"
    yield ""
    yield safe(report.summary)
    if not report.is_over:
        yield ""
        yield "The week is not over: this is what is known so far."


def _first(report: Report) -> Iterator[str]:
    first = report.mend_first
    if first is None:
        return
    yield f"## Mend this first: {safe(first.title)}"
    yield ""
    yield f"{safe(first.why)} {safe(first.where)}"
    if first.steps:
        yield ""
        yield from (f"{number}. {safe(step)}" for number, step in enumerate(first.steps, 1))
    if first.link:
        yield ""
        yield f"[How to fix it]({first.link})"


def _figures(report: Report) -> Iterator[str]:
    if report.is_empty:
        return
    yield "## The week in figures"
    yield ""
    yield "| | this week | last week | usually | |"
    yield "|---|---:|---:|---:|---|"
    signs = {Tone.BETTER: "better", Tone.WORSE: "worse"}
    for one in report.figures:
        told = signs.get(one.tone, "")
        yield f"| {one.label} | {one.text} | {one.previous_text} | {one.usual_text} | {told} |"


def _causes(causes: Sequence[CauseRow]) -> Iterator[str]:
    if not causes:
        return
    yield "## What cost the most"
    yield ""
    yield "| cause | time lost | share | usually | times | lost runs | machines |"
    yield "|---|---:|---:|---:|---:|---:|---|"
    for row in causes:
        title = f"[{safe(row.title)}]({row.link})" if row.link else safe(row.title)
        usual = "-" if row.usual_seconds is None else length(row.usual_seconds)
        yield (
            f"| {title}{' (new)' if row.is_new else ''} | {length(row.seconds)} | {whole_percent(row.share)} | {usual} "
            f"| {count(row.failures)} | {count(row.lost)} | {safe(listed(row.hosts))} |"
        )


def _trend(report: Report) -> Iterator[str]:
    if report.is_empty or not report.trend.causes:
        return
    yield "## Twelve weeks"
    yield ""
    yield "| | " + " | ".join(week.partition("-")[2] for week in report.trend.weeks) + " |"
    yield "|---|" + "---:|" * len(report.trend.weeks)
    yield "| Success rate | " + " | ".join("-" if rate is None else percent(rate) for rate in report.trend.rates) + " |"
    for title, seconds in zip(report.trend.titles, report.trend.seconds, strict=True):
        yield f"| {safe(title)} | " + " | ".join(length(one) for one in seconds) + " |"


def _places(title: str, rows: Iterable[PlaceRow], report: Report) -> Iterator[str]:
    told = [row for row in rows if row.seconds][:_MOST]
    if not told:
        return
    titles = {row.cause: row.title for row in report.causes}
    yield f"## {title}"
    yield ""
    yield "| | worked | failed | lost | time lost | mostly |"
    yield "|---|---:|---:|---:|---:|---|"
    for row in told:
        name = row.name if report.client or not row.client else f"{row.name} ({row.client})"
        rate = "-" if row.success_rate is None else percent(row.success_rate)
        mostly = safe(titles.get(row.main_cause) or title_of(row.main_cause))
        yield f"| {safe(name)} | {rate} | {row.failed} | {row.lost} | {length(row.seconds)} | {mostly} |"


def _news(report: Report) -> Iterator[str]:
    if not report.new_causes and not report.unknown:
        return
    yield "## New or unknown"
    yield ""
    for row in report.new_causes:
        yield f"- New: {safe(row.title)}, {times(row.failures)} on {safe(listed(row.hosts))}"
    yield from (_one_said(one) for one in report.unknown[:_MOST])


def _said(title: str, said: Sequence[Said]) -> Iterator[str]:
    if said:
        yield f"## {title}"
        yield ""
        yield from (_one_said(one) for one in said[:_MOST])


def _one_said(one: Said) -> str:
    words = f": {safe(one.message)}" if one.message != one.title else ""
    often = "" if one.stands else f"{times(one.count)} "
    return f"- {safe(one.title)}, {often}on {safe(listed(one.hosts))}{words}"


def _mended(report: Report) -> Iterator[str]:
    if report.mended:
        yield "## Mended last week"
        yield ""
        yield from (f"- {row.stayed} of {row.resolved} stayed away: {safe(row.title)}" for row in report.mended)


def _coverage(report: Report) -> Iterator[str]:
    seen = report.coverage
    yield "## How complete this is"
    yield ""
    if not seen.hosts:
        yield "- No machine sent anything, in this week or in the two before."
    elif seen.silent:
        silent = several(len(seen.silent), "machine")
        yield f"- {silent} of {seen.hosts} sent nothing: {safe(listed(seen.silent))}."
    else:
        yield f"- {seen.heard} of {seen.hosts} machines sent data."
    if seen.unseen:
        worst = safe(seen.unseen[0][0])
        yield f"- Hours in which something usually runs and nothing is known: {seen.unseen_hours}, the most on {worst}."
    failed = sum(one.count for one in report.undelivered)
    yield f"- Alerts that could not be delivered: {failed} of {report.deliveries}."
    for one in report.undelivered:
        whose = "" if report.client else f"{safe(one.receiver)}: "
        yield f"  - {one.count} x {whose}{safe(one.reason)}"


def _made(report: Report) -> str:
    made = report.made_at.astimezone(report.week.zone).strftime("%d %B %Y at %H:%M %Z")
    return f"“Usually” is the median of the four weeks before. Made by qbwatch on {made}."

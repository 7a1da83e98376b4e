"""Put the report of one week together from the facts; what is read and what is reckoned meet here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from qbwatch.reports import coverage
from qbwatch.reports.facts import MISSED
from qbwatch.reports.figures import compared, week_figures
from qbwatch.reports.lost import Lost, lost_from
from qbwatch.reports.ranking import (
    Past,
    application_rows,
    cause_rows,
    gone_rows,
    heat_of,
    host_rows,
    mended_rows,
    trend_of,
    worst_hosts,
)
from qbwatch.reports.report import Report
from qbwatch.reports.story import headline, mend_first, summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from qbwatch.reports.facts import Facts, Failures, PastIncident, Place
    from qbwatch.reports.report import WeekFigures
    from qbwatch.reports.week import Week

TREND_WEEKS: Final = 12
_USUAL_DAYS: Final = 28
"""From so many days before a week it is learned how many runs a day are usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OneWeek:
    """What was read of one week; `span` is in seconds since 1970 and ends now if the week is not over."""

    week: Week
    span: tuple[int, int]
    failures: tuple[Failures, ...]
    lost: Lost
    figures: WeekFigures


def weekly_report(facts: Facts, week: Week, now: datetime, client: str | None = None) -> Report:
    """Reckon the report of *week* as of *now* from *facts*, which must be those of *client*."""
    weeks, incidents = _weeks(facts, week, now)
    this = weeks[0]
    past = Past(weeks=tuple(one.failures for one in _known(facts, weeks)))
    figures = compared(this.figures, [one.figures for one in weeks[1 : len(past.weeks) + 1]])
    causes_ever = dict.fromkeys(cause for one in weeks for cause in worst_hosts(one.failures))
    remedies = facts.remedies({**causes_ever, **worst_hosts(this.failures)}, this.span[1])
    titles = {cause: remedy.title for cause, remedy in remedies.items()}
    causes = cause_rows(this.failures, this.lost, past, remedies)
    told, tone = headline(this.figures, figures)
    good = facts.good_runs(week.monday, week.next_monday)
    settled, undelivered = facts.undelivered(*this.span)
    return Report(
        week=week, client=client, made_at=now, is_over=now >= week.ends, is_empty=not this.figures.due,
        headline=told, tone=tone,
        summary=summary(this.figures, tone, [*causes, *gone_rows(causes, past, titles)], this.failures),
        mend_first=mend_first(causes, this.failures, names_clients=client is None), now=this.figures,
        figures=figures, heat=heat_of(this.failures, week), causes=causes,
        trend=trend_of(
            [(one.week, one.failures) for one in weeks[::-1]], [one.figures.success_rate for one in weeks[::-1]], titles
        ),
        hosts=host_rows(this.failures, good, this.lost),
        applications=application_rows(this.failures, good, this.lost),
        new_causes=tuple(row for row in causes if row.is_new), unknown=tuple(facts.unknown(*this.span)),
        mended=mended_rows(incidents, weeks[1].span, this.span[1], titles), notices=tuple(facts.notices(*this.span)),
        deliveries=settled, undelivered=tuple(undelivered),
        coverage=coverage.coverage_of(
            facts.host_days(coverage.first_day(week.monday), week.next_monday), this.failures, week.monday,
            (this.span[1] - this.span[0]) // 3600 if now < week.ends else 168,
        ),
    )  # fmt: skip


def _weeks(facts: Facts, week: Week, now: datetime) -> tuple[list[_OneWeek], list[PastIncident]]:
    """Read *week* and those before it; the first is the one that is told."""
    weeks = [week.back(back) for back in range(TREND_WEEKS)]
    oldest, last = weeks[-1].monday, week.next_monday
    failures = facts.failures(oldest, last)
    good = facts.good_counts(oldest, last)
    places = {(one.host, one.application) for one in failures if one.outcome == MISSED}
    runs = facts.runs_a_day(oldest - timedelta(days=_USUAL_DAYS), last, places)
    incidents = facts.incidents(_span(weeks[-1], now)[0], _span(week, now)[1])
    return [_one_week(one, now, failures, good, runs, incidents=incidents) for one in weeks], incidents


def _one_week(
    week: Week,
    now: datetime,
    failures: Sequence[Failures],
    good: Mapping[date, int],
    runs: Mapping[Place, Mapping[date, int]],
    *,
    incidents: Sequence[PastIncident],
) -> _OneWeek:
    span, first, last = _span(week, now), week.monday, week.next_monday
    mine = tuple(one for one in failures if first <= one.day < last)
    lost = _lost(week, runs)
    worked = sum(count for day, count in good.items() if first <= day < last)
    figures = week_figures(mine, worked, lost.of(mine), incidents, span)
    return _OneWeek(week=week, span=span, failures=mine, lost=lost, figures=figures)


def _lost(week: Week, runs: Mapping[Place, Mapping[date, int]]) -> Lost:
    """Learn from the four weeks before *week*; what is new there has only the week itself to learn from."""
    before = lost_from(runs, week.monday - timedelta(days=_USUAL_DAYS), week.monday)
    return Lost(usual={**lost_from(runs, week.monday, week.next_monday).usual, **before.usual})


def _span(week: Week, now: datetime) -> tuple[int, int]:
    begins, ends = int(week.begins.timestamp()), int(week.ends.timestamp())
    return (begins, min(ends, max(begins, int(now.timestamp()))))


def _known(facts: Facts, weeks: list[_OneWeek]) -> list[_OneWeek]:
    """Return the weeks before the one that is told that lie in what is recorded."""
    first = facts.first_day()
    return [one for one in weeks[1:] if first is not None and first < one.week.next_monday]

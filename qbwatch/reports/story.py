"""What the figures mean: the headline, why it is so, and the one thing to mend first. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qbwatch.reports.report import MendFirst, Tone
from qbwatch.reports.spoken import clause
from qbwatch.reports.words import DAYS, capital, count, length, listed, percent, several, times, whole_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbwatch.reports.facts import Failures
    from qbwatch.reports.report import CauseRow, Figure, WeekFigures

_LEAST_S: Final = 1800
"""What changed by less explains nothing."""
# So much of what began at some time of day is "mostly" then.
_MOSTLY: Final = 0.7
_ALONE: Final = 0.5
_NIGHT: Final = frozenset({20, 21, 22, 23, 0, 1, 2, 3, 4, 5})
_OFFICE: Final = frozenset(range(8, 18))


def headline(now: WeekFigures, figures: Sequence[Figure]) -> tuple[str, Tone]:
    """Say how the week was, in one line."""
    if not now.due:
        return "Nothing ran this week", Tone.UNKNOWN
    by_name = {figure.name: figure for figure in figures}
    tone = _overall(by_name["success_rate"].tone, by_name["time_lost"].tone)
    rate = now.success_rate
    told = f"{percent(rate)} of the runs worked" if rate is not None else ""
    verdict = {
        Tone.BETTER: "Better than usual", Tone.WORSE: "Worse than usual", Tone.SAME: "A week like others",
        Tone.UNKNOWN: "The first week on record",
    }  # fmt: skip
    return f"{verdict[tone]}: {told}", tone


def _overall(rate: Tone, time_lost: Tone) -> Tone:
    """Judge by the success rate; where that is as usual, by the time lost."""
    return time_lost if rate is Tone.SAME else rate


def summary(now: WeekFigures, tone: Tone, causes: Sequence[CauseRow], failures: Sequence[Failures]) -> str:
    """Say in a sentence or two why the week was as it was."""
    if not now.due:
        return "No run began and none was missed in the data of this week. See below how complete that is."
    if not now.failed and not now.lost:
        return f"All {count(now.good)} runs worked."
    told = (
        f"{capital(several(now.failed, 'run'))} failed and {several(now.lost, 'run')} did not take place; "
        f"in all, syncs stood still for {length(now.seconds)}."
    )
    driver = _driver(tone, causes)
    if driver is None:
        return told
    row, is_more = driver
    if is_more:
        return f"{told} The main change: {_struck(row, failures)}."
    return f"{told} The main change: less of “{row.title}” ({length(row.seconds)}, usually {_usually(row)})."


def _driver(tone: Tone, causes: Sequence[CauseRow]) -> tuple[CauseRow, bool] | None:
    """Find the cause that changed the most in the direction of *tone*; True if there is more of it."""
    changed = [row for row in causes if row.usual_seconds is not None]
    if not changed or tone not in {Tone.BETTER, Tone.WORSE}:
        return None
    is_more = tone is Tone.WORSE
    row = max(changed, key=lambda one: (_change(one) if is_more else -_change(one), one.cause))
    change = _change(row) if is_more else -_change(row)
    return (row, is_more) if change >= _LEAST_S else None


def _change(row: CauseRow) -> float:
    return row.seconds - (row.usual_seconds or 0.0)


def _usually(row: CauseRow) -> str:
    return length(row.usual_seconds or 0.0)


def _struck(row: CauseRow, failures: Sequence[Failures]) -> str:
    """Say where, since when and at what time of day a cause struck."""
    mine = [one for one in failures if one.cause == row.cause]
    told = clause(row.cause, row.title, several(len(row.hosts), "machine"))
    first = min(one.day for one in mine).weekday()
    since = f" since {DAYS[first]}" if first else ""
    return f"{told}{since}{_time_of_day(mine)} ({length(row.seconds)}, usually {_usually(row)})"


def _time_of_day(failures: Sequence[Failures]) -> str:
    by_hour = [sum(one.hours[hour] for one in failures) for hour in range(24)]
    for hours, words in ((_NIGHT, ", mostly at night"), (_OFFICE, ", mostly in office hours")):
        if sum(by_hour[hour] for hour in hours) >= _MOSTLY * sum(by_hour):
            return words
    return ""


def mend_first(causes: Sequence[CauseRow], failures: Sequence[Failures], *, names_clients: bool) -> MendFirst | None:
    """Pick the cause that cost the most time, and say what mending it would have saved."""
    row = next((one for one in causes if one.seconds), None)
    if row is None:
        return None
    why = f"It cost {length(row.seconds)}, {whole_percent(row.share)} of all the time lost this week"
    if row.failures:
        why += f". It came {times(row.failures)}"
    if row.lost:
        why += f" and {several(row.lost, 'run')} did not take place"
    return MendFirst(
        cause=row.cause, title=row.title, why=f"{why}.", where=_where(row, failures, names_clients=names_clients),
        steps=row.steps[:3], link=row.link, share=row.share,
    )  # fmt: skip


def _where(row: CauseRow, failures: Sequence[Failures], *, names_clients: bool) -> str:
    """Say which machines to begin with."""
    worst = row.hosts[0]
    own = sum(one.seconds for one in failures if one.cause == row.cause and one.host == worst)
    at = f" of {listed(row.clients)}" if names_clients and row.clients != ("",) else ""
    if len(row.hosts) == 1:
        return f"Only {worst}{at} is affected."
    share = own / row.seconds
    if share >= _ALONE:
        machines = several(len(row.hosts), "machine")
        return f"Begin with {worst}: {whole_percent(share)} of it is there. In all {machines}{at}."
    return f"Begin with {listed(row.hosts)}{at}."

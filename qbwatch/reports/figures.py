"""The figures of a week, and each beside the week before and the median of the four before. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Final

from qbwatch.reports.report import Figure, Tone, WeekFigures
from qbwatch.reports.words import count, length, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from qbwatch.reports.facts import Failures, PastIncident


def week_figures(
    failures: Sequence[Failures], good: int, lost: int, incidents: Iterable[PastIncident], span: tuple[int, int]
) -> WeekFigures:
    """Add up a week: its *failures*, *good* and *lost* runs, and the incidents of its *span*, seconds since 1970."""
    begins, ends = span
    known = [one for one in incidents if one.opened < ends and (one.resolved is None or one.resolved >= begins)]
    recoveries = [
        one.resolved - one.opened for one in known if one.resolved is not None and begins <= one.resolved < ends
    ]
    return WeekFigures(
        good=good,
        failed=sum(one.runs for one in failures),
        lost=lost,
        seconds=sum(one.seconds for one in failures),
        opened=sum(begins <= one.opened < ends for one in known),
        resolved=len(recoveries),
        still_open=sum(one.resolved is None or one.resolved >= ends for one in known),
        recovery_s=fmean(recoveries) if recoveries else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How a figure is taken, written and judged.

    A difference below `least`, or below a tenth of what is usual, is none. `more_is` tells whether more is good news.
    """

    name: str
    label: str
    take: Callable[[WeekFigures], float | None]
    write: Callable[[float], str]
    more_is: Tone
    least: float


def _whole(value: float) -> str:
    # The median of an even number of weeks may lie between two counts.
    return count(int(value)) if value == int(value) else f"{value:,.1f}"


MEASURES: Final = (
    Measure(name="success_rate", label="Success rate", take=lambda w: w.success_rate, write=percent,
            more_is=Tone.BETTER, least=0.005),
    Measure(name="time_lost", label="Time lost", take=lambda w: w.seconds, write=length, more_is=Tone.WORSE,
            least=1800),
    Measure(name="failed", label="Failed runs", take=lambda w: w.failed, write=_whole, more_is=Tone.WORSE, least=3),
    Measure(name="lost", label="Lost runs", take=lambda w: w.lost, write=_whole, more_is=Tone.WORSE, least=3),
    Measure(name="opened", label="Incidents opened", take=lambda w: w.opened, write=_whole, more_is=Tone.WORSE,
            least=2),
    Measure(name="resolved", label="Incidents resolved", take=lambda w: w.resolved, write=_whole,
            more_is=Tone.SAME, least=2),
    Measure(name="still_open", label="Still open", take=lambda w: w.still_open, write=_whole, more_is=Tone.WORSE,
            least=1),
    Measure(name="recovery", label="Mean time to recover", take=lambda w: w.recovery_s, write=length,
            more_is=Tone.WORSE, least=600),
)  # fmt: skip
"""The figures of the report, in the order in which they are told."""


def compared(now: WeekFigures, before: Sequence[WeekFigures]) -> tuple[Figure, ...]:
    """Put each figure of *now* beside those of the weeks *before*, the newest of which comes first."""
    return tuple(_figure(measure, now, before) for measure in MEASURES)


def _figure(measure: Measure, now: WeekFigures, before: Sequence[WeekFigures]) -> Figure:
    value = measure.take(now)
    earlier = [taken for week in before[:4] if (taken := measure.take(week)) is not None]
    usual = median(earlier) if earlier else None
    previous = measure.take(before[0]) if before else None
    return Figure(
        name=measure.name, label=measure.label, value=value, previous=previous, usual=usual,
        tone=_tone(measure, value, usual), text=_text(measure, value), previous_text=_text(measure, previous),
        usual_text=_text(measure, usual),
    )  # fmt: skip


def _text(measure: Measure, value: float | None) -> str:
    return "-" if value is None else measure.write(value)


def _tone(measure: Measure, value: float | None, usual: float | None) -> Tone:
    if value is None or usual is None:
        return Tone.UNKNOWN
    difference = value - usual
    # A rate is near 1, and a tenth of that would be a catastrophe.
    least = measure.least if measure.name == "success_rate" else max(measure.least, abs(usual) / 10)
    if abs(difference) < least or measure.more_is is Tone.SAME:
        return Tone.SAME
    return measure.more_is if difference > 0 else _opposite(measure.more_is)


def _opposite(tone: Tone) -> Tone:
    return Tone.WORSE if tone is Tone.BETTER else Tone.BETTER

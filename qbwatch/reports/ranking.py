"""What cost the most: causes, hosts and applications by the time lost; the trend; the hours of the week. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Final

from qbwatch.reports.report import CauseRow, MendedRow, PlaceRow, Trend
from qbwatch.reports.spoken import title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from qbwatch.reports.facts import Failures, GoodRuns, PastIncident, Remedy
    from qbwatch.reports.lost import Lost
    from qbwatch.reports.week import Week

MOST_CAUSES: Final = 5
"""How many causes the trend tells apart."""
OTHERS: Final = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What failed before the week that is told: by week, the last one first; only weeks of which there is data."""

    weeks: tuple[tuple[Failures, ...], ...]

    @property
    def causes(self) -> set[str]:
        """Every cause that came in these weeks."""
        return {one.cause for week in self.weeks for one in week}

    def usual_seconds(self, cause: str) -> float | None:
        """Return the median of what *cause* cost in the four weeks before; None without any."""
        lost = [sum(one.seconds for one in week if one.cause == cause) for week in self.weeks[:4]]
        return median(lost) if lost else None


def cause_rows(
    failures: Sequence[Failures], lost: Lost, past: Past, remedies: Mapping[str, Remedy]
) -> tuple[CauseRow, ...]:
    """Rank the causes of a week's *failures* by the time lost; new is what did not come in the *past*, if any."""
    whole = sum(one.seconds for one in failures)
    known = past.causes if past.weeks else {one.cause for one in failures}
    rows = []
    for cause, found in _by(failures, lambda one: one.cause).items():
        seconds, remedy = sum(one.seconds for one in found), remedies.get(cause)
        rows.append(
            CauseRow(
                cause=cause, title=remedy.title if remedy else title_of(cause),
                failures=sum(one.count for one in found), lost=lost.of(found), seconds=seconds,
                share=seconds / whole if whole else 0.0, usual_seconds=past.usual_seconds(cause),
                hosts=worst_first(found, lambda one: one.host),
                clients=worst_first(found, lambda one: one.client or ""), steps=remedy.steps if remedy else (),
                link=remedy.link if remedy else None, is_new=cause not in known,
            )
        )  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.seconds, -row.failures, row.cause)))


def gone_rows(causes: Sequence[CauseRow], past: Past, titles: Mapping[str, str]) -> list[CauseRow]:
    """Return a row for each cause of the *past* that is not among *causes*: it cost nothing this week."""
    gone = past.causes - {row.cause for row in causes}
    return [
        CauseRow(
            cause=cause, title=titles.get(cause) or title_of(cause), failures=0, lost=0, seconds=0, share=0.0,
            usual_seconds=past.usual_seconds(cause), hosts=(), clients=(), steps=(), link=None, is_new=False,
        )
        for cause in sorted(gone)
    ]  # fmt: skip


def worst_first(found: Iterable[Failures], of: Callable[[Failures], str]) -> tuple[str, ...]:
    """Return the names that *of* gives, the one with the most time lost first."""
    lost: Counter[str] = Counter()
    for one in found:
        lost[of(one)] += one.seconds
    return tuple(sorted(lost, key=lambda name: (-lost[name], name)))


def worst_hosts(failures: Sequence[Failures]) -> dict[str, str | None]:
    """Return on which host each cause cost the most time."""
    return {cause: worst_first(found, lambda one: one.host)[0] for cause, found in _by(failures, _cause).items()}


def _cause(one: Failures) -> str:
    return one.cause


def _by(failures: Iterable[Failures], of: Callable[[Failures], str]) -> dict[str, list[Failures]]:
    found: dict[str, list[Failures]] = defaultdict(list)
    for one in failures:
        found[of(one)].append(one)
    return found


def host_rows(failures: Sequence[Failures], good: Sequence[GoodRuns], lost: Lost) -> tuple[PlaceRow, ...]:
    """Rank the hosts by the time lost."""
    return _place_rows(failures, good, lost, lambda one: one.host)


def application_rows(failures: Sequence[Failures], good: Sequence[GoodRuns], lost: Lost) -> tuple[PlaceRow, ...]:
    """Rank the applications, wherever they run, by the time lost."""
    return _place_rows(failures, good, lost, lambda one: one.application or "-")


def _place_rows(
    failures: Sequence[Failures], good: Sequence[GoodRuns], lost: Lost, of: Callable[[Failures | GoodRuns], str]
) -> tuple[PlaceRow, ...]:
    runs: Counter[str] = Counter()
    clients: dict[str, set[str | None]] = defaultdict(set)
    for some in good:
        runs[of(some)] += some.count
        clients[of(some)].add(some.client)
    for one in failures:
        clients[of(one)].add(one.client)
    broken = _by(failures, of)
    rows = [_place_row(name, broken.get(name, []), runs[name], clients[name], lost) for name in clients]
    return tuple(sorted(rows, key=lambda row: (-row.seconds, -row.failed, -row.lost, row.name)))


def _place_row(name: str, found: list[Failures], good: int, clients: set[str | None], lost: Lost) -> PlaceRow:
    causes = worst_first(found, _cause)
    return PlaceRow(
        name=name, client=next(iter(clients)) if len(clients) == 1 else None, good=good,
        failed=sum(one.runs for one in found), lost=lost.of(found), seconds=sum(one.seconds for one in found),
        main_cause=causes[0] if causes else "",
    )  # fmt: skip


def trend_of(
    weeks: Sequence[tuple[Week, Sequence[Failures]]], rates: Sequence[float | None], titles: Mapping[str, str]
) -> Trend:
    """Add up what each cause cost in each of *weeks*, the oldest first; what cost little becomes one."""
    totals: Counter[str] = Counter()
    for _, failures in weeks:
        for one in failures:
            totals[one.cause] += one.seconds
    ordered = sorted(totals, key=lambda cause: (-totals[cause], cause))
    told = ordered[:MOST_CAUSES] if len(ordered) > MOST_CAUSES + 1 else ordered
    names = [*told, *([OTHERS] if len(told) < len(ordered) else [])]
    counts: dict[str, list[int]] = {name: [0] * len(weeks) for name in names}
    seconds: dict[str, list[int]] = {name: [0] * len(weeks) for name in names}
    for at, (_, failures) in enumerate(weeks):
        for one in failures:
            name = one.cause if one.cause in told else OTHERS
            counts[name][at] += one.count
            seconds[name][at] += one.seconds
    return Trend(
        weeks=tuple(week.name for week, _ in weeks), causes=tuple(names),
        titles=tuple(titles.get(name) or title_of(name) for name in names),
        counts=tuple(map(tuple, counts.values())), seconds=tuple(map(tuple, seconds.values())), rates=tuple(rates),
    )  # fmt: skip


def heat_of(failures: Sequence[Failures], week: Week) -> tuple[tuple[int, ...], ...]:
    """Count the failures of *week* by weekday and the hour in which they began; an hour that comes twice is one."""
    days = [week.monday + timedelta(days=number) for number in range(7)]
    of_day: dict[date, list[Failures]] = defaultdict(list)
    for one in failures:
        of_day[one.day].append(one)
    return tuple(tuple(sum(one.hours[hour] for one in of_day[day]) for hour in range(24)) for day in days)


def mended_rows(
    incidents: Sequence[PastIncident], last_week: tuple[int, int], ends: int, titles: Mapping[str, str]
) -> tuple[MendedRow, ...]:
    """Tell what was resolved in *last_week*, and how much of that did not open again before *ends*."""
    opened: dict[tuple[str, str | None, str], list[int]] = defaultdict(list)
    resolved: dict[tuple[str, str | None, str], int] = {}
    for one in incidents:
        key = (one.host, one.application, one.cause)
        opened[key].append(one.opened)
        if one.resolved is not None and last_week[0] <= one.resolved < last_week[1]:
            resolved[key] = max(one.resolved, resolved.get(key, 0))
    rows: dict[str, list[tuple[bool, str]]] = defaultdict(list)
    for key, at in resolved.items():
        rows[key[2]].append((not any(at < again < ends for again in opened[key]), key[0]))
    made = [
        MendedRow(
            cause=cause, title=titles.get(cause) or title_of(cause), resolved=len(found),
            stayed=sum(stayed for stayed, _ in found),
            hosts=tuple(sorted({host for stayed, host in found if stayed})),
        )
        for cause, found in rows.items()
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda row: (-row.stayed, row.cause)))

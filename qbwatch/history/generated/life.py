"""The life of one made-up machine: when what breaks, which runs there are, and how each ends."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from qbwatch.history.generated.seasons import SEASONS, Effect, Season

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from qbwatch.history.generated.fleet import Application, Host, Plan

_WORKDAYS = 5
# A machine that was just mended is left alone for a while, so that each strike is an incident of its own.
_PEACE_S = 3 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A time in which a cause breaks runs; in seconds since 1970."""

    season: Season
    begins: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRun:
    """A run that began; `strike` is what made it fail, if it did."""

    application: Application
    started: int
    ended: int
    outcome: str
    strike: Strike | None


def strikes_of(host: Host, plan: Plan) -> tuple[list[Strike], dict[str, list[Strike]]]:
    """Return what strikes the whole machine, and what strikes one application, by its name; in order."""
    random = Random(f"{plan.seed}/{host.name}/strikes")  # noqa: S311 - it makes up data
    whole = [one for one in SEASONS if one.effect is not Effect.FAILS]
    single = [one for one in SEASONS if one.effect is Effect.FAILS]
    shared = _strikes(whole, host, plan, random, host.luck)
    own = {one.name: _strikes(single, host, plan, random, host.luck * one.luck) for one in host.applications}
    return shared, own


def _strikes(seasons: list[Season], host: Host, plan: Plan, random: Random, luck: float) -> list[Strike]:
    found: list[Strike] = []
    for week in range(plan.weeks):
        begins = plan.begins + timedelta(weeks=week)
        for season in seasons:
            often = season.a_week * season.swell(begins, plan.weeks - 1 - week) * luck * plan.trouble
            found += (_strike(season, host, begins, random) for _ in range(_count(often, random)))
    return _apart(sorted(found, key=lambda one: one.begins))


def _count(often: float, random: Random) -> int:
    whole = int(often)
    return whole + (random.random() < often - whole)


def _strike(season: Season, host: Host, week: datetime, random: Random) -> Strike:
    # Most trouble comes on working days: that is when people sit at QuickBooks.
    day = random.randrange(_WORKDAYS) if random.random() < 0.85 else random.randrange(7)
    hour = random.uniform(*season.hours)
    local = week.astimezone(host.zone).replace(hour=0, minute=0, second=0) + timedelta(days=day, hours=hour)
    begins = int(local.timestamp())
    return Strike(season=season, begins=begins, ends=begins + int(3600 * random.uniform(*season.lasts_hours)))


def _apart(strikes: list[Strike]) -> list[Strike]:
    """Drop what would begin before the one before it is over."""
    kept: list[Strike] = []
    for strike in strikes:
        if not kept or strike.begins > kept[-1].ends + _PEACE_S:
            kept.append(strike)
    return kept


def runs_of(host: Host, application: Application, plan: Plan, strikes: list[Strike]) -> Iterator[MadeRun]:
    """Yield the runs of *application*, which *strikes* break; those that a silence swallowed are not there."""
    random = Random(f"{plan.seed}/{host.name}/{application.name}/runs")  # noqa: S311 - it makes up data
    begins, until = int(plan.begins.timestamp()), int(plan.until.timestamp())
    starts = [strike.begins for strike in strikes]
    chance, turn = random.random, application.turn_s
    for due in range(begins + application.phase_s, until, turn):
        at = bisect_right(starts, due) - 1
        strike = strikes[at] if at >= 0 and due < strikes[at].ends else None
        if strike is not None and strike.season.effect is Effect.SILENCES:
            continue
        started = due + int(8 * chance())
        if strike is not None:
            outcome = "unfinished" if chance() < 0.02 else "failed"
        else:
            outcome = "no_work" if chance() < 0.45 else "ok"
        lasts = 3 + int((12 if outcome == "no_work" else 90) * chance())
        yield MadeRun(application=application, started=started, ended=started + lasts, outcome=outcome, strike=strike)

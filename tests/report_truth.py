"""The figures of the report once more, in plain Python over all rows: slow, and written from docs/report.md alone."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import mean, median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from pathlib import Path

WEEK_S = 7 * 86_400


@dataclass(frozen=True, kw_only=True)
class Broken:
    host: str
    client: str | None
    application: str
    cause: str
    kind: str
    at: datetime
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Truth:
    good: int
    failed: int
    lost: int
    seconds: int
    opened: int
    resolved: int
    still_open: int
    recovery_s: float | None
    by_cause: dict[str, int]
    by_host: dict[str, int]
    heat: list[list[int]]


class Rows:
    def __init__(self, path: Path, zone: str, client: str | None = None) -> None:
        with closing(sqlite3.connect(path)) as db:
            db.row_factory = sqlite3.Row
            self.runs = [r for r in db.execute("SELECT * FROM runs ORDER BY started") if r["closed"]]
            self.silences = [
                e for e in db.execute("SELECT * FROM events ORDER BY time")
                if e["run"] is None and e["rule"].startswith("absence.") and e["role"] == "root"
            ]  # fmt: skip
            self.incidents = [i for i in db.execute("SELECT * FROM incidents") if not i["withdrawn"]]
        self.zone = ZoneInfo(zone)
        self.client = client

    def is_mine(self, row: sqlite3.Row) -> bool:
        return self.client is None or row["client"] == self.client

    def broken(self, now: datetime) -> list[Broken]:
        """Every failed run and every silence of every application, with how long it stood still."""
        starts: dict[tuple[str, str], list[datetime]] = defaultdict(list)
        for run in self.runs:
            starts[run["host"], run["application"]].append(_time(run["started"]))
        silent: dict[str, list[datetime]] = defaultdict(list)
        for event in self.silences:
            silent[event["host"]].append(_time(event["time"]))
        found = []
        for run in self.runs:
            if run["outcome"] in {"failed", "unfinished"} and self.is_mine(run):
                key = (run["host"], run["application"])
                at = _time(run["started"])
                found.append(_broken(run, key[1], run["outcome"], at, _over(at, starts[key], silent[key[0]], now)))
        for event in self.silences:
            for (host, application), began in starts.items():
                at = _time(event["time"])
                ran_lately = any(at - timedelta(days=7) < start <= at for start in began)
                if host == event["host"] and ran_lately and self.is_mine(event):
                    over = _over(at, began, silent[host], at)
                    found.append(_broken(event, application, "missed", at, over))
        return found

    def lost(self, broken: list[Broken], monday: date) -> int:
        """Of the silences of one application, day and cause: what usually runs in as long, but one for each."""
        together: dict[tuple[str, str, date, str], list[Broken]] = defaultdict(list)
        for one in broken:
            if one.kind == "missed":
                together[one.host, one.application, self.day(one.at), one.cause].append(one)
        whole = 0
        for (host, application, _, _), some in together.items():
            a_day: dict[date, int] = defaultdict(int)
            for run in self.runs:
                if (run["host"], run["application"]) == (host, application):
                    a_day[self.day(_time(run["started"]))] += 1
            before = [n for day, n in a_day.items() if monday - timedelta(days=28) <= day < monday]
            here = [n for day, n in a_day.items() if monday <= day < monday + timedelta(days=7)]
            usual = median(before or here or [0])
            whole += max(0, round(sum(one.seconds for one in some) * usual / 86_400) - len(some))
        return whole

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def week(self, monday: date, now: datetime) -> Truth:
        sunday = monday + timedelta(days=6)
        mine = [one for one in self.broken(now) if monday <= self.day(one.at) <= sunday]
        good = [
            run for run in self.runs
            if run["outcome"] in {"ok", "no_work"} and self.is_mine(run)
            and monday <= self.day(_time(run["started"])) <= sunday
        ]  # fmt: skip
        begins = datetime(monday.year, monday.month, monday.day, tzinfo=self.zone)
        after = monday + timedelta(days=7)
        ends = min(datetime(after.year, after.month, after.day, tzinfo=self.zone), now)
        incidents = [(_time(i["opened_at"]), _time(i["resolved_at"])) for i in self.incidents if self.is_mine(i)]
        over = [(o, r) for o, r in incidents if r is not None and begins <= r < ends]
        heat = [[0] * 24 for _ in range(7)]
        by_cause: dict[str, int] = defaultdict(int)
        by_host: dict[str, int] = defaultdict(int)
        for one in mine:
            local = one.at.astimezone(self.zone)
            heat[local.weekday()][local.hour] += 1
            by_cause[one.cause] += one.seconds
            by_host[one.host] += one.seconds
        return Truth(
            good=len(good), failed=sum(one.kind != "missed" for one in mine), lost=self.lost(mine, monday),
            seconds=sum(one.seconds for one in mine), opened=sum(begins <= o < ends for o, _ in incidents),
            resolved=len(over), still_open=sum(o < ends and (r is None or r >= ends) for o, r in incidents),
            recovery_s=mean(int(r.timestamp()) - int(o.timestamp()) for o, r in over) if over else None,
            by_cause=dict(by_cause), by_host=dict(by_host), heat=heat,
        )  # fmt: skip


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _over(at: datetime, starts: list[datetime], silences: list[datetime], now: datetime) -> datetime:
    after = [moment for moment in (*starts, *silences) if moment > at]
    return min([*after, at + timedelta(seconds=WEEK_S)]) if after else min(max(at, now), at + timedelta(seconds=WEEK_S))


def _broken(row: sqlite3.Row, application: str, kind: str, at: datetime, over: datetime) -> Broken:
    return Broken(
        host=row["host"], client=row["client"], application=application, cause=row["cause"] or "unclassified",
        kind=kind, at=at, seconds=int((over - at).total_seconds()),
    )  # fmt: skip

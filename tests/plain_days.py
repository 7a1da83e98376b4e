"""Daily rollups counted in plain Python, one row after another: what the store's must be."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

WEEK = timedelta(days=7)


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def seconds(length: timedelta) -> int:
    return int(length.total_seconds())


class Rows:
    """All rows of a store, and when each application's runs began."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.zones = {host: ZoneInfo(zone) for host, zone in db.execute("SELECT host, zone FROM zones")}
        self.runs = [dict(row) for row in db.execute("SELECT * FROM runs") if row["started"]]
        self.events = [dict(row) for row in db.execute("SELECT * FROM events") if row["time"]]
        self.silences = [one for one in self.events if one["run"] is None and one["rule"].startswith("absence.")]
        self.starts, self.over = defaultdict(list), defaultdict(list)
        for run in self.runs:
            for starts in [self.starts, *([self.over] if run["closed"] else [])]:
                starts[run["host"], run["application"]].append(moment(run["started"]))

    def lost(self, host: str, application: str | None, at: datetime, otherwise: datetime) -> int:
        later = [start for start in self.starts[host, application] if start > at]
        later += [moment(one["time"]) for one in self.silences if one["host"] == host and moment(one["time"]) > at]
        return seconds(max(timedelta(), min(min(later, default=otherwise) - at, WEEK)))

    def place(self, row: dict[str, Any], at: datetime, **told: Any) -> tuple[tuple[Any, ...], str]:
        """Return what the row is counted under, and the hour."""
        local = at.astimezone(self.zones.get(row["host"], UTC))
        told = {"application": row["application"], "outcome": None, "severity": None} | told
        day = (local.date().isoformat(), row["host"], row["client"], told["application"], row["cause"])
        return (*day, told["outcome"], told["severity"]), f"h{local.hour:02}"


def counted(db: sqlite3.Connection) -> dict[tuple[Any, ...], Counter[str]]:
    """Count the rows of *db* by day, host, client, application, cause, outcome and severity."""
    rows = Rows(db)
    days: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for (place, hour), counts in [*of_runs(rows), *of_events(rows), *of_silences(rows)]:
        days[place] += Counter({hour: 1} | counts)
    return {place: +counts for place, counts in days.items()}


def of_runs(rows: Rows) -> Iterator[Any]:
    for run in rows.runs:
        at, ended = moment(run["started"]), moment(run["ended"])
        broken = run["outcome"] in {"failed", "unfinished"}
        if run["closed"]:
            yield (
                rows.place(run, at, outcome=run["outcome"]),
                {
                    "runs": 1,
                    "run_s": max(0, seconds(ended - at)) if ended else 0,
                    "lost_s": rows.lost(run["host"], run["application"], at, ended or at) if broken else 0,
                },
            )


def of_events(rows: Rows) -> Iterator[Any]:
    for event in rows.events:
        place = rows.place(event, moment(event["time"]), severity=event["severity"])
        yield place, {"events": 1, "roots": int(event["role"] == "root")}


def of_silences(rows: Rows) -> Iterator[Any]:
    for silence in rows.silences:
        at = moment(silence["time"])
        for (host, application), starts in list(rows.over.items()):
            if host == silence["host"] and any(at - WEEK < start <= at for start in starts):
                told = {"application": application, "outcome": "missed", "severity": silence["severity"]}
                yield rows.place(silence, at, **told), {"lost_s": rows.lost(host, application, at, at)}


def stored(db: sqlite3.Connection) -> dict[tuple[Any, ...], Counter[str]]:
    """Read the rollups of *db* in the same shape."""
    groups = ("day", "host", "client", "application", "cause", "outcome", "severity")
    rows = [dict(row) for row in db.execute("SELECT * FROM daily")]
    found = {
        tuple(row[name] for name in groups): +Counter(
            {name: value for name, value in row.items() if name not in groups}
        )
        for row in rows
    }
    assert len(found) == len(rows)
    return found

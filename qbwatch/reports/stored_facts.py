"""Read what the report needs from the store: counts from the daily rollups, the rest from few rows."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qbwatch.history.alert_rows import to_text
from qbwatch.history.rollup_tables import HOURS
from qbwatch.history.times import stamp
from qbwatch.reports.facts import (
    NOT_FOUND,
    Failures,
    GoodRuns,
    HostDay,
    PastIncident,
    Place,
    Remedy,
    Said,
    Undelivered,
)
from rules.preventive import CAUSES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

_BROKEN = "outcome IN ('failed', 'unfinished', 'missed')"
_GOOD = "outcome IN ('ok', 'no_work')"
_HOURS = ", ".join(f"sum({hour})" for hour in HOURS)
_LONGEST_S = 7 * 86_400
_DAYS = "day >= ? AND day < ?"
_SET_UP = "('" + "', '".join(sorted(CAUSES)) + "')"
_WITHDRAWN = "withdrawn"


class StoredFacts:
    """Tells the facts of one *client*, or of all when that is None, as of *now*.

    The rollups must be up to date: see `qbwatch.history.rollups.roll_up`.
    """

    def __init__(self, db: sqlite3.Connection, now: datetime, client: str | None = None) -> None:
        self._db = db
        self._now = int(now.timestamp())
        self._client = client

    def _rows(self, query: str, *values: object, end: str = "") -> list[Any]:
        """Return what *query* finds of the client; it ends with its conditions."""
        if self._client is None:
            return self._db.execute(f"{query}{end}", values).fetchall()
        return self._db.execute(f"{query} AND client = ?{end}", (*values, self._client)).fetchall()

    def failures(self, first: date, last: date) -> list[Failures]:
        """Return what failed; what has not worked since counts until now, but no longer than a week."""
        what = "SELECT day, host, client, application, cause, outcome"
        hours = ", ".join(HOURS)
        days = _day(first), _day(last)
        # Of runs there is one row each; pauses of one cause may have been found in several severities.
        rows = [
            *self._rows(f"{what}, lost_s, {hours} FROM daily WHERE {_BROKEN} AND {_DAYS} AND severity IS NULL", *days),
            *self._rows(
                f"{what}, sum(lost_s), {_HOURS} FROM daily WHERE {_BROKEN} AND {_DAYS} AND outcome = 'missed'", *days,
                end=" GROUP BY day, host, client, application, cause",
            ),
        ]  # fmt: skip
        standing = self._standing({(row[1], row[3]) for row in rows})
        return [
            Failures(
                day=_date(row[0]), host=row[1], client=row[2], application=row[3],
                cause=row[4] or NOT_FOUND, outcome=row[5], hours=tuple(row[7:]),
                seconds=row[6] + standing.get((row[1], row[3], row[0], row[4], row[5]), 0),
            )
            for row in rows
        ]  # fmt: skip

    def _standing(self, places: Iterable[Place]) -> Mapping[tuple[Any, ...], int]:
        """Return for how long the last run at some of *places* has been followed by none, if it failed."""
        found: dict[tuple[Any, ...], int] = {}
        for host, application in places:
            row = self._db.execute(
                "SELECT outcome, cause, strftime('%s', started), strftime('%s', coalesce(ended, started)) FROM runs "
                "WHERE host = ? AND application IS ? ORDER BY started DESC LIMIT 1",
                (host, application),
            ).fetchone()
            if row and row[0] in {"failed", "unfinished"}:
                day = self._day_of(host, application)
                began, ended = int(row[2]), int(row[3])
                lost = max(0, min(self._now - began, _LONGEST_S) - (ended - began))
                found[host, application, day, row[1], row[0]] = lost
        return found

    def _day_of(self, host: str, application: str | None) -> str | None:
        """Return the day on which the rollups count the last run of *application*."""
        row = self._db.execute(
            "SELECT max(day) FROM daily WHERE host = ? AND application IS ? AND severity IS NULL", (host, application)
        ).fetchone()
        return str(row[0]) if row and row[0] else None

    def good_runs(self, first: date, last: date) -> list[GoodRuns]:
        """Return what worked."""
        rows = self._rows(
            f"SELECT day, host, client, application, sum(runs) FROM daily WHERE {_GOOD} AND {_DAYS}",  # noqa: S608 - our own names
            _day(first), _day(last), end=" GROUP BY day, host, client, application",
        )  # fmt: skip
        return [
            GoodRuns(day=_date(row[0]), host=row[1], client=row[2], application=row[3], count=row[4]) for row in rows
        ]

    def good_counts(self, first: date, last: date) -> Mapping[date, int]:
        """Return how many runs worked or had nothing to do, by day."""
        query = f"SELECT day, sum(runs) FROM daily WHERE {_GOOD} AND {_DAYS}"  # noqa: S608 - our own names
        rows = self._rows(query, _day(first), _day(last), end=" GROUP BY day")
        return {_date(day): count for day, count in rows}

    def runs_a_day(self, first: date, last: date, places: Iterable[Place]) -> Mapping[Place, Mapping[date, int]]:
        """Return how many runs began at *places*, by day."""
        query = (
            f"SELECT day, sum(runs) FROM daily WHERE host = ? AND application IS ? AND {_DAYS} "  # noqa: S608 - our own names
            "AND severity IS NULL GROUP BY day"
        )
        return {
            place: {
                _date(day): count for day, count in self._db.execute(query, (*place, _day(first), _day(last))) if count
            }
            for place in places
        }

    def host_days(self, first: date, last: date) -> list[HostDay]:
        """Return the hours in which each host had a run."""
        rows = self._rows(
            f"SELECT host, client, day, {_HOURS} FROM daily WHERE severity IS NULL AND {_DAYS}",  # noqa: S608 - our own names
            _day(first), _day(last), end=" GROUP BY host, client, day",
        )  # fmt: skip
        return [
            HostDay(
                host=row[0], client=row[1], day=_date(row[2]),
                hours=frozenset(hour for hour, runs in enumerate(row[3:]) if runs),
            )
            for row in rows
        ]  # fmt: skip

    def first_day(self) -> date | None:
        """Return the first day of all of which there are runs, of whichever client."""
        found = self._db.execute("SELECT min(day) FROM daily").fetchone()[0]
        return _date(found) if found else None

    def incidents(self, begins: int, ends: int) -> list[PastIncident]:
        """Return the incidents that were open at some moment between, without those that were withdrawn."""
        rows = self._rows(
            f"SELECT host, application, client, cause, {_whole('opened_at')}, {_whole('resolved_at')} FROM incidents "  # noqa: S608 - our own names
            "WHERE withdrawn = 0 AND opened_at < ? AND (resolved_at IS NULL OR resolved_at >= ?)",
            _moment(ends), _moment(begins), end=" ORDER BY opened_at, id",
        )  # fmt: skip
        return [
            PastIncident(
                host=row[0], application=row[1], client=row[2], cause=row[3], opened=row[4], resolved=row[5],
            )
            for row in rows
        ]  # fmt: skip

    def remedies(self, wanted: Mapping[str, str | None], ends: int) -> Mapping[str, Remedy]:
        """Return what the newest finding of each cause said to do, of its host where it has one there."""
        found = {}
        for cause, host in wanted.items():
            rows = self._rows(
                "SELECT title, steps, links FROM events INDEXED BY idx_events_cause_time "
                "WHERE cause = ? AND role = 'root' AND time < ? AND (? IS NULL OR host = ?)",
                cause, _stamp(ends), host, host, end=" ORDER BY time DESC LIMIT 1",
            )  # fmt: skip
            for title, steps, links in rows:
                found[cause] = Remedy(title=title, steps=_texts(steps), link=next(iter(_texts(links)), None))
        return found

    def unknown(self, begins: int, ends: int) -> list[Said]:
        """Return what no rule knows, the commonest first."""
        between = "role = 'root' AND cause = ? AND time >= ? AND time < ?"
        return self._said(between, NOT_FOUND, _stamp(begins), _stamp(ends))

    def notices(self, begins: int, ends: int) -> list[Said]:
        """Return what is worth knowing before it breaks: first how machines are set up, then the commonest."""
        span = (_stamp(begins), _stamp(ends))
        # How a machine is set up is found anew each day, as the same event: it stood so from the first day to the last.
        stood = f"cause IN {_SET_UP} AND time >= ? AND stored_at < ?"
        said = f"cause NOT IN {_SET_UP} AND cause != 'run_summary' AND time >= ? AND time < ?"
        notice = "role = 'root' AND severity = 'notice'"
        found = [replace(one, stands=True) for one in self._said(f"{notice} AND {stood}", *span)]
        return [*found, *self._said(f"{notice} AND {said}", *span)]

    def _said(self, which: str, *values: str) -> list[Said]:
        rows = self._rows(
            "SELECT cause, title, message, count(*) AS often, json_group_array(DISTINCT host), steps, links "  # noqa: S608 - our own names
            f"FROM events WHERE {which}", *values,
            end=" GROUP BY cause, message ORDER BY often DESC, cause, message LIMIT 10",
        )  # fmt: skip
        return [
            Said(
                cause=row[0], title=row[1], message=row[2] or "", count=row[3],
                hosts=tuple(sorted(json.loads(row[4]))), steps=_texts(row[5]),
                link=next(iter(_texts(row[6])), None),
            )
            for row in rows
        ]  # fmt: skip

    def undelivered(self, begins: int, ends: int) -> tuple[int, list[Undelivered]]:
        """Return how many deliveries were settled, and which were given up; of a client, those that speak of it."""
        whose = "" if self._client is None else (
            " AND notification IN (SELECT ni.notification FROM notification_incidents ni "
            "JOIN incidents i ON i.id = ni.incident WHERE i.client = ?)"
        )  # fmt: skip
        rows = self._db.execute(
            "SELECT receiver, state, reason, count(*) FROM deliveries "  # noqa: S608 - our own names
            f"WHERE finished_at >= ? AND finished_at < ?{whose} GROUP BY receiver, state, reason ORDER BY 4 DESC, 1, 3",
            (_moment(begins), _moment(ends), *((self._client,) if self._client is not None else ())),
        ).fetchall()
        # Taken back before it was sent is no fault: there was nothing to tell any more.
        settled = [row for row in rows if not (row[2] or "").startswith(_WITHDRAWN)]
        failed: Counter[tuple[str, str]] = Counter()
        for receiver, state, reason, count in settled:
            if state in {"failed", "unknown"}:
                # The names of receivers are ours, and may be those of other clients.
                failed["" if self._client else receiver, reason or ""] += count
        told = [Undelivered(receiver=key[0], reason=key[1], count=count) for key, count in failed.most_common()]
        return sum(row[3] for row in settled), told


def clients_of(db: sqlite3.Connection, first: date, last: date) -> list[str]:
    """Return the clients of which something is known from *first* to before *last*."""
    query = f"SELECT DISTINCT client FROM daily WHERE {_DAYS} AND client IS NOT NULL ORDER BY client"  # noqa: S608 - our own names
    return [row[0] for row in db.execute(query, (_day(first), _day(last)))]


def _texts(written: str | None) -> tuple[str, ...]:
    return tuple(json.loads(written)) if written else ()


def _day(day: date) -> str:
    return day.isoformat()


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _stamp(seconds: int) -> str:
    return stamp(_at(seconds)) or ""


def _moment(seconds: int) -> str:
    return to_text(_at(seconds))


def _whole(column: str) -> str:
    """Write how SQLite tells the whole seconds since 1970 of a time of ours, which are told to the microsecond."""
    return f"CAST(strftime('%s', substr({column}, 1, 19)) AS INTEGER)"


_date = lru_cache(maxsize=2000)(date.fromisoformat)

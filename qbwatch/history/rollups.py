"""Daily rollups: counted anew from the rows of each day that changed, in the transaction that changed them.

A day is one of the host's zone. So a rollup says what its rows say, whatever came late or was corrected; once rows
were pruned it stays as it is.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qbwatch.history.rollup_tables import COUNTS, GROUPS, HOURS
from qbwatch.history.times import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from datetime import date

Day = tuple[str, str, "date"]
"""A host, its application (empty for none), and a day of the host's zone."""

Span = tuple[str, str, str, str, str, int]
"""Host, application, day, the UTC times it begins and ends, and how many seconds its clock is ahead of UTC."""

MOST_LOST_S = 7 * 86_400
"""A failure counts as lost time until the next run or silence, but no longer than a week."""

_AT_ONCE = 2000
_BROKEN = "('failed', 'unfinished')"

_SPANS = """
span AS MATERIALIZED (SELECT json_extract(value, '$[0]') AS host,
nullif(json_extract(value, '$[1]'), '') AS application, json_extract(value, '$[2]') AS day,
json_extract(value, '$[3]') AS begins, json_extract(value, '$[4]') AS ends, json_extract(value, '$[5]') AS ahead
FROM json_each(?))
"""
_ABSENT = "run IS NULL AND rule GLOB 'absence.*'"
# In a store that somebody ran ANALYZE on, SQLite would read all events for a Bloom filter of their hosts, at each
# commit; it makes none for what is one of several.
_THERE = "e.host IN (s.host, s.host)"
# The next run ends what a failure cost, or a silence of the machine, which then has the blame.
_NEXT_RUN = (
    "(SELECT min(n.started) FROM runs n WHERE n.host = {host} AND n.application IS {application} AND n.started > {at})"
)
_NEXT_SILENCE = f"(SELECT min(a.time) FROM events a WHERE {_ABSENT} AND a.host = {{host}} AND a.time > {{at}})"  # noqa: S608 - our own names
_SECONDS = "CAST(strftime('%s', {end}) AS INTEGER) - CAST(strftime('%s', {begin}) AS INTEGER)"


def _lost(begin: str, end: str) -> str:
    return f"max(0, min({MOST_LOST_S}, {_SECONDS.format(begin=begin, end=end)}))"


_HOUR = "(CAST(strftime('%s', {time}) AS INTEGER) + s.ahead) / 3600 % 24"


def _until(at: str, otherwise: str) -> str:
    """Write when a failure at *at* of the application of a span is over."""
    run, silence = (one.format(host="s.host", application="s.application", at=at) for one in (_NEXT_RUN, _NEXT_SILENCE))
    return f"coalesce(min({run}, {silence}), {run}, {silence}, {otherwise})"


_RUN_POINTS = f"""
SELECT s.day, r.host, r.client, r.application, r.cause, r.outcome, NULL AS severity,
{_HOUR.format(time="r.started")} AS hour, 1 AS runs, 0 AS events, 0 AS roots,
CASE WHEN r.ended IS NULL THEN 0 ELSE max(0, {_SECONDS.format(begin="r.started", end="r.ended")}) END AS run_s,
CASE WHEN r.outcome IN {_BROKEN} THEN {_lost("r.started", _until("r.started", "r.ended, r.started"))} ELSE 0 END
AS lost_s
FROM span s CROSS JOIN runs r ON r.host = s.host AND r.application IS s.application
AND r.started >= s.begins AND r.started < s.ends WHERE r.closed
"""  # noqa: S608 - our own names
# A silence is told of a machine once; it cost time to each application that ran there in the week before.
_EVENT_POINTS = f"""
SELECT s.day, e.host, e.client, e.application, e.cause, NULL AS outcome, e.severity,
{_HOUR.format(time="e.time")} AS hour, 0 AS runs, 1 AS events, e.role = 'root' AS roots, 0 AS run_s, 0 AS lost_s
FROM span s CROSS JOIN events e ON e.host = s.host AND e.application IS s.application
AND e.time >= s.begins AND e.time < s.ends
UNION ALL SELECT s.day, e.host, e.client, s.application, e.cause, 'missed', e.severity,
{_HOUR.format(time="e.time")}, 0, 0, 0, 0, {_lost("e.time", _until("e.time", "e.time"))}
FROM span s CROSS JOIN events e ON {_THERE} AND e.{_ABSENT.replace("AND ", "AND e.")} AND e.role = 'root'
AND e.time >= s.begins AND e.time < s.ends
WHERE EXISTS (SELECT 1 FROM runs b WHERE b.host = s.host AND b.application IS s.application AND b.closed
AND b.started <= e.time AND b.started > strftime('%Y-%m-%dT%H:%M:%SZ', e.time, '-7 days'))
"""  # noqa: S608 - our own names
_KEYS = ", ".join(GROUPS)
_BY_HOUR = f"""
SELECT {_KEYS}, hour, sum(runs) AS runs, sum(run_s) AS run_s, sum(lost_s) AS lost_s, sum(events) AS events,
sum(roots) AS roots, count(*) AS n FROM points GROUP BY {_KEYS}, hour
"""  # noqa: S608 - our own names
_OF_HOURS = ", ".join(
    f"sum(CASE WHEN hour = {number} THEN n ELSE 0 END) AS {name}" for number, name in enumerate(HOURS)
)
_COUNT = """
INSERT INTO {{into}} ({keys}, {counts})
WITH {spans}, points AS ({points}), by_hour AS ({by_hour})
SELECT {keys}, sum(runs), sum(run_s), sum(lost_s), sum(events), sum(roots), {hours} FROM by_hour GROUP BY {keys}
"""
_COUNTED = {
    kind: _COUNT.format(
        keys=_KEYS, counts=", ".join(COUNTS), spans=_SPANS, points=points, by_hour=_BY_HOUR, hours=_OF_HOURS
    )
    for kind, points in (("runs", _RUN_POINTS), ("events", _EVENT_POINTS))
}
# Rows of runs have no severity, and rows of findings always have one.
_DROP = {
    "runs": "DELETE FROM daily WHERE severity IS NULL AND rowid IN ({rows})",
    "events": "DELETE FROM daily WHERE severity IS NOT NULL AND rowid IN ({rows})",
}
_FORGET = {
    "runs": "DELETE FROM daily WHERE severity IS NULL AND host = ? AND day >= ?",
    "events": "DELETE FROM daily WHERE severity IS NOT NULL AND host = ? AND day >= ?",
}
_ROWS = f"""
WITH {_SPANS} SELECT d.rowid FROM span s CROSS JOIN daily d
ON d.host = s.host AND d.application IS s.application AND d.day = s.day
"""  # noqa: S608 - our own names
# A run or a silence ends what a failure or a silence before it cost, which may be of an earlier day. A run that comes
# late says that a silence behind it concerned its application.
_BEFORE = f"""
WITH {_SPANS} SELECT s.host, coalesce(s.application, ''), r.started FROM span s CROSS JOIN runs r
ON r.rowid = (SELECT b.rowid FROM runs b WHERE b.host = s.host AND b.application IS s.application
AND b.started < s.begins ORDER BY b.started DESC LIMIT 1) WHERE r.outcome IN {_BROKEN}
UNION SELECT s.host, coalesce(s.application, ''), e.time FROM span s CROSS JOIN events e ON {_THERE}
AND e.{_ABSENT.replace("AND ", "AND e.")}
AND e.time >= strftime('%Y-%m-%dT%H:%M:%SZ', s.begins, '-8 days')
AND e.time < strftime('%Y-%m-%dT%H:%M:%SZ', s.ends, '+8 days')
"""  # noqa: S608 - our own names


def roll_up(db: sqlite3.Connection, limit: int = _AT_ONCE) -> int:
    """Count anew what changed since the last time, at most *limit* hours of it; return how many hours were due.

    Call it inside a transaction.
    """
    rows = db.execute("SELECT host, application, hour FROM rollups_due ORDER BY hour DESC LIMIT ?", (limit,))
    due: list[tuple[str, str, str]] = [tuple(row) for row in rows]
    if due:
        count(db, _days(_zones(db), due))
        db.executemany("DELETE FROM rollups_due WHERE host = ? AND application = ? AND hour = ?", due)
    return len(due)


def count(db: sqlite3.Connection, days: set[Day]) -> None:
    """Count *days* anew, and the days whose lost time they decide."""
    days = _with_all_of_host(days, _applications(db, {host for host, application, _ in days if not application}))
    _count_anew(db, days | _decided(db, _zones(db), days))


def _count_anew(db: sqlite3.Connection, days: set[Day]) -> None:
    found = spans(_zones(db), _with_all_of_host(days, set()))
    for kind, query in _COUNTED.items():
        kept = json.dumps(list(_not_pruned(found, pruned_before(db, kind))))
        db.execute(_DROP[kind].format(rows=_ROWS), (kept,))
        db.execute(query.format(into="daily"), (kept,))


def count_into(db: sqlite3.Connection, table: str, days: set[Day]) -> None:
    """Write what *days* add up to by their rows into *table*, which has the columns of `daily`."""
    zones = _zones(db)
    told = spans(zones, _with_all_of_host(days, set()))
    for kind, query in _COUNTED.items():
        db.execute(query.format(into=table), (json.dumps(list(_not_pruned(told, pruned_before(db, kind)))),))


def _with_all_of_host(days: set[Day], known: set[tuple[str, str]]) -> set[Day]:
    """Add to days without an application those of all *known* ones of the host: a silence concerns each."""
    applications: dict[str, set[str]] = {}
    for host, application in known | {(host, application) for host, application, _ in days if application}:
        applications.setdefault(host, set()).add(application)
    silent = {(host, day) for host, application, day in days if not application}
    return days | {(host, application, day) for host, day in silent for application in applications.get(host, ())}


def _applications(db: sqlite3.Connection, hosts: set[str]) -> set[tuple[str, str]]:
    query = "SELECT DISTINCT host, application FROM daily WHERE host = ? AND application IS NOT NULL"
    return {(name, application) for host in hosts for name, application in db.execute(query, (host,))}


def _decided(db: sqlite3.Connection, zones: dict[str, ZoneInfo], days: set[Day]) -> set[Day]:
    """Return the days whose lost time is decided by what is of *days*."""
    rows = db.execute(_BEFORE, (json.dumps(spans(zones, days)),))
    return {(host, application, _local(zones, host, at).date()) for host, application, at in rows}


def pruned_before(db: sqlite3.Connection, kind: str) -> str:
    """Return before when rows of *kind* were pruned; an empty text if none were."""
    row = db.execute("SELECT before FROM pruned WHERE kind = ?", (kind,)).fetchone()
    return row[0] if row else ""


def put_zone(db: sqlite3.Connection, host: str, zone: str) -> None:
    """Note that *host* stands in *zone*; if it stood in another one, all its days are counted anew."""
    known = db.execute("SELECT zone FROM zones WHERE host = ?", (host,)).fetchone()
    if known and known[0] == zone:
        return
    db.execute("INSERT OR REPLACE INTO zones VALUES (?, ?)", (host, zone))
    recount(db, host)


def recount(db: sqlite3.Connection, host: str) -> None:
    """Count all days of *host* anew, but those of which rows were pruned. Call it inside a transaction."""
    for kind, query in _FORGET.items():
        db.execute(query, (host, first_whole_day(db, kind)))
    db.execute("DELETE FROM rollups_due WHERE host = ?", (host,))
    # All of them are counted, so none decides on one that is not.
    _count_anew(db, all_days(db, host))


def all_days(db: sqlite3.Connection, host: str) -> set[Day]:
    """Return every day of *host* of which there are rows."""
    hours = db.execute(
        "SELECT DISTINCT coalesce(application, ''), substr(started, 1, 13) FROM runs "
        "WHERE host = ? AND started IS NOT NULL UNION "
        "SELECT DISTINCT coalesce(application, ''), substr(time, 1, 13) FROM events "
        "WHERE host = ? AND time IS NOT NULL",
        (host, host),
    )
    return _days(_zones(db), ((host, application, hour) for application, hour in hours))


def spans(zones: dict[str, ZoneInfo], days: Iterable[Day]) -> list[Span]:
    """Return when *days* begin and end in UTC; one in which the clocks change is two.

    >>> from datetime import date
    >>> spans({"srv-01": ZoneInfo("America/New_York")}, [("srv-01", "Sync", date(2026, 3, 8))])
    [('srv-01', 'Sync', '2026-03-08', '2026-03-08T05:00:00Z', '2026-03-08T07:00:00Z', -18000), \
('srv-01', 'Sync', '2026-03-08', '2026-03-08T07:00:00Z', '2026-03-09T04:00:00Z', -14400)]
    """
    cuts: dict[tuple[str, date], list[tuple[str, str, int]]] = {}
    found = []
    for host, application, day in sorted(days):
        zone = zones.get(host, _UTC)
        key = (zone.key, day)
        if key not in cuts:
            cuts[key] = list(_cut(zone, day))
        found += [(host, application, day.isoformat(), *cut) for cut in cuts[key]]
    return found


_UTC = ZoneInfo("UTC")


def _cut(zone: ZoneInfo, day: date) -> Iterator[tuple[str, str, int]]:
    """Cut *day* where the clocks change; they do so at a quarter of an hour."""
    at = begins = _midnight(zone, day)
    ends = _midnight(zone, day + timedelta(days=1))
    ahead = _ahead(zone, begins)
    if _ahead(zone, ends - timedelta(seconds=1)) != ahead:
        while at < ends:
            at += timedelta(minutes=15)
            if at < ends and _ahead(zone, at) != ahead:
                yield str(stamp(begins)), str(stamp(at)), ahead
                begins, ahead = at, _ahead(zone, at)
    yield str(stamp(begins)), str(stamp(ends)), ahead


def _midnight(zone: ZoneInfo, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _ahead(zone: ZoneInfo, at: datetime) -> int:
    ahead = at.astimezone(zone).utcoffset() or timedelta()
    return int(ahead.total_seconds())


def _days(zones: dict[str, ZoneInfo], hours: Iterable[tuple[str, str, str]]) -> set[Day]:
    """Return the days in which *hours* of UTC lie; in zones of half an hour one may lie in two."""
    return {
        (host, application, day) for host, application, hour in hours for day in _dates(zones.get(host, _UTC).key, hour)
    }


@lru_cache(maxsize=20_000)
def _dates(zone: str, hour: str) -> frozenset[date]:
    """Return the days of *zone* in which *hour* of UTC lies: of two years, so that all hosts of a zone share them."""
    ends = (f"{hour}:00:00Z", f"{hour}:59:59Z")
    return frozenset(datetime.fromisoformat(end).astimezone(ZoneInfo(zone)).date() for end in ends)


def _local(zones: dict[str, ZoneInfo], host: str, at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone(zones.get(host, _UTC))


def _zones(db: sqlite3.Connection) -> dict[str, ZoneInfo]:
    return {host: _zone(zone) for host, zone in db.execute("SELECT host, zone FROM zones")}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        # The store may come from a machine that knows more zones.
        return _UTC


def _not_pruned(found: Iterable[Span], before: str) -> Iterator[Span]:
    """Leave out the days of which rows were pruned: what is left of them would add up to less."""
    whole: dict[tuple[str, str, str], str] = {}
    told = list(found)
    for host, application, day, begins, *_ in told:
        key = (host, application, day)
        whole[key] = min(begins, whole.get(key, begins))
    return (span for span in told if whole[span[:3]] >= before)


def first_whole_day(db: sqlite3.Connection, kind: str) -> str:
    """Return the first day, in any zone, of which no row of *kind* was pruned; an empty text if all are whole."""
    before = pruned_before(db, kind)
    return (datetime.fromisoformat(before) + timedelta(days=2)).date().isoformat() if before else ""

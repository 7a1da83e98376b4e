"""How everything stands now, from the store: applications, incidents, logs, and what waits to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qbwatch.history.alert_store import AlertStore
from qbwatch.history.source_rows import read_states, written_at
from qbwatch.history.times import read_stamp, stamp

if TYPE_CHECKING:
    import sqlite3

    from alerts.incident import Incident
    from qbwatch.source_state import SourceState

_LATELY = timedelta(days=1)
# The newest run of an application is found by the index on host, application and start.
_APPLICATIONS = """
SELECT a.host, a.application,
    (SELECT coalesce(ended, started) FROM runs r WHERE r.host = a.host AND r.application = a.application
        AND r.outcome IN ('ok', 'no_work') ORDER BY started DESC LIMIT 1) AS last_good,
    (SELECT started FROM runs r WHERE r.host = a.host AND r.application = a.application ORDER BY started DESC LIMIT 1)
        AS last_run,
    (SELECT outcome FROM runs r WHERE r.host = a.host AND r.application = a.application ORDER BY started DESC LIMIT 1)
        AS outcome,
    (SELECT count(*) FROM runs r WHERE r.host = a.host AND r.application = a.application AND r.started > :since)
        AS runs,
    (SELECT count(*) FROM runs r WHERE r.host = a.host AND r.application = a.application AND r.started > :since
        AND r.outcome = 'failed') AS failed
FROM (SELECT DISTINCT host, application FROM runs WHERE application IS NOT NULL) a
"""
_QUEUE = """
SELECT receiver, count(*) AS waiting, min(created_at) AS since,
    (SELECT d.reason FROM deliveries d WHERE d.receiver = deliveries.receiver AND d.next_at IS NOT NULL
        ORDER BY d.rowid LIMIT 1) AS reason
FROM deliveries WHERE next_at IS NOT NULL GROUP BY receiver ORDER BY receiver
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application of one host: its newest run, its last good one, the last day's counts, and what is open."""

    host: str
    application: str
    last_run: datetime | None
    outcome: str | None
    last_good: datetime | None
    runs: int
    failed: int
    problem: str | None
    severity: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits to be sent to one receiver, since when, and why it was not sent yet."""

    receiver: str
    waiting: int
    since: datetime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of it; applications and incidents are the worst first. `alive_at` is when a watcher last wrote."""

    at: datetime
    alive_at: datetime | None
    applications: tuple[Application, ...]
    incidents: tuple[Incident, ...]
    sources: tuple[SourceState, ...]
    queues: tuple[Queue, ...]


def overview(db: sqlite3.Connection, now: datetime) -> Overview:
    """Return how everything stands at *now*, by the store of *db*."""
    live = AlertStore(db, now.tzinfo or now.astimezone().tzinfo).incidents(live_only=True)  # type: ignore[arg-type]
    live.sort(key=lambda one: (-one.severity.rank, one.opened_at))
    applications = [
        _application(row, live) for row in db.execute(_APPLICATIONS, {"since": stamp(now - _LATELY)})
    ]  # fmt: skip
    applications.sort(key=_rank)
    queues = [
        Queue(
            receiver=row["receiver"], waiting=row["waiting"], since=datetime.fromisoformat(row["since"]),
            reason=row["reason"],
        )
        for row in db.execute(_QUEUE)
    ]  # fmt: skip
    return Overview(
        at=now, alive_at=written_at(db), applications=tuple(applications), incidents=tuple(live),
        sources=tuple(read_states(db)), queues=tuple(queues),
    )  # fmt: skip


def _application(row: sqlite3.Row, live: list[Incident]) -> Application:
    problem = next(
        (one for one in live if one.host == row["host"] and one.application in {None, row["application"]}), None
    )
    return Application(
        host=row["host"], application=row["application"], last_run=read_stamp(row["last_run"]), outcome=row["outcome"],
        last_good=read_stamp(row["last_good"]), runs=row["runs"], failed=row["failed"],
        problem=problem.title if problem else None, severity=problem.severity.value if problem else None,
    )  # fmt: skip


def _rank(one: Application) -> tuple[bool, int, str, str]:
    """Put first what is open, then what failed most, then by name."""
    return (one.problem is None, -one.failed, one.host, one.application)

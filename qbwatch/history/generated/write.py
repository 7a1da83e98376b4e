"""Write a made-up history into a store, fast."""

from __future__ import annotations

import heapq
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, Final

from qbwatch.history import rollups
from qbwatch.history.generated.fleet import fleet
from qbwatch.history.generated.rows import EVENT, RUN, SIGNAL, Machine, Row
from qbwatch.history.generated.texts import Texts
from qbwatch.history.generated.told import (
    ATTEMPT,
    DELIVERY,
    FINDING,
    INCIDENT,
    NOTIFICATION,
    MadeIncident,
    sent_about,
)
from qbwatch.history.store import Store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from qbwatch.history.generated.fleet import Host, Plan

_TABLES: Final = {
    "events": EVENT, "runs": RUN, "signals": SIGNAL, "notifications": NOTIFICATION, "deliveries": DELIVERY,
    "attempts": ATTEMPT, "incidents": INCIDENT, "incident_events": FINDING,
    "notification_incidents": ("notification", "incident"),
}  # fmt: skip
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How many rows were written."""

    events: int
    runs: int
    signals: int
    incidents: int
    deliveries: int


def generate(path: Path, plan: Plan) -> Written:
    """Write the history of *plan* into the store at *path*, which is made if it is not there.

    It is written in one transaction. Raises StoreError when the store cannot be opened.
    """
    store = Store(path)
    try:
        with _hasty(store.connection), store.transaction(rolls_up=False) as db:
            hosts = list(fleet(plan))
            with _bare(db):
                written = _written(db, plan, hosts)
            _roll_up(db, plan, hosts)
        return written
    finally:
        store.close()


@contextmanager
def _hasty(db: sqlite3.Connection) -> Iterator[None]:
    """Write nothing twice and wait for no disk: what is made up can be made again."""
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -262144")
    db.execute("PRAGMA mmap_size = 2147418112")
    # It stays as it is while somebody else has the store open.
    db.execute("PRAGMA journal_mode = MEMORY")
    yield
    db.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _bare(db: sqlite3.Connection) -> Iterator[None]:
    """Take indexes and triggers of the large tables away, and make them again afterwards: that is much faster.

    So no rollup becomes due: all are counted at the end.
    """
    made = db.execute(
        "SELECT type, name, sql FROM sqlite_master "
        "WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name IN ('events', 'runs')"
    ).fetchall()
    for kind, name, _ in made:
        db.execute(f'DROP {kind} "{name}"')
    yield
    for _, _, sql in made:
        db.execute(sql)


def _roll_up(db: sqlite3.Connection, plan: Plan, hosts: list[Host]) -> None:
    for host in hosts:
        rollups.put_zone(db, host.name, plan.zone)


def _written(db: sqlite3.Connection, plan: Plan, hosts: list[Host]) -> Written:
    texts = Texts()
    machines = [Machine(host, plan, texts) for host in hosts]
    counts = _put(db, heapq.merge(*(machine.rows() for machine in machines), key=_time))
    incidents = sorted(
        chain.from_iterable(machine.incidents for machine in machines), key=lambda one: (one.opened_at, one.id)
    )
    deliveries = _put_incidents(db, incidents, plan)
    return Written(
        events=counts["events"], runs=counts["runs"], signals=counts["signals"], incidents=len(incidents),
        deliveries=deliveries,
    )  # fmt: skip


def _time(row: Row) -> int:
    return row[0]


def _put(db: sqlite3.Connection, rows: Iterable[Row]) -> dict[str, int]:
    waiting: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for _, table, row in rows:
        waiting[table].append(row)
        if len(waiting[table]) >= _AT_ONCE:
            counts[table] += _flush(db, table, waiting.pop(table))
    for table, left in waiting.items():
        counts[table] += _flush(db, table, left)
    return counts


def _flush(db: sqlite3.Connection, table: str, rows: list[tuple[object, ...]]) -> int:
    names = ", ".join(f'"{name}"' for name in _TABLES[table])
    marks = ", ".join("?" * len(_TABLES[table]))
    db.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 - our own names
    return len(rows)


def _put_incidents(db: sqlite3.Connection, incidents: list[MadeIncident], plan: Plan) -> int:
    """Write *incidents* with their first finding and what was sent about them; return how much was sent."""
    random = Random(f"{plan.seed}/deliveries")  # noqa: S311 - it makes up data
    _flush(db, "incidents", [incident.row() for incident in incidents])
    _flush(db, "incident_events", [incident.finding() for incident in incidents])
    sent = [one for incident in incidents for one in sent_about(incident, random)]
    _flush(db, "notifications", [one.notification for one in sent])
    _flush(db, "notification_incidents", [one.incident for one in sent])
    _flush(db, "deliveries", [one.delivery for one in sent])
    _flush(db, "attempts", [attempt for one in sent for attempt in one.attempts])
    return len(sent)

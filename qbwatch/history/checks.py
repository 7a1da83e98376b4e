"""Whether a store is whole: its pages, what refers to what, its rollups against its rows, its index of words."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbwatch.history import rollups
from qbwatch.history.rollup_tables import COUNTS, GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What refers to what must be there; findings of incidents outlive their events, which are given up sooner.
_REFERENCES = {
    "findings of an incident that is gone": "SELECT count(*) FROM incident_events WHERE incident NOT IN "
    "(SELECT id FROM incidents)",
    "deliveries of a notification that is gone": "SELECT count(*) FROM deliveries WHERE notification NOT IN "
    "(SELECT id FROM notifications)",
    "attempts of a delivery that is gone": "SELECT count(*) FROM attempts WHERE notification NOT IN "
    "(SELECT notification FROM deliveries)",
}
_COLUMNS = ", ".join((*GROUPS, *COUNTS))
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was looked at, what is wrong with it (nothing, if it is empty), and what to do about that."""

    what: str
    problems: tuple[str, ...] = ()
    remedy: str = ""


def check(db: sqlite3.Connection, on_progress: Callable[[int], None] = lambda _: None) -> Iterator[Found]:
    """Look at each part of the store, in one state of it; *on_progress* hears of the hosts that are done."""
    db.execute("BEGIN")
    try:
        yield Found(what="pages", problems=_pages(db), remedy="Put the last backup in the place of the store.")
        yield Found(what="references", problems=_references(db), remedy="Tell who made qbwatch; nothing else is lost.")
        yield Found(what="daily rollups", problems=_rollups(db, on_progress), remedy="qbwatch history rebuild")
        yield Found(what="index of words", problems=_words(db), remedy="qbwatch history rebuild")
    finally:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")


def _pages(db: sqlite3.Connection) -> tuple[str, ...]:
    try:
        told = [row[0] for row in db.execute(f"PRAGMA integrity_check({_MOST_SHOWN})")]
        told += [f"a row of {row[0]} refers to {row[2]}" for row in db.execute("PRAGMA foreign_key_check")]
    except sqlite3.DatabaseError as error:
        return (str(error),)
    return tuple(line for line in told if line != "ok")


def _references(db: sqlite3.Connection) -> tuple[str, ...]:
    counts = ((what, db.execute(query).fetchone()[0]) for what, query in _REFERENCES.items())
    return tuple(f"{count} {what}" for what, count in counts if count)


def _rollups(db: sqlite3.Connection, on_progress: Callable[[int], None]) -> tuple[str, ...]:
    """Count the days of every host again and compare, but for those of which rows were pruned."""
    due = db.execute("SELECT count(*) FROM rollups_due").fetchone()[0]
    if due:
        return (f"{due} hours wait to be counted; whoever writes to the store next sees to that",)
    db.execute(f"CREATE TEMP TABLE IF NOT EXISTS counted AS SELECT {_COLUMNS} FROM daily WHERE 0")  # noqa: S608 - our own names
    problems: list[str] = []
    hosts = [row[0] for row in db.execute("SELECT DISTINCT host FROM daily UNION SELECT DISTINCT host FROM runs")]
    for number, host in enumerate(hosts):
        problems += _rollups_of(db, host)
        on_progress(number + 1)
        if len(problems) >= _MOST_SHOWN:
            break
    return tuple(problems[:_MOST_SHOWN])


def _rollups_of(db: sqlite3.Connection, host: str) -> list[str]:
    db.execute("DELETE FROM temp.counted")
    rollups.count_into(db, "temp.counted", rollups.all_days(db, host))
    whole = {"host": host, **{kind: rollups.first_whole_day(db, kind) for kind in ("runs", "events")}}
    kept = (
        f"SELECT {_COLUMNS} FROM {{table}} WHERE host = :host "  # noqa: S608 - our own names
        "AND day >= CASE WHEN severity IS NULL THEN :runs ELSE :events END"
    )
    daily, counted = kept.format(table="daily"), kept.format(table="temp.counted")
    differing = f"SELECT DISTINCT day, application FROM (SELECT * FROM ({daily} EXCEPT {counted}) UNION ALL SELECT * FROM ({counted} EXCEPT {daily})) ORDER BY day"  # noqa: E501, S608 - our own words
    return [
        f"{host}, {application or 'no application'}, {day}: the rollup says something else than the rows"
        for day, application in db.execute(differing, whole)
    ]


def _words(db: sqlite3.Connection) -> tuple[str, ...]:
    try:
        # It asks SQLite to compare the index with the rows, and writes nothing.
        db.execute("INSERT INTO events_text (events_text, rank) VALUES ('integrity-check', 0)")
    except sqlite3.DatabaseError as error:
        return (f"it does not fit the messages ({error})",)
    return ()

"""The made-up history: the same plan makes the same rows, and they hang together as real ones do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from qbwatch.history.generated import Plan, Written, generate
from qbwatch.history.store import Store

if TYPE_CHECKING:
    from pathlib import Path

PLAN = Plan(clients=2, hosts=1, weeks=3, every_minutes=120, trouble=3.0, until=datetime(2026, 11, 23, 5, tzinfo=UTC))
TABLES = ("events", "runs", "signals", "incidents", "incident_events", "deliveries", "attempts", "daily")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Written]:
    path = tmp_path_factory.mktemp("made") / "qbwatch.db"
    return path, generate(path, PLAN)


def rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def count(table: str) -> str:
    return f"SELECT count(*) FROM {table}"  # noqa: S608 - our own names


def everything(path: Path) -> dict[str, list[Any]]:
    query = "SELECT * FROM {} ORDER BY 1, 2, 3, 4, 5, 6"
    return {table: rows(path, query.format(table)) for table in TABLES}


def test_the_same_plan_makes_the_same_history_and_another_seed_another(
    made: tuple[Path, Written], tmp_path: Path
) -> None:
    generate(tmp_path / "again.db", PLAN)
    generate(tmp_path / "other.db", replace(PLAN, seed=8))
    assert everything(tmp_path / "again.db") == everything(made[0])
    assert rows(tmp_path / "other.db", "SELECT id FROM runs") != rows(made[0], "SELECT id FROM runs")


def test_it_says_how_much_it_wrote(made: tuple[Path, Written]) -> None:
    path, written = made
    for table in ("events", "runs", "signals", "incidents", "deliveries"):
        assert rows(path, count(table)) == [(getattr(written, table),)]
    assert written.runs > 500
    assert written.events > 100


def test_each_failed_run_has_one_root_event_of_its_cause_and_a_good_one_none(made: tuple[Path, Written]) -> None:
    query = (
        "SELECT r.outcome IN ('failed', 'unfinished'), sum(e.role = 'root' AND e.cause = r.cause) FROM runs r "
        "LEFT JOIN events e ON e.run = r.id GROUP BY r.id"
    )
    assert set(rows(made[0], query)) == {(1, 1), (0, None)}


def test_an_incident_begins_with_an_event_and_ends_with_a_good_run(made: tuple[Path, Written]) -> None:
    assert rows(made[0], "SELECT count(*) FROM incidents WHERE first_event NOT IN (SELECT id FROM events)") == [(0,)]
    assert rows(
        made[0],
        "SELECT count(*) FROM incidents i WHERE state = 'resolved' AND NOT EXISTS (SELECT 1 FROM runs r WHERE "
        "r.host = i.host AND r.outcome IN ('ok', 'no_work') AND r.ended = substr(i.resolved_at, 1, 19) || 'Z')",
    ) == [(0,)]


def test_nothing_of_it_is_news_and_all_is_counted(made: tuple[Path, Written]) -> None:
    for table in ("events", "runs"):
        assert rows(made[0], f"{count(table)} WHERE told = 0") == [(0,)]
    assert rows(made[0], "SELECT count(*) FROM rollups_due") == [(0,)]
    assert rows(made[0], "SELECT sum(runs) FROM daily") == [(made[1].runs,)]


def test_the_tables_are_those_of_any_store(made: tuple[Path, Written], tmp_path: Path) -> None:
    Store(tmp_path / "plain.db").close()
    query = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"
    assert rows(made[0], query) == rows(tmp_path / "plain.db", query)


def test_its_quick_way_gives_the_store_that_writing_row_by_row_would(
    made: tuple[Path, Written], tmp_path: Path
) -> None:
    with closing(Store(tmp_path / "slow.db")) as store:
        db = store.connection
        db.execute("ATTACH ? AS made", (str(made[0]),))
        with store.transaction():
            for table in ("zones", "events", "runs"):
                names = ", ".join(f'"{row[1]}"' for row in db.execute(f"PRAGMA main.table_info({table})"))
                db.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM made.{table}")  # noqa: S608 - our own names
        store.roll_up()
    slow, quick = everything(tmp_path / "slow.db"), everything(made[0])
    assert all(slow[table] == quick[table] for table in ("events", "runs", "daily"))
    assert rows(made[0], "PRAGMA integrity_check") == [("ok",)]
    assert rows(made[0], "PRAGMA journal_mode") == [("wal",)]

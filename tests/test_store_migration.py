"""A store of an earlier version is brought up to date, and nothing of it is lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from sqlite_utils import Database

from ingest.identity import Checkpoint
from qbwatch.errors import StoreError
from qbwatch.history.schema import migrate, migrations
from qbwatch.history.store import Store
from qbwatch.history.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path

MARK = {"marker_length": 10, "marker_hash": "ee", "updated_at": "2026-03-10T02:00:09Z"}
HUGE = str(2**128 - 1)
FILES = (
    {
        "uid": "aa", "path": r"C:\log\QWCLog.txt", "volume": "7", "number": HUGE, "head_length": 1024,
        "head_hash": "dd", "generation": 2, "encoding": "utf-8", "offset": 5000, "line": 60, "safe": 4000,
        "safe_line": 50, **MARK,
    },
    {
        "uid": "bb", "path": "/log/QWCLogOld.txt", "volume": "0", "number": "0", "head_length": 20,
        "head_hash": "cc", "generation": 0, "encoding": "utf-16-le", "offset": 0, "line": 1, "safe": 0,
        "safe_line": 1, **MARK,
    },
)  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store of version 2 with a row in every table."""
    path = tmp_path / "history.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        db = Database(connection)
        migrations.apply(db, stop_before="m003_generations_ledger_signals")
        db.table("files").insert_all(FILES)
        for name in tables(connection) - {"files", "_sqlite_migrations"}:
            columns = db.table(name).columns
            db.table(name).insert({one.name: 7 if one.type == "INTEGER" else f"{name}.{one.name}" for one in columns})
        connection.execute("PRAGMA user_version = 2")
        connection.commit()
    return path


def tables(connection: sqlite3.Connection) -> set[str]:
    query = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
    return {row[0] for row in connection.execute(query)} - {"sqlite_schema"}


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = tables(connection) - {"_sqlite_migrations"}
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}  # noqa: S608


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_every_row_of_every_table_is_there_after_the_migration(old: Path) -> None:
    before = contents(old)
    assert {name for name, rows in before.items() if not rows} == set()
    Store(old).close()
    after = contents(old)
    assert version_of(old) == VERSION
    # What was added behind the columns of before is not known of such rows, or false.
    cut = {name: [row[: len(rows[0])] for row in after[name]] for name, rows in before.items()}
    assert cut == before | {"files": cut["files"]}
    kept = {name: rows for name, rows in before.items() if name != "files"}
    added = {value for name, rows in kept.items() for row in after[name] for value in row[len(rows[0]) :]}
    assert added - {None, 0, 1, ""} == set()
    assert {name: after[name] for name in after.keys() - before.keys() if after[name]} == {}


def test_checkpoints_are_named_by_file_and_generation_and_lose_nothing(old: Path) -> None:
    store = Store(old)
    with closing(store):
        found = {checkpoint.file: checkpoint for checkpoint in store.checkpoints()}
        names = [row["file"] for row in store.connection.execute("SELECT file FROM files ORDER BY file")]
    assert names == ["aa:2", "bb:0"]
    assert found == {f"{row['uid']}:{row['generation']}": checkpoint_of(row) for row in FILES}


def checkpoint_of(row: dict[str, Any]) -> Checkpoint:
    values = {name: value for name, value in row.items() if name != "updated_at"}
    numbers = {"volume": int(row["volume"]), "number": int(row["number"])}
    return Checkpoint(**values | numbers, format="qbwc", past=False)


def test_what_the_store_was_before_is_kept_beside_it(old: Path) -> None:
    before = contents(old)
    mode = old.stat().st_mode
    Store(old).close()
    copy = old.with_name(f"history.db.before-{VERSION}")
    assert (contents(copy), version_of(copy), copy.stat().st_mode) == (before, 2, mode)
    assert sorted(path.name for path in old.parent.iterdir()) == ["history.db", f"history.db.before-{VERSION}"]


def test_what_was_written_and_not_yet_moved_from_the_journal_is_in_the_copy(old: Path) -> None:
    with closing(sqlite3.connect(old)) as watcher:
        watcher.execute("UPDATE files SET offset = 5001 WHERE uid = 'aa'")
        watcher.commit()
        assert old.with_name("history.db-wal").stat().st_size > 0
        Store(old).close()
    with closing(sqlite3.connect(old.with_name(f"history.db.before-{VERSION}"))) as copy:
        assert copy.execute("SELECT offset FROM files WHERE uid = 'aa'").fetchall() == [(5001,)]


def test_a_new_store_has_no_copy_and_an_opened_one_gets_none(tmp_path: Path) -> None:
    for _ in range(2):
        Store(tmp_path / "history.db").close()
        assert [path.name for path in tmp_path.iterdir()] == ["history.db"]


def test_a_migration_that_fails_leaves_the_store_as_it_was(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE signals (mine)")
    before = contents(old)
    with pytest.raises(StoreError, match="signals") as refused:
        Store(old)
    assert f"before-{VERSION}" not in str(refused.value)
    assert (contents(old), version_of(old)) == (before, 2)


def test_a_copy_that_cannot_be_made_stops_the_migration(old: Path) -> None:
    (old.with_name(f"history.db.before-{VERSION}")).mkdir()
    before = contents(old)
    with pytest.raises(StoreError, match="it cannot be copied first: Is a directory") as refused:
        Store(old)
    assert f"before-{VERSION}" not in str(refused.value)
    assert (contents(old), version_of(old)) == (before, 2)


def test_the_copy_of_an_attempt_that_failed_is_made_anew(old: Path) -> None:
    copy = old.with_name(f"history.db.before-{VERSION}")
    copy.write_bytes(b"half of a copy")
    before = contents(old)
    Store(old).close()
    assert contents(copy) == before


def test_processes_that_migrate_at_once_wait_for_one_another(old: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(migrate, [str(old)] * 3))
    assert (version_of(old), version_of(old.with_name(f"history.db.before-{VERSION}"))) == (VERSION, 2)
    assert len(contents(old)["files"]) == 2


def test_a_store_is_migrated_in_a_process_of_its_own_where_sqlite_utils_is_not_loaded(old: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from qbwatch.history.store import Store\n"
        f"print(len(Store(Path({str(old)!r})).checkpoints()), {{'sqlite_utils', 'pandas'}} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2 set()\n"

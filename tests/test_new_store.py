"""A new store is made from tables that are written down, and is no other than one that went through all migrations."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from sqlite_utils import Database

from qbwatch.history import new_store
from qbwatch.history.schema import migrate, migrations
from qbwatch.history.store import Store, connect
from qbwatch.history.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00:00")


def held(path: Path) -> tuple[list[str], int]:
    """Return all that the store at *path* holds, but for when it was made, and its version."""
    with closing(sqlite3.connect(path)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return sorted(_TIME.sub("TIME", line) for line in connection.iterdump()), version


def test_what_is_written_down_is_what_the_migrations_make(tmp_path: Path) -> None:
    """If this fails after a new migration: python -m qbwatch.history.new_store."""
    migrate(str(tmp_path / "migrated.db"))
    with closing(connect(tmp_path / "made.db")) as connection:
        assert new_store.make(connection)
    assert held(tmp_path / "made.db") == held(tmp_path / "migrated.db")


def test_no_migration_is_pending_in_a_new_store(tmp_path: Path) -> None:
    Store(tmp_path / "made.db").close()
    with closing(sqlite3.connect(tmp_path / "made.db")) as connection:
        assert migrations.pending(Database(connection)) == []


def test_a_store_that_has_tables_is_left_alone(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE events (id TEXT)")
        assert not new_store.make(connection)
        assert held(tmp_path / "other.db") == (
            ["BEGIN TRANSACTION;", "COMMIT;", "CREATE TABLE events (id TEXT);"], 0,
        )  # fmt: skip


def test_tables_of_another_version_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "new_store.sql"
    old.write_text(new_store.WRITTEN.read_text().replace(f"user_version = {VERSION}", f"user_version = {VERSION - 1}"))
    monkeypatch.setattr(new_store, "WRITTEN", old)
    with closing(connect(tmp_path / "made.db")) as connection:
        assert not new_store.make(connection)
    Store(tmp_path / "made.db").close()
    assert held(tmp_path / "made.db")[1] == VERSION

"""A store that is damaged or held."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from qbwatch.errors import StoreError
from qbwatch.history.store import Store
from qbwatch.selfwatch.store_trouble import is_damaged, may_pass, set_aside

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


def error(code: int) -> sqlite3.OperationalError:
    made = sqlite3.OperationalError("no")
    made.sqlite_errorcode = code
    return made


def test_a_full_disk_and_a_lock_pass_and_damage_does_not() -> None:
    assert may_pass(error(sqlite3.SQLITE_FULL))
    assert may_pass(error(sqlite3.SQLITE_IOERR_WRITE))
    assert not may_pass(error(sqlite3.SQLITE_CORRUPT))
    assert is_damaged(error(sqlite3.SQLITE_CORRUPT))
    told = StoreError("the store cannot be opened")
    told.__cause__ = error(sqlite3.SQLITE_NOTADB)
    assert is_damaged(told)
    assert not is_damaged(StoreError("a newer qbwatch"))


def test_a_damaged_store_is_kept_under_another_name(tmp_path: Path) -> None:
    store = tmp_path / "history.db"
    Store(store).close()
    whole = store.read_bytes()
    store.write_bytes(b"\xff" * 5000 + whole[5000:])
    found = set_aside(store, NOW)
    assert found
    assert found[0] == tmp_path / "history.db.damaged-20260310-020000"
    assert found[0].read_bytes()[:3] == b"\xff" * 3
    assert not store.exists()


def test_a_whole_store_is_left_where_it_is(tmp_path: Path) -> None:
    store = tmp_path / "history.db"
    Store(store).close()
    assert set_aside(store, NOW) is None
    assert store.exists()

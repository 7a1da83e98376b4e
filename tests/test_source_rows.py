"""What the store keeps for the watcher: checkpoints by generation, bookmarks, and which sources were read once."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ingest.identity import Checkpoint
from qbwatch.history.store import Store
from qbwatch.stream import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
FIRST = Checkpoint(
    uid="aa", path="/log/QWCLog.txt", volume=2**63, number=2**128 - 1, head_length=1024, head_hash="dd", generation=0,
    encoding="utf-8", offset=500, line=6, safe=400, safe_line=5, marker_length=10, marker_hash="ee", format="qbwc",
    past=False,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "history.db")) as opened:
        yield opened


def put(store: Store, *checkpoints: Checkpoint) -> None:
    with store.transaction():
        store.put(Batch(), checkpoints, NOW)


def test_each_generation_of_a_file_has_a_checkpoint_of_its_own(store: Store) -> None:
    put(store, FIRST)
    second = replace(FIRST, generation=1, offset=9, format="qbsdk")
    put(store, replace(FIRST, past=True, volume=0, number=0), second)
    assert store.checkpoints() == [replace(FIRST, past=True, volume=0, number=0), second]


def test_a_checkpoint_that_is_forgotten_takes_no_other_with_it(store: Store) -> None:
    other = replace(FIRST, generation=1)
    put(store, FIRST, other)
    with store.transaction():
        store.forget([FIRST.file, "unknown:7"])
    assert store.checkpoints() == [other]


def test_a_bookmark_moves_also_back_where_a_channel_was_cleared(store: Store) -> None:
    assert store.bookmarks() == {}
    for number in (81_000, 81_234, 3):
        with store.transaction():
            store.put_bookmark("System", number, NOW)
            store.put_bookmark("Application", 7, NOW)
        assert store.bookmarks() == {"System": number, "Application": 7}


def test_the_first_pass_over_a_source_is_noted_once(store: Store) -> None:
    assert store.first_passes() == set()
    for later in (0, 60):
        with store.transaction():
            store.put_first_pass("/log/*.txt", NOW + timedelta(seconds=later))
    assert store.first_passes() == {"/log/*.txt"}
    rows = [tuple(row) for row in store.connection.execute("SELECT * FROM first_passes")]
    assert rows == [("/log/*.txt", "2026-03-10T03:00:00Z")]


def test_what_was_not_committed_was_never_written(store: Store) -> None:
    def stopped() -> None:
        with store.transaction():
            store.put(Batch(), [FIRST], NOW)
            store.put_bookmark("System", 1, NOW)
            store.put_first_pass("/log/*.txt", NOW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert (store.checkpoints(), store.bookmarks(), store.first_passes()) == ([], {}, set())

"""The store as people and other programs meet it: readers beside a writer, pruning, search, copies, broken files."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import small_history
from small_history import made_event, made_run

import qbwatch
from qbwatch.cli.opened import open_store
from qbwatch.errors import StoreError
from qbwatch.history import checks, retention, words
from qbwatch.history.backup import backup
from qbwatch.history.retention import Retention
from qbwatch.history.store import Store
from qbwatch.housekeeping import Housekeeping
from qbwatch.stream import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 17, tzinfo=UTC)
WRITER = """
import sys; sys.path.insert(0, {tests!r})
from datetime import timedelta
from pathlib import Path
import small_history
from qbwatch.history.store import Store
from qbwatch.stream import Batch
store = Store(Path({path!r}))
print("begun", flush=True)
for number in range({batches}):
    at = small_history.BEGINS + timedelta(hours=number)
    made = [small_history.made_run("srv-09", at, id=f"{{number}}-{{one}}") for one in range(10)]
    events = [small_history.made_event("srv-09", at, "popup_blocked", id=f"{{number}}-{{one}}") for one in range(10)]
    with store.transaction():
        store.put(Batch(runs={{one.run.id: one for one in made}}), (), at)
        store.put(Batch(events={{one.id: one for one in events}}), (), at)
print("done", flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "history.db"
    small_history.make(file).close()
    return file


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store(path)) as opened:
        yield opened


def test_a_reader_beside_a_writing_process_sees_whole_batches_and_their_rollups(path: Path) -> None:
    code = WRITER.format(tests=str(Path(__file__).parent), path=str(path), batches=60)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "begun\n"
        seen: list[tuple[int, int, int, int]] = []
        with qbwatch.open_history(path) as history:
            while writer.poll() is None:
                with history.snapshot():
                    runs, events = (len(one(host="srv-09", columns=["host"])) for one in (history.runs, history.events))
                    daily = history.daily(host="srv-09")
                    seen.append((runs, events, int(daily["runs"].sum()), int(daily["events"].sum())))
        assert writer.stdout.read() == "done\n"
    assert [one for one in seen if len(set(one)) > 1 or one[0] % 10] == []
    assert len({one[0] for one in seen}) > 1


def test_a_writer_does_not_wait_for_a_reader_that_takes_its_time(path: Path) -> None:
    with qbwatch.open_history(path) as history, closing(Store(path)) as store:
        store.connection.execute("PRAGMA busy_timeout = 0")
        frames = history.iter_runs(rows=100)
        first = next(frames)
        one = made_run("srv-09", small_history.BEGINS)
        with store.transaction():
            store.put(Batch(runs={one.run.id: one}), (), NOW)
        rest = list(frames)
        assert [len(first), *map(len, rest)] == [100] * 6 + [60]
        assert len(history.runs(host="srv-09")) == 1


def test_a_second_writer_waits_for_the_first(path: Path) -> None:
    with closing(Store(path)) as first, closing(Store(path)) as second:
        one = made_run("srv-09", small_history.BEGINS)

        def write() -> None:
            with second.transaction():
                second.put(Batch(runs={one.run.id: one}), (), NOW)

        with first.transaction():
            thread = threading.Thread(target=write)
            thread.start()
            thread.join(0.2)
            assert thread.is_alive()
        thread.join(10)
        assert first.connection.execute("SELECT count(*) FROM runs WHERE host = 'srv-09'").fetchone()[0] == 1


def test_old_rows_of_a_kind_go_and_what_is_untold_or_open_stays(store: Store) -> None:
    store.connection.execute("UPDATE runs SET told = iif(id LIKE '%2026-03-02%', 0, 1)")
    before = datetime(2026, 3, 4, tzinfo=UTC)
    old = retention.count_old(store.connection, "runs", before)
    with store.transaction() as db:
        assert retention.prune_some(db, "runs", before, NOW, limit=5) == 5
    assert retention.count_old(store.connection, "runs", before) == old - 5
    left = store.connection.execute("SELECT count(*) FROM runs WHERE started < '2026-03-03'").fetchone()[0]
    assert left >= 38


def test_the_watcher_gives_up_old_rows_some_at_a_turn_once_a_day(store: Store) -> None:
    late = NOW + timedelta(days=500)
    store.connection.execute("UPDATE runs SET told = 1")
    house = Housekeeping(store, Retention(runs=timedelta(days=400), events=None, signals=None))
    lefts = []
    for turn in range(8):
        house.turn(turn * 100.0, late)
        lefts.append(store.connection.execute("SELECT count(*) FROM runs").fetchone()[0])
    assert [left for left in lefts if left] == [160]
    told = retention.pruned_at(store.connection)
    assert told == dict.fromkeys(("runs", "deliveries", "ledger"), "2027-07-30T00:00:00Z")
    again = Housekeeping(store, Retention())
    again.turn(0.0, late)
    assert set(retention.pruned_at(store.connection)) == {"runs", "deliveries", "ledger", "events"}


def test_words_find_findings_that_are_indexed_and_those_that_are_not_yet(store: Store, path: Path) -> None:
    with store.transaction() as db:
        assert words.index_some(db, 2)
    with qbwatch.open_history(path) as history:
        found = {text: len(history.search(text)) for text in ("popup_blocked", "says user_mode", "sing*", "a OR b")}
        assert found == {"popup_blocked": 2, "says user_mode": 1, "sing*": 1, "a OR b": 0}
        with pytest.raises(ValueError, match="holds no word to look for"):
            history.search('" *')
        assert list(history.search("single_user_mode", host="srv-02")["cause"]) == ["single_user_mode"]


def test_the_index_of_words_follows_what_is_corrected_and_what_goes(store: Store, path: Path) -> None:
    with store.transaction() as db:
        while words.index_some(db, 3):
            pass
    at = next(iter(small_history.FAILURES))[1]
    changed = made_event("srv-01", at, "popup_blocked", message="another wording")
    with store.transaction() as db:
        store.put(Batch(events={changed.id: changed}), (), NOW)
        db.execute("DELETE FROM events WHERE cause = 'single_user_mode'")
    assert [found.what for found in checks.check(store.connection) if found.problems] == []
    with qbwatch.open_history(path) as history:
        assert [len(history.search(text)) for text in ("wording", "single_user_mode")] == [1, 0]


def test_a_copy_is_made_while_somebody_writes(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with closing(Store(path)) as writer:
        one = made_run("srv-09", small_history.BEGINS)
        told: list[int] = []

        def write(done: int) -> None:
            told.append(done)
            if len(told) == 1:
                with writer.transaction():
                    writer.put(Batch(runs={one.run.id: one}), (), NOW)

        size = backup(path, copy, write)
    assert (size, told[-1]) == (copy.stat().st_size, size)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy.db", "history.db"]
    with closing(Store(copy)) as store:
        assert store.connection.execute("SELECT count(*) FROM runs").fetchone()[0] == 660
        assert [found for found in checks.check(store.connection) if found.problems] == []


def test_a_damaged_store_is_told_and_what_to_do(path: Path, tmp_path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8192 : len(data) // 2] = b"\xff" * (len(data) // 2 - 8192)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"copy\.db.*(malformed|damaged).*put the last backup in its place"):
        backup(path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_what_is_no_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a store at all, but some words that are long enough " * 10)
    with pytest.raises(StoreError, match=r"file is not a database.*Name the right file"):
        Store(tmp_path / "notes.txt")


@pytest.mark.parametrize("open_", [lambda path: Store(Path(path)), qbwatch.open_history])
def test_a_store_on_another_machine_is_refused(open_: object) -> None:
    with pytest.raises(StoreError, match="must be on a local disk"):
        open_(r"\\srv-02\share\history.db")  # type: ignore[operator]


def test_a_full_disk_is_told_and_changes_nothing_by_halves(store: Store, path: Path) -> None:
    before = store.connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    made = [made_run("srv-09", small_history.BEGINS + timedelta(minutes=one), id=f"x{one}") for one in range(5000)]
    with pytest.raises(StoreError, match=r"disk is full.*qbwatch history prune"):
        fill(path, Batch(runs={one.run.id: one for one in made}))
    assert store.connection.execute("SELECT count(*) FROM runs").fetchone()[0] == before


def fill(path: Path, batch: Batch) -> None:
    """Write to a store that may not grow."""
    with open_store(path) as full:
        pages = full.connection.execute("PRAGMA page_count").fetchone()[0]
        full.connection.execute(f"PRAGMA max_page_count = {pages}")
        with full.transaction():
            full.put(batch, (), NOW)


def test_a_store_that_may_not_be_written_is_told(path: Path) -> None:
    # As on a disk that may only be read; a file's own mode does not keep root from writing.
    change = "PRAGMA query_only = ON; DELETE FROM runs"
    with pytest.raises(StoreError, match="This user may not write there"), open_store(path) as store:
        store.connection.executescript(change)


PLANS = {
    "SELECT * FROM events WHERE time >= ? AND time < ?": "idx_events_time",
    "SELECT * FROM events WHERE cause = ? AND time >= ?": "idx_events_cause_time",
    "SELECT * FROM events WHERE host = ? AND application = ? AND time >= ?": "idx_events_host_application_time",
    "SELECT * FROM events WHERE run = ?": "idx_events_run",
    "SELECT * FROM runs WHERE started >= ? AND started < ?": "idx_runs_started",
    "SELECT * FROM runs WHERE host = ? AND application = ? AND started > ?": "runs_turns",
    "SELECT * FROM runs WHERE outcome IN ('failed', 'unfinished') AND started >= ?": "runs_broken",
    "SELECT * FROM daily WHERE day >= ?": "idx_daily_day",
    "SELECT * FROM daily WHERE host = ? AND application = ? AND day = ?": "idx_daily_host_application_day",
    "SELECT time FROM events WHERE run IS NULL AND rule GLOB 'absence.*' AND host = ? AND time > ?": "events_absent",
    "SELECT * FROM signals WHERE host = ? AND time >= ?": "idx_signals_host_time",
}


@pytest.mark.parametrize("query", PLANS)
def test_a_question_is_answered_by_an_index(query: str, store: Store) -> None:
    plan = [row[3] for row in store.connection.execute(f"EXPLAIN QUERY PLAN {query}", ["x"] * query.count("?"))]
    assert len(plan) == 1
    assert f"INDEX {PLANS[query]} " in plan[0]


def test_the_views_answer_in_plain_names(store: Store) -> None:
    db = store.connection
    assert [tuple(row) for row in db.execute("SELECT host, cause, code FROM failures ORDER BY time")] == [
        ("srv-02", "single_user_mode", "QBWC1053"), ("srv-01", "popup_blocked", "QBWC1053"),
        ("srv-01", "popup_blocked", "QBWC1053"), ("srv-01", "machine_asleep", None),
    ]  # fmt: skip
    assert [tuple(row) for row in db.execute("SELECT seconds, failed_runs, host, cause FROM outages")] == [
        (7200, 2, "srv-01", "popup_blocked"), (3600, 1, "srv-02", "single_user_mode"),
    ]  # fmt: skip
    assert tuple(db.execute("SELECT * FROM days WHERE day = '2026-03-10'").fetchone()) == (
        "2026-03-10", "Contoso", 48, 46, 2, 0, 95.83, 120.0, 2,
    )  # fmt: skip
    assert {row[0] for row in db.execute("SELECT DISTINCT seconds FROM run_log")} == {40}

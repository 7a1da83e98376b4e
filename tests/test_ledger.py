"""The ledger in a real store: what is read in one go is one row, and every other fate is told once."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ledger import Fate, LedgerEntry
from qbwatch.history.ledger_rows import put_entries
from qbwatch.history.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
MANY = 1000


def after(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def entry(fate: Fate, begin: int, end: int | None, at: int = 0, **others: str) -> LedgerEntry:
    values = {"file": "aa:0", "path": "/log/QWCLog.txt", "reason": "followed"} | others
    return LedgerEntry(fate=fate, begin=begin, end=end, since=after(at), at=after(at), **values)


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(Store(tmp_path_factory.mktemp("store") / "history.db")) as store:
        yield store


@pytest.fixture
def store(one_store: Store) -> Iterator[Store]:
    one_store.connection.execute("BEGIN")
    yield one_store
    one_store.connection.execute("ROLLBACK")


def kept(store: Store, *entries: LedgerEntry) -> list[LedgerEntry]:
    put_entries(store.connection, entries)
    return store.ledger(limit=MANY)


def test_a_stretch_that_grows_is_one_row_whose_end_and_time_move(store: Store) -> None:
    first = entry(Fate.READ, 0, 100)
    grown = entry(Fate.READ, 0, 250, at=5)
    assert kept(store, first, grown) == [replace(grown, since=first.since)]


def test_what_is_read_from_where_reading_stopped_belongs_to_the_same_stretch(store: Store) -> None:
    first, more = entry(Fate.READ, 0, 100), entry(Fate.READ, 100, 250, at=5)
    assert kept(store, first, more) == [replace(more, begin=0, since=first.since)]


def test_a_stretch_goes_by_where_its_file_lies_now(store: Store) -> None:
    moved = kept(store, entry(Fate.READ, 0, 100), entry(Fate.READ, 100, 110, path="/log/QWCLogOld.txt"))
    assert [(one.path, one.begin, one.end) for one in moved] == [("/log/QWCLogOld.txt", 0, 110)]


def test_stretches_of_other_files_generations_or_reasons_stay_apart(store: Store) -> None:
    listed = kept(
        store,
        entry(Fate.READ, 0, 100),
        entry(Fate.READ, 100, 200, file="aa:1"),
        entry(Fate.READ, 100, 200, file="bb:0"),
        entry(Fate.READ, 100, 200, reason="read before alerts were on"),
        entry(Fate.SKIPPED, 100, 200),
    )
    assert len(listed) == 5


def test_a_stretch_of_nothing_is_no_entry(store: Store) -> None:
    assert kept(store, entry(Fate.READ, 7, 7)) == []


def test_a_stretch_that_fills_a_gap_joins_both_sides(store: Store) -> None:
    listed = kept(store, entry(Fate.READ, 0, 100), entry(Fate.READ, 200, 300, 1), entry(Fate.READ, 100, 200, 2))
    assert [(one.begin, one.end, one.since, one.at) for one in listed] == [(0, 300, after(0), after(2))]


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.SKIPPED, Fate.REREAD])
def test_any_other_fate_told_again_is_one_row_that_knows_most(store: Store, fate: Fate) -> None:
    told = [entry(fate, 10, 20), entry(fate, 10, None, 1), entry(fate, 10, 40, 2), entry(fate, 10, 30, 3)]
    assert kept(store, *told) == [replace(told[0], end=40, at=after(3))]


def test_an_end_that_nobody_knows_stays_unknown(store: Store) -> None:
    assert [one.end for one in kept(store, entry(Fate.LOST, 10, None), entry(Fate.LOST, 10, None, 1))] == [None]
    assert [one.end for one in kept(store, entry(Fate.READ, 0, None), entry(Fate.READ, 5, 9)) if one.begin == 0] == [
        None
    ]


def test_a_stretch_whose_end_was_unknown_is_no_obstacle(store: Store) -> None:
    listed = kept(store, entry(Fate.READ, 0, None), entry(Fate.READ, 5, 10), entry(Fate.READ, 0, 5))
    assert [(one.begin, one.end) for one in listed] == [(0, 10)]


def test_entries_are_listed_newest_first_by_path_and_up_to_a_limit(store: Store) -> None:
    listed = kept(
        store,
        entry(Fate.LOST, 0, 1, 1, path=r"C:\Log\QWCLog.txt"),
        entry(Fate.LOST, 1, 2, 3, path="/log/other.txt"),
        entry(Fate.LOST, 2, 3, 2, path=r"C:\Log\QWCLogOld.txt"),
    )
    assert [one.begin for one in listed] == [1, 2, 0]
    assert [one.begin for one in store.ledger("qwclog", limit=MANY)] == [2, 0]
    assert [one.begin for one in store.ledger("100%_", limit=MANY)] == []
    assert [one.begin for one in store.ledger(limit=2)] == [1, 2]


def test_what_was_lost_of_late_is_counted(store: Store) -> None:
    kept(store, entry(Fate.LOST, 0, 9, 5), entry(Fate.LOST, 10, None, 20), entry(Fate.SKIPPED, 0, 9, 20))
    assert [store.lost_since(after(at)) for at in (0, 5, 6, 21)] == [2, 2, 1, 0]


STRETCHES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), max_size=25)


@given(STRETCHES)
def test_whatever_is_read_in_whatever_order_the_rows_hold_its_bytes_once(
    one_store: Store, stretches: list[tuple[int, int]]
) -> None:
    told = [entry(Fate.READ, begin, begin + length, at) for at, (begin, length) in enumerate(stretches)]
    one_store.connection.execute("BEGIN")
    rows = sorted((one.begin, one.end or 0) for one in kept(one_store, *told))
    one_store.connection.execute("ROLLBACK")
    read = {byte for begin, length in stretches for byte in range(begin, begin + length)}
    assert [byte for begin, end in rows for byte in range(begin, end)] == sorted(read)
    assert all(end < begin for (_, end), (begin, _) in pairwise(rows)), "no two rows touch"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=25), st.sets(st.integers(0, 24)))
def test_a_file_that_only_grows_has_one_row_however_often_qbwatch_is_started_again(
    one_store: Store, sizes: list[int], restarts: set[int]
) -> None:
    begin = end = 0
    told = []
    for at, size in enumerate(sizes):
        begin = end if at in restarts else begin
        end += size
        told.append(entry(Fate.READ, begin, end, at))
    one_store.connection.execute("BEGIN")
    listed = kept(one_store, *told)
    one_store.connection.execute("ROLLBACK")
    assert listed == [replace(told[-1], begin=0, since=after(0))]

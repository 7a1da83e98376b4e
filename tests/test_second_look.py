"""Failures that may have several causes are weighed anew while the signals that explain them still come in."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ingest.record import Outcome, Record, Run, Span
from qbwatch.history.signal_rows import read_signals
from qbwatch.history.store import Store
from qbwatch.history.times import NEVER
from qbwatch.second_look import SecondLook, StoredSecondLook
from qbwatch.signal import NotedSignal
from qbwatch.stream import Batch, FinishedRun
from rules.classify import Findings, Where

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.catalogue import Catalogue
    from rules.event import Event

AT = datetime(2026, 4, 6, 1, 30, 26, tzinfo=UTC)
CRASH = Record(
    format="windows-events", time=AT - timedelta(seconds=1), component="Application Error", message="AppName=QBW.EXE",
    span=Span(offset=7, length=9, line=7), level="error", codes=("Application Error/1000",),
    fields={"AppName": "QBW.EXE"},
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "history.db")) as opened:
        yield opened


def failure(catalogue: Catalogue, at: datetime = AT) -> Batch:
    record = Record(
        format="qbwc", time=at, component="", message="QBWC1013: Error connecting to QuickBooks. HRESULT = 0x80040408",
        span=Span(offset=int(at.timestamp()), length=9, line=1),
    )  # fmt: skip
    [event] = Findings(catalogue).add(record, Where(host="srv-01", client=None, source="QWCLog.txt", file="f:0"), None)
    event = replace(event, run=f"r{event.offset}", application="Contoso Sync")
    return Batch(events={event.id: event}, runs={event.run or "": run_of(event)})


def run_of(event: Event) -> FinishedRun:
    run = Run(
        id=event.run or "", format="qbwc", source="QWCLog.txt", first=Span(offset=1, length=1, line=1),
        application="Contoso Sync", company_file=None, user=None, url=None, product_version=None, trigger=None,
        started=event.time, ended=event.time, outcome=Outcome.FAILED,
    )  # fmt: skip
    return FinishedRun(run=run, host="srv-01", client=None, cause=event.cause, closed=True)


def put(store: Store, batch: Batch, tell_from: datetime | None = None) -> None:
    with store.transaction():
        store.put(batch, (), AT, tell_from=tell_from)


def put_signal(store: Store, record: Record) -> None:
    signal = NotedSignal(id=f"{record.codes}{record.time}", host="srv-01", client=None, source="x", record=record)
    put(store, Batch(signals={signal.id: signal}))


def causes(store: Store) -> list[tuple[str, str]]:
    query = "SELECT events.cause, runs.cause FROM events JOIN runs ON runs.id = events.run ORDER BY events.time"
    return [tuple(row) for row in store.connection.execute(query)]


def test_a_signal_that_comes_after_the_failure_explains_it_and_the_alerts_hear_of_it(
    store: Store, catalogue: Catalogue
) -> None:
    look = StoredSecondLook(catalogue=catalogue, store=store, host="srv-01")
    put(store, failure(catalogue))
    assert look.turn(AT + timedelta(seconds=2)) == 1
    store.mark_told(AT + timedelta(seconds=2))
    assert (look.turn(AT + timedelta(seconds=3)), causes(store)) == (0, [("quickbooks_cannot_start",) * 2])
    put_signal(store, CRASH)
    assert look.turn(AT + timedelta(seconds=15)) == 1
    assert causes(store) == [("quickbooks_crashed",) * 2]
    _, [told], _ = store.untold(AT + timedelta(minutes=1))
    assert (told.cause, told.evidence[-1]) == (
        "quickbooks_crashed", "Near it: QuickBooks crashed at 2026-04-06 01:30:25 UTC."
    )  # fmt: skip
    assert told.others[0].cause == "quickbooks_cannot_start"
    assert look.turn(AT + timedelta(seconds=16)) == 0


def test_what_its_log_gives_again_is_weighed_again(store: Store, catalogue: Catalogue) -> None:
    look = StoredSecondLook(catalogue=catalogue, store=store, host="srv-01")
    put_signal(store, CRASH)
    for _ in range(2):
        put(store, failure(catalogue))
        assert look.turn(AT + timedelta(seconds=2)) == 1
        assert causes(store) == [("quickbooks_crashed",) * 2]


def test_what_failed_long_ago_or_on_another_host_stays_as_it_is(store: Store, catalogue: Catalogue) -> None:
    put_signal(store, CRASH)
    put(store, failure(catalogue))
    assert StoredSecondLook(catalogue=catalogue, store=store, host="srv-02").turn(AT) == 0
    assert StoredSecondLook(catalogue=catalogue, store=store, host="srv-01").turn(AT + timedelta(hours=1)) == 0


def test_a_signal_comes_back_from_the_store_as_it_was(store: Store) -> None:
    put_signal(store, CRASH)
    [signal] = read_signals(store.connection, "srv-01", AT - timedelta(minutes=1))
    stored = replace(CRASH, time=CRASH.time, span=replace(CRASH.span, length=0))
    assert signal.record == stored
    assert read_signals(store.connection, "srv-01", AT) == []


def test_the_other_causes_are_kept_with_the_event(store: Store, catalogue: Catalogue) -> None:
    batch = SecondLook(catalogue).look(failure(catalogue))
    put(store, batch, NEVER)
    kept = json.loads(store.connection.execute("SELECT others FROM events").fetchone()[0])
    assert kept[0] == {
        "cause": "popup_blocked", "confidence": "weak", "speaks_for": "",
        "speaks_against": "Nothing near it speaks for it.", "title": "A QuickBooks pop-up is blocking the sync",
    }  # fmt: skip


def test_a_scan_weighs_a_run_and_its_event_by_the_signals_that_it_has_read(catalogue: Catalogue) -> None:
    look = SecondLook(catalogue)
    look.signal(CRASH)
    batch = look.look(failure(catalogue))
    assert [event.cause for event in batch.events.values()] == ["quickbooks_crashed"]
    assert [run.cause for run in batch.runs.values()] == ["quickbooks_crashed"]
    later = look.look(failure(catalogue, AT + timedelta(hours=2)))
    assert [event.cause for event in later.events.values()] == ["quickbooks_cannot_start"]

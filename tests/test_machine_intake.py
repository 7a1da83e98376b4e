"""A machine's watch over a real store: what it found and what it knows are there after a crash."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from qwclog import Session, blocks_of

from ingest.record import Record, Span
from qbwatch.config import Settings
from qbwatch.history.machine_rows import recent_signals
from qbwatch.history.store import Store
from qbwatch.machine_intake import MachineIntake
from qbwatch.signal import NotedSignal
from qbwatch.stream import Batch, LogStream
from rules.pulse import ConfiguredApplication

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from rules.catalogue import Catalogue
    from rules.gate import Gate

START = datetime(2026, 3, 10, 2, tzinfo=UTC)
CONTOSO = ConfiguredApplication(name="Contoso Sync", every=timedelta(minutes=5))


class Watched:
    """A log, a store and a watcher that can be started anew."""

    def __init__(self, folder: Path, catalogue: Catalogue, gate: Gate) -> None:
        self.catalogue, self.gate, self.now = catalogue, gate, START
        zone: ZoneInfo = UTC  # type: ignore[assignment] # any zone will do
        self.settings = Settings(
            host="srv-01", client=None, zone=zone, sources=(), store=folder / "history.db", applications=(CONTOSO,)
        )
        self.store = Store(self.settings.store)
        self.start()

    def start(self) -> None:
        self.intake = MachineIntake(self.settings, self.catalogue, self.store, lambda: self.now)

    def run(self, at: int) -> None:
        """Let one run be written *at* seconds after the start, and read it."""
        stream = LogStream(
            self.catalogue, self.gate, host="srv-01", client=None, on_sign=self.intake.watch.sign,
            on_fact=self.intake.watch.schedule,
        )  # fmt: skip
        for block in blocks_of("".join(Session(at=at).ok()).encode()):
            stream.take(block, file="log:0", source="QWCLog.txt")
        stream.finish()
        self.intake.hear(stream.take_batch())
        self.at(at)

    def at(self, seconds: int) -> None:
        self.now = START + timedelta(seconds=seconds)
        self.intake.turn()

    def stored(self) -> list[tuple[str, str, str]]:
        query = "SELECT time, cause, role FROM events WHERE rule LIKE 'absence.%' ORDER BY role DESC, time"
        return [tuple(row) for row in self.store.connection.execute(query)]


@pytest.fixture
def watched(tmp_path: Path, catalogue: Catalogue, gate: Gate) -> Iterator[Watched]:
    one = Watched(tmp_path, catalogue, gate)
    with closing(one.store):
        yield one


def test_what_was_found_and_what_is_known_outlive_the_watcher(watched: Watched) -> None:
    for at in (0, 300, 600):
        watched.run(at)
    watched.at(1700)
    found = [("2026-03-10T02:10:00Z", "missed_schedule", "root"), ("2026-03-10T02:10:00Z", "missed_schedule", "echo")]
    assert watched.stored() == found
    watched.start()
    watched.at(1800)
    assert watched.stored() == found
    watched.run(2400)
    judged = watched.intake.watch.told
    assert {told.until for told in judged.values()} == {START + timedelta(seconds=2400)}
    assert len(watched.stored()) == 2


def test_a_kill_right_after_a_run_leaves_no_silence_behind(watched: Watched) -> None:
    for at in (0, 300, 600, 900, 1200):
        watched.run(at)
        # Nothing more is written down before the kill.
        watched.start()
    last = watched.intake.watch.last
    assert last is not None
    assert last >= START + timedelta(seconds=1200)
    watched.at(1500)
    assert watched.stored() == []


def test_what_did_not_change_is_not_written_again(watched: Watched) -> None:
    watched.run(0)
    watched.at(60)
    before = watched.store.connection.total_changes
    for seconds in range(120, 600, 60):
        watched.at(seconds)
    assert watched.store.connection.total_changes == before


def test_signals_come_back_as_records(watched: Watched) -> None:
    fields = {"SleepTime": "2026-03-10T02:00:00Z", "WakeTime": "2026-03-10T05:00:00Z"}
    record = Record(
        format="windows-events", time=START, component="Microsoft-Windows-Power-Troubleshooter", message="Woke.",
        codes=("Microsoft-Windows-Power-Troubleshooter/1",), fields=fields, span=Span(offset=7, length=0, line=1),
    )  # fmt: skip
    signal = NotedSignal(id="s", host="srv-01", client=None, source="System", record=record)
    with watched.store.transaction():
        watched.store.put(Batch(signals={"s": signal}), (), START)
    assert list(recent_signals(watched.store.connection, "srv-01", START)) == [record]
    assert list(recent_signals(watched.store.connection, "srv-02", START)) == []
    watched.start()
    assert watched.intake.watch.signals == [record]

"""A month of a machine: exactly what was done to it is found, after the fact and live, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from simulated_month import LEDGER, LENDING, NIGHTS, Found, Month

from ingest.blocks import BlockCutter
from ingest.encoding import detect_encoding
from ingest.formats import read_records
from ingest.formats.qbwc import QwcGrammar
from ingest.local_time import LocalClock
from qbwatch.__main__ import main
from qbwatch.machine import MachineWatch
from qbwatch.machine_state import restore, state_of
from qbwatch.stream import LogStream
from rules.event import Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ingest.record import Record
    from ingest.schedule_facts import ScheduleFact
    from qbwatch.stream import Sign
    from rules.catalogue import Catalogue
    from rules.event import Event
    from rules.gate import Gate

# The clocks go forward in the second night to Sunday of one, and back in that of the other.
SPRING, AUTUMN = date(2026, 3, 1), date(2026, 10, 18)
CONFIG = """\
[host]
name = "srv-01"
timezone = "America/New_York"
[[source]]
path = "QWCLog*.txt"
[[application]]
name = "Acme Lending"
windows = ["Mon-Fri 19:00-07:00"]
"""


@pytest.fixture(scope="module", params=[(SPRING, 1), (AUTUMN, 2)], ids=["spring", "autumn"])
def month(request: pytest.FixtureRequest) -> Month:
    sunday, seed = request.param
    return Month(sunday, seed)


def scanned(folder: Path, month: Month, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    (folder / "logs").mkdir()
    middle = month.at(15, 3)
    (folder / "logs" / "QWCLogOld.txt").write_bytes(month.text(ends=middle))
    (folder / "logs" / "QWCLog.txt").write_bytes(month.text(begins=middle))
    (folder / "logs" / "System.xml").write_bytes(month.windows.export())
    (folder / "qbwatch.toml").write_text(CONFIG)
    assert main(["--config", str(folder / "qbwatch.toml"), "scan", str(folder / "logs"), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    # Healthy runs have echoes of their own, which are none of this.
    return [one for one in lines if one["kind"] == "event" and (one["role"] == "root" or "absence." in one["rule"])]


def test_a_scan_finds_what_was_done_to_the_machine_and_nothing_else(
    month: Month, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = scanned(tmp_path, month, capsys)
    roots = [event for event in events if event["role"] == "root"]
    found = [Found(datetime.fromisoformat(one["time"]), one["cause"], one["application"] or "") for one in roots]
    assert sorted(found) == sorted(month.expected)
    held = [event for event in events if event["role"] == "echo"]
    assert {event["time"] for event in held} <= {event["time"] for event in roots if event["application"] is None}
    # By day nothing is expected of the one that runs at night.
    by_day = {one.begins for one in month.expected if one.cause in {"connector_crashed", "connector_hung"}}
    assert not [one for one in held if one["application"] == LENDING and datetime.fromisoformat(one["time"]) in by_day]
    assert {one["application"] for one in held} >= {LENDING, LEDGER}


@dataclass
class Live:
    """A watcher on the virtual clock: what is written is read, and then judged, every few minutes."""

    month: Month
    catalogue: Catalogue
    gate: Gate
    stored: dict[str, Event] = field(default_factory=dict)
    told: list[tuple[datetime, Event]] = field(default_factory=list)
    mended: list[tuple[datetime, str, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = self.fresh()
        self.stream = LogStream(
            self.catalogue, self.gate, host="srv-01", client=None, live=True,
            on_sign=self.sign, on_fact=self.fact,
        )  # fmt: skip
        self.cutter = BlockCutter(QwcGrammar(), detect_encoding(b"\r\n"), offset=0)
        self.signals = [
            (at, record)
            for at, text in self.month.windows.events
            for record in read_records("windows-events", text.encode(), LocalClock())
        ]
        self.lines = list(self.month.lines)
        self.lines.reverse()
        self.signals.sort(key=lambda one: one[0], reverse=True)
        self.kept: list[Record] = []

    def fresh(self) -> MachineWatch:
        return MachineWatch(self.catalogue, host="srv-01", client=None, expected=[NIGHTS])

    def sign(self, sign: Sign) -> None:
        self.watch.sign(sign)

    def fact(self, fact: ScheduleFact) -> None:
        self.watch.schedule(fact)

    def turn(self, now: datetime) -> None:
        text = "".join(line for _, line in taken(self.lines, now)).encode()
        blocks = [self.cutter.feed(text), self.cutter.peek()] if text else []
        for block in blocks:
            if block:
                self.stream.take(block, file="log:0", source="QWCLog.txt")
        if text:
            self.stream.review(now)
            for run in self.stream.take_batch().runs.values():
                self.watch.run(run)
        for _, record in taken(self.signals, now):
            self.watch.signal(record)
            self.kept.append(record)
        judgement = self.watch.judge(now)
        self.stored |= judgement.events
        self.told += [(now, event) for event in judgement.events.values()]
        self.mended += [(now, one.cause, one.application) for one in judgement.mended]

    def restart(self) -> None:
        state = json.loads(json.dumps(state_of(self.watch)))
        self.watch = self.fresh()
        restore(self.watch, state, self.kept)

    def roots(self) -> list[Found]:
        found = [event for event in self.stored.values() if event.role is Role.ROOT]
        return sorted(Found(one.time, one.cause, one.application or "") for one in found if one.time)


def taken(waiting: list[Any], now: datetime) -> Iterable[Any]:
    """Take what there is up to *now* off the end of *waiting*."""
    while waiting and waiting[-1][0] <= now:
        yield waiting.pop()


def watched(live: Live, *, is_away: bool, restarts: timedelta | None = None) -> Live:
    now, step, restarted = live.month.at(0, 8), timedelta(minutes=11), live.month.at(0, 8)
    while now < live.month.ends:
        now += step
        if is_away and any(begins <= now < ends for begins, ends in live.month.away):
            continue
        if restarts and now - restarted >= restarts:
            live.restart()
            restarted = now
        live.turn(now)
    return live


def test_a_watcher_finds_the_same_whether_it_sleeps_with_the_machine_or_not(
    month: Month, catalogue: Catalogue, gate: Gate
) -> None:
    is_away = month.sunday == SPRING
    live = watched(Live(month, catalogue, gate), is_away=is_away, restarts=timedelta(hours=29))
    assert live.roots() == sorted(month.expected)
    # Each was over when the machine went on, and that was told once of what it was in the end.
    over = Counter((cause, application or "") for _, cause, application in live.mended)
    assert over >= Counter((one.cause, one.application) for one in month.expected)

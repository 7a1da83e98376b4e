"""The watcher's look at itself, on real files, a real store and a virtual clock."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from conftest import SAMPLES
from windows_fake import MORNING, WindowsFake

from alerts.receiver import Receiver, SecretUrl
from alerts.route import Route
from qbwatch.config import Settings, Source
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store
from qbwatch.pipeline import Pipeline
from qbwatch.selfwatch.canary import PATIENCE, place
from qbwatch.selfwatch.own_watch import OwnWatch
from qbwatch.selfwatch.ping import Sign
from qbwatch.selfwatch.settings import CanarySettings, PingSettings, SelfWatchSettings

if TYPE_CHECKING:
    from pathlib import Path

    from rules.catalogue import Catalogue

EVERY = timedelta(minutes=5)


@dataclass
class Watched:
    """The real loop with its look at itself, on a clock that only the test moves."""

    folder: Path
    catalogue: Catalogue
    machine: WindowsFake = field(default_factory=lambda: WindowsFake(room={"\\": (80 << 30, 256 << 30)}))
    has_canary: bool = True
    now_s: float = 0.0

    def __post_init__(self) -> None:
        (self.folder / "log").mkdir()
        self.log = self.folder / "log" / "QWCLog.txt"
        self.start()

    def start(self) -> None:
        self.store = Store(self.folder / "history.db")
        receivers = tuple(Receiver(name=name, url=SecretUrl("")) for name in ("ops", "spare"))
        settings = Settings(
            host="srv-01", client=None, zone=ZoneInfo("UTC"), sources=(Source(path=str(self.log)),),
            store=self.store.path, receivers=receivers, route=Route(receiver="ops", group_wait=timedelta()),
            selfwatch=SelfWatchSettings(
                ping=PingSettings(url=SecretUrl("https://hc.example.com/SECRET"), every=EVERY),
                canary=CanarySettings(enabled=self.has_canary, every=EVERY),
            ),
        )  # fmt: skip
        alerts = AlertStore(self.store.connection, ZoneInfo("UTC"))
        self.own = OwnWatch(settings, self.catalogue, self.store, alerts)
        self.pipeline = Pipeline(
            settings=settings, catalogue=self.catalogue, store=self.store, alerts=alerts,
            clock=lambda: self.machine.wall, listens=False, platform=self.machine, own=self.own,
        )  # fmt: skip

    def turn(self, seconds: float = 1, *, times: int = 1) -> None:
        for _ in range(times):
            self.machine.passes(seconds)
            self.now_s += seconds
            self.pipeline.turn(self.now_s)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.store.connection.execute(query, values)]

    def incidents(self) -> dict[str, str]:
        return dict(self.rows("SELECT cause, state FROM incidents ORDER BY rowid"))

    def last_sign(self) -> tuple[Sign, str] | None:
        assert self.own.pinger
        return self.own.pinger._next

    def deliver(self, state: str, *, waiting: bool = False, reason: str = "nothing is there") -> None:
        at = self.machine.wall.isoformat(timespec="microseconds")
        self.store.connection.execute(
            "UPDATE deliveries SET state = ?, attempts = 1, finished_at = ?, next_at = ?, reason = ? "
            "WHERE receiver = 'ops' AND next_at IS NOT NULL",
            (state, None if waiting else at, at if waiting else None, reason),
        )


@pytest.fixture
def watched(tmp_path: Path, catalogue: Catalogue) -> Watched:
    return Watched(tmp_path, catalogue)


def blocked() -> bytes:
    return next((SAMPLES / "popup").glob("*/QWCLog.txt")).read_bytes()


def test_a_test_line_comes_through_and_leaves_no_trace_in_what_people_see(watched: Watched) -> None:
    watched.turn(times=3)
    assert watched.own.canary
    assert watched.own.canary.number == 1
    assert watched.own.canary.came_s is not None
    watched.turn(60, times=11)
    assert watched.own.canary.number == 3
    for table in ("events", "runs", "incidents", "ledger", "deliveries"):
        assert watched.rows(f"SELECT * FROM {table}") == []  # noqa: S608 - our own names
    assert watched.rows("SELECT path FROM sources") == [(str(watched.log),)]
    assert not watched.own.findings.open


def test_a_test_line_that_does_not_come_through_is_told_and_its_coming_ends_that(watched: Watched) -> None:
    watched.turn(times=3)
    # Somebody renames the folder, and so the line cannot be written.
    folder = place(watched.store.path).parent
    folder.rename(folder.with_name("elsewhere"))
    watched.turn(EVERY.total_seconds())
    watched.turn(PATIENCE.total_seconds(), times=2)
    watched.turn(2, times=2)
    assert watched.incidents() == {"canary_late": "open"}
    ((message,),) = watched.rows("SELECT message FROM events")
    assert message.startswith("Test line 2 did not come through: it cannot be written")
    folder.with_name("elsewhere").rename(folder)
    watched.turn(EVERY.total_seconds())
    watched.turn(2, times=8)
    assert watched.incidents() == {"canary_late": "resolved"}


def test_a_large_file_of_test_lines_is_begun_anew_at_the_start(watched: Watched) -> None:
    watched.turn(times=3)
    path = place(watched.store.path)
    with path.open("ab") as file:
        file.write(path.read_bytes() * 3000)
    watched.store.close()
    watched.start()
    watched.turn(times=3)
    assert path.stat().st_size < 200
    assert watched.own.canary
    assert watched.own.canary.came_s is not None
    assert watched.rows("SELECT * FROM ledger") == []


def test_a_log_that_grows_without_an_entry_is_told_and_its_next_entry_ends_that(watched: Watched) -> None:
    watched.log.write_bytes(blocked())
    watched.turn(times=3)
    for _ in range(24):
        with watched.log.open("ab") as file:
            file.write(b"what the new version writes looks like nothing that is known\r\n" * 20)
        watched.turn(31)
    watched.turn(2, times=2)
    assert watched.incidents()["nothing_parsed"] == "open"
    with watched.log.open("ab") as file:
        file.write(blocked().splitlines(keepends=True)[-1])
        file.write(blocked().splitlines(keepends=True)[-1])
    watched.turn(31, times=2)
    assert watched.incidents()["nothing_parsed"] == "resolved"


def test_a_quiet_log_and_a_long_entry_are_no_trouble(watched: Watched) -> None:
    watched.log.write_bytes(blocked())
    watched.turn(600, times=6)
    with watched.log.open("ab") as file:
        file.write(b"<row/>\r\n" * 4000)
    watched.turn(31, times=10)
    assert "nothing_parsed" not in watched.incidents()


def test_a_receiver_that_refuses_is_told_to_another_one_within_half_a_minute(watched: Watched) -> None:
    watched.turn(times=3)
    with watched.log.open("wb") as file:
        file.write(b"")
    watched.own.findings.tell("config_not_loaded", "x", "line 3 is wrong", watched.machine.wall)
    watched.turn(2, times=3)
    watched.deliver("failed")
    watched.turn(31, times=2)
    watched.turn(2, times=2)
    assert watched.incidents() == {"config_not_loaded": "open", "delivery_failing": "open"}
    told = watched.rows(
        "SELECT n.receiver FROM notifications n JOIN notification_incidents ni ON ni.notification = n.id "
        "JOIN incidents i ON i.id = ni.incident WHERE i.cause = 'delivery_failing' ORDER BY n.receiver"
    )
    assert told == [("ops",), ("spare",)]
    watched.deliver("sent")
    watched.turn(31, times=2)
    assert watched.incidents()["delivery_failing"] == "resolved"


def test_what_waits_for_more_than_an_hour_is_told(watched: Watched) -> None:
    watched.own.findings.tell("config_not_loaded", "x", "line 3 is wrong", watched.machine.wall)
    watched.turn(2, times=3)
    watched.deliver("pending", waiting=True, reason="the far side is down")
    watched.turn(600, times=5)
    assert "delivery_failing" not in watched.incidents()
    watched.turn(600, times=3)
    assert watched.incidents()["delivery_failing"] == "open"
    message = watched.rows("SELECT message FROM events WHERE cause = 'delivery_failing'")[0][0]
    assert message.endswith("wait for more than an hour; 1 now. The last answer: the far side is down.")


def test_a_watcher_that_was_killed_is_told_by_the_next_one_and_an_orderly_end_is_not(watched: Watched) -> None:
    watched.turn(2, times=3)
    watched.pipeline.life.stop()
    watched.store.close()
    watched.start()
    watched.turn(2, times=3)
    assert watched.incidents() == {}
    watched.store.close()
    watched.machine.passes(90)
    watched.start()
    watched.turn(2, times=3)
    assert watched.incidents() == {"watcher_crashed": "open"}
    watched.turn(1000, times=4)
    assert watched.incidents()["watcher_crashed"] == "resolved"


def test_a_restart_of_the_machine_is_no_crash_of_the_watcher(watched: Watched) -> None:
    watched.turn(2, times=3)
    watched.store.close()
    watched.machine.starts_anew(120)
    watched.start()
    watched.turn(2, times=3)
    assert "watcher_crashed" not in watched.incidents()


@pytest.mark.parametrize("step", [timedelta(days=1), -timedelta(days=1)])
def test_a_clock_that_is_moved_is_told_and_alerts_go_on(watched: Watched, step: timedelta) -> None:
    watched.turn(2, times=3)
    watched.own.findings.tell("config_not_loaded", "x", "line 3 is wrong", watched.machine.wall)
    watched.turn(2, times=3)
    watched.machine.clock_is_set(step.total_seconds())
    watched.turn(2, times=4)
    assert watched.incidents()["clock_jumped"] == "open"
    planned = watched.rows("SELECT count(*) FROM deliveries WHERE next_at <= ?", watched.machine.wall.isoformat())
    assert planned[0][0] >= 2
    watched.turn(1300, times=4)
    assert watched.incidents()["clock_jumped"] == "resolved"


def test_the_sign_of_life_goes_only_when_every_stage_moved(watched: Watched) -> None:
    watched.turn(2, times=3)
    assert watched.last_sign() is not None
    sign, body = watched.last_sign() or (Sign.LOG, "")
    assert sign is Sign.WELL
    assert "SECRET" not in body
    # A message is due, and no sender takes it.
    watched.own.findings.tell("config_not_loaded", "x", "line 3 is wrong", watched.machine.wall)
    watched.turn(2, times=3)
    watched.turn(EVERY.total_seconds() / 2, times=3)
    sign, body = watched.last_sign() or (Sign.LOG, "")
    assert (sign, body.splitlines()[-1]) == (Sign.FAIL, "did not move: outbox drained or explained")


def test_a_store_that_could_not_be_written_is_in_the_history_once_it_can(watched: Watched) -> None:
    watched.turn(2, times=3)
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    watched.own.store_failed(error, watched.now_s, watched.machine.wall)
    sign, body = watched.last_sign() or (Sign.LOG, "")
    assert sign is Sign.FAIL
    assert "Make room there" in body
    watched.turn(2, times=3)
    assert watched.incidents() == {"store_failing": "resolved"}
    assert watched.rows("SELECT * FROM deliveries") == []


def test_without_a_canary_nothing_is_written_beside_the_store(tmp_path: Path, catalogue: Catalogue) -> None:
    watched = Watched(tmp_path, catalogue, has_canary=False)
    watched.turn(60, times=20)
    assert not place(watched.store.path).parent.exists()
    assert watched.machine.wall > MORNING

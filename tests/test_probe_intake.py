"""Probes of a Windows machine on a virtual clock, on their way to a real store."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from windows_fake import WindowsFake

from ingest.probes import Limit
from qbwatch.history.store import Store
from qbwatch.probe_config import ProbeSettings
from qbwatch.probe_intake import ProbeIntake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.signal import NotedSignal

LOGS = Path("C:\\ProgramData\\Intuit\\QBWebConnector\\log")
SYNC = ProbeSettings(windows_user="SYNC-PC-01\\qbsync")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "history.db")) as opened:
        yield opened


class Watcher:
    """A watcher of the machine that turns once a second, unless something else happens."""

    def __init__(self, machine: WindowsFake, store: Store, settings: ProbeSettings = SYNC) -> None:
        self.machine, self.store = machine, store
        self.heard: list[NotedSignal] = []
        self.intake = ProbeIntake(
            platform=machine, settings=settings, store=store, host="srv-01", client=None,
            folders=lambda: [LOGS], on_signal=self.heard.append,
        )  # fmt: skip
        self.now_s = 0.0
        self.intake.turn(self.now_s)

    def runs(self, seconds: int) -> None:
        for _ in range(seconds):
            self.machine.passes(1)
            self.now_s += 1
            self.intake.turn(self.now_s)


def stored(store: Store, code: str = "") -> list[dict[str, str]]:
    rows = store.connection.execute("SELECT code, fields FROM signals ORDER BY rowid").fetchall()
    return [
        {"code": row["code"].removeprefix("probe/"), **json.loads(row["fields"])}
        for row in rows
        if row["code"].endswith(code)
    ]


def test_at_the_start_it_is_told_who_is_signed_in_and_what_runs(store: Store) -> None:
    machine = WindowsFake()
    session = machine.signs_in("qbsync")
    machine.signs_in("mira")
    machine.starts("QBWebConnector.exe", session, "SYNC-PC-01\\qbsync")
    machine.starts("explorer.exe", session)
    watcher = Watcher(machine, store)
    watcher.runs(120)
    told = stored(store)
    assert told.pop(0).keys() == {"code", "BootTime", "Version"}
    assert told == [
        {"code": "session", "User": "SYNC-PC-01\\qbsync", "SessionId": "1", "State": "active"},
        {"code": "process", "Name": "QBWebConnector.exe", "Pid": "4000", "SessionId": "1",
         "User": "SYNC-PC-01\\qbsync", "Started": "2026-04-14T08:00:00Z", "State": "running"},
    ]  # fmt: skip
    assert [signal.record.codes[0] for signal in watcher.heard] == ["probe/watching", "probe/session", "probe/process"]


def test_a_sign_out_ends_the_session_and_its_programs_and_a_disconnect_does_not(store: Store) -> None:
    machine = WindowsFake()
    session = machine.signs_in("qbsync")
    machine.starts("QBWebConnector.exe", session, None)
    watcher = Watcher(machine, store)
    watcher.runs(20)
    machine.disconnects(session)
    watcher.runs(40)
    machine.signs_out(session)
    watcher.runs(40)
    assert [(one["code"], one["State"], one.get("LastSeen")) for one in stored(store) if "State" in one] == [
        ("session", "active", None),
        ("process", "running", None),
        ("session", "disconnected", None),
        ("session", "gone", "2026-04-14T08:01:00.000Z"),
        ("process", "gone", "2026-04-14T08:01:00.000Z"),
    ]


def test_a_user_who_is_expected_and_not_signed_in_is_told_of_at_the_start_and_when_he_comes(store: Store) -> None:
    machine = WindowsFake()
    watcher = Watcher(machine, store)
    watcher.runs(60)
    machine.signs_in("QBSync")
    watcher.runs(20)
    assert [(one["User"], one["State"]) for one in stored(store, "session")] == [
        ("SYNC-PC-01\\qbsync", "gone"), ("SYNC-PC-01\\QBSync", "active"),
    ]  # fmt: skip


def test_without_an_expected_user_all_sessions_are_told_of(store: Store) -> None:
    machine = WindowsFake()
    machine.signs_in("qbsync")
    machine.signs_in("mira", "CONTOSO")
    Watcher(machine, store, ProbeSettings())
    assert [one["User"] for one in stored(store, "session")] == ["SYNC-PC-01\\qbsync", "CONTOSO\\mira"]


def test_a_program_that_was_started_again_is_gone_and_then_another_one(store: Store) -> None:
    machine = WindowsFake()
    first = machine.starts("QBWebConnector.exe")
    watcher = Watcher(machine, store)
    machine.ends(first)
    machine.starts("QBWebConnector.exe")
    watcher.runs(30)
    assert [(one["Pid"], one["State"]) for one in stored(store, "process")] == [
        ("4000", "running"), ("4000", "gone"), ("4004", "running"),
    ]  # fmt: skip


def test_a_program_hangs_once_it_does_so_at_two_looks(store: Store) -> None:
    machine = WindowsFake()
    pid = machine.starts("QBW.EXE")
    watcher = Watcher(machine, store)
    machine.hangs(pid)
    watcher.runs(30)
    machine.hangs(pid, hung=False)
    watcher.runs(30)
    machine.hangs(pid)
    watcher.runs(60)
    machine.hangs(pid, hung=False)
    watcher.runs(30)
    assert [one["State"] for one in stored(store, "process")] == ["running", "hung", "running"]


def test_a_program_that_the_configuration_names_is_missed_and_web_connector_is_not(store: Store) -> None:
    settings = ProbeSettings(processes=("Contoso.Sync.exe", "Fabrikam*.exe"))
    Watcher(WindowsFake(), store, settings).runs(60)
    assert stored(store, "process") == [{"code": "process", "Name": "Contoso.Sync.exe", "State": "gone"}]


def test_what_went_while_nobody_watched_is_told_at_the_next_start(store: Store) -> None:
    machine = WindowsFake()
    session = machine.signs_in("qbsync")
    machine.starts("QBWebConnector.exe", session, None)
    Watcher(machine, store).runs(90)
    machine.starts_anew(600)
    Watcher(machine, store)
    later = [(one["code"], one.get("State"), one.get("LastSeen")) for one in stored(store)[3:]]
    assert later == [
        ("boot", None, "2026-04-14T08:01:00.000Z"),
        ("away", None, "2026-04-14T08:01:00.000Z"),
        ("watching", None, None),
        ("session", "gone", "2026-04-14T08:01:00.000Z"),
        ("process", "gone", "2026-04-14T08:01:00.000Z"),
    ]


def test_who_and_what_is_no_longer_looked_for_has_not_gone(store: Store) -> None:
    machine = WindowsFake()
    machine.signs_in("qbsync")
    machine.signs_in("mira")
    machine.starts("Contoso.Sync.exe")
    Watcher(machine, store, ProbeSettings(processes=("Contoso.Sync.exe",)))
    Watcher(machine, store)
    assert {one["State"] for one in stored(store) if "State" in one} == {"active", "running"}


def test_a_watcher_that_is_ended_in_order_knows_its_last_second(store: Store) -> None:
    machine = WindowsFake()
    watcher = Watcher(machine, store)
    watcher.runs(45)
    watcher.intake.beat()
    machine.passes(300)
    Watcher(machine, store)
    [away] = stored(store, "away")
    assert (away["LastSeen"], away["Why"]) == ("2026-04-14T08:00:45.000Z", "not_running")


def test_after_a_sleep_sessions_and_programs_are_looked_at_at_once(store: Store) -> None:
    machine = WindowsFake()
    session = machine.signs_in("qbsync")
    watcher = Watcher(machine, store)
    watcher.runs(3)
    machine.sleeps(3600)
    machine.signs_out(session)
    watcher.runs(1)
    assert [one["code"] for one in stored(store)[2:]] == ["slept", "session"]


def test_a_disk_that_fills_is_told_of_once_and_when_there_is_room_again(store: Store) -> None:
    machine = WindowsFake()
    watcher = Watcher(machine, store, ProbeSettings(disk_low=Limit(share=0.1)))
    for free in (10, 9, 11, 13):
        machine.room["C:\\"] = (free << 30, 100 << 30)
        watcher.runs(60)
    assert [(one["State"], one["Free"]) for one in stored(store, "disk")] == [
        ("low", str(9 << 30)), ("fine", str(13 << 30)),
    ]  # fmt: skip


def test_what_windows_does_not_tell_hinders_no_other_question(store: Store) -> None:
    machine = WindowsFake(refuses={"sessions"})
    machine.starts("QBWebConnector.exe")
    watcher = Watcher(machine, store)
    watcher.runs(60)
    assert [one["code"] for one in stored(store)] == ["watching", "process"]
    assert watcher.intake.problems == {"sessions": "Windows does not tell sessions: Zugriff verweigert (5)"}
    machine.refuses.clear()
    watcher.runs(15)
    assert (watcher.intake.problems, [one["code"] for one in stored(store)][2:]) == ({}, ["session"])


def test_questions_are_asked_at_their_pace(store: Store) -> None:
    machine = WindowsFake()
    watcher = Watcher(machine, store)
    machine.asked.clear()
    watcher.runs(600)
    assert {what: machine.asked.count(what) for what in machine.asked} == {"sessions": 40, "processes": 20, "disk": 10}


def test_what_the_store_could_not_take_is_stored_at_the_next_turn(store: Store, tmp_path: Path) -> None:
    machine = WindowsFake()
    watcher = Watcher(machine, store)
    store.connection.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(tmp_path / "history.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        machine.sleeps(600)
        with pytest.raises(sqlite3.OperationalError):
            watcher.runs(1)
        other.execute("ROLLBACK")
    watcher.runs(5)
    assert [one["code"] for one in stored(store)] == ["watching", "session", "slept"]


def test_without_a_platform_nothing_is_asked(store: Store) -> None:
    intake = ProbeIntake(platform=None, settings=SYNC, store=store, host="srv-01", client=None)
    assert intake.turn(0.0) == 0
    intake.beat()
    assert stored(store) == []


def test_a_faster_pace_looks_and_misses_itself_sooner(store: Store) -> None:
    machine = WindowsFake()
    watcher = Watcher(machine, store, ProbeSettings(every=timedelta(seconds=1)))
    machine.passes(5)
    watcher.runs(1)
    assert [one["Why"] for one in stored(store, "away")] == ["stopped"]

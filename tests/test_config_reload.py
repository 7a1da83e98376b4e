"""A configuration that changes while a watcher runs."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from live_watch import configured, failing, poll, stored, stored_numbers, watching

from qbwatch.config import load
from qbwatch.selfwatch.config_reload import ConfigReloader
from qbwatch.selfwatch.findings import CONFIG_NOT_LOADED, OwnFindings

if TYPE_CHECKING:
    from pathlib import Path

    from qbwatch.config import Settings
    from rules.catalogue import Catalogue

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


class Reloaded:
    """A configuration that a user edits; each look is two seconds after the one before."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self.file = configured(folder)
        self.changes: list[Settings] = []
        self.findings = OwnFindings("srv-01", None, catalogue)
        self.reloader = ConfigReloader(load(self.file), load, self.changes.append)
        self.now_s = 0.0
        self.look()

    def look(self, times: int = 2) -> None:
        for _ in range(times):
            self.now_s += 2
            self.reloader.look(self.findings, self.now_s, NOW)

    def append(self, text: str) -> None:
        with self.file.open("a") as file:
            file.write(text)


@pytest.fixture
def reloaded(tmp_path: Path, catalogue: Catalogue) -> Reloaded:
    return Reloaded(tmp_path, catalogue)


def test_a_good_change_is_taken_up_whole(reloaded: Reloaded) -> None:
    reloaded.append('[canary]\nevery = "1m"\n')
    reloaded.look()
    assert [one.selfwatch.canary.every.total_seconds() for one in reloaded.changes] == [60]
    reloaded.look(5)
    assert len(reloaded.changes) == 1


def test_a_file_that_is_still_being_written_is_left_alone(reloaded: Reloaded) -> None:
    reloaded.append("[canary]\n")
    reloaded.look(1)
    reloaded.append('every = "1m"\n')
    reloaded.look(1)
    assert reloaded.changes == []
    reloaded.look(1)
    assert len(reloaded.changes) == 1


def test_a_bad_change_is_told_with_its_place_and_changes_nothing(reloaded: Reloaded) -> None:
    reloaded.append("[canary]\nevry = 1\n")
    reloaded.look()
    assert reloaded.changes == []
    (event,) = reloaded.findings.events.values()
    assert event.cause == CONFIG_NOT_LOADED
    assert event.message == f'{reloaded.file}:8:1: [canary] has no key "evry". Did you mean "every"?'
    reloaded.findings.stored()
    reloaded.file.write_text(reloaded.file.read_text().replace("[canary]\nevry = 1\n", ""))
    reloaded.look()
    assert reloaded.findings.mended == [CONFIG_NOT_LOADED]
    assert reloaded.changes == []


def test_a_file_that_is_gone_is_told(reloaded: Reloaded) -> None:
    reloaded.file.unlink()
    reloaded.look()
    assert [event.cause for event in reloaded.findings.events.values()] == [CONFIG_NOT_LOADED]


def test_another_store_waits_for_a_restart_and_the_rest_does_not(reloaded: Reloaded, tmp_path: Path) -> None:
    text = reloaded.file.read_text().replace("history.db", "other.db").replace("srv-01", "srv-02")
    reloaded.file.write_text(text)
    reloaded.look()
    assert [(one.host, one.store) for one in reloaded.changes] == [("srv-02", tmp_path / "history.db")]
    (event,) = reloaded.findings.events.values()
    assert "taken up when qbwatch is started again" in event.message


def test_a_running_watcher_follows_a_new_source_and_keeps_on_after_a_slip(tmp_path: Path) -> None:
    config = configured(tmp_path)
    log, other = tmp_path / "log" / "QWCLog.txt", tmp_path / "other.txt"
    log.write_bytes(failing(1))
    with watching(config) as process:
        assert poll(lambda: stored_numbers(tmp_path) == [1])
        good = config.read_text()
        config.write_text(good + "nonsense = 1\n")
        assert poll(lambda: stored(tmp_path, "SELECT cause, state FROM incidents WHERE cause LIKE 'config%'")
                    == [("config_not_loaded", "open")])  # fmt: skip
        with log.open("ab") as file:
            file.write(failing(2))
        assert poll(lambda: stored_numbers(tmp_path) == [1, 2])
        config.write_text(f'{good}[[source]]\npath = "{other}"\nformat = "qbwc"\n')
        other.write_bytes(failing(3))
        assert poll(lambda: stored_numbers(tmp_path) == [1, 2, 3])
        assert poll(lambda: stored(tmp_path, "SELECT state FROM incidents WHERE cause LIKE 'config%'")
                    == [("resolved",)])  # fmt: skip
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_store_that_is_damaged_is_set_aside_and_what_came_since_is_read(tmp_path: Path) -> None:
    config = configured(tmp_path)
    config.write_text(config.read_text() + '[log]\nfile = "own.log"\n')
    log, store = tmp_path / "log" / "QWCLog.txt", tmp_path / "history.db"
    log.write_bytes(failing(1))
    with watching(config) as process:
        assert poll(lambda: stored_numbers(tmp_path) == [1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    store.write_bytes(b"\xee" * store.stat().st_size)
    with log.open("ab") as file:
        file.write(failing(2))
    with watching(config):
        assert poll(lambda: stored_numbers(tmp_path) == [1, 2])
        assert poll(lambda: ("store_replaced",) in stored(tmp_path, "SELECT cause FROM incidents"))
    (aside,) = tmp_path.glob("history.db.damaged-*")
    assert aside.read_bytes()[:4] == b"\xee" * 4


def test_a_lock_of_somebody_else_does_not_keep_the_watcher_from_ending(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with watching(config) as process:
        assert poll(lambda: stored(tmp_path, "SELECT count(*) FROM sources") == [(1,)])
        with closing(sqlite3.connect(tmp_path / "history.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0

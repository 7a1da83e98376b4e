from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ingest.watch import Bell, Missed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SOON_S = 5.0
NEVER_S = 0.2


@pytest.fixture
def bell() -> Iterator[Bell]:
    bell = Bell()
    yield bell
    bell.take_down()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "QWCLog.txt"
    path.write_text("one\n")
    return path


def append(log: Path) -> None:
    with log.open("a") as file:
        file.write("two\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "append": append,
    "create": lambda log: log.with_name("QWCLogNew.txt").touch(),
    "rename": lambda log: log.rename(log.with_name("QWCLogOld.txt")),
    "delete": lambda log: log.unlink(),
    "truncate": lambda log: log.write_text(""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_rings_when_something_changes_in_its_folder(bell: Bell, log: Path, change: str) -> None:
    bell.hang([log.parent])
    CHANGES[change](log)
    assert bell.wait(SOON_S)


def test_it_does_not_ring_because_somebody_reads(bell: Bell, log: Path) -> None:
    bell.hang([log.parent])
    log.read_text()
    assert not bell.wait(NEVER_S)


def test_after_it_rang_it_is_silent_until_the_next_change(bell: Bell) -> None:
    bell.ring()
    assert (bell.wait(0), bell.wait(0)) == (True, False)


def test_a_folder_that_is_not_there_is_left_out_until_it_comes(bell: Bell, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    bell.hang([folder, tmp_path / "never"])
    folder.mkdir()
    bell.hang([folder])
    (folder / "QWCLog.txt").touch()
    assert bell.wait(SOON_S)


def test_a_folder_that_is_deleted_and_made_again_is_watched_again(bell: Bell, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    bell.hang([folder])
    folder.rename(tmp_path / "away")
    folder.mkdir()
    bell.hang([folder])
    while bell.wait(NEVER_S):
        pass
    (folder / "QWCLog.txt").touch()
    assert bell.wait(SOON_S)


def test_one_more_folder_can_be_hung_while_it_listens(bell: Bell, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    bell.hang([one])
    bell.hang([one, two])
    (two / "QWCLog.txt").touch()
    assert bell.wait(SOON_S)


def test_a_folder_that_is_not_wanted_any_more_is_not_heard(bell: Bell, tmp_path: Path) -> None:
    bell.hang([tmp_path])
    bell.hang([])
    (tmp_path / "QWCLog.txt").touch()
    assert not bell.wait(NEVER_S)


def test_a_bell_that_never_hung_can_be_taken_down() -> None:
    Bell().take_down()


LOG = "/log/QWCLog.txt"


def test_what_polling_found_and_nobody_told_of_within_two_seconds_was_missed() -> None:
    missed = Missed()
    missed.found(LOG, 10)
    missed.told((), 12)
    assert missed.count == {}
    missed.told((), 12.1)
    assert missed.count == {LOG: 1}
    missed.told((), 99)
    assert missed.count == {LOG: 1}


def test_what_is_told_late_was_not_missed() -> None:
    missed = Missed()
    missed.found(LOG, 10)
    missed.told([LOG], 11.9)
    missed.told((), 99)
    assert missed.count == {}


def test_what_is_found_again_before_it_is_told_is_one_miss_since_the_first_time() -> None:
    missed = Missed()
    missed.found(LOG, 10)
    missed.found(LOG, 11.5)
    missed.told((), 12.1)
    assert missed.count == {LOG: 1}


def test_what_is_told_of_another_log_says_nothing() -> None:
    missed = Missed()
    missed.found(LOG, 10)
    missed.told(["/log/other.txt"], 13)
    assert missed.count == {LOG: 1}


def test_the_bell_tells_where_something_changed_once(bell: Bell, log: Path) -> None:
    bell.hang([log.parent])
    append(log)
    assert bell.wait(SOON_S)
    assert bell.take_told() == {str(log)}
    assert (bell.hears(log.parent), bell.hears(log.parent / "other")) == (True, False)

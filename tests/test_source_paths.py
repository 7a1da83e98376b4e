"""By which names the generations of a log go, and which files a source names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qbwatch.source_paths import chain_of, folders, generations_beside, is_generation, is_named, matches

if TYPE_CHECKING:
    from pathlib import Path

GENERATIONS = [
    "QWCLogOld.txt", "QWCLog_old.txt", "QWCLog.old", "QWCLog.txt.1", "QWCLog.txt.12", "QWCLog.1.txt",
    "QWCLog-20260310.txt", "QWCLog20260310.txt", "QWCLog.txt-2026-03-10", "QWCLog20260310_001.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", GENERATIONS)
def test_a_generation_belongs_to_its_log(name: str) -> None:
    assert (is_generation(name), chain_of(f"/log/{name}")) == (True, chain_of("/log/QWCLog.txt"))


@pytest.mark.parametrize("name", ["QWCLog.txt", "QWCLog-user2.txt", "QWCLog - Copy.txt", "qbsdklog.txt"])
def test_a_log_of_another_name_is_no_generation(name: str) -> None:
    assert not is_generation(name)


def test_logs_of_other_names_and_other_folders_are_other_logs() -> None:
    paths = ["/log/QWCLog.txt", "/log/QWCLog-user2.txt", "/log/sync.log", "/other/QWCLog.txt"]
    assert len({chain_of(path) for path in paths}) == 4


def test_the_sdks_log_and_its_old_one_are_one_log() -> None:
    assert chain_of("/log/qbsdklog.txt") == chain_of("/log/qbsdkold.txt") == chain_of("/log/QBSDKLOG.txt")


def test_the_generations_beside_a_log_are_found_whether_it_is_there_or_not(tmp_path: Path) -> None:
    for name in (*GENERATIONS, "QWCLog-user2.txt", "sync.log.1"):
        (tmp_path / name).touch()
    found = list(generations_beside(str(tmp_path / "QWCLog.txt")))
    assert found == sorted(str(tmp_path / name) for name in GENERATIONS)
    assert list(generations_beside(str(tmp_path / "none" / "QWCLog.txt"))) == []


def test_a_generation_is_not_beside_itself(tmp_path: Path) -> None:
    for name in ("QWCLog.txt.1", "QWCLog.txt.2"):
        (tmp_path / name).touch()
    assert list(generations_beside(str(tmp_path / "QWCLog.txt.1"))) == [str(tmp_path / "QWCLog.txt.2")]


def test_brackets_in_the_name_of_a_folder_that_is_there_are_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "logs [old]"
    folder.mkdir()
    (folder / "QWCLog.txt").touch()
    assert matches(str(folder / "QWCLog*.txt")) == [str(folder / "QWCLog.txt")]
    assert matches(str(tmp_path / "logs*" / "*.txt")) == [str(folder / "QWCLog.txt")]
    assert is_named(str(folder / "QWCLog*.txt"), str(folder / "QWCLogOld.txt"))


def test_a_file_whose_very_name_is_a_pattern_is_itself(tmp_path: Path) -> None:
    odd = tmp_path / "QWC[1].txt"
    odd.touch()
    assert matches(str(odd)) == [str(odd)]


def test_a_source_names_what_matches_and_the_generations_of_that_though_they_are_gone(tmp_path: Path) -> None:
    pattern = str(tmp_path / "QWCLog.txt")
    named = ["QWCLog.txt", "QWCLog.txt.3", "QWCLogOld.txt"]
    assert [is_named(pattern, str(tmp_path / name)) for name in named] == [True, True, True]
    assert not is_named(pattern, str(tmp_path / "sync.log"))
    assert not is_named(pattern, str(tmp_path / "away" / "QWCLog.txt"))


def test_the_folders_of_patterns_are_those_that_exist(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    patterns = [str(tmp_path / "one" / "*.txt"), str(tmp_path / "t*" / "*.txt"), str(tmp_path / "no" / "*.txt")]
    assert folders(patterns) == {tmp_path / "one", tmp_path / "two"}

from __future__ import annotations

import os
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

import pytest

from ingest.platform import FileId, file_id, glance_at, is_network, is_unchanged, open_shared

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "QWCLog.txt"
    path.write_bytes(b"one\r\n")
    return path


def test_while_a_log_is_open_its_writer_may_append_rename_and_delete_it(log: Path) -> None:
    with open_shared(log) as file:
        with log.open("ab") as writer:
            writer.write(b"two\r\n")
        old = log.rename(log.with_name("QWCLogOld.txt"))
        assert file.read() == b"one\r\ntwo\r\n"
        old.unlink()
    assert not old.exists()


def test_what_is_appended_is_seen_at_once_for_nothing_is_buffered(log: Path) -> None:
    with open_shared(log) as file:
        file.read()
        with log.open("ab") as writer:
            writer.write(b"two\r\n")
        assert file.read() == b"two\r\n"


def test_line_ends_are_left_as_they_are(log: Path) -> None:
    with open_shared(log) as file:
        assert file.read() == b"one\r\n"


def test_a_log_that_is_not_there_is_an_os_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        open_shared(tmp_path / "no.txt")
    assert caught.value.filename == str(tmp_path / "no.txt")


def test_a_file_keeps_its_identity_when_it_is_renamed_and_shares_it_with_none(log: Path) -> None:
    with open_shared(log) as file:
        before = file_id(file)
    old = log.rename(log.with_name("QWCLogOld.txt"))
    log.touch()
    with open_shared(old) as renamed, open_shared(log) as fresh:
        assert file_id(renamed) == before
        assert file_id(fresh) != before


def test_the_identity_is_that_which_the_path_has_too(log: Path) -> None:
    status = os.stat(log)  # noqa: PTH116 - the very call whose answer must agree
    with open_shared(log) as file:
        assert file_id(file) == FileId(volume=status.st_dev, number=status.st_ino)


def test_a_volume_without_file_numbers_tells_files_not_apart() -> None:
    assert (FileId(volume=7, number=0).is_known, FileId(volume=7, number=1).is_known) == (False, True)


def test_a_file_that_nobody_touched_is_unchanged_at_one_look(log: Path) -> None:
    with open_shared(log) as file:
        glance = glance_at(file)
    assert (glance.size, is_unchanged(str(log), glance)) == (5, True)


def test_more_bytes_another_time_or_another_file_are_a_change(log: Path) -> None:
    with open_shared(log) as file:
        glance = glance_at(file)
    os.utime(log, ns=(glance.changed_ns + 1, glance.changed_ns + 1))
    assert not is_unchanged(str(log), glance)
    other = log.with_name("other.txt")
    other.write_bytes(b"two\r\n")
    os.utime(other, ns=(glance.changed_ns, glance.changed_ns))
    other.replace(log)
    assert not is_unchanged(str(log), glance)
    log.unlink()
    assert not is_unchanged(str(log), glance)


@pytest.mark.parametrize("path", [r"\\srv-01\logs", "//srv-01/logs"])
def test_a_share_is_on_the_network(path: str) -> None:
    assert is_network(PureWindowsPath(path))


def test_a_folder_of_this_machine_is_not_on_the_network(tmp_path: Path) -> None:
    assert not is_network(tmp_path)

"""What an open file is to those that were read: itself, moved, a copy, or text that came back."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qwclog import BANNER, Session

import ingest.platform.files
from ingest.encoding import detect_encoding
from ingest.follow import FollowedFile
from ingest.formats.qbwc import QwcGrammar
from ingest.identity import Checkpoint, Sight, behind, compare, covered_end, first_sight, hash_of, recognise
from ingest.platform import FileId, open_shared

if TYPE_CHECKING:
    import os
    from pathlib import Path

SESSION = "".join(Session().no_work()).encode()
LATER = "".join(Session(at=3600).no_work()).encode()
FIRST, SECOND, THIRD = (text.encode() for text in Session().tick())


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read, as it is known after a restart: without its first bytes."""

    checkpoint: Checkpoint
    head: bytes = b""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "QWCLog.txt"


@pytest.fixture(params=["numbered", "without numbers", "with numbers that do not last"])
def volume(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A local disk; FAT or a share that has no numbers; a share that gives others each time."""
    given_out = iter(range(1, 10_000))
    if request.param == "without numbers":
        monkeypatch.setattr(ingest.platform.files, "_identity", lambda status: FileId(volume=status.st_dev, number=0))
    elif request.param != "numbered":

        def fresh(status: os.stat_result) -> FileId:
            return FileId(volume=status.st_dev, number=next(given_out))

        monkeypatch.setattr(ingest.platform.files, "_identity", fresh)
    return str(request.param)


def read(path: Path) -> Read:
    """Read *path* to its end."""
    with open_shared(path) as file:
        followed = FollowedFile(first_sight(file, str(path), "qbwc"), QwcGrammar())
        list(followed.read(file))
        return Read(followed.advance(None), followed.head)


def past(one: Read) -> Read:
    return replace(one, checkpoint=replace(one.checkpoint, volume=0, number=0, past=True))


def find(path: Path, *known: Read) -> tuple[Sight, Read | None]:
    with open_shared(path) as file:
        return recognise(file, str(path), known)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


@pytest.mark.usefixtures("volume")
def test_a_log_that_grew_is_known(log: Path) -> None:
    log.write_bytes(SESSION)
    known = read(log)
    append(log, FIRST)
    assert find(log, known) == (Sight.KNOWN, known)


@pytest.mark.usefixtures("volume")
@pytest.mark.parametrize("data", [b"", b"2026", FIRST[:50]])
def test_a_tiny_log_is_known_by_its_place_while_it_grows(log: Path, data: bytes) -> None:
    log.write_bytes(data)
    known = read(log)
    append(log, SECOND)
    assert find(log, known) == (Sight.KNOWN, known)


def test_a_renamed_log_is_found_and_its_successor_is_new(log: Path) -> None:
    log.write_bytes(SESSION)
    known = read(log)
    old = log.rename(log.with_name("QWCLogOld.txt"))
    log.write_bytes(BANNER.encode() + LATER)
    assert find(old, known) == (Sight.KNOWN, known)
    assert find(log, known) == (Sight.NEW, None)


@pytest.mark.usefixtures("volume")
def test_where_numbers_do_not_help_a_renamed_log_is_found_by_its_text(log: Path) -> None:
    log.write_bytes(SESSION)
    known = read(log)
    old = log.rename(log.with_name("QWCLogOld.txt"))
    sight, found = find(old, known)
    assert (sight in {Sight.KNOWN, Sight.MOVED}, found) == (True, known)


def test_a_log_that_was_cleared_and_filled_anew_is_known_and_its_text_is_not(log: Path) -> None:
    log.write_bytes(SESSION)
    known = read(log)
    log.write_bytes(LATER * 2)
    assert find(log, known) == (Sight.KNOWN, known)
    with open_shared(log) as file:
        assert compare(file, known.checkpoint) == "truncated"


def test_a_new_log_that_took_the_number_of_a_deleted_one_elsewhere_is_new(log: Path) -> None:
    log.write_bytes(LATER)
    known = read(log)
    deleted = replace(known, checkpoint=replace(known.checkpoint, path=str(log.with_name("QWCLogOld.txt"))))
    log.write_bytes(SESSION)
    assert find(log, deleted) == (Sight.NEW, None)


def test_of_two_that_had_one_number_the_head_decides(log: Path) -> None:
    log.write_bytes(SESSION)
    known = read(log)
    empty = Read(replace(known.checkpoint, uid="empty", head_length=0, head_hash=hash_of(b"")))
    other = Read(replace(known.checkpoint, uid="other", head_hash=hash_of(b"other")))
    assert find(log, empty, other, known, empty) == (Sight.KNOWN, known)


def test_a_log_that_came_back_from_a_backup_under_another_number_has_moved(log: Path) -> None:
    log.write_bytes(SESSION)
    known = read(log)
    gone = replace(known, checkpoint=replace(known.checkpoint, number=77, path=str(log.with_name("away.txt"))))
    assert find(log, gone) == (Sight.MOVED, gone)


@pytest.mark.usefixtures("volume")
def test_a_copy_of_a_log_that_is_still_there_waits_until_the_log_was_read_as_far(log: Path) -> None:
    log.write_bytes(SESSION)
    known = read(log)
    append(log, FIRST + SECOND)
    copy = log.with_name("QWCLog - Copy.txt")
    shutil.copyfile(log, copy)
    assert find(copy, known) == (Sight.COPY, known)
    append(log, THIRD)
    assert find(copy, read(log))[0] is Sight.COVERED


@pytest.mark.usefixtures("volume")
def test_a_copy_of_text_that_was_truncated_away_is_that_text(log: Path) -> None:
    log.write_bytes(SESSION + FIRST)
    known = past(read(log))
    copy = log.with_name("QWCLog.txt.1")
    copy.write_bytes(SESSION + FIRST + SECOND)
    assert find(copy, known) == (Sight.REVIVED, known)


def test_a_copy_that_was_made_before_the_end_was_read_holds_nothing_new(log: Path) -> None:
    log.write_bytes(SESSION + FIRST + SECOND)
    known = past(read(log))
    copy = log.with_name("QWCLog.txt.1")
    copy.write_bytes(SESSION)
    assert find(copy, known) == (Sight.COVERED, known)


def test_a_log_that_only_begins_like_one_that_is_there_is_another(log: Path) -> None:
    log.write_bytes(SESSION + LATER)
    known = read(log)
    other = log.with_name("QWCLog-user2.txt")
    other.write_bytes(SESSION + FIRST * 3)
    assert find(other, known) == (Sight.NEW, None)


def test_a_copy_that_somebody_wrote_on_is_covered_up_to_where_the_two_are_one(log: Path) -> None:
    log.write_bytes(SESSION + FIRST)
    known = read(log)
    copy = log.with_name("QWCLog - Copy.txt")
    copy.write_bytes(SESSION + FIRST + THIRD)
    assert find(copy, known) == (Sight.COVERED, known)
    with open_shared(copy) as file:
        assert covered_end(file, known.checkpoint) == len(SESSION + FIRST)


def test_a_copy_that_parted_from_the_log_is_covered_up_to_what_was_read(log: Path) -> None:
    log.write_bytes(SESSION + FIRST)
    known = read(log)
    copy = log.with_name("QWCLog - Copy.txt")
    copy.write_bytes(SESSION + SECOND + THIRD)
    assert find(copy, known) == (Sight.COVERED, known)
    with open_shared(copy) as file:
        assert covered_end(file, known.checkpoint) == known.checkpoint.offset == len(SESSION)


def test_a_known_one_whose_text_is_proven_goes_before_one_that_is_only_longer(log: Path) -> None:
    log.write_bytes(SESSION + LATER * 9)
    longer = past(read(log))
    other = log.with_name("QWCLogOld.txt")
    other.write_bytes(SESSION + FIRST + SECOND)
    mine = past(read(other))
    assert find(other, longer, mine) == (Sight.REVIVED, mine)


def test_files_of_one_head_get_names_of_their_own(log: Path) -> None:
    log.write_bytes(SESSION)
    with open_shared(log) as file:
        name = first_sight(file, str(log), "qbwc").uid
        assert name == hash_of(SESSION[:1024])
        assert first_sight(file, str(log), "qbwc", taken=[name]).uid != name


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40), max_size=8), st.data())
def test_behind_the_whole_lines_of_a_text_in_any_encoding(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], data: st.DataObject
) -> None:
    mark, name = data.draw(st.sampled_from([(b"", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]))
    whole = mark + "".join(f"{one}\n" for one in lines).encode(name)
    half = data.draw(st.sampled_from(["", "2026", "é"])).encode(name)
    path = tmp_path_factory.mktemp("at") / "log.txt"
    path.write_bytes(whole + half)
    with open_shared(path) as file:
        fresh = first_sight(file, str(path), "qbwc")
        at = behind(file, replace(fresh, encoding=name), len(whole + half))
    assert detect_encoding(mark).name in {name, "utf-8"}
    assert at.offset in ({len(whole)} if lines else {0})
    if name == "utf-8":
        assert at.line == len(lines) + 1

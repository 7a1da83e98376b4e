"""What becomes of a log's text when its file is rolled over, copied, cleared, moved or gone."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from watched import START, Watched

import ingest.identity
import qbwatch.sources
from ingest.platform import open_shared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.catalogue import Catalogue


@pytest.fixture
def watched(tmp_path: Path, catalogue: Catalogue) -> Iterator[Watched]:
    one = Watched(tmp_path, catalogue)
    yield one
    one.store.close()


def test_a_rolled_over_log_is_finished_and_nothing_is_lost(watched: Watched) -> None:
    watched.write(3)
    watched.turn()
    watched.write(2)
    watched.log.rename(watched.path("QWCLogOld.txt"))
    watched.write(2)
    watched.turn()
    assert watched.stored() == [1, 2, 3, 4, 5, 6, 7]
    assert watched.ledger("lost") == []


def test_each_rollover_takes_the_older_generation_away_and_that_is_no_loss(watched: Watched) -> None:
    for _ in range(5):
        watched.write(3)
        watched.turn()
        watched.log.replace(watched.path("QWCLogOld.txt"))
    watched.turn()
    assert watched.stored() == list(range(1, 16))
    assert watched.ledger("lost") == []


def test_a_log_that_is_rolled_over_to_names_that_no_source_names_is_finished_there(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    watched = Watched(tmp_path, catalogue, patterns=("QWCLog.txt",))
    with closing(watched.store):
        watched.write(3)
        watched.turn()
        for _ in range(3):
            watched.write(2)
            if watched.path("QWCLog.txt.1").exists():
                watched.path("QWCLog.txt.1").replace(watched.path("QWCLog.txt.2"))
            watched.log.rename(watched.path("QWCLog.txt.1"))
            watched.write(1)
            watched.turn()
        assert watched.stored() == list(range(1, 13))
        assert watched.ledger("lost") == []


def test_what_a_writer_still_appends_to_a_renamed_log_is_read_after_a_restart_too(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    watched = Watched(tmp_path, catalogue, patterns=("QWCLog.txt",))
    watched.write(3)
    watched.turn()
    old = watched.log.rename(watched.path("QWCLog.txt.1"))
    watched.write(1)
    watched.turn()
    for _ in range(2):
        watched.restart()
        watched.write(1, old)
        watched.turn()
    watched.store.close()
    watched.start()
    assert watched.stored() == [1, 2, 3, 4, 5, 6]
    watched.store.close()


def test_of_a_copied_and_truncated_log_the_copy_is_read_on(watched: Watched) -> None:
    watched.write(3)
    watched.turn()
    watched.write(2)
    size = watched.log.stat().st_size
    shutil.copyfile(watched.log, watched.path("QWCLog.txt.1"))
    os.truncate(watched.log, 0)
    watched.write(1)
    watched.turn()
    assert watched.stored() == [1, 2, 3, 4, 5, 6]
    assert watched.ledger("lost") == [("QWCLog.txt", size, None)]


def test_a_copy_that_was_read_past_before_the_truncation_is_not_read_again(watched: Watched) -> None:
    watched.write(3)
    watched.turn()
    shutil.copyfile(watched.log, watched.path("QWCLogOld.txt"))
    watched.write(1)
    watched.turn()
    os.truncate(watched.log, 0)
    watched.write(1)
    watched.turn()
    watched.turn()
    assert watched.stored() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("count", [1, 4, 9])
def test_a_log_that_is_cleared_and_filled_with_less_or_more_is_read_from_its_start(
    watched: Watched, count: int
) -> None:
    watched.write(4)
    watched.turn()
    size = watched.log.stat().st_size
    watched.now += timedelta(seconds=5)
    watched.log.write_bytes(b"")
    watched.write(count)
    watched.turn()
    assert watched.stored() == list(range(1, 5 + count))
    assert watched.ledger("lost") == [("QWCLog.txt", size, None)]


def test_a_loss_is_dated_from_when_the_text_was_last_seen_whole(watched: Watched) -> None:
    watched.write(4)
    watched.turn()
    watched.turn(60)
    watched.restart()
    watched.now += timedelta(hours=1)
    watched.log.write_bytes(b"")
    watched.turn()
    (lost,) = [one for one in watched.store.ledger() if one.fate == "lost"]
    assert (lost.since <= START + timedelta(seconds=61), lost.at) == (True, watched.now)


def test_a_log_that_lost_its_end_is_read_on_from_there_and_not_again(watched: Watched) -> None:
    watched.write(20)
    watched.turn()
    os.truncate(watched.log, watched.log.stat().st_size // 2)
    watched.turn()
    watched.write(2)
    watched.turn()
    stored = watched.stored()
    assert len(stored) == len(set(stored))
    assert stored[-1] == 22


def test_a_deleted_log_is_named_lost_once(watched: Watched) -> None:
    watched.write(3)
    watched.turn()
    size = watched.log.stat().st_size
    watched.log.unlink()
    watched.turn()
    watched.turn()
    watched.write(1)
    watched.turn()
    assert watched.ledger("lost") == [("QWCLog.txt", size, None)]
    assert watched.stored() == [1, 2, 3, 4]


def test_an_old_generation_that_was_not_read_to_its_end_is_named_lost_when_it_is_deleted(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write(3)
    watched.turn()
    read = watched.log.stat().st_size
    old = watched.log.rename(watched.path("QWCLogOld.txt"))
    watched.write(2, old)
    monkeypatch.setattr("qbwatch.sources.Sources._open", lambda *_: None)
    watched.turn()
    old.unlink()
    watched.turn()
    assert watched.ledger("lost") == [("QWCLogOld.txt", read, read // 3 * 5)]


def test_a_folder_that_is_out_of_reach_is_a_trouble_and_no_loss(watched: Watched) -> None:
    watched.write(3)
    watched.turn()
    (watched.folder / "log").rename(watched.folder / "away")
    watched.turn()
    assert watched.standing("QWCLog.txt") == "unreadable"
    watched.restart()
    watched.turn()
    (watched.folder / "away").rename(watched.folder / "log")
    watched.write(1)
    watched.turn()
    assert watched.stored() == [1, 2, 3, 4]
    assert watched.ledger("lost") == []


def test_two_logs_that_change_places_go_on_each(watched: Watched) -> None:
    other, away = watched.path("QWCLog-user2.txt"), watched.path("away.tmp")
    watched.write(3)
    watched.write(3, other)
    watched.turn()
    watched.log.rename(away)
    other.rename(watched.log)
    away.rename(other)
    watched.write(2)
    watched.write(2, other)
    watched.turn(1, {str(watched.log)})
    watched.turn()
    assert watched.stored() == list(range(1, 11))
    assert watched.ledger("lost") == []


def test_two_logs_of_the_same_beginning_that_change_places_go_on_each(watched: Watched) -> None:
    other, away = watched.path("QWCLog-user2.txt"), watched.path("away.tmp")
    watched.write(20)
    shutil.copyfile(watched.log, other)
    watched.turn()
    watched.write(1)
    watched.turn()
    watched.write(2)
    watched.write(2, other)
    watched.turn()
    watched.log.rename(away)
    other.rename(watched.log)
    away.rename(other)
    watched.write(1)
    watched.write(1, other)
    watched.turn()
    assert watched.stored() == list(range(1, 28))


def test_a_copy_beside_the_log_is_read_by_nobody_and_what_somebody_appends_to_it_is(watched: Watched) -> None:
    watched.write(5)
    watched.turn()
    copy = watched.path("QWCLog - Copy.txt")
    shutil.copyfile(watched.log, copy)
    watched.turn()
    assert watched.standing(copy.name) == "copy"
    watched.write(1)
    watched.turn()
    watched.turn()
    assert watched.standing(copy.name) == "followed"
    watched.write(1, copy)
    watched.turn()
    assert watched.stored() == [1, 2, 3, 4, 5, 6, 7]


def test_a_link_that_moves_on_leaves_nothing_behind_unread(tmp_path: Path, catalogue: Catalogue) -> None:
    watched = Watched(tmp_path, catalogue, patterns=("QWCLog-link.txt",))
    link, real = watched.path("QWCLog-link.txt"), tmp_path / "real"
    real.mkdir()
    with closing(watched.store):
        watched.write(3, real / "one.txt")
        link.symlink_to(real / "one.txt")
        watched.turn()
        watched.write(2, real / "one.txt")
        link.unlink()
        watched.write(2, real / "two.txt")
        link.symlink_to(real / "two.txt")
        watched.turn()
        assert watched.stored() == [1, 2, 3, 4, 5, 6, 7]
        assert watched.ledger("lost") == []


def test_one_file_under_two_names_is_read_once(watched: Watched) -> None:
    watched.write(3)
    watched.path("QWCLog-also.txt").symlink_to(watched.log)
    for _ in range(3):
        watched.write(1)
        watched.turn()
    assert watched.stored() == [1, 2, 3, 4, 5, 6]
    assert watched.rows("SELECT count(*) FROM files WHERE past = 0") == [(1,)]


def test_a_source_that_is_not_configured_any_more_is_not_lost(watched: Watched) -> None:
    other = watched.folder / "log" / "sync.txt"
    watched.store.close()
    watched.patterns = ("QWCLog*.txt", "sync.txt")
    watched.start()
    watched.write(2)
    watched.write(2, other)
    watched.turn()
    watched.patterns = ("QWCLog*.txt",)
    watched.restart()
    watched.turn()
    watched.patterns = ("QWCLog*.txt", "sync.txt")
    watched.restart()
    watched.write(1, other)
    watched.turn()
    assert watched.stored() == [1, 2, 3, 4, 5]
    assert watched.ledger("lost") == []


def test_a_source_that_is_still_on_its_first_pass_is_not_missed_by_the_others(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    watched = Watched(tmp_path, catalogue, patterns=("QWCLog.txt", "sync.txt"))
    watched.write(2)
    watched.write(2, watched.path("sync.txt"))
    watched.turn()
    watched.store.connection.execute("DELETE FROM first_passes WHERE source LIKE '%sync%'")
    watched.restart()
    with closing(watched.store):
        watched.turn()
        assert watched.stored() == [1, 2, 3, 4]
        assert watched.ledger("lost") == []


def test_a_locked_log_is_tried_again_a_finding_after_five_minutes_and_mended_when_it_can_be_read(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write(3)
    watched.turn()

    def locked(path: Path) -> None:
        error = PermissionError(13, "The process cannot access the file", str(path))
        error.winerror = 32
        raise error

    for module in (ingest.identity, qbwatch.sources):
        monkeypatch.setattr(module, "open_shared", locked)
    watched.write(1)
    watched.turn(1)
    watched.turn(298)
    assert watched.standing("QWCLog.txt") == "unreadable"
    assert watched.rows("SELECT count(*) FROM events WHERE cause = 'source_unreadable'") == [(0,)]
    watched.turn(15)
    watched.turn(15)
    assert watched.rows("SELECT count(*) FROM events WHERE cause = 'source_unreadable'") == [(1,)]
    watched.turn(5)
    assert watched.rows("SELECT state FROM incidents WHERE cause = 'source_unreadable'") == [("open",)]
    for module in (ingest.identity, qbwatch.sources):
        monkeypatch.setattr(module, "open_shared", open_shared)
    watched.turn(20)
    assert watched.rows("SELECT state FROM incidents WHERE cause = 'source_unreadable'") == [("resolved",)]
    assert watched.standing("QWCLog.txt") == "followed"


def test_only_so_many_old_texts_of_a_log_are_kept_in_mind(watched: Watched) -> None:
    for _ in range(40):
        watched.write(3)
        watched.turn()
        watched.log.replace(watched.path("QWCLogOld.txt"))
    assert watched.rows("SELECT count(*) <= 18 FROM files") == [(1,)]
    assert len(watched.pipeline.sources.followed.by_file) <= 18
    assert watched.stored() == list(range(1, 121))

"""What is read reaches the store once, with a word on every byte that was not read as a record."""

from __future__ import annotations

import os
import tracemalloc
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from qwclog import Session, line
from watched import START, Watched

from ingest.blocks import LONGEST_RECORD
from qbwatch.history.times import ALWAYS, NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from rules.catalogue import Catalogue

MIB = 1 << 20


@pytest.fixture
def watched(tmp_path: Path, catalogue: Catalogue) -> Iterator[Watched]:
    one = Watched(tmp_path, catalogue)
    yield one
    one.store.close()


def write_a_long_line(watched: Watched, length: int) -> int:
    """Append a line of *length* bytes, most of them a hole in the file; return where it begins."""
    begin = watched.log.stat().st_size
    with watched.log.open("ab") as file:
        file.write(b"20260310.02:00:00 UTC\t: QBWebConnector.SOAPWebService.update() : x")
        file.truncate(begin + length)
        file.seek(0, os.SEEK_END)
        file.write(b"\r\n")
    return begin


def told_of_a_long_line(watched: Watched, length: int) -> None:
    watched.write(2)
    begin = write_a_long_line(watched, length)
    watched.write(2)
    tracemalloc.start()
    watched.turn()
    while watched.pipeline.sources.seen[str(watched.log)].behind_since:
        watched.turn()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * MIB
    assert watched.stored() == [1, 2, 3, 4]
    skipped = [(begin_, end) for _, begin_, end in watched.ledger("skipped") if end and end - begin_ > LONGEST_RECORD]
    assert skipped
    assert all(begin <= one < end <= begin + length + 2 for one, end in skipped)
    assert watched.rows("SELECT drops FROM sources") != [(0,)]


def test_a_line_of_64_mib_is_passed_over_named_in_the_ledger_and_what_follows_is_read(watched: Watched) -> None:
    told_of_a_long_line(watched, 64 * MIB)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_line_of_1_gib_is_passed_over_in_as_little_memory(watched: Watched) -> None:
    told_of_a_long_line(watched, 1024 * MIB)


def test_nuls_become_a_signal_and_an_entry_in_the_ledger_once(watched: Watched) -> None:
    watched.write(1)
    begin = watched.log.stat().st_size
    with watched.log.open("ab") as file:
        file.write(b"\0" * 512)
    watched.turn()
    watched.write(1)
    for _ in range(3):
        watched.turn()
    watched.restart()
    watched.turn()
    assert watched.stored() == [1, 2]
    assert watched.ledger("skipped") == [("QWCLog.txt", begin, begin + 512)]
    assert watched.rows("SELECT code, offset FROM signals") == [("log/nul-run", begin)]


def test_bytes_of_no_encoding_cost_no_record(watched: Watched) -> None:
    watched.write(1)
    with watched.log.open("ab") as file:
        file.write(line("QBWebConnector.SOAPWebService.update()", "Caf\x81").encode("latin-1"))
        file.write(b"\xff\xfe\x81\x8d\x00 \r\n")
    watched.write(1)
    watched.turn()
    assert watched.stored() == [1, 2]


@pytest.mark.parametrize(
    ("tell_from", "told"),
    [(NEVER, ["C"]), (START + timedelta(minutes=5), ["B", "C"]), (ALWAYS, ["A", "B", "C"])],
)
def test_what_a_log_held_before_it_was_first_read_is_told_only_if_it_was_asked_for(
    tmp_path: Path, catalogue: Catalogue, tell_from: datetime, told: list[str]
) -> None:
    watched = Watched(tmp_path, catalogue, tell_from=tell_from)
    runs = ["".join(Session(application=name, at=at).blocked()) for name, at in (("A", 0), ("B", 400), ("C", 800))]
    watched.log.write_text(runs[0] + runs[1], newline="")
    watched.turn(600)
    with watched.log.open("a", newline="") as file:
        file.write(runs[2])
    watched.turn(300)
    rows = watched.rows("SELECT application FROM events WHERE role = 'root' AND told IS NOT NULL ORDER BY time")
    watched.store.close()
    assert [row[0] for row in rows] == told


def test_half_a_line_is_taken_when_nobody_wrote_on_for_two_seconds(watched: Watched) -> None:
    text = line("QBWebConnector.SOAPWebService.update()", "QBWC1048: no. 1.", end="")
    watched.log.write_text(text)
    watched.turn()
    watched.turn(1.5)
    assert watched.stored() == []
    watched.turn(0.5)
    assert watched.stored() == [1]


def test_a_read_that_breaks_off_is_taken_back_and_nothing_is_told_lost(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.write(2)
    watched.turn()
    watched.write(2)
    with monkeypatch.context() as broken:

        def fail(*_: object) -> None:
            raise OSError(5, "Input/output error")

        broken.setattr("ingest.follow.FollowedFile._take", fail)
        watched.turn()
    assert watched.standing("QWCLog.txt") == "unreadable"
    watched.turn()
    assert watched.stored() == [1, 2, 3, 4]
    assert watched.ledger("lost") == []
    assert watched.standing("QWCLog.txt") == "followed"

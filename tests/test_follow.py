from __future__ import annotations

import codecs
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from qwclog import BANNER, Session, every_record, line

from ingest.follow import CHUNK, FollowedFile, next_generation
from ingest.formats.qbwc import QwcGrammar
from ingest.identity import HEAD, Change, Checkpoint, compare, first_sight, hash_of
from ingest.platform import open_shared

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.record import Record

SESSION = "".join(Session().no_work()).encode()
FIRST, SECOND, THIRD = (text.encode() for text in Session().tick())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "QWCLog.txt"


def sight(path: Path) -> Checkpoint:
    with open_shared(path) as file:
        return first_sight(file, str(path), "qbwc")


def change(path: Path, checkpoint: Checkpoint) -> Change:
    with open_shared(path) as file:
        return compare(file, checkpoint)


def follow(checkpoint: Checkpoint) -> FollowedFile:
    return FollowedFile(checkpoint, QwcGrammar())


def read(followed: FollowedFile, path: Path) -> list[Record]:
    with open_shared(path) as file:
        return [record for block in followed.read(file) for record in every_record(block)]


def read_anew(path: Path) -> tuple[FollowedFile, Checkpoint]:
    followed = follow(sight(path))
    read(followed, path)
    return followed, followed.advance(None)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def messages(records: list[Record]) -> list[str]:
    return [record.message for record in records]


def test_what_is_appended_is_read_once_and_the_last_record_is_held(log: Path) -> None:
    log.write_bytes(FIRST + SECOND)
    followed = follow(sight(log))
    assert messages(read(followed, log)) == ["Password management - Started"]
    append(log, THIRD + FIRST)
    assert [(r.message, r.span.offset, r.span.line) for r in read(followed, log)] == [
        ("Password management - Ended", len(FIRST), 2),
        ("Performing SCHEDULED UPDATE for application = ", len(FIRST + SECOND), 3),
    ]


def test_the_held_record_is_shown_as_it_stands_and_again_at_its_place_when_it_has_grown(log: Path) -> None:
    log.write_bytes(FIRST + SECOND[:-8])
    followed = follow(sight(log))
    read(followed, log)
    young = followed.last()
    append(log, SECOND[-8:] + THIRD)
    (grown,) = read(followed, log)
    assert young is not None
    (before,) = every_record(young)
    assert (before.message, grown.message) == ("Password management -", "Password management - Ended")
    assert before.span.offset == grown.span.offset


def test_a_tiny_file_is_read_at_once_and_its_identity_is_filled_up_while_it_grows(log: Path) -> None:
    log.write_bytes(b"")
    followed = follow(sight(log))
    name = followed.file
    lengths = []
    for data in (FIRST, SECOND, SESSION):
        append(log, data)
        read(followed, log)
        checkpoint = followed.advance(None)
        assert change(log, checkpoint) is Change.SAME
        lengths.append(checkpoint.head_length)
    assert lengths == [len(FIRST), len(FIRST + SECOND), HEAD]
    assert checkpoint.head_hash == hash_of((FIRST + SECOND + SESSION)[:HEAD])
    assert followed.file == name


def test_a_log_with_a_full_head_has_the_same_name_wherever_it_is_read_first(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_bytes(SESSION)
    (tmp_path / "two.txt").write_bytes(SESSION)
    assert sight(tmp_path / "one.txt").uid == sight(tmp_path / "two.txt").uid == hash_of(SESSION[:HEAD])


def test_tiny_files_of_the_same_text_are_two(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_bytes(FIRST)
    (tmp_path / "two.txt").write_bytes(FIRST)
    assert sight(tmp_path / "one.txt").uid != sight(tmp_path / "two.txt").uid


def test_after_a_restart_reading_goes_on_behind_the_last_complete_record(log: Path) -> None:
    log.write_bytes(SESSION + FIRST + SECOND)
    _, checkpoint = read_anew(log)
    append(log, THIRD)
    records = read(follow(checkpoint), log)
    assert [(r.message, r.span.offset) for r in records] == [("Password management - Ended", len(SESSION + FIRST))]


def test_after_a_restart_an_open_run_is_read_again_from_its_first_record(log: Path) -> None:
    log.write_bytes(SESSION + FIRST + SECOND + THIRD + FIRST)
    followed = follow(sight(log))
    read(followed, log)
    checkpoint = followed.advance((len(SESSION), SESSION.count(b"\n") + 1))
    again = follow(checkpoint)
    assert [(r.span.offset, r.span.line) for r in read(again, log)] == [
        (len(SESSION), 24),
        (len(SESSION + FIRST), 25),
        (len(SESSION + FIRST + SECOND), 26),
    ]
    assert again.advance(None) == replace(checkpoint, safe=checkpoint.offset, safe_line=checkpoint.line)


def test_a_half_line_behind_a_restart_does_not_cost_the_marker(log: Path) -> None:
    log.write_bytes(SESSION)
    _, checkpoint = read_anew(log)
    append(log, FIRST[:9])
    followed = follow(checkpoint)
    read(followed, log)
    assert followed.advance(None).marker_length == HEAD


@pytest.mark.parametrize("refill", [b"", FIRST, BANNER.encode() + SESSION * 9])
def test_a_file_that_was_cleared_is_noticed_even_if_it_has_grown_beyond_the_old_end(log: Path, refill: bytes) -> None:
    log.write_bytes(SESSION)
    followed, checkpoint = read_anew(log)
    log.write_bytes(refill)
    with open_shared(log) as file:
        assert (followed.is_unread(file), followed.check(file)) == (True, Change.TRUNCATED)
        fresh = follow(next_generation(file, checkpoint, generation=1, format_="qbwc"))
    assert fresh.file == f"{checkpoint.uid}:1"
    assert len(read(fresh, log)) == max(len(every_records(refill)) - 1, 0)


def every_records(data: bytes) -> list[bytes]:
    return [text for text in data.splitlines() if b" UTC\t: " in text or text.startswith(b"Log file")]


def test_an_older_state_of_the_log_put_back_is_noticed_by_what_stood_before_the_offset(log: Path) -> None:
    log.write_bytes(SESSION * 2 + FIRST)
    _, checkpoint = read_anew(log)
    log.write_bytes(SESSION + SESSION.replace(b"02:00:00", b"03:00:00") + FIRST)
    assert change(log, checkpoint) is Change.TRUNCATED


def test_a_head_that_changed_is_noticed_though_the_rest_is_as_it_was(log: Path) -> None:
    log.write_bytes(SESSION * 2)
    _, checkpoint = read_anew(log)
    log.write_bytes(b"30" + (SESSION * 2)[2:])
    assert change(log, checkpoint) is Change.TRUNCATED


def test_the_checkpoint_tells_what_was_read_and_not_what_the_file_holds_by_now(log: Path) -> None:
    log.write_bytes(SESSION)
    followed = follow(sight(log))
    read(followed, log)
    log.write_bytes(SESSION.replace(b"20260310", b"20260311") * 3)
    assert change(log, followed.advance(None)) is Change.TRUNCATED


def test_a_file_that_is_replaced_between_first_sight_and_reading_keeps_its_place_in_time(log: Path) -> None:
    log.write_bytes(SESSION)
    followed = follow(sight(log))
    log.write_bytes(FIRST + SECOND)
    read(followed, log)
    assert change(log, followed.advance(None)) is Change.SAME


def test_a_byte_order_mark_is_kept_in_mind_over_a_restart(log: Path) -> None:
    text = "".join(Session(application="Crédit Café").tick() * 9)
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        log.write_bytes(mark + text.encode(encoding))
        _, checkpoint = read_anew(log)
        assert (checkpoint.encoding, change(log, checkpoint)) == (encoding, Change.SAME)
        append(log, FIRST.decode().encode(encoding))
        (record,) = read(follow(checkpoint), log)
        assert record.fields == {"application": "Crédit Café"}
        assert record.span.line == 27


def test_a_file_shows_its_encoding_before_it_is_read(log: Path) -> None:
    data = codecs.BOM_UTF16_LE + SESSION.decode().encode("utf-16-le")
    log.write_bytes(b"")
    followed = follow(sight(log))
    found = []
    for pos in range(len(data)):
        append(log, data[pos : pos + 1])
        if pos % 7 == 0 or pos < 5:
            found += read(followed, log)
    found += read(followed, log)
    assert len(found) == SESSION.count(b" UTC\t: ") - 1


def test_a_file_of_a_few_bytes_waits(log: Path) -> None:
    log.write_bytes(b"\xff\xfe2")
    followed = follow(sight(log))
    with open_shared(log) as file:
        assert not followed.is_unread(file)
    assert read(followed, log) == []


def test_what_follows_a_dead_writers_payload_is_read_without_waiting_for_its_end(log: Path) -> None:
    dump = line("QBWebConnector.SOAPWebService.do_sendRequestXML()", "XML dump follows: -\r\n")
    log.write_text(dump + '<?xml version="1.0"?>\n<QBXML>\n<Memo>\r\n' + "".join(Session(at=3600).tick()), newline="")
    followed = follow(sight(log))
    assert messages(read(followed, log)) == [
        "XML dump follows: -",
        "Password management - Started",
        "Password management - Ended",
    ]


def test_a_file_that_ended_gives_its_last_record_for_good(log: Path) -> None:
    log.write_bytes(FIRST)
    followed = follow(sight(log))
    read(followed, log)
    block = followed.finish()
    assert block is not None
    assert messages(every_record(block)) == ["Password management - Started"]
    assert (followed.last(), followed.advance(None).offset) == (None, len(FIRST))


def test_text_that_lost_its_end_and_got_another_is_noticed_by_what_was_read_last(log: Path) -> None:
    log.write_bytes(SESSION + FIRST)
    followed, checkpoint = read_anew(log)
    log.write_bytes(SESSION + SECOND + THIRD)
    with open_shared(log) as file:
        assert followed.check(file) is Change.TRUNCATED
    # After a restart only what stood before the last record is known.
    assert change(log, checkpoint) is Change.SAME


def test_what_was_read_and_not_stored_is_read_again(log: Path) -> None:
    log.write_bytes(SESSION)
    followed, checkpoint = read_anew(log)
    append(log, FIRST + SECOND)
    first = read(followed, log)
    followed.rewind()
    assert (followed.read_up_to, followed.checkpoint) == (checkpoint.safe, checkpoint)
    assert read(followed, log) == first


def test_a_limited_read_says_that_there_is_more_and_goes_on_there(log: Path) -> None:
    log.write_bytes(SESSION * 900)
    followed = follow(sight(log))
    with open_shared(log) as file:
        blocks, rounds = [], 0
        while followed.has_more or not rounds:
            blocks += list(followed.read(file, 1))
            rounds += 1
    assert rounds == -(-len(SESSION * 900) // CHUNK)
    assert sum(len(block.data) for block in blocks) == followed.advance(None).offset


def test_text_that_is_gone_has_no_number_any_more(log: Path) -> None:
    log.write_bytes(SESSION)
    followed, checkpoint = read_anew(log)
    assert followed.retire() == replace(checkpoint, volume=0, number=0, past=True)

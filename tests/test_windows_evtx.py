from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING

import pytest
from evtx_writer import CHUNK, DIRTY, HEADER, write_evtx
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats import windows_events
from ingest.formats.windows_evtx import EvtxReaderError

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.record import Record

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
SLEEP = "<EventData><Data Name='TargetState'>4</Data><Data Name='Reason'>7</Data></EventData>"
SESSION = (
    "<UserData><EventXML xmlns='Event_NS'><User>SYNC-PC-01\\qbsync</User><SessionID>4</SessionID>"
    "<Address>LOCAL</Address></EventXML></UserData>"
)


def event(
    number: int, provider: str = "Microsoft-Windows-Kernel-Power", event_id: int = 42, payload: str = SLEEP
) -> str:
    return (
        f"<Event xmlns='{NAMESPACE}'><System><Provider Name='{provider}'/>"
        f"<EventID Qualifiers='32768'>{event_id}</EventID><Level>4</Level>"
        f"<TimeCreated SystemTime='2026-04-14T21:12:16.516512Z'/><EventRecordID>{number}</EventRecordID>"
        f"<Channel>System</Channel><Computer>SYNC-PC-01</Computer></System>{payload}</Event>"
    )


def read(data: bytes) -> list[Record]:
    return list(windows_events.records(data))


def ids(found: list[Record]) -> list[str]:
    return [record.fields.get("RecordID", record.level or "") for record in found]


TEN = write_evtx([event(number) for number in range(1, 11)], per_chunk=4)


def test_evtx_and_xml_tell_the_same_events() -> None:
    events = [
        event(1),
        event(2, "USER32", 1074, "<EventData><Data>a.exe</Data><Data/><Data>Łódź</Data></EventData>"),
        event(3, "Microsoft-Windows-TerminalServices-LocalSessionManager", 21, SESSION),
        event(4, "EventLog", 6005, "<EventData/>"),
    ]
    of_evtx, of_xml = read(write_evtx(events)), read("\n".join(events).encode())
    assert [(r.time, r.codes, r.level, r.message, r.fields) for r in of_evtx] == [
        (r.time, r.codes, r.level, r.message, r.fields) for r in of_xml
    ]
    assert [r.fields.get("param2", "none") for r in of_evtx] == ["none", "", "none", "none"]


def test_spans_point_at_the_records_and_lines_count_them() -> None:
    found = read(TEN)
    assert ids(found) == [str(number) for number in range(1, 11)]
    assert [record.span.line for record in found] == list(range(1, 11))
    for record in found:
        raw = TEN[record.span.offset : record.span.offset + record.span.length]
        assert raw[:4] == b"**\0\0"
        assert struct.unpack_from("<IQ", raw, 4) == (record.span.length, int(record.fields["RecordID"]))


@pytest.mark.parametrize(
    ("size", "left", "missing"),
    [
        (HEADER + 2 * CHUNK, [1, 2, 3, 4, 5, 6, 7, 8], CHUNK),
        (HEADER + 2 * CHUNK - 10, [1, 2, 3, 4, 5, 6, 7, 8], CHUNK + 10),
        (HEADER + CHUNK, [1, 2, 3, 4], 2 * CHUNK),
        (HEADER, [], 3 * CHUNK),
        (100, [], HEADER + 3 * CHUNK - 100),
        (8, [], HEADER - 8),
    ],
)
def test_a_file_that_ends_early_says_so_and_what_is_left_is_read(size: int, left: list[int], missing: int) -> None:
    found = read(TEN[:size])
    assert ids(found) == [*map(str, left), "unparsed"]
    assert found[-1].message.startswith(f"The event log ends early: at least {missing} bytes are missing")
    assert (found[-1].span.offset, found[-1].span.length) == (size, 0)


def test_the_whole_records_of_a_chunk_that_was_cut_are_read() -> None:
    second = read(TEN)[1].span
    found = read(TEN[: second.offset + second.length + 30])
    assert ids(found) == ["1", "2", "unparsed", "unparsed"]


def test_a_copy_that_was_made_while_windows_wrote_says_so() -> None:
    found = read(write_evtx([event(1)], flags=DIRTY)[:-1])
    assert "It was copied while Windows wrote to it." in found[-1].message


def test_a_log_that_is_longer_than_its_header_says_is_read_to_its_end() -> None:
    whole = bytearray(TEN)
    struct.pack_into("<QH", whole, 24, 5, 4096)
    struct.pack_into("<H", whole, 42, 1)
    assert ids(read(bytes(whole))) == [str(number) for number in range(1, 11)]


def test_zeros_at_the_end_are_nothing_lost() -> None:
    assert ids(read(TEN + bytes(CHUNK) + bytes(100))) == [str(number) for number in range(1, 11)]


def test_records_that_the_header_knows_and_the_file_lacks_are_told() -> None:
    whole = bytearray(TEN)
    struct.pack_into("<Q", whole, 24, 15)
    found = read(bytes(whole))
    assert ids(found)[-1] == "unparsed"
    assert "it ends with record 10, and its header speaks of 14" in found[-1].message


def test_a_damaged_record_is_told_and_costs_nothing_but_itself() -> None:
    spans = [record.span for record in read(TEN)]
    in_the_frame, in_the_content = bytearray(TEN), bytearray(TEN)
    in_the_frame[spans[1].offset : spans[1].offset + 8] = b"\xff" * 8
    in_the_content[spans[1].offset + 24 : spans[1].offset + 40] = b"\xff" * 16
    for damaged in (in_the_frame, in_the_content):
        found = read(bytes(damaged))
        assert ids(found) == ["1", "unparsed", "3", "4", "5", "6", "7", "8", "9", "10"]
        assert (found[1].span.offset, found[1].span.length) == (spans[1].offset, spans[1].length)


def test_a_damaged_block_is_told_and_the_next_one_is_read() -> None:
    damaged = bytearray(TEN)
    damaged[HEADER + CHUNK : HEADER + CHUNK + 8] = b"\xff" * 8
    found = read(bytes(damaged))
    assert ids(found) == ["1", "2", "3", "4", "unparsed", "9", "10"]
    assert (found[4].span.offset, found[4].span.length) == (HEADER + CHUNK, CHUNK)


def test_a_damaged_file_header_hides_no_record() -> None:
    assert ids(read(TEN[:8] + b"\xff" * 16 + TEN[24:32] + b"\xff" * 8 + TEN[40:]))[:10] == [
        str(number) for number in range(1, 11)
    ]


def test_a_missing_package_is_a_message_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "evtx", None)
    with pytest.raises(EvtxReaderError, match=r"qbwatch\[evtx\].*as XML"):
        read(TEN)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(8, HEADER + 6000), st.integers(0, 255)), max_size=20), st.integers(0, len(TEN)))
def test_no_mutation_makes_it_fail(changes: list[tuple[int, int]], size: int) -> None:
    data = bytearray(TEN)
    for place, value in changes:
        data[place] = value
    for whole in (bytes(data), bytes(data[: max(size, 8)])):
        found = read(whole)
        for record in found:
            assert 0 <= record.span.offset <= record.span.offset + record.span.length <= len(whole)
        if len(whole) == len(TEN):
            # The second and the third block were left alone.
            assert [one for one in ids(found) if one != "unparsed"][-6:] == ["5", "6", "7", "8", "9", "10"]


def test_the_sample_is_a_log_of_several_blocks(samples: Path) -> None:
    data = (samples / "windows_events" / "restarted_for_update" / "System.evtx").read_bytes()
    assert windows_events.looks_like(data[:8192]) == 1.0
    assert "unparsed" not in ids(read(data))

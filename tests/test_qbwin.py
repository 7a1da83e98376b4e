from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.blocks import BlockCutter
from ingest.encoding import detect_encoding
from ingest.formats import detect
from ingest.formats.qbwin import FORMAT
from ingest.local_time import LocalClock
from ingest.record import Record, Span

ZONE = ZoneInfo("America/New_York")
CLOCK = LocalClock(zone=ZONE, day=date(2026, 3, 10))
LINE = "dmerror.c (4711) : MESSAGE: Tue Mar 10 09:28:06 LVL_SEVERE_ERROR--DMError Information:-6210"


def read(text: str | bytes, clock: LocalClock = CLOCK) -> list[Record]:
    return list(FORMAT.records(text.encode() if isinstance(text, str) else text, clock))


def read_one(text: str, clock: LocalClock = CLOCK) -> Record:
    (record,) = read(text, clock)
    return record


def test_a_line_is_a_record_with_the_source_file_as_its_component() -> None:
    assert read_one(f"{LINE}\r\n") == Record(
        format="qbwin",
        time=datetime(2026, 3, 10, 13, 28, 6, tzinfo=UTC),
        component="dmerror.c",
        message="LVL_SEVERE_ERROR--DMError Information:-6210",
        span=Span(offset=0, length=len(LINE) + 2, line=1),
        level="error",
        fields={"source_line": "4711", "event_type": "MESSAGE"},
    )


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ("LVL_NA--x", None),
        ("LVL_INFO_DETAIL--x", "debug"),
        ("LVL_INFO_SUMMARY--x", "information"),
        ("LVL_WARNING--x", "warning"),
        ("LVL_ERROR--x", "error"),
        ("LVL_SEVERE_ERROR--x", "error"),
        ("LVL_FATAL_ERROR--x", "critical"),
        ("LVL_ERROR--Verify Names: Errorsfound: 0 Time: 12", "information"),
        ("LVL_ERROR--Verify Names: Errorsfound: 10 Time: 12", "error"),
        (
            "LVL_ERROR--IsQBInUseLockFilePresentAndLocked: C:\\Books\\Contoso.qbw.LCK can't be found. Error = 2",
            "information",
        ),
        ("LVL_ERROR--IsQBInUseLockFilePresentAndLocked: LCK can't be found. Error = 21", "error"),
        ("no level at all", None),
    ],
)
def test_a_level_is_what_it_means_and_not_what_it_is_called(words: str, level: str | None) -> None:
    record = read_one(f"file.c (1) : MESSAGE: Tue Mar 10 09:28:06 {words}")
    assert record.level == level


@pytest.mark.parametrize(
    ("stamp", "day", "time"),
    [
        ("Tue Mar 10 09:28:06", date(2026, 3, 10), datetime(2026, 3, 10, 13, 28, 6, tzinfo=UTC)),
        ("Wed Dec 31 23:59:58", date(2026, 1, 1), datetime(2026, 1, 1, 4, 59, 58, tzinfo=UTC)),
        ("Wed Mar 11 09:28:06", date(2026, 3, 10), None),
        ("Tue Mar 11 09:28:06", date(2026, 3, 10), datetime(2025, 3, 11, 13, 28, 6, tzinfo=UTC)),
        ("Thu Feb 29 09:28:06", date(2025, 1, 15), datetime(2024, 2, 29, 14, 28, 6, tzinfo=UTC)),
        ("Sun Feb 29 09:28:06", date(2026, 3, 10), None),
        ("Tue Mar  3 09:28:06", date(2026, 3, 10), datetime(2026, 3, 3, 14, 28, 6, tzinfo=UTC)),
        ("Wed Nov 15 09:28:06 2023", None, datetime(2023, 11, 15, 14, 28, 6, tzinfo=UTC)),
        ("Tue Mar 10 09:28:06", None, None),
        ("Tue Foo 10 09:28:06", date(2026, 3, 10), None),
        ("Tue Mar 99 09:28:06", date(2026, 3, 10), None),
        ("Tue Mar 10 29:28:06", date(2026, 3, 10), None),
    ],
)
def test_the_year_is_that_of_the_file_and_the_weekday_must_agree(
    stamp: str, day: date | None, time: datetime | None
) -> None:
    record = read_one(f"file.c (1) : MESSAGE: {stamp} LVL_ERROR--x", LocalClock(zone=ZONE, day=day))
    doubt = {} if time else {"time_doubt": "no date", "local_time": stamp}
    assert (record.time, record.message) == (time, "LVL_ERROR--x")
    assert record.fields == {"source_line": "1", "event_type": "MESSAGE", **doubt}


def test_a_line_without_a_stamp_is_a_record_too() -> None:
    record = read_one("file.cpp (12) : FUNC_ENTER: LVL_NA--OpenFile")
    assert (record.message, record.fields["time_doubt"]) == ("LVL_NA--OpenFile", "no stamp")


def test_a_company_files_name_is_data() -> None:
    record = read_one(LINE.replace("-6210", r"-6210 C:\Books\LVL_FATAL_ERROR.qbw"))
    assert (record.message, record.level) == ("LVL_SEVERE_ERROR--DMError Information:-6210 ", "error")
    assert (record.data, record.fields["company_file"]) == (r"C:\Books\LVL_FATAL_ERROR.qbw",) * 2


def test_it_is_never_taken_without_being_named() -> None:
    assert FORMAT.is_opt_in
    assert FORMAT.looks_like(LINE.encode()) == 0.9
    assert detect(f"{LINE}\r\n".encode()).name is None


pieces = st.one_of(
    st.sampled_from([f"{LINE}\r\n", f"{LINE}\n  more\n", "file.c (1) : DUMP", "\0\0", "\r\n", "file.c (12"]),
    st.text(alphabet="file.c (1) : MESSAGE:TueMar\n\r\0LVL_ERRORé", max_size=40),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(pieces, max_size=10).map("".join),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.lists(st.integers(0, 900), max_size=6),
)
def test_however_a_log_is_cut_into_chunks_its_records_are_the_same(text: str, encoding: str, cuts: list[int]) -> None:
    data = text.encode(encoding)
    told = detect_encoding(data)
    cutter = BlockCutter(FORMAT.bound(CLOCK), told, offset=told.bom)
    ends = [*sorted(cut for cut in cuts if told.bom < cut < len(data)), len(data)]
    blocks = [cutter.feed(data[pos:end]) for pos, end in zip([told.bom, *ends], ends, strict=False)]
    found = [
        record
        for block in [*blocks, cutter.finish()]
        if block
        for record, _, _ in block.records_at(range(len(block.data)))
    ]
    assert found == read(data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(LINE)), st.integers(0, len(LINE)))
def test_nothing_makes_it_fail_or_lose_the_record_that_follows(noise: bytes, begin: int, end: int) -> None:
    line = LINE.encode()
    records = read(b"# log\r\n" + line[:begin] + noise + line[end:] + b"\r\n" + line)
    assert (records[-1].message, records[-1].time) == (read(LINE)[0].message, read(LINE)[0].time)

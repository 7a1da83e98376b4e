from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from conftest import SAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st
from line_logs import NEW_YORK, encoded, records_of
from line_logs import blocks_of as cut_blocks

from ingest.blocks import LONGEST_RECORD
from ingest.encoding import detect_encoding
from ingest.formats import text_formats
from ingest.formats.own import OwnFormat
from ingest.level import LEVELS, level_of
from ingest.line_format import LONGEST_START, LineLayout, decoded
from ingest.local_time import LocalClock, Moment, day_in_name

if TYPE_CHECKING:
    from pathlib import Path

OWN = OwnFormat(
    name="own",
    start=re.compile(r"\[(?P<time>\S+)\] (?P<level>\w+) (?P<component>\w+)$"),
    time="%H:%M:%S",
    zone=UTC,
).line_format()
NAMED = ("clef", "log4net", "ms-console", "nlog", "serilog")
FORMATS = {**{name: text_formats()[name] for name in NAMED}, "own": OWN}
LINES = {
    "serilog": (
        "2026-03-04 02:00:13.481 -05:00 [ERR] BeginSession failed for Größe € 𝒳",
        "[02:00:13 WRN] from the console",
        "2026-02-30 02:00:13.481 -05:00 [INF] no such day",
        "2026-03-04 02:00:13.481 -05:00 no level",
    ),
    "nlog": (
        "2026-03-04 02:00:13.4813|ERROR|QbSync.Worker|a | b|System.IO.IOException: Größe",
        "2026-03-08 02:30:00.0000|FATAL|QbSync.Worker|",
        "2026-03-04 02:00:13.4813|no level|",
    ),
    "log4net": (
        "2026-03-04 02:00:13,481 [7] ERROR QbSync.Worker [run 1] - refused - Größe",
        "02:00:13,481 [main] INFO  QbSync - b",
        "1234 [7] DEBUG QbSync  - c",
        "FATAL - d",
        "2026-03-04 02:00:13,481 no thread",
    ),
    "ms-console": (
        "fail: QbSync.Worker[0]",
        "      => Größe",
        "\x1b[41m\x1b[30mfail\x1b[39m\x1b[22m\x1b[49m: QbSync.Worker[3]",
        "02:00:13 info: Qb[0] one line",
        "<3>Qb.Worker[0] from systemd",
        '{"EventId":0,"LogLevel":"Error","Category":"Q","Message":"m","Exception":"E: x\\r\\n   at y"}',
        '{"EventId":0,"LogLevel":"',
    ),
    "clef": (
        '{"@t":"2026-03-04T07:00:13.4813512Z","@mt":"failed for {File,9} {{x}} {N:0}","@r":["1"],"File":"Größe"}',
        '{"@t":"2026-03-04T07:00:13Z","@m":"\\ud800","@x":"E: x\\r\\n   at y"}',
        '{"@t":7,"@mt":{"a":[]},"@l":null,"@r":{}}',
        "[" * 3000,
        "not JSON",
    ),
    "own": ("[02:00:13] error Bridge", "[02:00:13] error Bridge and more", "[x] y z"),
}
SHARED = (
    "   at QbSync.Sdk.Open(String file)",
    " ---> System.Exception: inner",
    "2026-03-04 is a day in a text",
    "",
    " ",
    "\r",
    "\0\0\0\0",
    "\0" * 5000,
    "Größe € 𝒳",
    "x" * 5000,
)


@st.composite
def logs(draw: st.DrawFn, name: str) -> str:
    line = st.sampled_from(LINES[name]) | st.sampled_from(SHARED) | st.text(max_size=20)
    ends = draw(st.sampled_from(["\n", "\r\n"]))
    return draw(st.sampled_from(LINES[name])) + ends + ends.join(draw(st.lists(line, max_size=12)))


cuts = st.lists(st.integers(0, 3000), max_size=6)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), encoding=encodings, cuts=cuts)
def test_however_a_log_is_cut_into_chunks_its_records_are_the_same(
    name: str, data: st.DataObject, encoding: str, cuts: list[int]
) -> None:
    raw = encoded(data.draw(logs(name)), encoding)
    whole = list(FORMATS[name].records(raw, NEW_YORK))
    assert records_of(FORMATS[name], raw, cuts) == whole
    assert sum(block.count() for block in cut_blocks(FORMATS[name], raw, cuts)) == len(whole)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), encoding=encodings, cuts=cuts)
def test_the_spans_of_the_records_are_all_of_the_file(
    name: str, data: st.DataObject, encoding: str, cuts: list[int]
) -> None:
    raw = encoded(data.draw(logs(name)), encoding)
    told = detect_encoding(raw)
    at = told.bom
    for record in records_of(FORMATS[name], raw, cuts):
        assert record.span.offset == at
        assert record.span.line == raw[told.bom : at].decode(told.name).count("\n") + 1
        at += record.span.length
    assert at == len(raw)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=100, deadline=None)
@given(noise=st.binary(max_size=300), cuts=cuts)
def test_random_bytes_raise_nothing_and_lose_no_record_that_follows(name: str, noise: bytes, cuts: list[int]) -> None:
    if noise[:4].count(0) or noise[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        noise = b"20" + noise
    good = f"{LINES[name][0]}\r\n      below\r\n{LINES[name][0]}\r\n".encode()
    wanted = [(one.time, one.level, one.message, one.body) for one in FORMATS[name].records(good, NEW_YORK)]
    found = [
        (one.time, one.level, one.message, one.body) for one in records_of(FORMATS[name], noise + b"\n" + good, cuts)
    ]
    assert found[-len(wanted) :] == wanted


SAMPLE_LOGS = sorted(
    path for path in (SAMPLES / "connector_logs").rglob("*") if path.is_file() and path.suffix != ".jsonl"
)


@pytest.mark.parametrize("log", SAMPLE_LOGS, ids=lambda log: log.name)
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=6)), max_size=5), cuts)
def test_a_damaged_sample_raises_nothing_and_is_read_the_same_in_chunks(
    log: Path, wounds: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    raw = bytearray(log.read_bytes())
    for at, wound in wounds:
        raw[at : at + len(wound)] = wound
    for format_ in FORMATS.values():
        assert records_of(format_, bytes(raw), cuts) == list(format_.records(bytes(raw), NEW_YORK))


def test_a_line_that_is_still_being_written_ends_no_record() -> None:
    written = "[02:00:13] error Bridge\nbelow\n[02:00:14] error Bridge and more, which begins nothing\n"
    at = written.index(" and")
    [record] = records_of(OWN, written.encode(), [at])
    assert (record.message, record.body) == (
        "[02:00:13] error Bridge",
        "below\n[02:00:14] error Bridge and more, which begins nothing",
    )


def test_only_the_first_bytes_of_a_line_are_looked_at() -> None:
    pattern = OwnFormat(name="own", start=re.compile(r"(?P<level>\w+).*?(?P<message>end)"), encoding=None)
    own = pattern.line_format()
    near, far = b"a " + b"-" * (LONGEST_START - 5) + b"end", b"a " + b"-" * LONGEST_START + b"end"
    assert LineLayout(near + b"\n" + far + b"\n" + near, own.start).next_start(1) == len(near) + len(far) + 2


def test_a_message_goes_on_behind_what_was_looked_at() -> None:
    own = OwnFormat(name="own", start=re.compile(r"(?P<level>\w+): (?P<message>.*)")).line_format()
    [record] = own.records(b"error: " + b"x" * 10_000)
    assert (record.level, record.message) == ("error", "x" * 10_000)


def test_nul_runs_of_a_power_loss_stand_between_records_and_hide_none() -> None:
    line = b"2026-03-04 02:00:13.481 -05:00 [ERR] refused"
    records = records_of(FORMATS["serilog"], line + b"\0" * 1_000_000 + line + b"\n", [500_000])
    assert [(one.message, one.span.offset, one.span.line) for one in records] == [
        ("refused", 0, 1),
        ("refused", 1_000_000 + len(line), 1),
    ]


def test_a_record_may_hold_lines_of_two_encodings() -> None:
    raw = "Größe €\n".encode() + "Привет".encode("cp1251")
    assert decoded(raw, "cp1251") == "Größe €\nПривет"


def test_levels_are_six_words_and_a_strange_one_stays() -> None:
    assert {level_of(word) for word in ("TRACE", "dbg", "I", "Warning", "fail", "FTL")} == set(LEVELS)
    assert (level_of("AUDIT"), level_of(" ")) == ("audit", None)


@pytest.mark.parametrize(
    ("stamp", "time_", "fields"),
    [
        ("2026-03-04 02:00:13.481 -05:00", datetime(2026, 3, 4, 7, 0, 13, 481000, tzinfo=UTC), {}),
        ("2026-03-04T07:00:13.4813512Z", datetime(2026, 3, 4, 7, 0, 13, 481351, tzinfo=UTC), {}),
        ("2026-03-04 02:00:13,481", datetime(2026, 3, 4, 7, 0, 13, 481000, tzinfo=UTC), {}),
        ("02:00:13", datetime(2026, 3, 4, 7, 0, 13, tzinfo=UTC), {}),
        ("2026-11-01 01:30:00", None, {"time_doubt": "ambiguous", "local_time": "2026-11-01T01:30:00"}),
        ("2026-03-08 02:30:00", None, {"time_doubt": "missing", "local_time": "2026-03-08T02:30:00"}),
        ("2026-02-30 02:00:00", None, {"time_doubt": "no stamp", "local_time": "2026-02-30 02:00:00"}),
        ("2026-03-04", None, {"time_doubt": "no stamp", "local_time": "2026-03-04"}),
        ("", None, {"time_doubt": "no stamp"}),
    ],
)
def test_a_stamp_is_a_time_or_says_why_not(stamp: str, time_: datetime | None, fields: dict[str, str]) -> None:
    assert NEW_YORK.read(stamp) == Moment(time=time_, fields=fields)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("log20260304.txt", date(2026, 3, 4)),
        ("log20260304_001.txt", date(2026, 3, 4)),
        ("log2026030402.txt", date(2026, 3, 4)),
        ("sync-2026-03-04.log", date(2026, 3, 4)),
        ("20261304-20260304.log", date(2026, 3, 4)),
        ("sync.log", None),
        ("C:\\logs\\2026-03-04\\sync.log", None),
        ("/logs/2026-03-04/sync20260305.log", date(2026, 3, 5)),
        ("from-client-20260304.zip!sync.log", None),
        ("build12026030401234.log", None),
    ],
)
def test_a_file_name_may_tell_the_day(name: str, day: date | None) -> None:
    assert day_in_name(name) == day


def test_a_time_of_day_takes_the_day_of_the_files_name_before_that_of_its_last_write() -> None:
    clock = LocalClock(zone=UTC, day=date(2026, 3, 9), named_day=date(2026, 3, 4))
    assert clock.read("02:00:13") == Moment(time=datetime(2026, 3, 4, 2, 0, 13, tzinfo=UTC))


@pytest.mark.parametrize("last_write", [None, date(2026, 3, 9)])
def test_a_time_of_day_without_a_day_in_the_name_is_no_time(last_write: date | None) -> None:
    clock = LocalClock(zone=ZoneInfo("America/New_York"), day=last_write)
    assert clock.read("02:00:13") == Moment(time=None, fields={"time_doubt": "no date", "local_time": "02:00:13"})


@given(st.datetimes(), st.sampled_from(["America/New_York", "Asia/Tokyo", "Pacific/Apia"]), st.times())
def test_no_time_is_beyond_reading(moment: datetime, zone: str, of_day: time) -> None:
    clock = LocalClock(zone=ZoneInfo(zone), named_day=date.max)
    for stamp in (moment.isoformat(), f"{moment.isoformat()}+14:00", f"{moment.isoformat()}-14:00", of_day.isoformat()):
        assert clock.read(stamp).time or clock.read(stamp).fields["time_doubt"]


@pytest.mark.parametrize("filling", [b"   at X()\r\n", b"x", b"\0", b"2026-03-04 no record\n"])
def test_the_record_behind_one_that_is_too_long_is_read(filling: bytes) -> None:
    line = b"2026-03-04 02:00:13.481 -05:00 [ERR] refused\r\n"
    raw = line + filling * (5 * LONGEST_RECORD // 4 // len(filling)) + b"\r\n" + line
    records = records_of(FORMATS["serilog"], raw, range(0, len(raw), 1 << 20))
    assert [(one.message, one.span.offset, one.span.length) for one in (records[0], records[-1])] == [
        ("refused", 0, records[0].span.length),
        ("refused", len(raw) - len(line), len(line)),
    ]
    assert records[0].span.length > LONGEST_RECORD // 2

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from conftest import SAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.blocks import BlockCutter
from ingest.encoding import detect_encoding
from ingest.formats import detect, read_records
from ingest.formats.qbsdk import FORMAT, LAYOUTS
from ingest.formats.qbsdk_steps import MARKERS
from ingest.local_time import LocalClock
from ingest.record import Record, Span

NEW_YORK = LocalClock(zone=ZoneInfo("America/New_York"))
PREFIX = "20260310.210001\tI\t4556\tRequestProcessor\t"
MISMATCH = """The currently open company file "{}" doesn't match requested company file "{}\""""
LAYOUT_SAMPLES = [(layout.name, sample) for layout in LAYOUTS for sample in layout.samples]
CASES = sorted(path.parent.name for path in SAMPLES.glob("sdk_log/*/qbsdklog.txt"))


def read(text: str | bytes, clock: LocalClock = NEW_YORK) -> list[Record]:
    return list(FORMAT.records(text.encode() if isinstance(text, str) else text, clock))


def read_one(text: str, clock: LocalClock = NEW_YORK) -> Record:
    (record,) = read(text, clock)
    return record


def text_of(message: str) -> Record:
    return read_one(f"{PREFIX}{message}\r\n")


def records_of(data: bytes, cuts: list[int]) -> list[Record]:
    encoding = detect_encoding(data)
    cutter = BlockCutter(FORMAT.bound(NEW_YORK), encoding, offset=encoding.bom)
    ends = [*sorted(cut for cut in cuts if encoding.bom < cut < len(data)), len(data)]
    blocks = [cutter.feed(data[pos:end]) for pos, end in zip([encoding.bom, *ends], ends, strict=False)]
    return [
        record
        for block in [*blocks, cutter.finish()]
        if block
        for record, _, _ in block.records_at(range(len(block.data)))
    ]


def test_a_line_is_a_record_with_its_local_time_in_utc_and_its_process() -> None:
    line = f"{PREFIX}Begin Session started...\r\n"
    assert read_one(line) == Record(
        format="qbsdk",
        time=datetime(2026, 3, 11, 1, 0, 1, tzinfo=UTC),
        component="RequestProcessor",
        message="Begin Session started...",
        span=Span(offset=0, length=len(line), line=1),
        level="information",
        fields={"process": "4556"},
    )


@pytest.mark.parametrize(("name", "sample"), LAYOUT_SAMPLES)
def test_each_layout_is_told_by_its_name_and_gives_the_same_text(name: str, sample: str) -> None:
    found = FORMAT.start.match(sample.encode())
    assert found is not None
    assert found.lastgroup == name
    record = read_one(sample)
    assert (record.message, record.time and record.time.minute) == ("Begin Session started...", 0)
    assert detect(f"{sample}\r\n".encode()).name == "qbsdk"


@pytest.mark.parametrize(
    ("prefix", "level", "process", "component"),
    [
        ("20260310.210001\tE\t4556\tRequestProcessor\t", "error", "4556", "RequestProcessor"),
        ("20260310.210001\tWARNING\t0x11CC\tCertVerifier\t", "warning", "0x11CC", "CertVerifier"),
        ("20260310.210001 D 4556 RequestProcessor : ", "debug", "4556", "RequestProcessor"),
        ("20260310.21:00:01\tVERBOSE\t4556:12\tOddComponent\t", "verbose", "4556:12", "OddComponent"),
        ("20260310.210001.250 [ERROR] (4556) ", "error", "4556", ""),
        ("20260310.210001    V    4556    Odd    ", "verbose", "4556", "Odd"),
        ("20260310.210001\t4556\tW\tCRLInstaller\t", "warning", "4556", "CRLInstaller"),
        ("20260310.210001\t4556\t", None, "4556", ""),
        ("20260310.210001 ", None, None, ""),
        ("2026-03-10 21:00:01,250 INFO 4556 RequestProcessor: ", "information", "4556", "RequestProcessor"),
    ],
)
def test_what_stands_before_the_text_may_differ(
    prefix: str, level: str | None, process: str | None, component: str
) -> None:
    record = read_one(f"{prefix}Failed on call to get_IsAccessAllowed")
    assert record.message == "Failed on call to get_IsAccessAllowed"
    assert (record.level, record.fields.get("process"), record.component) == (level, process, component)


@pytest.mark.parametrize(
    "line",
    [
        "20260310.02:00:01 UTC\t: UpdateThisScheduledApp() : Password management - Started",
        "20260310.02:00:01 UTC : Foo() : bar",
        "20261340.210001\tI\t4556\tRequestProcessor\tmonth 13 begins nothing",
        "2026-03-10 02:00:01,250 [12] INFO Contoso.Sync - started",
        "2026-03-10 02:00:01.250 +00:00 [INF] started",
        "2026-03-10 02:00:01.2500|INFO|Contoso.Sync|started",
        "12345678.123456 is a number",
        "",
    ],
)
def test_the_lines_of_other_logs_begin_no_record(line: str) -> None:
    assert FORMAT.start.match(line.encode()) is None
    assert FORMAT.looks_like(f"{line}\r\n".encode()) == 0.0


@pytest.mark.parametrize(
    ("stamp", "fields"),
    [
        ("20261101.013000", {"time_doubt": "ambiguous", "local_time": "2026-11-01T01:30:00"}),
        ("20260308.023000", {"time_doubt": "missing", "local_time": "2026-03-08T02:30:00"}),
        ("20260231.120000", {"time_doubt": "no stamp", "local_time": "20260231T120000"}),
    ],
)
def test_a_doubtful_time_is_marked_and_not_guessed(stamp: str, fields: dict[str, str]) -> None:
    record = read_one(f"{stamp}\tI\t4556\tRequestProcessor\tBegin Session started...")
    assert (record.time, record.fields) == (None, {"process": "4556", **fields})


def test_without_a_zone_the_local_time_is_kept_as_what_it_is() -> None:
    record = read_one(f"{PREFIX}Begin Session started...", LocalClock())
    assert record.time is None
    assert record.fields == {"process": "4556", "time_doubt": "no zone", "local_time": "2026-03-10T21:00:01"}


def test_the_name_of_an_application_is_no_word_of_the_sdk() -> None:
    record = text_of("Connection opened by app named 'Begin Session error = QBWC1053'")
    assert (record.message, record.said, record.data) == (
        "Connection opened by app named ''",
        "Connection opened by app named 'Begin Session error = QBWC1053'",
        "Begin Session error = QBWC1053",
    )
    assert record.fields == {"process": "4556", "application": "Begin Session error = QBWC1053"}


@pytest.mark.parametrize(
    ("text", "message", "fields"),
    [
        (
            "Connection closed by app named 'Bob's Shop'",
            "Connection closed by app named ''",
            {"application": "Bob's Shop"},
        ),
        (
            "Connection opened by app named 'Acme <QBXML> Payments'",
            "Connection opened by app named ''",
            {"application": "Acme <QBXML> Payments"},
        ),
        ("Connection opened by app named Contoso", "Connection opened by app named ", {"application": "Contoso"}),
        (
            r"Successfully opened the data file: C:\Books\modal dialog.qbw",
            "Successfully opened the data file: ",
            {"company_file": r"C:\Books\modal dialog.qbw"},
        ),
        (
            MISMATCH.format(r"C:\a.qbw", r"\\srv-02\b\b.QBW"),
            MISMATCH.format("", ""),
            {"open_file": r"C:\a.qbw", "company_file": r"\\srv-02\b\b.QBW"},
        ),
        (
            r"SDKOpenFile4 ; Line: 12 ; Msg: \\SRV-FILES\Books\Contoso Ltd.QBW was modified by QuickBooks version 34",
            "SDKOpenFile4 ; Line: 12 ; Msg:  was modified by QuickBooks version 34",
            {"company_file": r"\\SRV-FILES\Books\Contoso Ltd.QBW"},
        ),
    ],
)
def test_names_are_parted_from_the_words(text: str, message: str, fields: dict[str, str]) -> None:
    record = text_of(text)
    assert (record.message, record.said, record.fields) == (message, text, {"process": "4556", **fields})
    assert record.data == "\n".join(fields.values())


def test_whose_quickbooks_was_found_is_shown_and_told() -> None:
    record = text_of("Process Found: 7744 for User: SYNC-PC-02\\frontdesk")
    assert (record.message, record.said) == ("Process Found: 7744 for User: SYNC-PC-02\\frontdesk", "")
    assert record.fields == {
        "process": "4556",
        "quickbooks_process": "7744",
        "quickbooks_user": "SYNC-PC-02\\frontdesk",
    }


def test_a_dumped_request_is_data_and_never_the_programs_own_words() -> None:
    dump = '<?xml version="1.0"?>\n<QBXML><Memo>Begin Session error = HRESULT=0x80040414</Memo></QBXML>'
    record = read_one(f"{PREFIX}Request follows:\r\nsize 90\r\n{dump}\r\n")
    assert (record.text, record.data) == ("Request follows:\nsize 90", dump)


def test_lines_that_begin_no_record_belong_to_the_one_above() -> None:
    records = read(f"{PREFIX}Begin Session error = first\r\n  second\r\n\r\n{PREFIX}next\r\n")
    assert [(one.message, one.body, one.span.line) for one in records] == [
        ("Begin Session error = first", "  second", 1),
        ("next", "", 4),
    ]


def test_what_stands_above_the_first_record_is_kept_without_a_time() -> None:
    records = read(f"Log opened\r\n{PREFIX}next\r\n")
    assert [(one.message, one.time is None, one.span.line) for one in records] == [
        ("Log opened", True, 1),
        ("next", False, 2),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_umlaut_survives_each_encoding(encoding: str) -> None:
    data = f"{PREFIX}Connection opened by app named 'Büro'\r\n{PREFIX}next\r\n".encode(encoding)
    assert [one.fields.get("application") for one in read(data)] == ["Büro", None]


@pytest.mark.parametrize("case", CASES)
def test_the_samples_are_told_from_other_logs_and_read_whole(case: str) -> None:
    data = (SAMPLES / "sdk_log" / case / "qbsdklog.txt").read_bytes()
    assert (detect(data).name, detect(data[:300]).name) == ("qbsdk", "qbsdk")
    records = list(read_records("qbsdk", data, NEW_YORK))
    assert len(records) == data.count(b"\r\n")
    doubtful = {one.fields.get("time_doubt") for one in records if one.time is None}
    assert doubtful == ({"ambiguous"} if case == "clock_change" else set())
    assert {one.level for one in records} <= {"debug", "information", "warning", "error"}


def test_the_markers_find_every_step_of_a_good_session() -> None:
    data = (SAMPLES / "sdk_log" / "native_connector" / "qbsdklog.txt").read_bytes()
    good = data[: data.index(b"Ended Connection") + 20]
    assert [found[0].decode() for found in MARKERS.finditer(good)] == [
        "Started Connection",
        "Connection opened by app named",
        "Begin Session started",
        "Successfully opened the data file",
        "inished processing requests",
        "Processing requests took",
        "During this session processed",
        "End Session",
        "Connection closed by app named",
        "Ended Connection",
    ]


pieces = st.one_of(
    st.sampled_from([f"{sample}\r\n" for _, sample in LAYOUT_SAMPLES]),
    st.sampled_from([f"{sample}\n" for _, sample in LAYOUT_SAMPLES]),
    st.sampled_from(
        [
            "20261399.996161\tI\t1\tx\t\r\n",
            "20260310.210001",
            "20260310.210001\t",
            "20260310.02:00:01 UTC\t: Foo() : bar\r\n",
            "\0\0\0\0",
            "\r\n",
            f"{PREFIX}Connection opened by app named '\n",
            f'{PREFIX}The currently open company file "\r\n',
            "a line that begins nothing\n",
            "Größe € 𝒳\n",
        ]
    ),
    st.text(alphabet="20260310.IE\t :\r\n\0UTC<QBXML>é€'\"\\", max_size=40),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(pieces, max_size=12).map("".join),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.lists(st.integers(0, 1500), max_size=6),
)
def test_however_a_log_is_cut_into_chunks_its_records_are_the_same(text: str, encoding: str, cuts: list[int]) -> None:
    data = text.encode(encoding)
    whole = read(data)
    assert records_of(data, cuts) == whole
    assert sum(one.span.length for one in whole) == len(data) - detect_encoding(data).bom


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_or_lose_the_record_that_follows(noise: bytes) -> None:
    sound = f"{PREFIX}Begin Session error = x\r\n".encode()
    records = read(b"# log\r\n" + noise + b"\r\n" + sound)
    assert (records[-1].message, records[-1].time) == ("Begin Session error = x", read(sound)[0].time)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_sample_loses_no_record_but_the_damaged_one(data: st.DataObject) -> None:
    lines = (SAMPLES / "sdk_log" / "other_user" / "qbsdklog.txt").read_bytes().splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 2))
    line = lines[at]
    place = data.draw(st.integers(0, len(line) - 3))
    cut = data.draw(st.integers(place, len(line) - 2))
    damaged = line[:place] + data.draw(st.binary(max_size=8)) + line[cut:]
    whole = [one.message for one in read(b"".join(lines))]
    found = [one.message for one in read(b"".join([*lines[:at], damaged, *lines[at + 1 :]]))]
    behind = len(lines) - at - 1
    assert found[-behind:] == whole[-behind:]
    assert found[: max(at - 1, 0)] == whole[: max(at - 1, 0)]


def test_a_hostile_line_takes_no_time_with_its_square() -> None:
    for part in ("Connection opened by app named '", 'The currently open company file "', "\\\\a\\", "C:\\a", "I\t1\t"):
        assert len(read(PREFIX + part * 20_000)) == 1

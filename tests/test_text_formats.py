from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from conftest import SAMPLES
from line_logs import NEW_YORK

from ingest.encoding import detect_encoding, narrow
from ingest.formats import detect, format_names, qbwc, text_formats, windows_events
from ingest.record import Record, Span

if TYPE_CHECKING:
    from pathlib import Path

OF_CASE = {"clef": "clef", "log4net": "log4net", "ms_console": "ms-console", "nlog": "nlog", "serilog": "serilog"}
COM = "System.Runtime.InteropServices.COMException (0x80040414): A modal dialog box is showing"
FRAMES = "   at QbSync.Sdk.Open(String file)\n   --- End of inner exception stack trace ---"
AT_TWO = datetime(2026, 3, 4, 7, 0, 13, 481000, tzinfo=UTC)


def read(name: str, text: str) -> list[Record]:
    return list(text_formats()[name].records(text.encode(), NEW_YORK))


def one(name: str, text: str) -> dict[str, object]:
    [record] = read(name, text)
    return {
        "time": record.time,
        "level": record.level,
        "component": record.component,
        "message": record.message,
        "body": record.body,
        **record.fields,
    }


def test_serilog_keeps_the_exception_as_the_body() -> None:
    text = f'2026-03-04 02:00:13.481 -05:00 [ERR] failed for "C:\\QB"\r\n{COM}\r\n{FRAMES}\r\n'
    assert read("serilog", text) == [
        Record(
            format="serilog",
            time=AT_TWO,
            level="error",
            component="",
            message='failed for "C:\\QB"',
            body=f"{COM}\n{FRAMES}",
            span=Span(offset=0, length=len(text), line=1),
        )
    ]


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        ("2026-03-04 02:00:13.481 -05:00 [VRB] a", "verbose", "a"),
        ("2026-03-04 02:00:13.481 -05:00 [Fatal] a", "critical", "a"),
        ("[02:00:13.481 WRN] a [ERR] b", "warning", "a [ERR] b"),
        ("[02:00:13.481 dbg]  ", "debug", " "),
    ],
)
def test_serilog_writes_to_files_and_to_the_console(line: str, level: str, message: str) -> None:
    assert one("serilog", line) == {"time": AT_TWO, "level": level, "component": "", "message": message, "body": ""}


@pytest.mark.parametrize("name", ["serilog", "nlog", "log4net"])
def test_a_date_at_the_start_of_a_line_begins_no_record(name: str) -> None:
    first = {
        "serilog": "2026-03-04 02:00:13.481 -05:00 [ERR] a",
        "nlog": "2026-03-04 02:00:13.4810|ERROR|Q|a",
        "log4net": "2026-03-04 02:00:13,481 [7] ERROR Q - a",
    }[name]
    below = (
        "2026-03-04 02:00:13.481 -05:00 is when it was due\n2026-03-04 02:00:13,481 [7] and so on\n2026-03-04|ERROR|"
    )
    assert one(name, f"{first}\n{below}")["body"] == below


GRAVE = {
    "serilog": ("2026-03-04 02:00:13.481 -05:00 [{}] a", ("ERR", "FTL", "Error", "fatal"), ("INF", "WRN")),
    "serilog on a console": ("[02:00:13 {}] a", ("ERR", "FTL"), ("INF", "WRN")),
    "nlog": ("2026-03-04 02:00:13.4810|{}|Q|a", ("ERROR", "Fatal"), ("INFO", "WARN")),
    "log4net": ("2026-03-04 02:00:13,481 [7] {} Q - a", ("ERROR", "FATAL", "SEVERE", "EMERGENCY"), ("INFO", "WARN")),
    "log4net in its simple layout": ("{} - a", ("ERROR", "FATAL"), ("INFO", "WARN")),
    "ms-console": ("{}: Q.W[0] a", ("fail", "crit", "\x1b[31mfail\x1b[39m"), ("info", "warn")),
    "ms-console of systemd": ("<{}>Q.W[0] a", ("2", "3"), ("4", "6")),
    "ms-console in JSON": ('{{"EventId":0,"LogLevel":"{}"}}', ("Error", "Critical"), ("Information",)),
    "clef": ('{{"@t":"2026-03-04T07:00:13Z","@mt":"a","@l":"{}"}}', ("Error", "Fatal"), ("Debug",)),
}


@pytest.mark.parametrize("case", GRAVE)
def test_a_record_of_a_grave_level_is_read_whatever_it_says(case: str) -> None:
    line, grave, mild = GRAVE[case]
    name = case.partition(" ")[0]
    markers = text_formats()[name].markers
    assert markers is not None
    for words, is_marked in ((grave, True), (mild, False)):
        for word in words:
            assert (markers.search(line.format(word).encode()) is not None) == is_marked, word
            [record] = read(name, line.format(word))
            assert (record.level in {"error", "critical"}) == is_marked, word


def test_nlog_parts_the_exception_from_a_message_that_holds_bars() -> None:
    assert one("nlog", f"2026-03-04 02:00:13.4810|FATAL|QbSync.Worker|a|b | 1.5|{COM}\n{FRAMES}") == {
        "time": AT_TWO,
        "level": "critical",
        "component": "QbSync.Worker",
        "message": "a|b | 1.5",
        "body": f"{COM}\n{FRAMES}",
    }


def test_nlog_marks_the_hour_that_a_clock_change_leaves_out() -> None:
    assert one("nlog", "2026-03-08 02:30:00.0000|TRACE||") == {
        "time": None,
        "level": "verbose",
        "component": "",
        "message": "",
        "body": "",
        "time_doubt": "missing",
        "local_time": "2026-03-08T02:30:00",
    }


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        ("2026-03-04 02:00:13,481", {"time": AT_TWO}),
        ("02:00:13,481", {"time": AT_TWO}),
        ("4711", {"time": None, "time_doubt": "no stamp", "local_time": "4711"}),
        ("2026-02-30 02:00:13,481", {"time": None, "time_doubt": "no stamp", "local_time": "2026-02-30 02:00:13,481"}),
    ],
)
@pytest.mark.parametrize(
    ("context", "named"),
    [("", {}), (" ", {}), (" [(null)]", {}), (" [run - 7]", {"context": "run - 7"}), (" run7", {"context": "run7"})],
)
def test_log4net_in_its_usual_layout(
    stamp: str, told: dict[str, object], context: str, named: dict[str, object]
) -> None:
    assert one("log4net", f"{stamp} [main] WARN  Q.W{context} - a - b\n{COM}") == {
        "level": "warning",
        "component": "Q.W",
        "message": "a - b",
        "body": COM,
        **told,
        **named,
    }


def test_log4net_in_its_simple_layout() -> None:
    records = read("log4net", "ERROR - a - b\nat X\nINFO - c\n")
    assert [(record.level, record.message, record.body) for record in records] == [
        ("error", "a - b", "at X"),
        ("information", "c", ""),
    ]
    assert {record.time for record in records} == {None}


@pytest.mark.parametrize(
    ("word", "level"), [("FINE", "debug"), ("NOTICE", "information"), ("EMERGENCY", "critical"), ("AUDIT", "audit")]
)
def test_log4net_has_many_levels(word: str, level: str) -> None:
    assert one("log4net", f"2026-03-04 02:00:13,481 [7] {word} Q.W - a")["level"] == level


RED = "\x1b[41m\x1b[30mfail\x1b[39m\x1b[22m\x1b[49m"
JSON = '{"EventId":0,"LogLevel":"Error","Category":"Q.W"'
NO_STAMP = {"time": None, "time_doubt": "no stamp"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f"fail: Q.W[17]\n      a\n      {COM}\n         at X()\n",
            NO_STAMP | {"message": "a", "body": f"{COM}\n   at X()"},
        ),
        (f"{RED}: Q.W[0]\n      a\n", NO_STAMP | {"message": "a", "body": ""}),
        (
            "fail: Q.W[0]\n      => run 7 => step\n      a\n",
            NO_STAMP | {"message": "a", "body": "", "scope": "run 7 => step"},
        ),
        ("fail: Q.W[0] a\n", NO_STAMP | {"message": "a", "body": ""}),
        ("fail: Q.W[0]\n", NO_STAMP | {"message": "", "body": ""}),
        ("<3>Q.W[0] a\n", NO_STAMP | {"message": "a", "body": ""}),
        ("2026-03-04 02:00:13.481 fail: Q.W[0]\n      a\n", {"time": AT_TWO, "message": "a", "body": ""}),
        ("2026-03-04T07:00:13.481Z " + RED + ": Q.W[0]\n      a\n", {"time": AT_TWO, "message": "a", "body": ""}),
        ("[02:00:13.481] fail: Q.W[0]\n      a\n", {"time": AT_TWO, "message": "a", "body": ""}),
        ("<3>02:00:13.481 Q.W[0] a\n", {"time": AT_TWO, "message": "a", "body": ""}),
        (
            "3/4/2026 2:00:13 AM fail: Q.W[0] a\n",
            {"time": AT_TWO.replace(microsecond=0), "message": "a", "body": ""},
        ),
        (
            "03/04/2026 02:00:13 AM fail: Q.W[0] a\n",
            {"time": None, "time_doubt": "ambiguous", "local_time": "03/04/2026 02:00:13 AM"}
            | {"message": "a", "body": ""},
        ),
        (
            "13/13/2026 2:00:13 PM fail: Q.W[0] a\n",
            NO_STAMP | {"local_time": "13/13/2026 2:00:13 PM", "message": "a", "body": ""},
        ),
        (
            f'{JSON},"Message":"a\\nb","Exception":"E: x\\r\\n   at y"}}\nstray\n',
            NO_STAMP | {"message": "a", "body": "b\nE: x\n   at y\nstray"},
        ),
        (
            '{"Timestamp":"2026-03-04 02:00:13.481 ",' + JSON[1:] + ',"Message":"a","State":{}}\n',
            {"time": AT_TWO, "message": "a", "body": ""},
        ),
    ],
)
def test_ms_console_in_its_four_shapes(text: str, told: dict[str, object]) -> None:
    assert one("ms-console", text.replace("\n", "\r\n")) == told | {"level": "error", "component": "Q.W"}


def test_ms_console_json_that_is_cut_off_is_a_line() -> None:
    broken = '{"EventId":0,"LogLevel":"Error","Cat'
    assert one("ms-console", broken)["message"] == broken


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"@mt":"failed for {File} in {Ms} ms","File":"C:\\\\QB","Ms":12', "failed for C:\\QB in 12 ms"),
        ('"@mt":"{A,4}|{A,-4}|{A,999999999}","A":"x"', "   x|x   |" + " " * 199 + "x"),
        ('"@mt":"{A:000} {B} {C:0.0}","@r":["007","1.5"],"A":7,"B":"b","C":1.52', "007 b 1.5"),
        ('"@mt":"{A:000}","@r":"no list","A":7', "7"),
        ('"@mt":"{{A}} {@A} {$B}","A":{"x":[1,null,true]},"B":null', '{A} {"x":[1,null,true]} null'),
        ('"@mt":"{Gone} {not a hole} }{"', "{Gone} {not a hole} }{"),
        ('"@mt":"{id}","id":1,"@@id":2', "1"),
        ('"@m":"rendered {A}","A":1', "rendered {A}"),
        ('"@mt":"\\ud83d\\ude00 \\ud800"', "😀 �"),
    ],
)
def test_clef_renders_its_template(line: str, message: str) -> None:
    record = one("clef", f'{{"@t":"2026-03-04T07:00:13.481Z",{line}}}')
    assert record == {"time": AT_TWO, "level": "information", "component": "", "message": message, "body": ""}


def test_clef_keeps_the_exception_with_its_lines() -> None:
    line = '{"@t":"2026-03-04T07:00:13.481Z","@mt":"a\\nb","@l":"Fatal","@x":"E: x\\r\\n   at y","SourceContext":"Q.W"}'
    told = {"time": AT_TWO, "level": "critical", "component": "Q.W", "message": "a", "body": "b\nE: x\n   at y"}
    assert one("clef", line) == told


def test_serilogs_older_json_is_read_as_clef() -> None:
    line = (
        '{"Timestamp":"2026-03-04T02:00:13.4810000-05:00","Level":"Error","MessageTemplate":"failed for {File}",'
        '"Exception":"E: x","Properties":{"File":"C:\\\\QB","SourceContext":"Q.W"}}'
    )
    assert detect(line.encode()).name == "clef"
    assert one("clef", line) == {
        "time": AT_TWO,
        "level": "error",
        "component": "Q.W",
        "message": "failed for C:\\QB",
        "body": "E: x",
    }


def test_clef_takes_a_line_that_is_no_json_as_it_is() -> None:
    lines = ["not JSON", "[1]", "[" * 100_000, '{"@t":"2026-03-04T07:00:13.481Z","@mt":"a"', "1" * 5000]
    records = read("clef", "\n".join(lines))
    assert [(one.time, one.level, one.message) for one in records] == [(None, None, line) for line in lines]


@pytest.mark.parametrize(("case", "name"), OF_CASE.items())
def test_a_sample_log_is_of_its_format_and_of_no_other(case: str, name: str) -> None:
    logs = [log for log in (SAMPLES / "connector_logs" / case).iterdir() if log.suffix != ".jsonl"]
    assert logs
    for log in logs:
        head = log.read_bytes()[:8192]
        sure = {one.name: one.looks_like(head) for one in text_formats().values()}
        sure |= {qbwc.NAME: qbwc.looks_like(head), windows_events.NAME: windows_events.looks_like(head)}
        assert {one for one, weight in sure.items() if weight > 0} == {name}
        assert detect(head).name == name


@pytest.mark.parametrize("log", sorted(SAMPLES.rglob("QWCLog*.txt")), ids=lambda log: log.parent.name)
def test_web_connectors_log_is_never_taken_for_another(log: Path) -> None:
    data = log.read_bytes()[:8192]
    encoding = detect_encoding(data)
    assert detect(narrow(data[encoding.bom :], encoding)).name == "qbwc"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "Dear reader, 2026-03-04 02:00:13.481 -05:00 [ERR] is a stamp.\n",
        "The log says\n" + "nothing of note\n" * 50 + "ERROR - but once\n",
        "Level,Date and Time,Source\nError,2026-03-04 02:00:13,QBWC\n",
        "<Objects><Object Type='System.Diagnostics.Eventing.Reader.EventLogRecord'/></Objects>",
        '{"event":42}\n',
        '[{"@t":"2026-03-04T07:00:13.481Z"}]',
        '127.0.0.1 - - [04/Mar/2026:02:00:13 +0000] "GET / HTTP/1.1" 200\n',
    ],
)
def test_prose_and_tables_are_of_no_format(text: str) -> None:
    assert detect(text.encode()).name is None


def test_a_log_that_begins_in_the_middle_of_a_trace_is_told_too() -> None:
    told = detect(
        f"{FRAMES}\n2026-03-04 02:00:13.481 -05:00 [ERR] a\n2026-03-04 02:00:14.481 -05:00 [INF] b\n".encode()
    )
    assert (told.name, told.sure) == ("serilog", 0.95 * 0.75)


def test_every_format_has_a_name_that_a_configuration_can_use() -> None:
    assert {*OF_CASE.values(), "qbwc", "windows-events"} <= set(format_names())


@pytest.mark.parametrize(
    ("name", "line", "is_marked"),
    [
        ("clef", '{"@t":"x","@mt":"a","@l":"Error"}', True),
        ("clef", '{"@t":"x","@mt":"a","@x":"E: x"}', True),
        ("clef", '{"@t":"x","@mt":"a"}', False),
        ("ms-console", JSON, True),
        ("ms-console", '{"EventId":0,"LogLevel":"Information"', False),
    ],
)
def test_json_records_of_failures_are_marked_as_their_words_may_be_escaped(
    name: str, line: str, *, is_marked: bool
) -> None:
    markers = text_formats()[name].markers
    assert markers is not None
    assert bool(markers.search(line.encode())) is is_marked

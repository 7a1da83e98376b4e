from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import SAMPLES
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats import detect, format_names, text_formats
from ingest.formats.own import OwnFormat
from ingest.local_time import LocalClock, Moment
from qbwatch.config_table import Faults, Table
from qbwatch.errors import UsageError
from qbwatch.format_config import formats_of

BRIDGE = r"""
[[format]]
name = "shop-bridge"
start = '(?P<time>\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d) (?P<level>\w+) \[(?P<component>[^\]]*)\]: '
time = "%d.%m.%Y %H:%M:%S"
timezone = "Europe/Berlin"
encoding = "cp1252"
levels = { Hinweis = "information", Fehler = "error" }
sample = "04.03.2026 02:00:13 Fehler [QuickBooks]: BeginSession abgelehnt"
"""
NEW_YORK = LocalClock(zone=ZoneInfo("America/New_York"), day=date(2026, 3, 4))


def read(text: str) -> tuple[object, ...]:
    faults = Faults(Path("qbwatch.toml"), text)
    found = formats_of(Table(tomllib.loads(text), (), faults))
    faults.refuse()
    return found


def refused(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(text)
    return str(caught.value)


def own(**changed: object) -> OwnFormat:
    whole = {"name": "own", "start": re.compile(r"\[(?P<time>[^\]]*)\] (?P<level>\w+) "), "time": "iso"} | changed
    return OwnFormat(**whole)  # type: ignore[arg-type]


def test_a_block_reads_a_log_in_its_own_words_zone_and_encoding() -> None:
    [format_] = read(BRIDGE)
    log = (
        "04.03.2026 02:00:13 Fehler [QuickBooks]: BeginSession abgelehnt für Größe\r\n   at Übertragung()\r\n"
        "29.03.2026 02:30:00 Hinweis [Uhr]: in der Stunde, die fehlt\r\n"
    ).encode("cp1252")
    records = list(format_.records(log, NEW_YORK))  # type: ignore[attr-defined]
    assert [(one.time, one.level, one.component, one.message, one.body, one.fields) for one in records] == [
        (
            datetime(2026, 3, 4, 1, 0, 13, tzinfo=UTC),
            "error",
            "QuickBooks",
            "BeginSession abgelehnt für Größe",
            "   at Übertragung()",
            {},
        ),
        (
            None,
            "information",
            "Uhr",
            "in der Stunde, die fehlt",
            "",
            {"time_doubt": "missing", "local_time": "2026-03-29T02:30:00"},
        ),
    ]


def test_a_log_in_utf_16_needs_no_other_block() -> None:
    [format_] = read(BRIDGE)
    log = "04.03.2026 02:00:13 Fehler [Größe]: für\r\n".encode("utf-16")
    [record] = format_.records(log, NEW_YORK)  # type: ignore[attr-defined]
    assert (record.component, record.message) == ("Größe", "für")


@pytest.mark.parametrize(
    ("time", "stamp", "told"),
    [
        ("iso", "2026-03-04T02:00:13-05:00", Moment(time=datetime(2026, 3, 4, 7, 0, 13, tzinfo=UTC))),
        ("iso", "2026-03-04 02:00:13,5", Moment(time=datetime(2026, 3, 4, 7, 0, 13, 500000, tzinfo=UTC))),
        ("unix", "1772607613", Moment(time=datetime(2026, 3, 4, 7, 0, 13, tzinfo=UTC))),
        ("unix", "1772607613250", Moment(time=datetime(2026, 3, 4, 7, 0, 13, 250000, tzinfo=UTC))),
        ("unix", "9e99", Moment(time=None, fields={"time_doubt": "no stamp", "local_time": "9e99"})),
        ("%m/%d/%Y %I:%M:%S %p", "3/4/2026 2:00:13 AM", Moment(time=datetime(2026, 3, 4, 7, 0, 13, tzinfo=UTC))),
        ("%Y%m%d %H%M%S.%f", "20260304 020013.1234567",
         Moment(time=datetime(2026, 3, 4, 7, 0, 13, 123456, tzinfo=UTC))),
        ("%d/%b/%Y:%H:%M:%S %z", "04/Mar/2026:02:00:13 -0500", Moment(time=datetime(2026, 3, 4, 7, 0, 13, tzinfo=UTC))),
        ("%b %d %H:%M:%S", "Mar 4 02:00:13", Moment(time=datetime(2026, 3, 4, 7, 0, 13, tzinfo=UTC))),
        ("%b %d %H:%M:%S", "Dec 31 02:00:13", Moment(time=datetime(2025, 12, 31, 7, 0, 13, tzinfo=UTC))),
        ("%b %d %H:%M:%S", "Feb 29 02:00:13",
         Moment(time=None, fields={"time_doubt": "no stamp", "local_time": "Feb 29 02:00:13"})),
        ("%H:%M:%S", "02:00:13", Moment(time=datetime(2026, 3, 4, 7, 0, 13, tzinfo=UTC))),
        ("%H:%M:%S", "25:00:13", Moment(time=None, fields={"time_doubt": "no stamp", "local_time": "25:00:13"})),
        (None, "", Moment(time=None, fields={"time_doubt": "no stamp"})),
    ],
)  # fmt: skip
def test_a_stamp_is_read_as_the_block_says(time: str | None, stamp: str, told: Moment) -> None:
    assert own(time=time).moment(stamp, NEW_YORK) == told


@pytest.mark.parametrize("time", ["%H:%M:%S", "%b %d %H:%M:%S"])
def test_what_the_stamp_lacks_of_the_date_is_not_made_up(time: str) -> None:
    stamp = datetime(2026, 3, 4, 2, 0, 13, tzinfo=UTC).strftime(time)
    assert own(time=time).moment(stamp, LocalClock()).fields["time_doubt"] == "no date"


@given(st.text(max_size=30), st.sampled_from(["iso", "unix", "%b %d %H:%M:%S", "%H:%M", "%Y-%m-%d %H:%M:%S.%f %z"]))
def test_no_stamp_is_beyond_reading(stamp: str, time: str) -> None:
    moment = own(time=time).moment(stamp, NEW_YORK)
    assert moment.time or moment.fields["time_doubt"]


@pytest.mark.parametrize("name", ["nlog", "serilog", "log4net"])
def test_an_own_format_comes_before_the_shipped_one_of_the_same_look(name: str) -> None:
    log = next(log for log in (SAMPLES / "connector_logs" / name).iterdir() if log.suffix != ".jsonl")
    same = OwnFormat(name="mine", start=re.compile(text_formats()[name].start.pattern.decode()))  # type: ignore[union-attr]
    told = detect(log.read_bytes(), [same.line_format()])
    assert (told.name, told.rivals) == ("mine", ())


def test_a_time_of_day_takes_the_day_of_the_last_write_where_the_block_says_so() -> None:
    block = BLOCK + START + 'time = "iso"\ndate_from = "file"\n'
    [format_] = read(block)
    [record] = format_.records(b"02:00:13 ERROR a\n", NEW_YORK)  # type: ignore[attr-defined]
    assert record.time == datetime(2026, 3, 4, 7, 0, 13, tzinfo=UTC)
    [other] = read(block.replace('date_from = "file"', ""))
    [record] = other.records(b"02:00:13 ERROR a\n", NEW_YORK)  # type: ignore[attr-defined]
    assert (record.time, record.fields["time_doubt"]) == (None, "no date")


def test_a_start_that_takes_the_whole_line_leaves_it_as_the_message() -> None:
    whole = own(start=re.compile(r"\[(?P<time>[^\]]*)\] (?P<level>\w+) .*"))
    assert whole.read("[02:00:13] error 0x80040414\nbelow", NEW_YORK).message == "[02:00:13] error 0x80040414"


@pytest.mark.parametrize(
    ("levels", "line", "is_grave"),
    [
        ({}, "[2026] ERROR a", True),
        ({}, "[2026] Error a", True),
        ({}, "[2026] fatal a", True),
        ({}, "[2026] E a", True),
        ({}, "[2026] info a", False),
        ({}, r"[2026] info C:\Books no terrors, 0 Errors", False),
        ({"fehler": "error"}, "[2026] Fehler a", True),
        ({"übel": "critical"}, "[2026] ÜBEL a", True),
        ({"x": "error"}, "[2026] x a", True),
        ({"error": "warning"}, "[2026] ERROR a", False),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_a_record_whose_level_is_a_word_for_error_is_read_whatever_it_says(
    *, levels: dict[str, str], line: str, is_grave: bool, encoding: str
) -> None:
    markers = own(levels=levels, encoding=encoding).line_format().markers
    assert markers is not None
    assert bool(markers.search(line.encode(encoding))) == is_grave
    assert own(start=re.compile("(?P<time>a)")).line_format().markers is None


def test_two_own_formats_that_fit_equally_are_not_guessed_between() -> None:
    one, other = own(name="one").line_format(), own(name="other").line_format()
    told = detect(b"[2026-03-04T02:00:13Z] error a\n", [one, other])
    assert (told.name, told.sure, told.rivals) == (None, 0.98, ("one", "other"))


def test_an_own_format_does_not_take_web_connectors_log() -> None:
    log = (SAMPLES / "healthy" / "no_work" / "QWCLog.txt").read_bytes()
    loose = own(start=re.compile(r"(?P<time>\S+)"))
    assert detect(log[:8192], [loose.line_format()]).name == "qbwc"


BLOCK = '[[format]]\nname = "own"\n'
START = "start = '(?P<time>\\S+) (?P<level>\\w+) '\n"

FAULTS = {
    "a block without anything": (
        "[[format]]\n",
        [
            '1:1: "name" is missing. Write one that [[source]] uses, such as name = "contoso-sync"',
            (
                '1:1: "start" is missing. Write a pattern of a record\'s first line, such as '
                "'(?P<time>\\S+ \\S+) (?P<level>\\w+) '"
            ),
        ],
    ),
    "an unknown key": (
        BLOCK + START + 'time = "iso"\ntimezon = "UTC"\n',
        ['5:1: [format] has no key "timezon". Did you mean "timezone"?'],
    ),
    "a name that is taken": (
        '[[format]]\nname = "nlog"\n' + START + 'time = "iso"\n',
        ['2:1: there is a format "nlog" already. Give this one another name'],
    ),
    "a name given twice": (
        2 * (BLOCK + START + 'time = "iso"\n'),
        ['6:1: there is a format "own" already. Give this one another name'],
    ),
    "a name with blanks": (
        '[[format]]\nname = "My Log"\n' + START + 'time = "iso"\n',
        [
            '2:1: "My Log" cannot be a format\'s name. Use small letters, digits and "-", such as "contoso-sync"',
        ],
    ),
    "a pattern that is none": (
        BLOCK + "start = '(?P<time>\\S+'\ntime = \"iso\"\n",
        ["3:1: this is no regular expression: missing ), unterminated subpattern at character 1"],
    ),
    "a group in the manner of .NET": (
        BLOCK + "start = '(?<time>\\S+) '\ntime = \"iso\"\n",
        [
            (
                "3:1: this is no regular expression: unknown extension ?<t at character 2. "
                "A named group is written (?P<time>...)"
            ),
        ],
    ),
    "a group of another name": (
        BLOCK + "start = '(?P<tme>\\S+) '\n",
        ['3:1: a record has no "tme". Did you mean "time"?'],
    ),
    "a pattern that names nothing": (
        BLOCK + "start = '\\d{4}-\\d\\d-\\d\\d '\n",
        [
            (
                "3:1: this names neither time nor level. Put (?P<time>...) around the stamp "
                "and (?P<level>...) around the level"
            ),
        ],
    ),
    "a pattern that matches every line": (
        BLOCK + "start = '(?P<time>.*)'\ntime = \"iso\"\n",
        [
            (
                "3:1: this matches an empty line, so every line would begin a record. "
                "Write what only a record's first line has"
            ),
        ],
    ),
    "a stamp that nothing reads": (
        BLOCK + START,
        [
            (
                '1:1: "time" is missing. Write how the stamp is read: "iso", "unix", or a pattern such as '
                '"%Y-%m-%d %H:%M:%S"'
            ),
        ],
    ),
    "a time that is not in the pattern": (
        BLOCK + "start = '(?P<level>\\w+) '\ntime = \"iso\"\n",
        ["3:1: time says how the stamp is read, but start has no (?P<time>...) around it"],
    ),
    "a time in the manner of .NET": (
        BLOCK + START + 'time = "yyyy-MM-dd HH:mm:ss.fff"\n',
        ['4:1: "yyyy-MM-dd HH:mm:ss.fff" has no parts such as %H. Write time = "%Y-%m-%d %H:%M:%S.%f"'],
    ),
    "a part of a time that no machine-independent reading has": (
        BLOCK + START + 'time = "%c"\n',
        [
            "4:1: time patterns have no %c. Known are %Y, %y, %m, %d, %b, %B, %j, %H, %I, %M, %S, %f, %p, %z, %a, %A",
        ],
    ),
    "a part of a time that is given twice": (
        BLOCK + START + 'time = "%Y-%m-%d %H:%M:%M"\n',
        ["4:1: %M stands here twice"],
    ),
    "an hour of twelve": (
        BLOCK + START + 'time = "%Y-%m-%d %I:%M"\n',
        ["4:1: %I is an hour of twelve and needs %p for AM or PM; an hour of twenty-four is %H"],
    ),
    "a date alone": (
        BLOCK + START + 'time = "%Y-%m-%d"\n',
        ["4:1: this pattern reads no time of day. It needs %H and %M"],
    ),
    "a time of day alone": (
        BLOCK + START + 'time = "%H:%M:%S"\n',
        ['4:1: this pattern reads no date. Add it, or write date_from = "file" if the stamps have none'],
    ),
    "a time without a year": (
        BLOCK + START + 'time = "%b %d %H:%M:%S"\n',
        ['4:1: this pattern reads no year. Add %Y, or write date_from = "file" if the stamps have none'],
    ),
    "half a date": (
        BLOCK + START + 'time = "%d %H:%M:%S"\ndate_from = "file"\n',
        ["4:1: this pattern reads half a date. It needs the month and the day, or neither"],
    ),
    "two dates": (
        BLOCK + START + 'time = "%Y-%m-%d %H:%M:%S"\ndate_from = "file"\n',
        ["4:1: this pattern reads the year itself. Leave date_from out"],
    ),
    "a date from elsewhere": (
        BLOCK + START + 'time = "iso"\ndate_from = "mtime"\n',
        ['5:1: "mtime" is not known. Write "stamp", or "file" where the date stands in the file\'s name'],
    ),
    "no time zone": (
        BLOCK + START + 'time = "iso"\ntimezone = "Eastern"\n',
        ['5:1: "Eastern" is no time zone. Write "local", "UTC" or an IANA name such as "America/New_York"'],
    ),
    "a zone beside an offset": (
        BLOCK + START + 'time = "%Y-%m-%d %H:%M:%S%z"\ntimezone = "UTC"\n',
        ["5:1: these stamps tell their offset themselves. Leave timezone out"],
    ),
    "an unknown level": (
        BLOCK + START + 'time = "iso"\nlevels = { E = "bad" }\n',
        [
            '5:1: no level is called "bad". Write one of: verbose, debug, information, warning, error, critical',
        ],
    ),
    "levels without a place": (
        BLOCK + 'start = \'(?P<time>\\S+) \'\ntime = "iso"\n[format.levels]\nE = "error"\n',
        ["3:1: levels are given, but start has no (?P<level>...) around the level"],
    ),
    "an unknown encoding": (
        BLOCK + START + 'time = "iso"\nencoding = "ansi"\n',
        [
            (
                '5:1: "ansi" is no encoding that can be read here. Write "utf-8", or a code page such as "cp1252" or '
                '"cp850"; UTF-16 is told by itself'
            ),
        ],
    ),
    "an encoding of two bytes": (
        BLOCK + START + 'time = "iso"\nencoding = "utf-16"\n',
        [
            (
                '5:1: "utf-16" is no encoding in which plain letters are one byte. UTF-16 is told by itself: '
                "leave encoding out"
            ),
        ],
    ),
    "a sample that does not match": (
        BLOCK + START + 'time = "iso"\nsample = " 2026"\n',
        ["5:1: start does not match this line from its first character on"],
    ),
    "a sample whose stamp is not read": (
        BLOCK + START + 'time = "iso"\nsample = "02.00 ERROR a"\n',
        ['5:1: time = "iso" does not read the stamp "02.00" of this line'],
    ),
    "a sample of which no message is left": (
        BLOCK
        + "start = '(?P<time>\\S+) (?P<level>\\w+).*'\n"
        + 'time = "iso"\nsample = "2026-03-04T02:00:13Z ERROR a"\n',
        [
            (
                "3:1: this leaves no message of the sample, so that no rule can match. Let it end before the message, "
                "or put (?P<message>.*) around that"
            ),
        ],
    ),
    "a time that is a number": (
        BLOCK + START + "time = 5\n",
        ["4:1: time must be a text in quotes; this is a number"],
    ),
    "a sample whose level is not known": (
        BLOCK + START + 'time = "iso"\nsample = "2026-03-04T02:00:13Z Fehler a"\n',
        [
            (
                '5:1: the level "Fehler" of this line is not known. Write levels = { Fehler = "error" }, '
                "or the level that it stands for"
            ),
        ],
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_wrong_is_told_with_its_place(case: str) -> None:
    text, told = FAULTS[case]
    found = [line for line in refused(text).split("\n") if line.startswith("qbwatch.toml:")]
    assert found == [f"qbwatch.toml:{one}" if one.endswith("?") else f"qbwatch.toml:{one}." for one in told]


@pytest.mark.parametrize(
    "name",
    [
        "utf-7",
        "cp037",
        "hex",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "undefined",
        "a\\u0000b",
        "iso2022_jp",
    ],
)
def test_no_odd_encoding_gets_through(name: str) -> None:
    assert "encoding" in refused(BLOCK + START + f'time = "iso"\nencoding = "{name}"\n')


@pytest.mark.parametrize("name", ["utf-8", "UTF-8-SIG", "cp1252", "cp850", "latin-1", "cp1251", "shift_jis", "gbk"])
def test_a_code_page_is_taken(name: str) -> None:
    assert len(read(BLOCK + START + f'time = "iso"\nencoding = "{name}"\n')) == 1


def test_the_guides_block_reads_the_guides_line() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
    block = guide.partition("```toml\n")[2].partition("```")[0]
    [format_] = read(block)
    line = tomllib.loads(block)["format"][0]["sample"]
    [record] = format_.records(line.encode(), NEW_YORK)  # type: ignore[attr-defined]
    assert (record.time, record.level, record.component, record.message) == (
        datetime(2026, 3, 4, 1, 0, 13, tzinfo=UTC),
        "error",
        "QuickBooks",
        "BeginSession abgelehnt",
    )


def test_the_guide_tells_of_every_format() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert {line.split("`")[1] for line in guide.splitlines() if re.match(r"\| `[a-z4-]+` \|", line)} >= set(
        format_names()
    )

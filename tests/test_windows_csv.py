from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats import windows_events
from ingest.formats.windows_dates import Order, looks_like_date, moment_of, order_of
from ingest.record import Record, Span

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
VIEWER = "Level,Date and Time,Source,Event ID,Task Category\r\n"
SLEEP = (
    'Information,4/14/2026 5:12:16 PM,Microsoft-Windows-Kernel-Power,42,(64),"The system is entering sleep.\r\n\r\n'
    'Sleep Reason: System Idle"\r\n'
)
LOGOFF = "Information,4/14/2026 5:01:02 PM,Microsoft-Windows-Winlogon,7002,(1102),User Logoff Notification\r\n"
EXPORTED = (
    '"Message","Id","Version","Level","RecordId","ProviderName","LogName","MachineName","TimeCreated","Properties"\r\n'
)


def read(text: str, zone: ZoneInfo | None = NEW_YORK, encoding: str = "utf-8-sig") -> list[Record]:
    return list(windows_events.records(text.encode(encoding), zone))


def test_event_viewer_gives_code_time_and_words_but_no_data_and_no_level() -> None:
    assert read(VIEWER + SLEEP, encoding="utf-8") == [
        Record(
            format="windows-events",
            time=datetime(2026, 4, 14, 21, 12, 16, tzinfo=UTC),
            component="Microsoft-Windows-Kernel-Power",
            message="The system is entering sleep.",
            body="\nSleep Reason: System Idle",
            span=Span(offset=len(VIEWER), length=len(SLEEP) - 2, line=2),
            level=None,
            codes=("Microsoft-Windows-Kernel-Power/42",),
        )
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_spans_point_at_the_rows(encoding: str) -> None:
    data = (VIEWER + SLEEP + LOGOFF).encode(encoding)
    found = list(windows_events.records(data, NEW_YORK))
    plain = encoding.removesuffix("-sig") if encoding != "utf-16" else "utf-16-le"
    slices = [data[r.span.offset : r.span.offset + r.span.length].decode(plain) for r in found]
    assert slices == [SLEEP[:-2], LOGOFF[:-2]]
    assert [r.span.line for r in found] == [2, 5]


def test_a_german_event_viewer_is_known_by_what_stands_in_its_columns() -> None:
    text = (
        "Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\r\n"
        "Informationen,14.04.2026 23:12:16,Microsoft-Windows-Winlogon,7002,(1102),Benutzerabmeldung für müller\r\n"
    )
    assert windows_events.looks_like(text.encode("cp1252")) == 0.9
    (record,) = read(text, BERLIN, "cp1252")
    assert (record.codes, record.time) == (
        ("Microsoft-Windows-Winlogon/7002",),
        datetime(2026, 4, 14, 21, 12, 16, tzinfo=UTC),
    )
    assert record.message == "Benutzerabmeldung für müller"


@pytest.mark.parametrize("type_line", ["", "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_powershell_exports_is_read_by_its_column_names(type_line: str, encoding: str) -> None:
    row = (
        '"The process C:\\Windows\\explorer.exe has\r\ninitiated the restart","1074","0","4","20342","USER32","System",'
        '"SYNC-PC-01","4/14/2026 5:12:16 PM","System.Collections.Generic.List`1[EventProperty]"\r\n'
    )
    (record,) = read(type_line + EXPORTED + row, encoding=encoding)
    assert windows_events.looks_like((type_line + EXPORTED).encode(encoding)) == 1.0
    assert (record.codes, record.component, record.level) == (("User32/1074",), "USER32", "information")
    assert record.time == datetime(2026, 4, 14, 21, 12, 16, tzinfo=UTC)
    assert record.fields == {"Computer": "SYNC-PC-01", "Channel": "System", "RecordID": "20342"}


def test_the_stamp_of_resumed_is_not_believed_here_either() -> None:
    (record,) = read(VIEWER + SLEEP.replace(",42,", ",107,"))
    assert record.time is None


@pytest.mark.parametrize(
    ("zone", "stamp", "doubt", "local"),
    [
        (None, "4/14/2026 5:12:16 PM", "no zone", "2026-04-14T17:12:16"),
        (NEW_YORK, "11/1/2026 1:30:00 AM", "ambiguous", "2026-11-01T01:30:00"),
        (NEW_YORK, "3/8/2026 2:30:00 AM", "missing", "2026-03-08T02:30:00"),
        (BERLIN, "07/08/2026 18:22:16", "ambiguous", "07/08/2026 18:22:16"),
    ],
)
def test_a_local_time_that_is_not_certain_is_marked_and_not_guessed(
    zone: ZoneInfo | None, stamp: str, doubt: str, local: str
) -> None:
    (record,) = read(VIEWER + SLEEP.replace("4/14/2026 5:12:16 PM", stamp), zone)
    assert (record.time, record.fields) == (None, {"time_doubt": doubt, "local_time": local})


def test_one_date_of_the_file_settles_the_order_of_all() -> None:
    text = VIEWER + SLEEP.replace("4/14/2026 5:12:16 PM", "07/08/2026 18:22:16")
    found = read(text + SLEEP.replace("4/14/2026 5:12:16 PM", "20/08/2026 18:22:16"), BERLIN)
    assert [record.time for record in found] == [
        datetime(2026, 8, 7, 16, 22, 16, tzinfo=UTC),
        datetime(2026, 8, 20, 16, 22, 16, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("stamps", "order"),
    [
        (["7/8/2026 9:22:16 AM"], Order.MONTH_FIRST),
        (["7/8/2026 9:22:16 AM", "20/8/2026 9:22:16 AM"], Order.DAY_FIRST),
        (["7/08/2026 9:22:16 AM"], None),
        (["07/08/2026 09:22:16"], None),
        (["20/08/2026 09:22:16", "08/20/2026 09:22:16"], None),
        (["7.8.2026 9:22:16"], Order.DAY_FIRST),
        (["2026-08-07 09:22:16"], None),
        ([], None),
    ],
)
def test_the_order_of_day_and_month_is_told_from_all_dates_or_not_at_all(
    stamps: list[str], order: Order | None
) -> None:
    assert order_of(stamps) is order


@pytest.mark.parametrize(
    "stamp",
    [
        "8/7/2026 6:22:16 PM",
        "\u200e8/\u200e7/\u200e2026 6:22:16\u202fPM",
        "8/7/2026 6:22:16 p. m.",
        "2026/8/7 下午 6:22:16",
        "2026-08-07 오후 6:22:16",
        "2026-08-07 18:22:16",
        "2026-08-07T18:22:16.0000000",
        "2026-08-07T18:22:16-04:00",
        "2026. 08. 07. 18:22:16",
        "8/7/26, 6:22:16 PM",
        "8-7-2026 18.22.16",
    ],
)
def test_the_cultures_in_use_are_read(stamp: str) -> None:
    assert looks_like_date(stamp)
    assert moment_of(stamp, Order.MONTH_FIRST, NEW_YORK).time == datetime(2026, 8, 7, 22, 22, 16, tzinfo=UTC)


@pytest.mark.parametrize("stamp", ["", "yesterday", "32/13/2026 1:00:00", "7/20/2569 18:22:16", "7/20/2026 25:00:00"])
def test_what_is_no_date_gives_no_time(stamp: str) -> None:
    moment = moment_of(stamp, None, NEW_YORK)
    assert (moment.time, moment.fields) == (None, {"time_doubt": "no stamp"})


def test_the_same_day_and_month_needs_no_order() -> None:
    assert moment_of("07/07/2026 18:22:16", None, BERLIN).time == datetime(2026, 7, 7, 16, 22, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "damaged",
    [
        'Information,4/14/2026 5:12:16 PM,EventLog,6008,None,"the quote never closes\r\n',
        'Information,4/14/2026 5:12:16 PM,EventLog,6008,None,"closes" too early\r\n',
        "Information,4/14/2026 5:12:16 PM,EventLog\r\n",
        "Information,yesterday,EventLog,6008,None,x\r\n",
        "\0\0\0\0\0\0\r\n",
    ],
)
def test_a_damaged_row_is_told_and_costs_nothing_but_itself(damaged: str) -> None:
    found = read(VIEWER + SLEEP + damaged + SLEEP + LOGOFF)
    assert [record.level for record in found] == [None, "unparsed", None, None]
    assert found[3].codes == ("Microsoft-Windows-Winlogon/7002",)


@pytest.mark.parametrize(
    "head",
    [
        "a,b,c,d,e\r\n1,2,3,4,5\r\n",
        "Id,ProviderName\r\n",
        "Level,Date and Time,Source,Event ID\r\n",
        "date,customer,amount,memo,account\r\nx,4/14/2026 5:12:16 PM,Contoso,twelve,y\r\n",
        '"never closed',
    ],
)
def test_other_tables_are_none_of_ours(head: str) -> None:
    assert windows_events.looks_like(head.encode()) == 0.0


WHOLE = (VIEWER + SLEEP + LOGOFF).encode()


@given(st.integers(0, len(WHOLE) - len(LOGOFF) - 1), st.binary(max_size=8), st.integers(0, 8))
def test_no_mutation_makes_it_fail(place: int, noise: bytes, cut: int) -> None:
    data = WHOLE[:place] + noise + WHOLE[place + cut :]
    for record in windows_events.records(data, NEW_YORK):
        assert 0 <= record.span.offset <= record.span.offset + record.span.length <= len(data)


@given(st.binary(max_size=60).filter(lambda noise: b'"' not in noise))
def test_the_row_after_noise_is_still_read(noise: bytes) -> None:
    data = (VIEWER + SLEEP).encode() + noise + b"\r\n" + LOGOFF.encode()
    assert list(windows_events.records(data, NEW_YORK))[-1].codes == ("Microsoft-Windows-Winlogon/7002",)

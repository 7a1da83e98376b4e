from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats import windows_events, windows_xml
from ingest.record import Record, Span

SAMPLES = Path(__file__).parent.parent / "sample_logs"
NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
SLEEP = "2026-04-14T21:12:16.5165124Z"


def event(
    provider: str = "Microsoft-Windows-Kernel-Power",
    event_id: str = "<EventID>42</EventID>",
    payload: str = "<EventData><Data Name='TargetState'>4</Data><Data Name='Reason'>7</Data></EventData>",
    *,
    stamp: str = SLEEP,
    level: str = "4",
    channel: str = "System",
) -> str:
    return (
        f"<Event xmlns='{NAMESPACE}'><System><Provider Name='{provider}'/>{event_id}<Level>{level}</Level>"
        f"<TimeCreated SystemTime='{stamp}'/><EventRecordID>93301</EventRecordID>"
        f"<Channel>{channel}</Channel><Computer>SYNC-PC-01</Computer></System>{payload}</Event>"
    )


def read(text: str, encoding: str = "utf-8") -> list[Record]:
    return list(windows_events.records(text.encode(encoding)))


def read_one(text: str) -> Record:
    (record,) = read(text)
    return record


def test_an_event_becomes_a_record_with_its_code_data_and_place() -> None:
    text = event()
    assert read_one(text) == Record(
        format="windows-events",
        time=datetime(2026, 4, 14, 21, 12, 16, 516512, tzinfo=UTC),
        component="Microsoft-Windows-Kernel-Power",
        message="TargetState=4; Reason=7",
        span=Span(offset=0, length=len(text), line=1),
        level="information",
        codes=("Microsoft-Windows-Kernel-Power/42",),
        fields={
            "TargetState": "4",
            "Reason": "7",
            "Computer": "SYNC-PC-01",
            "Channel": "System",
            "RecordID": "93301",
        },
    )


@pytest.mark.parametrize("root", ["{}", "<Events>\r\n{}</Events>", '<?xml version="1.0"?>\n<Events>{}\n</Events>'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_spans_point_at_the_events_whatever_is_around_them(root: str, encoding: str, quote: str) -> None:
    german = event(
        "User32",
        "<EventID Qualifiers='32768'>1074</EventID>",
        "<EventData><Data>Büro Łódź</Data></EventData>",
    )
    events = [event().replace("'", quote), german.replace("'", quote), event().replace("'", quote)]
    data = root.format("\r\n".join(events)).encode(encoding)
    found = list(windows_events.records(data))
    plain = encoding.removesuffix("-sig") if encoding != "utf-16" else "utf-16-le"
    slices = [data[r.span.offset : r.span.offset + r.span.length].decode(plain) for r in found]
    assert slices == events
    first = 1 if root == "{}" else 2
    assert [r.span.line for r in found] == [first, first + 1, first + 2]
    assert found[1].fields["param1"] == "Büro Łódź"


def test_qualifiers_do_not_hide_the_event_id_and_windows_7_spells_user32_in_capitals() -> None:
    old = read_one(event("USER32", "<EventID Qualifiers='32768'>1074</EventID>"))
    new = read_one(event("User32", "<EventID>1074</EventID>"))
    assert (old.codes, old.component) == (("User32/1074",), "USER32")
    assert new.codes == ("User32/1074",)


def test_unnamed_data_is_numbered_and_repeated_names_are_kept() -> None:
    paths = "<Data Name='Path'>a</Data><Data Name='Path'>b</Data>"
    payload = f"<EventData><Data>QBW.EXE</Data><Data/>{paths}</EventData>"
    fields = read_one(event(".NET Runtime", "<EventID>1026</EventID>", payload)).fields
    assert {name: fields[name] for name in ("0", "1", "Path", "Path.2")} == {
        "0": "QBW.EXE",
        "1": "",
        "Path": "a",
        "Path.2": "b",
    }


CRASH = {
    "AppName": "QBWebConnector.exe",
    "AppVersion": "33.0.10015.91",
    "AppTimeStamp": "607177dc",
    "ModuleName": "KERNELBASE.dll",
    "ModuleVersion": "10.0.19041.1",
    "ModuleTimeStamp": "5b7d84a3",
    "ExceptionCode": "e0434352",
    "FaultingOffset": "0012d862",
    "ProcessId": "1d2c",
    "ProcessCreationTime": "01dccc1f2b3c4d5e",
    "AppPath": "C:\\Connector\\QBWebConnector.exe",
    "ModulePath": "C:\\Windows\\System32\\KERNELBASE.dll",
    "IntegratorReportId": "3f2c1a9e-0000-4000-8000-000000000001",
}
HANG = {
    "AppName": "QBW.EXE",
    "AppVersion": "33.0.4001.3306",
    "ProcessId": "1a88",
    "StartTime": "01dccc1f2b3c4d5e",
    "TerminationTime": "15",
    "ExeFileName": "C:\\QuickBooks\\QBW.EXE",
    "ReportId": "3f2c1a9e-0000-4000-8000-000000000002",
}
RESTART = {
    "param1": "C:\\Windows\\system32\\svchost.exe (SYNC-PC-01)",
    "param2": "SYNC-PC-01",
    "param3": "Operating System: Service pack (Planned)",
    "param4": "0x80020010",
    "param5": "restart",
    "param6": "",
    "param7": "NT AUTHORITY\\SYSTEM",
}


@pytest.mark.parametrize(
    ("provider", "number", "data"),
    [("Application Error", 1000, CRASH), ("Application Hang", 1002, HANG), ("USER32", 1074, RESTART)],
)
def test_what_windows_11_names_has_the_same_names_where_windows_10_gave_none(
    provider: str, number: int, data: dict[str, str]
) -> None:
    named = "".join(f"<Data Name='{name}'>{value}</Data>" for name, value in data.items())
    unnamed = "".join(f"<Data>{value}</Data>" for value in data.values())
    both = [
        read_one(event(provider, f"<EventID>{number}</EventID>", f"<EventData>{payload}</EventData>")).fields
        for payload in (named, unnamed)
    ]
    assert both[0] == both[1]
    assert {name: both[0][name] for name in data} == data


def test_data_cannot_take_the_place_of_the_computer() -> None:
    record = read_one(event(payload="<EventData><Data Name='Computer'>ELSEWHERE</Data></EventData>"))
    assert (record.fields["Computer"], record.fields["Computer.2"]) == ("SYNC-PC-01", "ELSEWHERE")


def test_user_data_in_a_namespace_of_its_own_is_read() -> None:
    payload = (
        "<UserData><EventXML xmlns='Event_NS'><User>SYNC-PC-01\\qbsync</User><SessionID>4</SessionID>"
        "<Address>192.0.2.57</Address></EventXML></UserData>"
    )
    provider = "Microsoft-Windows-TerminalServices-LocalSessionManager"
    record = read_one(event(provider, "<EventID>21</EventID>", payload))
    assert record.codes == (f"{provider}/21",)
    assert record.message == "User=SYNC-PC-01\\qbsync; SessionID=4; Address=192.0.2.57"


def test_the_last_time_alive_is_read_from_the_numbers_and_not_from_the_words() -> None:
    binary = "DC0704000500060009003B000D001D00DC070400050006000D003B000D001D00600900003C000000"
    payload = (
        "<EventData><Data>9:59:13 AM</Data><Data>\u200e4/\u200e6/\u200e2012</Data><Data></Data><Data></Data>"
        f"<Data>84</Data><Binary>{binary}</Binary></EventData>"
    )
    record = read_one(event("EventLog", "<EventID Qualifiers='32768'>6008</EventID>", payload, level="2"))
    assert record.fields["LastAliveTime"] == "2012-04-06T13:59:13.029000Z"
    assert record.fields["Binary"] == binary
    assert (record.level, "Binary" in record.message) == ("error", False)


@pytest.mark.parametrize("binary", ["", "zz", "DC07", "00" * 32])
def test_a_broken_binary_gives_no_time(binary: str) -> None:
    payload = f"<EventData><Binary>{binary}</Binary></EventData>"
    record = read_one(event("eventlog", "<EventID>6008</EventID>", payload))
    assert (record.codes, "LastAliveTime" in record.fields) == (("EventLog/6008",), False)


def test_the_stamp_of_resumed_is_not_believed() -> None:
    assert read_one(event(event_id="<EventID>107</EventID>")).time is None


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_an_unreadable_stamp_is_no_time(stamp: str) -> None:
    assert read_one(event(stamp=stamp)).time is None


def test_a_stamp_without_a_zone_is_utc() -> None:
    assert read_one(event(stamp="2026-04-14T21:12:16")).time == datetime(2026, 4, 14, 21, 12, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "damaged",
    [
        "<Event xmlns='x'><System><Provider Name='A'/>",
        "<Event><System></Event>",
        "<Event><System/></Event>",
        "<Event><EventData/></Event>",
        "<Event><System><Provider Name=''/><EventID>1</EventID></System></Event>",
        event().replace("<Level>", "&bomb;<Level>"),
        event().replace("<Level>", "<!DOCTYPE a [<!ENTITY b 'c'>]><Level>"),
    ],
)
def test_a_damaged_event_is_told_and_costs_nothing_but_itself(damaged: str) -> None:
    found = read(f"{event()}\n{damaged}\n{event()}")
    assert [record.level for record in found] == ["information", "unparsed", "information"]
    assert found[1].codes == ()
    assert found[2].span.line == 3


def test_a_declaration_before_the_events_reaches_none_of_them() -> None:
    bomb = '<!DOCTYPE e [<!ENTITY a "aaaa"><!ENTITY s SYSTEM "file:///etc/hostname">]>\n'
    payload = "<EventData><Data Name='a'>&a;</Data><Data Name='s'>&s;</Data></EventData>"
    found = read(bomb + "<Events>" + event(payload=payload) + event() + "</Events>")
    assert [record.level for record in found] == ["unparsed", "information"]


def test_control_characters_and_foreign_code_pages_do_not_lose_an_event() -> None:
    payload = "<EventData><Data Name='User'>M\x00\x1büller</Data></EventData>"
    (record,) = windows_events.records(event(payload=payload).encode("cp1252"))
    assert record.fields["User"] == "M\ufffd\ufffdüller"


def test_the_tree_that_event_viewer_copies_is_read_despite_its_dashes() -> None:
    text = event().replace("<System>", "\r\n- <System>").replace("<EventData>", "\r\n- <EventData>")
    assert read_one(f"- {text}\r\n").codes == ("Microsoft-Windows-Kernel-Power/42",)


def test_a_reference_to_a_character_that_xml_forbids_does_not_lose_an_event() -> None:
    payload = "<EventData><Data Name='a'>x&#1;&#xD;&#x1F;&#xD800;&#99999999;y</Data></EventData>"
    assert read_one(event(payload=payload)).fields["a"] == "x\ufffd\r\ufffd\ufffd\ufffdy"


def test_a_printed_empty_value_is_empty() -> None:
    payload = "<EventData>\n    <Data Name='a'>\n    </Data>\n    <Data Name='b'> </Data>\n  </EventData>"
    fields = read_one(event(payload=payload)).fields
    assert (fields["a"], fields["b"]) == ("", " ")


def test_the_words_that_windows_renders_decide_nothing() -> None:
    rendered = "<RenderingInfo Culture='de-DE'><Message>Standby</Message><Level>Fehler</Level></RenderingInfo>"
    record = read_one(event().replace("</Event>", f"{rendered}</Event>"))
    assert (record.level, record.message) == ("information", "TargetState=4; Reason=7")


def test_long_values_are_cut_in_the_message_and_whole_in_the_fields() -> None:
    stack = "Application: QBWebConnector.exe\n" + "   at Contoso.Sync.Run()\n" * 200
    record = read_one(event(".NET Runtime", "<EventID>1026</EventID>", f"<EventData><Data>{stack}</Data></EventData>"))
    assert record.message == f"0={' '.join(stack.split())[:500]}…"
    assert record.fields["0"] == stack


@pytest.mark.parametrize(
    ("head", "sure"),
    [
        (event().encode(), 1.0),
        (f'<?xml version="1.0"?><Events>{event()}</Events>'.encode("utf-16"), 1.0),
        (b"<Event><System><Provider Name='A'/>", 0.9),
        (b"<Events>", 0.5),
        (b"<Event><Customer/>", 0.0),
        (b"20260310.02:00:01 UTC\t: UpdateThisScheduledApp() : Password management - Started\r\n", 0.0),
        (b"", 0.0),
        (b"\x00\x01\x02ElfFile\x00", 0.0),
        (b"ElfFile\x00\x00\x00", 1.0),
    ],
)
def test_looks_like_says_how_sure_it_is(head: bytes, sure: float) -> None:
    assert windows_events.looks_like(head) == sure


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail(noise: bytes) -> None:
    data = noise + b"<Event " + noise + b"</Event>" + noise
    for record in windows_events.records(data):
        assert 0 <= record.span.offset <= len(data)


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<>&\r\0"), max_size=20), max_size=5))
def test_any_data_comes_back_whole(values: list[str]) -> None:
    payload = "<EventData>" + "".join(f"<Data>{value}</Data>" for value in values) + "</EventData>"
    fields = read_one(event(provider=".NET Runtime", payload=payload)).fields
    printable = [windows_xml._ILLEGAL.sub("\ufffd", value) for value in values]
    assert [fields[str(n)] for n in range(len(values))] == [
        "" if "\n" in value and value.isspace() else value for value in printable
    ]


def test_the_samples_are_read_whole() -> None:
    records = {
        path.relative_to(SAMPLES).as_posix(): list(windows_events.records(path.read_bytes()))
        for path in SAMPLES.rglob("*.xml")
    }
    codes = {
        name: [code.removeprefix("Microsoft-Windows-") for record in found for code in record.codes]
        for name, found in records.items()
    }
    assert [name for name, found in records.items() if len(codes[name]) != len(found) or not found] == []
    written = {
        "antivirus/connector_quarantined/Defender.xml": ["Windows Defender/1116", "Windows Defender/1117"],
        "asleep/overnight/System.xml": [
            "Winlogon/7001",
            "EventLog/6013",
            "Kernel-Power/42",
            "Kernel-General/1",
            "Kernel-Power/107",
            "Power-Troubleshooter/1",
            "Service Control Manager/7036",
        ],
        "healthy/others_sign_off/System.xml": [
            "Winlogon/7001",
            "Winlogon/7001",
            "TerminalServices-LocalSessionManager/24",
            "Winlogon/7002",
            "TerminalServices-LocalSessionManager/23",
        ],
        "logged_out/overnight/System.xml": ["Winlogon/7001", "Winlogon/7002", "Winlogon/7001"],
    }
    assert {name: codes[name] for name in written} == written

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ingest.formats import windows_events
from ingest.formats.windows_objects import find_objects
from ingest.record import Record, Span

WHEN = datetime(2026, 4, 14, 21, 12, 16, 516000, tzinfo=UTC)
TICKS = "/Date(1776201136516)/"
SYSTEM = {"Computer": "SYNC-PC-01", "Channel": "System", "RecordID": "93301"}
POWER = "Microsoft-Windows-Kernel-Power"
SESSIONS = "Microsoft-Windows-TerminalServices-LocalSessionManager"


def powershell(**changes: Any) -> dict[str, Any]:
    return {
        "Id": 42,
        "Version": 3,
        "Level": 4,
        "RecordId": 93301,
        "ProviderName": POWER,
        "LogName": "System",
        "MachineName": "SYNC-PC-01",
        "TimeCreated": TICKS,
        "Properties": [{"Value": 4}, {"Value": 5}, {"Value": 7}],
        "Message": "Das System wechselt in den Standbymodus.",
    } | changes


def dumped(payload: dict[str, Any], provider: str = POWER, event_id: Any = 42) -> dict[str, Any]:
    return {
        "Event": {
            "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
            "System": {
                "Provider": {"#attributes": {"Name": provider}},
                "EventID": event_id,
                "Level": 4,
                "TimeCreated": {"#attributes": {"SystemTime": "2026-04-14T21:12:16.516000Z"}},
                "EventRecordID": 93301,
                "Channel": "System",
                "Computer": "SYNC-PC-01",
            },
            **payload,
        }
    }


def shipped(provider: str, event_id: Any, **winlog: Any) -> dict[str, Any]:
    return {
        "@timestamp": "2026-04-14T21:12:16.516Z",
        "log": {"level": "information"},
        "winlog": {
            "provider_name": provider,
            "event_id": event_id,
            "channel": "System",
            "computer_name": "SYNC-PC-01",
            "record_id": 93301,
            **winlog,
        },
    }


def read(text: str, zone: ZoneInfo | None = None) -> list[Record]:
    return list(windows_events.records(text.encode(), zone))


def read_one(value: Any) -> Record:
    (record,) = read(json.dumps(value))
    return record


def test_all_tools_tell_the_same_event_the_same_way() -> None:
    told = [
        powershell(),
        dumped({"EventData": {"TargetState": 4, "EffectiveState": 5, "Reason": 7}}),
        shipped(POWER, 42, event_data={"TargetState": "4", "EffectiveState": "5", "Reason": "7"}),
    ]
    for value in told:
        text = json.dumps(value)
        assert windows_events.looks_like(text.encode()) == 1.0
        assert read(text) == [
            Record(
                format="windows-events",
                time=WHEN,
                component=POWER,
                message="TargetState=4; EffectiveState=5; Reason=7",
                span=Span(offset=0, length=len(text), line=1),
                level="information",
                codes=(f"{POWER}/42",),
                fields={"TargetState": "4", "EffectiveState": "5", "Reason": "7", **SYSTEM},
            )
        ]


@pytest.mark.parametrize(
    "whole",
    [
        "{one}\n{two}\n",
        "[{one},{two}]",
        "[\r\n    {one},\r\n    {two}\r\n]\r\n",
        "Record 1\n{one}\nRecord 2\n{two}\n",
        '{{"value":[{one},{two}],"Count":2}}',
        '{{"hits":{{"hits":[{{"_source":{one}}},{{"_source":{two}}}]}}}}',
    ],
)
def test_events_are_found_however_they_are_strung_together(whole: str) -> None:
    one, two = (json.dumps(powershell(RecordId=number), indent=number) for number in (1, 2))
    found = read(whole.format(one=one, two=two))
    assert [(record.level, record.fields.get("RecordID")) for record in found] == [
        ("information", "1"),
        ("information", "2"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_spans_point_at_the_objects_in_any_encoding(encoding: str) -> None:
    texts = [json.dumps(powershell(MachineName="BÜRO-PC"), ensure_ascii=False, indent=2), json.dumps(powershell())]
    data = ",\r\n".join(texts).encode(encoding)
    found = list(windows_events.records(data))
    plain = encoding.removesuffix("-sig") if encoding != "utf-16" else "utf-16-le"
    assert [data[r.span.offset : r.span.offset + r.span.length].decode(plain) for r in found] == texts
    assert [r.span.line for r in found] == [1, texts[0].count("\n") + 2]
    assert found[0].fields["Computer"] == "BÜRO-PC"


@pytest.mark.parametrize("stamp", [TICKS, "2026-04-14T23:12:16.516+02:00", {"value": TICKS, "DisplayHint": 2}])
def test_both_powershells_times_are_read(stamp: Any) -> None:
    assert read_one(powershell(TimeCreated=stamp)).time == WHEN


def test_a_time_without_a_zone_is_the_machines() -> None:
    text = json.dumps(powershell(TimeCreated="2026-04-14T17:12:16.516"))
    assert read(text, ZoneInfo("America/New_York"))[0].time == WHEN
    (record,) = read(text)
    assert (record.time, record.fields["time_doubt"]) == (None, "no zone")


def test_positions_get_the_names_that_rules_know_and_times_the_form_of_xml() -> None:
    properties = [{"Value": TICKS}, {"Value": "2026-04-15T14:40:52.0265990+02:00"}, {"Value": 1469}]
    record = read_one(powershell(ProviderName="Microsoft-Windows-Power-Troubleshooter", Id=1, Properties=properties))
    assert record.message == (
        "SleepTime=2026-04-14T21:12:16.516000Z; WakeTime=2026-04-15T12:40:52.026599Z; SleepDuration=1469"
    )


def test_a_sid_and_the_binary_part_are_read() -> None:
    sid = {"BinaryLength": 28, "AccountDomainSid": None, "Value": "S-1-5-21-1-2-3-1001"}
    logoff = powershell(ProviderName="Microsoft-Windows-Winlogon", Id=7002, Properties=[{"Value": 2}, {"Value": sid}])
    assert read_one(logoff).message == "TSId=2; UserSid=S-1-5-21-1-2-3-1001"
    alive = bytes.fromhex("DC0704000500060009003B000D001D00DC070400050006000D003B000D001D00")
    died = powershell(ProviderName="EventLog", Id=6008, Properties=[{"Value": "9:59:13"}, {"Value": list(alive)}])
    assert read_one(died).fields["LastAliveTime"] == "2012-04-06T13:59:13.029000Z"


def test_data_that_powershell_did_not_go_down_to_is_not_made_up() -> None:
    record = read_one(powershell(Properties=["System.Diagnostics.Eventing.Reader.EventProperty"] * 3))
    assert (record.message, record.fields) == ("Das System wechselt in den Standbymodus.", SYSTEM)


def test_qualifiers_unnamed_data_and_attributes_beside_are_read() -> None:
    plain = {"Data": {"#text": ["a.exe", "PC"]}, "Binary": "00"}
    record = read_one(dumped({"EventData": plain}, "USER32", {"#attributes": {"Qualifiers": 32768}, "#text": 1074}))
    beside = dumped({"EventData": plain}, "USER32", 1074)
    system = beside["Event"]["System"]
    system |= {f"{name}_attributes": system.pop(name)["#attributes"] for name in ("Provider", "TimeCreated")}
    assert (record.codes, record.message) == (("User32/1074",), "param1=a.exe; param2=PC")
    assert read_one(beside).fields == record.fields


@pytest.mark.parametrize("payload", [{}, {"EventData": None}, {"EventData": {"Data": None}}])
def test_an_event_may_have_no_data(payload: dict[str, Any]) -> None:
    assert read_one(dumped(payload)).fields == SYSTEM


def test_user_data_is_read() -> None:
    data = {"User": "SYNC-PC-01\\qbsync", "SessionID": 4, "Address": "LOCAL"}
    of_evtx = dumped({"UserData": {"EventXML": {"#attributes": {"xmlns": "Event_NS"}, **data}}}, SESSIONS, 21)
    of_beat = shipped(SESSIONS, "21", user_data={"xml_name": "EventXML", **data})
    for value in (of_evtx, of_beat):
        assert read_one(value).message == "User=SYNC-PC-01\\qbsync; SessionID=4; Address=LOCAL"


def test_numbered_parameters_are_names_only_where_windows_calls_them_so() -> None:
    data = {"param1": "QBCFMonitorService", "param2": "stopped", "Binary": "00"}
    crash = read_one(shipped("Application Error", "1000", event_data={"param1": "QBW.EXE", "param2": "33.0"}))
    service = read_one(shipped("Service Control Manager", 7036, event_data=data))
    uptime = read_one(shipped("EventLog", 6013, event_data={"param5": "97211"}))
    assert crash.message == "AppName=QBW.EXE; AppVersion=33.0"
    assert service.message == "param1=QBCFMonitorService; param2=stopped"
    assert uptime.fields["4"] == "97211"


@pytest.mark.parametrize(
    "damaged",
    [
        '{"Id": 42, "ProviderName": "Microsoft-Windows',
        '{"Id": 42, "Properties": [{"Value": 1},\n   {"Value": }]}',
        '{"Customer": "Contoso"}',
        '{"Id": ' + "9" * 5000 + "}",
        "[{" * 3000,
        '{"a":\n' * 3000,
        '{"winlog": {}}',
        '{"Event": {"System": []}}',
    ],
)
def test_what_is_damaged_or_no_event_is_told_and_costs_nothing_but_itself(damaged: str) -> None:
    good = json.dumps(powershell())
    found = read(f"{good}\n{damaged}\n{good}\n")
    assert [record.level for record in found] == ["information", "unparsed", "information"]


@pytest.mark.parametrize(
    "head",
    [b'{"@t":"2026-04-14T21:12:16Z","@mt":"BeginSession failed"}', b"[", b"{}", b'<!-- "winlog" "event_id" -->'],
)
def test_other_json_is_none_of_ours(head: bytes) -> None:
    assert windows_events.looks_like(head) == 0.0


WHOLE = "\n".join(
    json.dumps(value)
    for value in (powershell(), dumped({"EventData": {"Data": {"#text": ["a"]}}}), shipped(POWER, 42, event_data={}))
).encode()
LAST = json.dumps(powershell(RecordId=7)).encode()


@given(st.integers(0, len(WHOLE)), st.binary(max_size=8), st.integers(0, 8))
def test_no_mutation_makes_it_fail_or_loses_the_next_line(place: int, noise: bytes, cut: int) -> None:
    data = WHOLE[:place] + noise + WHOLE[place + cut :] + b"\n" + LAST
    # What begins like XML is read as XML.
    assume(not data.lstrip().startswith(b"<"))
    found = list(windows_events.records(data))
    for record in found:
        assert 0 <= record.span.offset <= record.span.offset + record.span.length <= len(data)
    assert found[-1].fields.get("RecordID") == "7"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(VALUES, VALUES, VALUES)
def test_no_value_in_any_place_makes_it_fail(one: Any, two: Any, three: Any) -> None:
    values = [
        powershell(TimeCreated=one, Properties=two, Level=three),
        powershell(ProviderName=one, Id=two, Message=three),
        dumped({"EventData": one, "UserData": two}, POWER, three),
        dumped({"EventData": {"Data": one, "a": two, "Binary": three}}),
        shipped(POWER, 42, event_data=one, user_data=two, channel=three),
        {"Event": {"System": {"Provider": one, "EventID": two}}},
        {"_source": one, "winlog": two, "Event": three},
    ]
    for value in values:
        assert len(read(json.dumps([value]))) <= 1 + json.dumps(value).count("{")


@pytest.mark.parametrize("text", [',[{"a":[{"b":', ',{"a": bad}\n', ',{"a":{"b":', ',{"a":" {",":" , ","', '\n{"a":"b'])
def test_a_text_that_is_damaged_everywhere_is_read_once(text: str) -> None:
    whole = b'{"ProviderName":"a","Id":1}'
    found = list(find_objects(b"[" + whole + text.encode() * 20_000 + b"\n" + whole, lambda told: told.get("Id")))
    assert [one.value for one in found] == [1, None, 1]

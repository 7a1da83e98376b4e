"""Windows events in JSON: `Get-WinEvent | ConvertTo-Json`, `evtx_dump -o json` and Winlogbeat's ECS documents."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingest.formats.windows_dates import moment_of, order_of
from ingest.formats.windows_names import code_of, named
from ingest.formats.windows_objects import find_objects
from ingest.formats.windows_record import WindowsEvent, add_value, level_of, to_record, unparsed
from ingest.local_time import NO_STAMP, Moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from ingest.formats.windows_record import Cutter
    from ingest.record import Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What PowerShell 5.1 writes for a time: milliseconds, in UTC even where an offset follows.
_TICKS = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*")
_BEGINS = re.compile(rb"\s*(?:Record \d+\s*)?[\[{]")
_MARKS = ((b'"ProviderName"', b'"Id"'), (b'"Event"', b'"System"'), (b'"winlog"', b'"event_id"'))
_PARAMETER = re.compile(r"param([1-9]\d?)")
# What PowerShell writes in place of an event's data where it was not told to go deep enough.
_NOT_SHOWN = "System.Diagnostics.Eventing.Reader.EventProperty"
_LEVELS = {"critical", "error", "warning", "information", "verbose"}


def looks_like(text: bytes) -> float:
    """Say from 0 to 1 how sure it is that *text*, the start of a file as UTF-8, holds events in JSON."""
    if b"{" not in text or not any(all(mark in text for mark in marks) for marks in _MARKS):
        return 0.0
    return 1.0 if _BEGINS.match(text) else 0.5


def records(cutter: Cutter, zone: tzinfo | None) -> Iterator[Record]:
    """Read every event; what is damaged, or no event, comes as a record of level "unparsed"."""
    for found in find_objects(cutter.text, lambda value: _event(value, zone)):
        span = cutter.span(found.start, found.end)
        yield to_record(found.value, span) if found.value else unparsed(span)


def _event(value: dict[str, Any], zone: tzinfo | None) -> WindowsEvent | None:
    source = value.get("_source", value)
    if not isinstance(source, dict):
        return None
    beat, dumped = source.get("winlog"), source.get("Event")
    if isinstance(beat, dict):
        event = _winlogbeat(source, beat)
    elif isinstance(dumped, dict):
        event = _dumped(dumped)
    else:
        event = _powershell(source, zone)
    return event if event.provider and event.event_id else None


def _powershell(value: Mapping[str, Any], zone: tzinfo | None) -> WindowsEvent:
    provider, event_id = _text(value.get("ProviderName")), _text(value.get("Id"))
    shown = [one for one in _list(value.get("Properties")) if one != _NOT_SHOWN]
    values = {}
    # The last one may be the event's binary part, which has no name anywhere.
    if shown and isinstance(_inner(shown[-1]), list):
        values["Binary"] = _hex(_inner(shown.pop()))
    data = named(code_of(provider, event_id), [_property(_inner(one)) for one in shown])
    return WindowsEvent(
        provider=provider,
        event_id=event_id,
        moment=_moment(_inner(value.get("TimeCreated")), zone),
        values=data | values,
        level=level_of(_text(value.get("Level"))),
        computer=_text(value.get("MachineName")),
        channel=_text(value.get("LogName")),
        record_id=_text(value.get("RecordId")),
        said="" if data else _text(value.get("Message")),
    )


def _dumped(event: Mapping[str, Any]) -> WindowsEvent:
    system = _mapping(event.get("System"))
    provider = _text(_attributes(system, "Provider").get("Name"))
    event_id = _text(_content(system.get("EventID")))
    values: dict[str, str] = {}
    data = event.get("EventData")
    _add_dumped(values, data if isinstance(data, dict) else {"Data": data}, code_of(provider, event_id))
    for part in _mapping(event.get("UserData")).values():
        _add_dumped(values, _mapping(part), "")
    return WindowsEvent(
        provider=provider,
        event_id=event_id,
        moment=_moment(_attributes(system, "TimeCreated").get("SystemTime"), UTC),
        values=values,
        level=level_of(_text(_content(system.get("Level")))),
        computer=_text(_content(system.get("Computer"))),
        channel=_text(_content(system.get("Channel"))),
        record_id=_text(_content(system.get("EventRecordID"))),
    )


def _winlogbeat(value: Mapping[str, Any], beat: Mapping[str, Any]) -> WindowsEvent:
    provider, event_id = _text(beat.get("provider_name")), _text(beat.get("event_id"))
    data = _mapping(beat.get("event_data"))
    values: dict[str, str] = {}
    numbers = [_PARAMETER.fullmatch(name) for name in data if name != "Binary"]
    names = named(code_of(provider, event_id), [""] * len(numbers))
    # Data without names is numbered from 1 here, as some providers truly call theirs.
    if all(numbers) and not any(_PARAMETER.fullmatch(name) for name in names):
        order = sorted(int(number[1]) for number in numbers if number)
        unnamed = [_text(data.get(f"param{number}")) for number in range(1, order[-1] + 1)] if order else []
        data = {**named(code_of(provider, event_id), unnamed), **{k: v for k, v in data.items() if k == "Binary"}}
    for name, one in {**data, **_mapping(beat.get("user_data"))}.items():
        if name != "xml_name":
            add_value(values, name, _text(one))
    level = _text(_mapping(value.get("log")).get("level")).lower()
    return WindowsEvent(
        provider=provider,
        event_id=event_id,
        moment=_moment(value.get("@timestamp"), UTC),
        values=values,
        level=level if level in _LEVELS else "information",
        computer=_text(beat.get("computer_name")),
        channel=_text(beat.get("channel")),
        record_id=_text(beat.get("record_id")),
    )


def _add_dumped(values: dict[str, str], data: Mapping[str, Any], code: str) -> None:
    for name, value in data.items():
        if name == "#attributes" or name.endswith("_attributes"):
            continue
        if name == "Data":
            unnamed = [_text(one) for one in _list(_content(value))] if value is not None else []
            for place, one in named(code, unnamed).items():
                add_value(values, place, one)
        else:
            add_value(values, name, _text(_content(value)))


def _attributes(system: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an element's attributes, which the tool writes into it or, if so told, beside it."""
    return _mapping(system.get(f"{name}_attributes")) or _mapping(_mapping(system.get(name)).get("#attributes"))


def _content(value: Any) -> Any:
    return value.get("#text") if isinstance(value, dict) else value


def _inner(value: Any) -> Any:
    """Unwrap a value to which PowerShell has added properties of its own."""
    if isinstance(value, dict):
        return next((value[name] for name in ("Value", "value") if name in value), None)
    return value


def _property(value: Any) -> str:
    """Say one value of an event's data; a time in the form that XML gives it."""
    text = _text(_inner(value))
    if _TICKS.fullmatch(text) or (_ISO.fullmatch(text) and text[-6:-5] in {"+", "-"}):
        time = _moment(text, None).time
        return text if time is None else time.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return text


def _moment(value: Any, zone: tzinfo | None) -> Moment:
    text = _text(value)
    ticks = _TICKS.fullmatch(text)
    if ticks:
        try:
            return Moment(time=_EPOCH + timedelta(milliseconds=int(ticks[1])), fields={})
        except OverflowError:
            return Moment(time=None, fields={"time_doubt": NO_STAMP})
    return moment_of(text, order_of([text]), zone)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(value) if isinstance(value, dict | list | bool | float) else str(value)


def _hex(numbers: list[Any]) -> str:
    whole = all(isinstance(number, int) and 0 <= number <= 255 for number in numbers)
    return bytes(numbers).hex().upper() if whole else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value] if value is not None else []

"""Windows events as XML: `wevtutil qe ... /f:xml`, Event Viewer's "save as XML", `Get-WinEvent`'s `ToXml()`.

Events follow one another with or without a root element, in either kind of quotes, in UTF-8 or UTF-16.
Each is parsed by itself, so that a damaged one costs nothing but itself: it becomes a record of level
"unparsed". Records come in the file's order, which is the log's order and not that of time:
what Windows writes while it shuts down is stored at the next start.
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ingest.encoding import decode, detect_encoding, narrow, raw_length
from ingest.record import Record, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "windows-events"
UNPARSED = "unparsed"

_NAMESPACE = b"http://schemas.microsoft.com/win/2004/08/events/event"
_START = re.compile(rb"<Event(?=[\s>])")
_END = b"</Event>"
# A tab or a line end may stand in XML; Windows also writes other control characters into data.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_LEVELS = {"1": "critical", "2": "error", "3": "warning", "4": "information", "5": "verbose"}
# Windows 7 and Windows 10 spell these in different ways.
_SPELLINGS = {name.casefold(): name for name in ("User32", "EventLog")}
_RESUMED = "Microsoft-Windows-Kernel-Power/107"
_DIED = "EventLog/6008"
_LONGEST_VALUE = 500
_LONGEST_MESSAGE = 8000


def looks_like(head: bytes) -> float:
    """Say from 0 to 1 how sure it is that *head*, the start of a file, holds Windows events.

    >>> looks_like(b"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>")
    1.0
    """
    text = _as_utf8(head)[0]
    start = _START.search(text)
    if start is None:
        return 0.5 if text.lstrip().startswith(b"<Events>") else 0.0
    if _NAMESPACE in text[start.start() : start.start() + 400]:
        return 1.0
    return 0.9 if b"<System>" in text and b"<Provider " in text else 0.0


def records(data: bytes) -> Iterator[Record]:
    """Read every event of *data*, a whole file; a damaged one comes as a record of level "unparsed"."""
    text, encoding, bom = _as_utf8(data)
    offset, line, done = bom, 1, 0
    for start, end in _slices(text):
        offset += raw_length(text[done:start], encoding)
        line += text.count(b"\n", done, start)
        length = raw_length(text[start:end], encoding)
        yield _parse(text[start:end], Span(offset=offset, length=length, line=line))
        offset, line, done = offset + length, line + text.count(b"\n", start, end), end


def _as_utf8(data: bytes) -> tuple[bytes, str | None, int]:
    """Return the text in UTF-8, the name of the wide encoding that it had, and the length of the mark."""
    encoding = detect_encoding(data)
    text = narrow(data[encoding.bom :], encoding)
    return text, encoding.name if encoding.wide else None, encoding.bom


def _slices(text: bytes) -> Iterator[tuple[int, int]]:
    """Find where each event begins and ends; one without an end reaches to the next one."""
    match = _START.search(text)
    while match:
        following = _START.search(text, match.end())
        limit = following.start() if following else len(text)
        end = text.find(_END, match.end(), limit)
        yield match.start(), limit if end < 0 else end + len(_END)
        match = following


def _parse(raw: bytes, span: Span) -> Record:
    root = None if _DECLARES.search(raw) else _element(raw)
    system = None if root is None else _child(root, "System")
    if root is None or system is None:
        return _unparsed(span)
    provider = _attribute(system, "Provider", "Name")
    event_id = _text(system, "EventID")
    if not provider or not event_id:
        return _unparsed(span)
    code = f"{_SPELLINGS.get(provider.casefold(), provider)}/{event_id}"
    values = _values(root)
    if code == _DIED:
        values |= _last_alive(values.get("Binary", ""))
    return Record(
        format=NAME,
        # The stamp of "resumed" may be the clock of before the sleep, days too early.
        time=None if code == _RESUMED else _time(_attribute(system, "TimeCreated", "SystemTime")),
        component=provider,
        message=_message(values),
        span=span,
        level=_LEVELS.get(_text(system, "Level"), "information"),
        codes=(code,),
        fields={**values, **_system_fields(system)},
    )


def _unparsed(span: Span) -> Record:
    return Record(
        format=NAME,
        time=None,
        component="",
        message="A damaged Windows event was passed over.",
        span=span,
        level=UNPARSED,
    )


def _element(raw: bytes) -> ET.Element | None:
    try:
        # Each event is parsed without its file's prologue, and one that declares anything was refused.
        return ET.fromstring(_ILLEGAL.sub("\ufffd", decode(raw)))  # noqa: S314 - no declarations, no entities
    except ET.ParseError:
        return None


def _local(element: ET.Element) -> str:
    """Return the name without its namespace; each provider may bring one of its own."""
    return element.tag.rpartition("}")[2]


def _child(parent: ET.Element, name: str) -> ET.Element | None:
    return next((child for child in parent if _local(child) == name), None)


def _text(parent: ET.Element, name: str) -> str:
    child = _child(parent, name)
    return (child.text or "").strip() if child is not None else ""


def _attribute(parent: ET.Element, child: str, name: str) -> str:
    element = _child(parent, child)
    return element.get(name, "") if element is not None else ""


def _system_fields(system: ET.Element) -> dict[str, str]:
    return {
        "Computer": _text(system, "Computer"),
        "Channel": _text(system, "Channel"),
        "RecordID": _text(system, "EventRecordID"),
    }


def _values(root: ET.Element) -> dict[str, str]:
    """Collect the event's data: named, unnamed as "0", "1" and so on, or a provider's own elements."""
    values: dict[str, str] = {}
    for part in root:
        if _local(part) == "EventData":
            _add_event_data(values, part)
        elif _local(part) == "UserData":
            for leaf in part.iter():
                if leaf is not part and len(leaf) == 0:
                    _add(values, _local(leaf), leaf.text or "")
    return values


def _add_event_data(values: dict[str, str], part: ET.Element) -> None:
    unnamed = 0
    for item in part:
        name = item.get("Name")
        if name is None and _local(item) == "Binary":
            name = "Binary"
        elif name is None:
            name, unnamed = str(unnamed), unnamed + 1
        _add(values, name, "".join(item.itertext()))


def _add(values: dict[str, str], name: str, value: str) -> None:
    """Keep a name that occurs twice, or that means something else here, under a number."""
    free, number = name, 1
    while free in values or free in {"Computer", "Channel", "RecordID"}:
        number += 1
        free = f"{name}.{number}"
    values[free] = value


def _message(values: dict[str, str]) -> str:
    """Say the data on one line, long values cut."""
    parts = []
    for name, value in values.items():
        words = " ".join(value.split())
        if name != "Binary" and words:
            parts.append(f"{name}={words if len(words) <= _LONGEST_VALUE else words[:_LONGEST_VALUE] + '…'}")
    text = "; ".join(parts)
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"


def _time(stamp: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _last_alive(binary: str) -> dict[str, str]:
    """Read when the machine was last known alive before it died; the event's words are in local time.

    The data begins with two times of eight 16-bit numbers each: local time, then UTC.

    >>> _last_alive("DC0704000500060009003B000D001D00" "DC070400050006000D003B000D001D00")
    {'LastAliveTime': '2012-04-06T13:59:13.029000Z'}
    """
    try:
        fields = struct.unpack("<8H", bytes.fromhex(binary)[16:32])
        year, month, _weekday, day, hour, minute, second, ms = fields
        moment = datetime(year, month, day, hour, minute, second, ms * 1000, tzinfo=UTC)
    except (ValueError, struct.error):
        return {}
    return {"LastAliveTime": moment.isoformat(timespec="microseconds").replace("+00:00", "Z")}

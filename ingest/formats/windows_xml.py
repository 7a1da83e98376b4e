"""Windows events as XML: `wevtutil qe ... /f:xml`, Event Viewer's "save as XML", `Get-WinEvent`'s `ToXml()`.

Events follow one another with or without a root element, in either kind of quotes, in UTF-8 or UTF-16.
Each is parsed by itself, so that a damaged one costs nothing but itself. Records come in the file's order,
which is the log's order and not that of time: what Windows writes while it shuts down is stored at the next start.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ingest.encoding import decode
from ingest.formats.windows_names import code_of, named
from ingest.formats.windows_record import Cutter, WindowsEvent, add_value, level_of, to_record, unparsed, utc_of
from ingest.local_time import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.record import Record

_NAMESPACE = b"http://schemas.microsoft.com/win/2004/08/events/event"
_START = re.compile(rb"<Event(?=[\s>])")
_END = b"</Event>"
# A tab or a line end may stand in XML; Windows also writes other control characters into data, bare or as references.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile("&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,10}));")
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def looks_like(text: bytes) -> float:
    """Say from 0 to 1 how sure it is that *text*, the start of a file as UTF-8, holds events in XML."""
    start = _START.search(text)
    if start is None:
        return 0.5 if text.lstrip().startswith(b"<Events>") else 0.0
    if _NAMESPACE in text[start.start() : start.start() + 400]:
        return 1.0
    return 0.9 if b"<System>" in text and b"<Provider " in text else 0.0


def records(cutter: Cutter) -> Iterator[Record]:
    """Read every event; a damaged one comes as a record of level "unparsed"."""
    for start, end in _slices(cutter.text):
        span = cutter.span(start, end)
        event = read_event(cutter.text[start:end])
        yield to_record(event, span) if event else unparsed(span)


def read_event(raw: bytes) -> WindowsEvent | None:
    """Read the XML of one event; None if it is damaged, or declares what could expand."""
    root = None if _DECLARES.search(raw) else _element(raw)
    system = None if root is None else _child(root, "System")
    if root is None or system is None:
        return None
    provider = _attribute(system, "Provider", "Name")
    event_id = _text(system, "EventID")
    if not provider or not event_id:
        return None
    return WindowsEvent(
        provider=provider,
        event_id=event_id,
        moment=Moment(time=utc_of(_attribute(system, "TimeCreated", "SystemTime")), fields={}),
        values=_values(root, code_of(provider, event_id)),
        level=level_of(_text(system, "Level")),
        computer=_text(system, "Computer"),
        channel=_text(system, "Channel"),
        record_id=_text(system, "EventRecordID"),
    )


def _slices(text: bytes) -> Iterator[tuple[int, int]]:
    """Find where each event begins and ends; one without an end reaches to the next one."""
    match = _START.search(text)
    while match:
        following = _START.search(text, match.end())
        limit = following.start() if following else len(text)
        end = text.find(_END, match.end(), limit)
        yield match.start(), limit if end < 0 else end + len(_END)
        match = following


def _element(raw: bytes) -> ET.Element | None:
    text = _REFERENCE.sub(_legal, _ILLEGAL.sub("\ufffd", decode(raw)))
    try:
        # Each event is parsed without its file's prologue, and one that declares anything was refused.
        return ET.fromstring(text)  # noqa: S314 - no declarations, no entities
    except ET.ParseError:
        return None


def _legal(reference: re.Match[str]) -> str:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    return "\ufffd" if number > 0x10FFFF or _ILLEGAL.match(chr(number)) else reference[0]


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


def _values(root: ET.Element, code: str) -> dict[str, str]:
    """Collect the event's data: named, unnamed, or a provider's own elements."""
    values: dict[str, str] = {}
    for part in root:
        if _local(part) == "EventData":
            _add_event_data(values, part, code)
        elif _local(part) == "UserData":
            for leaf in part.iter():
                if leaf is not part and len(leaf) == 0:
                    add_value(values, _local(leaf), _content(leaf))
    return values


def _add_event_data(values: dict[str, str], part: ET.Element, code: str) -> None:
    unnamed = [_content(item) for item in part if item.get("Name") is None and _local(item) != "Binary"]
    names = iter(named(code, unnamed))
    for item in part:
        name = item.get("Name")
        if name is None:
            name = "Binary" if _local(item) == "Binary" else next(names)
        add_value(values, name, _content(item))


def _content(item: ET.Element) -> str:
    """Return what stands in an element; a line end and blanks alone are how a printer shows an empty one."""
    text = "".join(item.itertext())
    return "" if "\n" in text and text.isspace() else text

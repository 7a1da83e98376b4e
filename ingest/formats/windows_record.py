"""One Windows event, whatever shape it was exported in, and the record that it becomes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ingest.encoding import detect_encoding, narrow, raw_length
from ingest.formats.windows_names import code_of
from ingest.record import Record, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.local_time import Moment

WINDOWS_EVENTS = "windows-events"
UNPARSED = "unparsed"
DAMAGED = "A damaged Windows event was passed over."

_LEVELS = {"1": "critical", "2": "error", "3": "warning", "4": "information", "5": "verbose"}
_RESUMED = "Microsoft-Windows-Kernel-Power/107"
_DIED = "EventLog/6008"
_LONGEST_VALUE = 500
_LONGEST_MESSAGE = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsEvent:
    """What an export tells of one event; `said` are the words shown for it, where the export holds no data."""

    provider: str
    event_id: str
    moment: Moment
    values: Mapping[str, str] = field(default_factory=dict)
    level: str | None = "information"
    computer: str = ""
    channel: str = ""
    record_id: str = ""
    said: str = ""


@dataclass(slots=True)
class Cutter:
    """The text of an export as UTF-8, cut from its start to its end into spans of the file's own bytes."""

    text: bytes
    wide: str | None
    offset: int
    line: int = 1
    done: int = 0

    @classmethod
    def of(cls, data: bytes) -> Cutter:
        """Take the bytes of a whole file in any encoding that Windows exports in."""
        encoding = detect_encoding(data)
        text = narrow(data[encoding.bom :], encoding)
        return cls(text, encoding.name if encoding.wide else None, encoding.bom)

    def span(self, start: int, end: int) -> Span:
        """Say where text[start:end] stands in the file; each call must begin at or after the last one's end."""
        self._go_to(start)
        offset, line = self.offset, self.line
        self._go_to(end)
        return Span(offset=offset, length=self.offset - offset, line=line)

    def _go_to(self, place: int) -> None:
        self.offset += raw_length(self.text[self.done : place], self.wide)
        self.line += self.text.count(b"\n", self.done, place)
        self.done = place


def to_record(event: WindowsEvent, span: Span) -> Record:
    """Make the record of *event*."""
    code = code_of(event.provider, event.event_id)
    values = dict(event.values)
    if code == _DIED:
        values |= _last_alive(values.get("Binary", ""))
    message, _, body = _said(event.said) if event.said else (_message(values), "", "")
    system = {"Computer": event.computer, "Channel": event.channel, "RecordID": event.record_id}
    return Record(
        format=WINDOWS_EVENTS,
        # The stamp of "resumed" may be the clock of before the sleep, days too early.
        time=None if code == _RESUMED else event.moment.time,
        component=event.provider,
        message=message,
        body=body,
        span=span,
        level=event.level,
        codes=(code,),
        fields={**values, **event.moment.fields, **{name: value for name, value in system.items() if value}},
    )


def unparsed(span: Span, message: str = DAMAGED) -> Record:
    """Make the record that stands for what cannot be read."""
    return Record(format=WINDOWS_EVENTS, time=None, component="", message=message, span=span, level=UNPARSED)


def level_of(number: str) -> str:
    """Name the level that Windows gives as a number."""
    return _LEVELS.get(number, "information")


def utc_of(stamp: str) -> datetime | None:
    """Read a stamp in ISO 8601, which is UTC if it does not say otherwise; None if it is none."""
    try:
        moment = datetime.fromisoformat(stamp)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def add_value(values: dict[str, str], name: str, value: str) -> None:
    """Keep a name that occurs twice, or that means something else here, under a number."""
    free, number = name, 1
    while free in values or free in {"Computer", "Channel", "RecordID", "time_doubt", "local_time"}:
        number += 1
        free = f"{name}.{number}"
    values[free] = value


def _said(words: str) -> tuple[str, str, str]:
    text = words.strip().replace("\r\n", "\n").replace("\r", "\n")
    text = text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"
    return text.partition("\n")


def _message(values: Mapping[str, str]) -> str:
    """Say the data on one line, long values cut."""
    parts = []
    for name, value in values.items():
        words = " ".join(value.split())
        if name != "Binary" and words:
            parts.append(f"{name}={words if len(words) <= _LONGEST_VALUE else words[:_LONGEST_VALUE] + '…'}")
    text = "; ".join(parts)
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"


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

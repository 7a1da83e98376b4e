"""The console of Microsoft.Extensions.Logging, as it stands in a file that standard output was sent to.

There are four shapes: two lines a record (`fail: Category[0]`, the message below, six blanks in), the same on a single
line, the systemd one (`<3>Category[0] message`), and JSON. None has a stamp unless the program asked for one, so most
records have no time. Colours are left in by programs that were told to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ingest.formats.json_line import as_object, first_and_rest, text_of
from ingest.formats.windows_dates import moment_of, order_of
from ingest.level import level_of
from ingest.line_format import LineFormat, Parts
from ingest.local_time import unread

if TYPE_CHECKING:
    from ingest.local_time import LocalClock, Moment

_COLOUR = r"(?:\x1b\[[\d;]{0,20}m)*"
_STAMP = r"(?P<stamp>\[?\d[\d:./,T -]{4,40}+(?:[+-]\d\d:\d\d|Z| ?[AP]M)?\]?)"
_CATEGORY = r"(?P<category>[^\s\[<{][^\s\[]{0,300})\[(?P<event>-?\d{1,10})\]"
_WORDED = rf"{_COLOUR}(?:{_STAMP}[ \t]{{0,3}})?{_COLOUR}(?P<level>trce|dbug|info|warn|fail|crit){_COLOUR}: {_CATEGORY}"
_SYSTEMD = _CATEGORY.replace("category", "unit").replace("event", "id")
_LINE = rf"(?:{_WORDED}(?=[ \r\n])|<(?P<priority>[0-7])>(?:{_STAMP.replace('stamp', 'at')}[ \t]{{0,3}})?{_SYSTEMD} )"
_JSON = r'\{"(?:Timestamp":"[^"\r\n]{0,60}",")?EventId":-?\d{1,10},"LogLevel":"'
_START = re.compile(rf"(?:{_LINE}|{_JSON})".encode("ascii"))
_HEAD = re.compile(_LINE, re.ASCII)
# A rule's words may stand in JSON in escapes, so that a warning is worth a look there.
_GRAVE = re.compile(
    rb'"LogLevel":"(?:Warning|Error|Critical)"|fail(?:\x1b\[[\d;]{0,20}m)*: |crit(?:\x1b\[[\d;]{0,20}m)*: |<[0-3]>'
)
_PRIORITIES = {
    "0": "critical",
    "1": "critical",
    "2": "critical",
    "3": "error",
    "4": "warning",
    "6": "information",
    "7": "debug",
}
_ANY_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_INDENT = "      "


def _read(text: str, clock: LocalClock) -> Parts:
    first, _, rest = text.partition("\n")
    if first.startswith("{"):
        told = as_object(first)
        return _read_json(told, rest, clock) if told else Parts(time=None, message=first, body=rest)
    # The start ends with a blank or a line's end, and the text has no line end left.
    head = _HEAD.match(f"{first}\n")
    if head is None:
        return Parts(time=None, message=first, body=rest)
    stamp = head["stamp"] or head["at"] or ""
    moment = _moment(stamp.strip("[] "), clock)
    level = level_of(head["level"]) if head["level"] else _PRIORITIES.get(head["priority"], "information")
    message, body, scope = _message(_ANY_COLOUR.sub("", first[head.end() :]).lstrip(" "), rest)
    return Parts(
        time=moment.time,
        level=level,
        component=head["category"] or head["unit"],
        message=message,
        body=body,
        fields=moment.fields | ({"scope": scope} if scope else {}),
    )


def _moment(stamp: str, clock: LocalClock) -> Moment:
    """Resolve a stamp; a program that was told nothing else writes it in the manner of its machine's culture."""
    if not stamp:
        return unread("")
    if "/" not in stamp or not stamp.endswith("M"):
        return clock.read(stamp)
    moment = moment_of(stamp, order_of([stamp]), clock.zone)
    return moment if moment.time or moment.fields.get("local_time") else unread(stamp)


def _message(first: str, rest: str) -> tuple[str, str, str]:
    """Part the text into message, body and scope, which stands on a line of its own above the message."""
    lines = [line.removeprefix(_INDENT) for line in rest.split("\n")] if rest else []
    if first:
        return first, "\n".join(lines), ""
    scope = lines.pop(0).removeprefix("=> ") if lines and lines[0].startswith("=> ") else ""
    return lines[0] if lines else "", "\n".join(lines[1:]), scope


def _read_json(told: dict[str, Any], below: str, clock: LocalClock) -> Parts:
    moment = clock.read(text_of(told.get("Timestamp")))
    message, body = first_and_rest(text_of(told.get("Message")), text_of(told.get("Exception")))
    body = "\n".join(part for part in (body, below) if part)
    return Parts(
        time=moment.time,
        level=level_of(text_of(told.get("LogLevel"))),
        component=text_of(told.get("Category")),
        message=message,
        body=body,
        fields=moment.fields,
    )


FORMAT = LineFormat(name="ms-console", start=_START, read=_read, weight=0.9, markers=_GRAVE)

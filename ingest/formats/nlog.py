"""NLog's default layout: `longdate|LEVEL|logger|message`, and an exception behind one more `|`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.level import level_of
from ingest.line_format import LineFormat, Parts

if TYPE_CHECKING:
    from ingest.local_time import LocalClock

_LINE = (
    r"(?P<stamp>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{4})"
    r"\|(?P<level>(?i:TRACE|DEBUG|INFO|WARN|ERROR|FATAL))"
    r"\|(?P<logger>[^|\r\n]{0,500})\|"
)
_START = re.compile(_LINE.encode("ascii"))
_GRAVE = re.compile(rb"\|(?i:ERROR|FATAL)\|")
_HEAD = re.compile(_LINE, re.ASCII)
# A message may hold a `|` too: only a .NET type behind it, with a namespace, is an exception.
_EXCEPTION = re.compile(r"\|(?=(?:\w+\.)+[\w`+]*(?:Exception|Error)\b)")


def _read(text: str, clock: LocalClock) -> Parts:
    first, _, rest = text.partition("\n")
    head = _HEAD.match(first)
    if head is None:
        return Parts(time=None, message=first, body=rest)
    moment = clock.read(head["stamp"])
    message = first[head.end() :]
    thrown = _EXCEPTION.search(message)
    if thrown:
        message, exception = message[: thrown.start()], message[thrown.end() :]
        rest = f"{exception}\n{rest}" if rest else exception
    return Parts(
        time=moment.time,
        level=level_of(head["level"]),
        component=head["logger"],
        message=message,
        body=rest,
        fields=moment.fields,
    )


FORMAT = LineFormat(name="nlog", start=_START, read=_read, weight=0.95, markers=_GRAVE)

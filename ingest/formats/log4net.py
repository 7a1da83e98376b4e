"""log4net, which has no default layout worth the name: the pattern that nearly everybody writes, and two of its own.

- `%date [%thread] %-5level %logger - %message`, also with `%ndc` before the dash, and with the time of day alone;
- `DetailConversionPattern`, the same with the milliseconds since the program's start, which are no time;
- `SimpleLayout`, `LEVEL - message`, without any stamp.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.level import level_of
from ingest.line_format import LineFormat, Parts
from ingest.local_time import unread

if TYPE_CHECKING:
    from ingest.local_time import LocalClock

_STAMP = r"(?P<stamp>(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d,\d{3})"
_SINCE_START = r"(?P<since>\d{1,10})"
_BEHIND = (
    r" \[(?P<thread>[^\]\r\n]{0,200})\] (?P<level>[A-Z]{2,12}) +(?P<logger>[^\s\[]\S{0,300})"
    r"(?: (?P<ndc>\[[^\]\r\n]{0,300}\]|\S{0,100}))?? - "
)
_SIMPLE = r"(?P<word>VERBOSE|TRACE|DEBUG|INFO|NOTICE|WARN|ERROR|SEVERE|CRITICAL|ALERT|FATAL|EMERGENCY) {1,2}- "
_LINE = rf"(?:(?:{_STAMP}|{_SINCE_START}){_BEHIND}|{_SIMPLE})"
_START = re.compile(_LINE.encode("ascii"))
# It begins with letters that are rare in such a log, or looking for it would take long.
_GRAVE = re.compile(rb"(?:ERROR|SEVERE|CRITICAL|ALERT|FATAL|EMERGENCY) {1,5}[^\s\[]")
_HEAD = re.compile(_LINE, re.ASCII)
_SIGNS = (
    (re.compile(_STAMP.encode("ascii") + _BEHIND.encode("ascii")), 0.9),
    (re.compile(_SINCE_START.encode("ascii") + _BEHIND.encode("ascii")), 0.8),
    # Any script may write this.
    (re.compile(_SIMPLE.encode("ascii")), 0.6),
)


def _read(text: str, clock: LocalClock) -> Parts:
    first, _, body = text.partition("\n")
    head = _HEAD.match(first)
    if head is None:
        return Parts(time=None, message=first, body=body)
    moment = clock.read(head["stamp"]) if head["stamp"] else unread(head["since"] or "")
    context = (head["ndc"] or "").strip().removeprefix("[").removesuffix("]").removeprefix("(null)")
    return Parts(
        time=moment.time,
        level=level_of(head["level"] or head["word"]),
        component=head["logger"] or "",
        message=first[head.end() :],
        body=body,
        fields=moment.fields | ({"context": context} if context else {}),
    )


FORMAT = LineFormat(name="log4net", start=_START, read=_read, signs=_SIGNS, markers=_GRAVE)

"""Serilog's file sink and console sink in their default layouts.

The file sink's stamp carries its offset; the console's is a time of day. Levels are three letters, or whole words
where somebody left their format out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.level import level_of
from ingest.line_format import LineFormat, Parts

if TYPE_CHECKING:
    from ingest.local_time import LocalClock

_LEVEL = r"(?i:VRB|DBG|INF|WRN|ERR|FTL|Verbose|Debug|Information|Warning|Error|Fatal)"
_DAY = r"\d{4}-\d\d-\d\d"
_TIME = r"\d\d:\d\d:\d\d(?:\.\d{1,7})?"
_LINE = (
    rf"(?:(?P<stamp>{_DAY} {_TIME} [+-]\d\d:\d\d) \[(?P<level>{_LEVEL})\]"
    rf"|\[(?P<clock>{_TIME}) (?P<console>{_LEVEL})\]) "
)
_START = re.compile(_LINE.encode("ascii"))
_GRAVE = re.compile(rb"\[(?:(?:\d{4}-\d\d-\d\d )?\d\d:[\d:.]{5,14} )?(?i:ERR|FTL|Error|Fatal)\] ")
_HEAD = re.compile(_LINE, re.ASCII)


def _read(text: str, clock: LocalClock) -> Parts:
    first, _, body = text.partition("\n")
    head = _HEAD.match(first)
    if head is None:
        return Parts(time=None, message=first, body=body)
    moment = clock.read(head["stamp"] or head["clock"])
    return Parts(
        time=moment.time,
        level=level_of(head["level"] or head["console"]),
        message=first[head.end() :],
        body=body,
        fields=moment.fields,
    )


FORMAT = LineFormat(name="serilog", start=_START, read=_read, weight=0.95, markers=_GRAVE)

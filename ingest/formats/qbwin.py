r"""qbwin.log: what QuickBooks writes of itself, taken only when it is asked for.

Its levels say little: Verify and Rebuild time themselves with lines of LVL_ERROR. Its stamps have no year.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.formats.qbsdk_names import part_names
from ingest.line_format import LineFormat, Parts
from ingest.local_time import NO_DATE, Moment, unread

if TYPE_CHECKING:
    from ingest.local_time import LocalClock

_START = re.compile(rb"[\w.$~\\/:-]{1,260}[ \t]{1,4}\(\d{1,7}\)[ \t]{0,4}:[ \t]{0,4}[A-Z]{4}")
_PREFIX = re.compile(
    r"(?P<file>[\w.$~\\/:-]+)[ \t]+\((?P<line>\d+)\)[ \t]*:[ \t]*(?P<event>[A-Z][A-Z_]+)[ \t]*:?[ \t]*"
    r"(?:(?P<stamp>(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w* +[A-Z][a-z]{2} +\d{1,2} +\d\d:\d\d:\d\d(?: +\d{4})?)[ \t]*)?",
    re.ASCII,
)
_LEVEL = re.compile(r"LVL_([A-Z_]+)")
_LEVELS = {
    "INFO_DETAIL": "debug",
    "INFO_SUMMARY": "information",
    "WARNING": "warning",
    "ERROR": "error",
    "SEVERE_ERROR": "error",
    "FATAL_ERROR": "critical",
}
# Lines that look like errors and are none: timings of Verify and Rebuild, and a lock file that need not exist.
_NO_FAULT = re.compile(r"(?i)Errors ?found: *0(?!\d)|LCK can't be found\. Error = 2(?!\d)")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _read(text: str, clock: LocalClock) -> Parts:
    found = _PREFIX.match(text)
    told = part_names(text[found.end() :] if found else text)
    prefix = found.groupdict() if found else {}
    moment = _moment(prefix.get("stamp") or "", clock)
    fields = {**told.fields, **moment.fields}
    if found:
        fields |= {"source_line": found["line"], "event_type": found["event"]}
    return Parts(
        time=moment.time, message=told.message, level=_level(told.message), component=prefix.get("file") or "",
        body=told.body, data=told.data, said=told.said, fields=fields,
    )  # fmt: skip


def _level(message: str) -> str | None:
    found = _LEVEL.search(message)
    level = _LEVELS.get(found[1]) if found else None
    return "information" if level and _NO_FAULT.search(message) else level


def _moment(stamp: str, clock: LocalClock) -> Moment:
    """Resolve a stamp like Wed Nov 15 09:28:06; its weekday must be that of the day that was found for it."""
    if not stamp:
        return unread(stamp)
    weekday, month, day, hour, *year = stamp.split()
    try:
        at = (_MONTHS.index(month) + 1, int(day))
        known = int(year[0]) if year else _year(at, clock)
        naive = datetime.fromisoformat(f"{known:04}-{at[0]:02}-{at[1]:02}T{hour}")
    except ValueError:
        return Moment(time=None, fields={"time_doubt": NO_DATE, "local_time": stamp})
    if _WEEKDAYS[naive.weekday()] != weekday[:3]:
        return Moment(time=None, fields={"time_doubt": NO_DATE, "local_time": stamp})
    return clock.moment(naive)


def _year(at: tuple[int, int], clock: LocalClock) -> int:
    """Return the last year in which month and day *at* were not after the clock's day; 0 is no year."""
    if clock.day is None:
        return 0
    return clock.day.year if at <= (clock.day.month, clock.day.day) else clock.day.year - 1


FORMAT = LineFormat(name="qbwin", start=_START, read=_read, is_opt_in=True)

"""Dates as Windows writes them for people: in the order, with the marks and the clock of the machine's culture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ingest.local_time import AMBIGUOUS, NO_STAMP, LocalClock, Moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_HALVES = {
    **dict.fromkeys(("am", "上午", "午前", "오전", "πμ"), "am"),
    **dict.fromkeys(("pm", "下午", "午後", "오후", "μμ"), "pm"),
}
# Marks of the writing's direction, and the narrow blanks that newer cultures put before "PM".
_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\ufeff]")
_HALF = r"[^\W\d_][^\d,;/:]{0,6}?"
_STAMP = re.compile(
    r"(?P<a>\d{1,4}) ?(?P<mark>[./-]) ?(?P<b>\d{1,2}) ?(?P=mark) ?(?P<c>\d{1,4})\.?(?: [^\W\d_]{1,2}\.)?,?\s+"
    rf"(?:(?P<before>{_HALF})\s*)?"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?(?:[.,](?P<fraction>\d{1,7}))?"
    rf"(?:\s*(?P<after>{_HALF}))?"
)
_YEARS = range(1990, 2101)


class Order(StrEnum):
    """Which comes first where a date begins with neither a year nor a name."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    a: str
    b: str
    c: str
    mark: str
    clock: tuple[int, int, int, int]
    in_halves: bool

    @property
    def begins_with_year(self) -> bool:
        return len(self.a) == 4


def looks_like_date(text: str) -> bool:
    """Say whether *text* is a date with a time of day, in any culture that is known here."""
    return bool(_ISO.match(text)) or _read(text) is not None


def order_of(texts: Iterable[str]) -> Order | None:
    """Tell from all dates of a file whether the day or the month comes first; None if they do not say.

    >>> order_of(["7/8/2017 9:22:16 AM", "7/20/2017 9:22:16 AM"])
    <Order.MONTH_FIRST: 'month first'>
    >>> order_of(["07/08/2017 09:22:16"]) is None
    True
    """
    stamps = [stamp for stamp in map(_read, texts) if stamp and not stamp.begins_with_year]
    found = set()
    for stamp in stamps:
        if stamp.mark == "." or int(stamp.a) > 12:
            found.add(Order.DAY_FIRST)
        if int(stamp.b) > 12:
            found.add(Order.MONTH_FIRST)
    # A clock of twelve hours is American where nothing is padded; Australia, for one, pads the month.
    if not found and stamps and all(stamp.in_halves and "0" not in {stamp.a[0], stamp.b[0]} for stamp in stamps):
        return Order.MONTH_FIRST
    return found.pop() if len(found) == 1 else None


def moment_of(text: str, order: Order | None, zone: tzinfo | None) -> Moment:
    """Return the time that *text* tells; none, and why, where that is not certain."""
    clock = LocalClock(zone=zone)
    if _ISO.match(text):
        return _iso(text, clock)
    stamp = _read(text)
    if stamp is None:
        return Moment(time=None, fields={"time_doubt": NO_STAMP})
    orders = [Order.DAY_FIRST] if stamp.begins_with_year else [order] if order else list(Order)
    days = {day for day in (_naive(stamp, one) for one in orders) if day}
    if not days:
        return Moment(time=None, fields={"time_doubt": NO_STAMP})
    if len(days) > 1:
        return Moment(time=None, fields={"time_doubt": AMBIGUOUS, "local_time": text})
    return clock.moment(days.pop())


def _iso(text: str, clock: LocalClock) -> Moment:
    try:
        moment = datetime.fromisoformat(text)
        return Moment(time=moment.astimezone(UTC), fields={}) if moment.tzinfo else clock.moment(moment)
    except (ValueError, OverflowError):
        return Moment(time=None, fields={"time_doubt": NO_STAMP})


def _read(text: str) -> _Stamp | None:
    match = _STAMP.fullmatch(_MARKS.sub("", text[:80]).strip())
    if match is None:
        return None
    half = (match["before"] or match["after"] or "").casefold()
    half = "".join(letter for letter in half if letter.isalpha())
    hour = int(match["hour"])
    if half:
        if half not in _HALVES or not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if _HALVES[half] == "pm" else 0)
    micros = int((match["fraction"] or "0").ljust(7, "0")[:6])
    clock = (hour, int(match["minute"]), int(match["second"] or 0), micros)
    return _Stamp(
        a=match["a"], b=match["b"], c=match["c"], mark=match["mark"], clock=clock, in_halves=bool(half)
    )  # fmt: skip


def _naive(stamp: _Stamp, order: Order) -> datetime | None:
    a, b, c = int(stamp.a), int(stamp.b), int(stamp.c)
    if stamp.begins_with_year:
        year, month, day = a, b, c
    else:
        day, month = (a, b) if order is Order.DAY_FIRST else (b, a)
        year = c if len(stamp.c) == 4 else 2000 + c
    try:
        return datetime(year, month, day, *stamp.clock) if year in _YEARS else None  # noqa: DTZ001 - a local time
    except ValueError:
        return None

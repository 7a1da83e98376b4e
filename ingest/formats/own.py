"""A user's own log format, as a `[[format]]` block of the configuration describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from ingest.encoding import ANSI
from ingest.level import grave_words, level_of
from ingest.line_format import LONGEST_START, LineFormat, Parts, TextStart
from ingest.local_time import NO_DATE, Moment, unread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.local_time import LocalClock

GROUPS = ("time", "level", "component", "message")
"""What a start pattern may name."""

ISO, UNIX = "iso", "unix"

# Surer than the shipped formats, whose look it may share, and less sure than QWCLog's banner.
_WEIGHT = 0.98
_DIRECTIVE = re.compile(r"%(.)")
_LONG_FRACTION = re.compile(r"([.,]\d{6})\d+")
# From here on a number of seconds would be thousands of years away, so that it is milliseconds.
_MILLISECONDS = 1e11
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFormat:
    """How a user's log is read.

    `start` matches the first line of a record and names `GROUPS`. `time` is "iso", "unix", a pattern of strptime,
    or None for a log without stamps. `zone` is that of the stamps, None for the machine's own. What the pattern
    lacks of the date comes from the file's day, with "iso" only where `is_dated_by_file`. `levels` are the log's words
    in lower case.
    """

    name: str
    start: re.Pattern[str]
    time: str | None = None
    zone: tzinfo | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    is_dated_by_file: bool = False

    def line_format(self) -> LineFormat:
        """Return the format that reads such logs."""
        start = TextStart(self.start, self.encoding)
        return LineFormat(
            name=self.name, start=start, read=self.read, encoding=self.encoding, weight=_WEIGHT, markers=self._grave()
        )

    def _grave(self) -> re.Pattern[bytes] | None:
        if "level" not in self.start.groupindex:
            return None
        written = {form for word in grave_words(self.levels) for form in (word, word.upper(), word.capitalize())}
        # A small letter alone is a level only where somebody said so, or too many records would be looked at.
        told = sorted(word for word in written if len(word) > 1 or word.isupper() or word in self.levels)
        raw = {word.encode(name, "ignore") for word in told for name in ("utf-8", self.encoding or ANSI)}
        return re.compile(b"|".join(map(_whole_word, sorted(filter(None, raw)))))

    def read(self, text: str, clock: LocalClock) -> Parts:
        """Read one record."""
        first, _, body = text.partition("\n")
        seen = _seen_by_start(first, self.encoding)
        head = self.start.match(seen)
        if head is None:
            return Parts(time=None, message=first, body=body)
        named = {name: value or "" for name, value in head.groupdict().items()}
        moment = self.moment(named.get("time", ""), clock)
        # The match saw only so much of the line; what it took to the end goes on to the line's.
        unseen = first[len(seen) :]
        if "message" not in named:
            message = first[head.end() :]
        elif head.end("message") == len(seen):
            message = named["message"] + unseen
        else:
            message = named["message"]
        if "message" not in named and not message.strip():
            message = first
        return Parts(
            time=moment.time,
            level=self.level(named.get("level", "")),
            component=named.get("component", "").strip(),
            message=message.strip(),
            body=body,
            fields=moment.fields,
        )

    def level(self, word: str) -> str | None:
        """Return the level that the log's *word* stands for."""
        return self.levels.get(word.strip().casefold()) or level_of(word)

    def moment(self, stamp: str, clock: LocalClock) -> Moment:
        """Resolve a stamp, by this format's zone if it has one."""
        clock = replace(clock, zone=self.zone) if self.zone else clock
        if self.time is None:
            return unread("")
        if self.time == ISO:
            by_file = self.is_dated_by_file and clock.named_day is None
            return (replace(clock, named_day=clock.day) if by_file else clock).read(stamp)
        if self.time == UNIX:
            return _since_epoch(stamp)
        return _by_pattern(stamp.strip(), self.time, clock)


def _whole_word(word: bytes) -> bytes:
    """Return a pattern of *word* alone, which begins with it: one that begins with a condition is slow to look for."""
    plain = re.escape(word)
    # A letter before a colon is mostly a drive.
    behind = rb"(?!\w|:[\\/])" if len(word) == 1 else rb"(?!\w)"
    return plain + rb"(?<!\w" + plain + rb")" + behind


def directives(pattern: str) -> list[str]:
    """Return the letters of a strptime pattern's parts.

    >>> directives("%d.%m. %H:%M")
    ['d', 'm', 'H', 'M']
    """
    return _DIRECTIVE.findall(pattern)


def has_year(pattern: str) -> bool:
    """Say whether a strptime pattern reads the year."""
    return bool({"Y", "y"}.intersection(directives(pattern)))


def has_day(pattern: str) -> bool:
    """Say whether a strptime pattern reads the day of the year."""
    parts = set(directives(pattern))
    return "j" in parts or ("d" in parts and bool(parts & set("mbB")))


def _seen_by_start(first: str, encoding: str | None) -> str:
    """Return what of the line the start pattern has seen when the record was cut out."""
    if len(first) * 4 <= LONGEST_START:
        return first
    try:
        raw = first.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        raw = first.encode("utf-8")
    return first if len(raw) <= LONGEST_START else raw[:LONGEST_START].decode(encoding or "utf-8", "ignore")


def _since_epoch(stamp: str) -> Moment:
    try:
        number = float(stamp.replace(",", "."))
        seconds = number / 1000 if abs(number) >= _MILLISECONDS else number
        return Moment(time=_EPOCH + timedelta(seconds=seconds))
    except (ValueError, OverflowError):
        return unread(stamp)


def _by_pattern(stamp: str, pattern: str, clock: LocalClock) -> Moment:
    """Read *stamp*; what it lacks of the date comes from the clock's day, which no line is later than."""
    plain = _LONG_FRACTION.sub(r"\1", stamp)
    if has_year(pattern):
        told = _parsed(plain, pattern)
        return clock.told(told) if told else unread(stamp)
    if not has_day(pattern):
        told = _parsed(plain, pattern)
        return clock.time_of_day(told.timetz(), by_last_write=True) if told else unread(stamp)
    if clock.day is None:
        return Moment(time=None, fields={"time_doubt": NO_DATE, "local_time": stamp})
    for year in (clock.day.year, clock.day.year - 1):
        told = _parsed(f"{year} {plain}", f"%Y {pattern}")
        if told and told.date() <= clock.day:
            return clock.told(told)
    return unread(stamp)


def _parsed(stamp: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(stamp, pattern)  # noqa: DTZ007 - a stamp without its zone is what is read
    except (ValueError, OverflowError):
        return None

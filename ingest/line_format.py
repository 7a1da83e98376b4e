"""Text logs whose records begin at a line of a certain look and last until the next such line."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from ingest.encoding import ANSI, detect_encoding, narrow, raw_length
from ingest.local_time import LocalClock
from ingest.record import Record, Span
from ingest.search import alike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from ingest.grammar import Words

LONGEST_START = 4096
"""No more of a line than this decides whether a record begins there."""

# Most lines that are looked at to tell a format.
_LINES_LOOKED_AT = 200
_NOT_BLANK = re.compile(rb"[^\n]+")
_MANY_NULS = b"\0" * 4096
_ONE_LINE = b" " * 4095 + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the text of one record says, as its format reads it: see `ingest.record.Record`.

    `fields` holds at least what the clock said of a time that is doubtful.
    """

    time: datetime | None
    message: str
    level: str | None = None
    component: str = ""
    body: str = ""
    data: str = ""
    said: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextStart:
    """The look of a record's first line as a pattern over text, not bytes, so that any letter may stand in it."""

    pattern: re.Pattern[str]
    encoding: str | None = None

    def match(self, line: bytes) -> re.Match[str] | None:
        """Match the start of *line*, of which no more than `LONGEST_START` counts."""
        own, _, _ = line[:LONGEST_START].partition(b"\n")
        return self.pattern.match(decoded(own, self.encoding).rstrip("\r"))

    def places(self, lines: bytes) -> list[int]:
        """Return where in *lines* the lines begin that match."""
        found = _NOT_BLANK.finditer(lines)
        return [line.start() for line in found if self.match(lines[line.start() : line.end()])]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFormat:
    """A format whose record starts at a line that `start` matches; any other line belongs to the record above.

    `start` is matched at a line's first byte, must not look beyond the line's end nor match an empty line, and
    decides by the line's first bytes: what follows must not turn a match into none. A `TextStart` is free of this.
    `read` gets a whole record as text with LF line ends and without the last one, and the clock; it must not raise.
    `markers` finds the places whose records are read even where no rule's words stand in the bytes: a session's steps,
    and failures whose words are escaped there.
    `weight` is how sure a first line of this look makes it (0 to 1): a start that is hard to meet by chance deserves
    more than one that many programs share; `signs` tell lines apart that make it more and less sure, the first that
    matches counts. `encoding` says what bytes that are no UTF-8 mean. A format that `is_opt_in` is never taken
    without being named.
    """

    name: str
    start: re.Pattern[bytes] | TextStart
    read: Callable[[str, LocalClock], Parts]
    markers: re.Pattern[bytes] | None = None
    weight: float = 0.9
    signs: tuple[tuple[re.Pattern[bytes], float], ...] = ()
    encoding: str | None = None
    is_opt_in: bool = False

    def looks_like(self, head: bytes) -> float:
        """Say from 0 to 1 how sure it is that *head*, the start of a file as UTF-8, is of this format.

        What counts is the first line that is not blank: a log begins with a record. Lines of a stack trace or an
        XML dump below a record speak against nothing.
        """
        lines = [
            line
            for line in head.lstrip(b"\xef\xbb\xbf\0").splitlines(keepends=True)[:_LINES_LOOKED_AT]
            if line.strip(b" \t\r\n\0")
        ]
        told = [self._weight_of(line) for line in lines]
        if not any(told):
            return 0.0
        share = sum(weight > 0 for weight in told) / len(told)
        return told[0] or max(told) * min(0.9, 0.5 + share / 2)

    def bound(self, clock: LocalClock) -> LineGrammar:
        """Return the grammar of a log whose times are told by *clock*."""
        return LineGrammar(format=self, clock=clock)

    def records(self, data: bytes, clock: LocalClock | None = None) -> Iterator[Record]:
        """Read every record of *data*, a whole log held in memory."""
        encoding = detect_encoding(data)
        wide = encoding.name if encoding.wide else None
        text = narrow(data[encoding.bom :], encoding)
        grammar = self.bound(clock or LocalClock())
        layout = grammar.layout(text)
        offset, line, start = encoding.bom, 1, 0
        while start < len(text):
            end = layout.next_start(start + 1)
            length = raw_length(text[start:end], wide)
            yield grammar.parse(text, start, end, Span(offset=offset, length=length, line=line))
            offset, line, start = offset + length, line + text.count(b"\n", start, end), end

    def _weight_of(self, line: bytes) -> float:
        signs = self.signs or ((self.start, self.weight),)
        return next((weight for sign, weight in signs if sign.match(line)), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineGrammar:
    """A line format with what is known of one log's times."""

    format: LineFormat
    clock: LocalClock

    @property
    def name(self) -> str:
        """The format's name."""
        return self.format.name

    def layout(self, data: bytes) -> LineLayout:
        """Look where the records of *data* stand."""
        return LineLayout(data, self.format.start)

    def parse(self, data: bytes, start: int, end: int, span: Span) -> Record:
        """Read the record that stands at data[start:end]; lines before the first record are one of no time."""
        text = decoded(data[start:end], self.format.encoding)
        text = text.replace("\r\n", "\n").replace("\0", "").rstrip("\n\r")
        if not self.format.start.match(_without_nul(data[start : min(end, start + LONGEST_START)])):
            first, _, rest = text.lstrip("\n").partition("\n")
            return Record(format=self.name, time=None, component="", message=first, body=rest, span=span)
        parts = self.format.read(text, self.clock)
        return Record(
            format=self.name, time=parts.time, component=parts.component, message=parts.message, span=span,
            said=parts.said, level=parts.level, body=parts.body, data=parts.data, fields=parts.fields,
        )  # fmt: skip


class LineLayout:
    """Where the records of some bytes stand: at the lines that begin like one."""

    awaited = b""
    is_open = False

    def __init__(self, data: bytes, start: re.Pattern[bytes] | TextStart) -> None:
        """Look in *data* for lines that match *start*."""
        self.data = data
        self._start = start

    @cached_property
    def _lines(self) -> bytes:
        return _without_nul(self.data)

    @cached_property
    def _starts(self) -> list[int]:
        if isinstance(self._start, TextStart):
            return self._start.places(self._lines)
        first = [0] if self._start.match(self._lines) else []
        return first + [found.end() for found in _behind_line_end(self._start).finditer(self._lines)]

    def next_start(self, pos: int) -> int:
        """Return the start of the first record at or after *pos*, the data's length if there is none."""
        at = bisect_left(self._starts, pos)
        return self._starts[at] if at < len(self._starts) else len(self.data)

    def start_before(self, pos: int, floor: int = 0) -> int:
        """Return the start of the record that holds *pos*, -1 if none starts from *floor* to there."""
        at = bisect_right(self._starts, pos) - 1
        if at >= 0 and self._starts[at] >= floor:
            return self._starts[at]
        # What stands before the first record is a record of its own.
        return 0 if floor == 0 and self.data else -1

    def complete(self) -> int:
        """Return up to where the records cannot grow any more: the start of the last one.

        A line that is still being written may come to look different.
        """
        for start in reversed(self._starts[-2:]):
            behind = start + LONGEST_START
            if len(self._lines) >= behind or self._lines.find(b"\n", start) >= 0:
                return start
        return 0

    def abandoned(self) -> int:
        """Return 0: nothing is awaited here."""
        return 0

    def banners_before(self, end: int) -> list[int]:
        """Return nothing: no record is always read."""
        del end
        return []

    def words(self, end: int) -> AllWords:
        """Return data[:end]: a payload cannot be told from own words here."""
        return AllWords(self.data[:end])

    def count(self, end: int, words: Words) -> int:
        """Count the records in data[:end]."""
        del words
        return bisect_left(self._starts, end) + (1 if end > 0 and self._starts[:1] != [0] else 0)


@dataclass(frozen=True, slots=True)
class AllWords:
    """A block that holds nothing but own words."""

    text: bytes

    @property
    def alike(self) -> bytes:
        """The text with zeros for all digits."""
        return alike(self.text)

    def place(self, pos: int) -> int:
        """Return *pos*: nothing was left out."""
        return pos

    def has_payload(self, begin: int, end: int) -> bool:
        """Say that nothing here was put in by others."""
        del begin, end
        return False


def decoded(raw: bytes, encoding: str | None) -> str:
    r"""Decode *raw* as UTF-8, and each line of it that is none as *encoding*, which is the ANSI code page if None.

    A character at the end that is only half there counts as UTF-8.

    >>> decoded("größer €\n".encode() + "größer".encode("cp1252"), None)
    'größer €\ngrößer'
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return raw.decode("utf-8", "replace")
    return "\n".join(_one_decoded(line, encoding or ANSI) for line in raw.split(b"\n"))


def _one_decoded(line: bytes, encoding: str) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode(encoding, "replace")


def _without_nul(data: bytes) -> bytes:
    """Return *data* with line ends for the NULs that a power loss leaves: a record may begin behind them."""
    # Line by line, a megabyte of them would take a second.
    return data.replace(_MANY_NULS, _ONE_LINE).replace(b"\0", b"\n") if b"\0" in data else data


@cache
def _behind_line_end(start: re.Pattern[bytes]) -> re.Pattern[bytes]:
    return re.compile(rb"\n(?=" + start.pattern + rb")", start.flags)

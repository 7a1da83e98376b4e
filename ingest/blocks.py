"""Cut a growing stream of bytes into blocks of whole records."""

from __future__ import annotations

import codecs
from functools import cached_property
from typing import TYPE_CHECKING

from ingest.encoding import raw_length
from ingest.formats.qbwc_payloads import UNKNOWN, closed_by
from ingest.record import Span
from ingest.search import count_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.encoding import Encoding
    from ingest.grammar import Grammar, Layout, Words
    from ingest.record import Record

# A record longer than this is cut; what follows up to the next one is passed over and counted.
LONGEST_RECORD = 4 << 20
# Kept of what is passed over: the next stamp, banner or closing tag may have begun in it.
_KEPT = 4 << 10
_LOOKED_BACK = 256 << 10


class Block:
    """Whole records of one file: their bytes as UTF-8, and where they stand in the file."""

    def __init__(self, grammar: Grammar, layout: Layout, end: int, *, offset: int, line: int, wide: str | None) -> None:
        """Take layout.data[:end], which begins at byte *offset* and 1-based *line* of the file."""
        self._grammar = grammar
        self.layout = layout
        self.data = layout.data[:end]
        self.offset = offset
        self.line = line
        self._wide = wide
        self._counted = (0, offset, line)

    @cached_property
    def words(self) -> Words:
        """The program's own words: the block without its payloads."""
        return self.layout.words(len(self.data))

    def record_at(self, start: int) -> Record:
        """Read the record that starts at *start*."""
        end = min(self.layout.next_start(start + 1), len(self.data))
        return self._grammar.parse(self.data, start, end, self.span(start, end))

    def records_at(self, hits: Iterable[int]) -> Iterator[tuple[Record, int, int]]:
        """Read the records that hold the ascending positions *hits*, each once, with start and end in `data`."""
        data, layout = self.data, self.layout
        end = 0
        for hit in hits:
            if hit < end or hit >= len(data):
                continue
            start = layout.start_before(hit, end)
            if start < 0:
                continue
            end = min(layout.next_start(start + 1), len(data))
            yield self._grammar.parse(data, start, end, self.span(start, end)), start, end

    def count(self) -> int:
        """Count the records, without reading them."""
        return self.layout.count(len(self.data), self.words)

    def span(self, start: int, end: int) -> Span:
        """Return where in the file the record at data[start:end] stands."""
        pos, offset, line = self._counted
        if start >= pos:
            line += count_lines(self.data, pos, start)
        else:
            line -= count_lines(self.data, start, pos)
        if self._wide is None:
            offset, length = self.offset + start, end - start
        else:
            offset += self._raw_length(pos, start) if start >= pos else -self._raw_length(start, pos)
            length = self._raw_length(start, end)
        self._counted = (start, offset, line)
        return Span(offset=offset, length=length, line=line)

    def _raw_length(self, start: int, end: int) -> int:
        return raw_length(self.data[start:end], self._wide) if self._wide else end - start


class BlockCutter:
    """Takes a file's bytes as they come, gives blocks of whole records, holds the rest."""

    def __init__(self, grammar: Grammar, encoding: Encoding, *, offset: int, line: int = 1) -> None:
        """Begin at byte *offset*, which is the start of 1-based *line*; *grammar* tells the records apart."""
        self._grammar = grammar
        self.offset = offset
        self.line = line
        self.passed: list[tuple[int, int]] = []  # begin and end in the file of what was too long to be read
        self._wide = encoding.name if encoding.wide else None
        self._decoder = codecs.getincrementaldecoder(encoding.name)("replace") if encoding.wide else None
        self._held = b""
        self._is_passing = False
        self._awaited = b""  # the tag that closes the payload that is passed over

    @property
    def passed_over(self) -> int:
        """How many bytes of over-long records were not read."""
        return sum(end - begin for begin, end in self.passed)

    @property
    def held(self) -> int:
        """How many bytes wait for the end of their record."""
        return raw_length(self._held, self._wide) if self._wide else len(self._held)

    @property
    def pending(self) -> int:
        """How many bytes were fed beyond the last block, half characters too."""
        state = len(self._decoder.getstate()[0]) if self._decoder else 0
        return self.held + state

    def feed(self, chunk: bytes, before: bytes = b"") -> Block | None:
        """Add *chunk*; return the records that are complete now, if any.

        With *before* they end at the last record that holds it, if there is one near the end: what follows it belongs
        together.
        """
        self._held += self._decoder.decode(chunk).encode("utf-8") if self._decoder else chunk
        if self._is_passing:
            self._pass_over()
        layout = self._grammar.layout(self._held)
        end = layout.complete()
        if end == 0 and len(self._held) > LONGEST_RECORD and not self._is_passing:
            end = layout.abandoned() or self._cut_over_long(layout)
        elif end and before:
            mark = self._held.rfind(before, max(0, end - _LOOKED_BACK), end)
            start = layout.start_before(mark) if mark >= 0 else 0
            end = start if start > 0 else end
        return self._take(layout, end)

    def release(self) -> Block | None:
        """Return the records behind a payload that will not be closed any more, if there is such a one."""
        layout = self._grammar.layout(self._held)
        return self._take(layout, 0 if self._is_passing else layout.abandoned())

    def finish(self) -> Block | None:
        """Return what is held as if it were complete: the file ended or was quiet for a while."""
        return self._take(self._grammar.layout(self._held), len(self._held))

    def peek(self) -> Block | None:
        """Return what is held, and go on holding it: it may still grow. Of an open payload only its record counts."""
        layout = self._grammar.layout(self._held)
        end = layout.next_start(1) if layout.is_open else len(self._held)
        return self._block(layout, end) if self._held and not self._is_passing else None

    def _block(self, layout: Layout, end: int) -> Block:
        return Block(self._grammar, layout, end, offset=self.offset, line=self.line, wide=self._wide)

    def _take(self, layout: Layout, end: int) -> Block | None:
        if end == 0:
            return None
        block = self._block(layout, end)
        self._drop(end)
        return block

    def _drop(self, end: int) -> None:
        self.offset += raw_length(self._held[:end], self._wide) if self._wide else end
        self.line += count_lines(self._held, 0, end)
        self._held = self._held[end:]

    def _cut_over_long(self, layout: Layout) -> int:
        """Say how much of the held record is given; what follows it will be passed over."""
        self._is_passing = True
        self._awaited = layout.awaited
        end = _before_line(self._held, len(self._held) - _KEPT)
        if layout.next_start(0) >= end:
            self._pass(self.offset, self.offset + raw_length(self._held[:end], self._wide))
        return end

    def _pass_over(self) -> None:
        """Drop what belongs to the over-long record; stop at the next record."""
        start = self._next_record()
        end = start if start >= 0 else _before_line(self._held, max(0, len(self._held) - _KEPT))
        before = self.offset
        self._drop(end)
        self._pass(before, self.offset)
        self._is_passing = start < 0

    def _pass(self, begin: int, end: int) -> None:
        if self.passed and self.passed[-1][1] == begin:
            begin = self.passed.pop()[0]
        if end > begin:
            self.passed.append((begin, end))

    def _next_record(self) -> int:
        """Return where the next record starts, -1 if that is not known yet."""
        behind = closed_by(self._held, 0, self._awaited) if self._awaited else 0
        if behind == UNKNOWN:
            return -1
        start = self._grammar.layout(self._held).next_start(max(behind, 1))
        return start if start < len(self._held) else -1


def _before_line(data: bytes, pos: int) -> int:
    """Return the start of the line that holds *pos*; in a very long one, that of the character there."""
    line = data.rfind(b"\n", max(0, pos - _KEPT), pos) + 1
    if line:
        return line
    while 0 < pos < len(data) and data[pos] & 0xC0 == 0x80:
        pos -= 1
    return pos

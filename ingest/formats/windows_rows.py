"""Tables in CSV: rows that span lines, and the way back into step after a damaged one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ingest.encoding import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row and where it stands, without its line end; `cells` is None where it is damaged."""

    start: int
    end: int
    cells: tuple[str, ...] | None


def read_row(text: bytes, start: int, delimiter: str) -> Row | None:
    """Read the row that begins at *start*; None if its quotes do not close where a cell ends.

    >>> read_row(b'1;"a ""b"" c";', 0, ";").cells
    ('1', 'a "b" c', '')
    """
    cell = _cell(delimiter)
    cells, place = [], start
    while match := cell.match(text, place):
        raw = match[1]
        cells.append(decode(raw[1:-1].replace(b'""', b'"') if raw.startswith(b'"') else raw))
        place = match.end()
        if match[2] != delimiter.encode():
            return Row(start=start, end=match.end(1), cells=tuple(cells))
    return None


def read_rows(text: bytes, start: int, delimiter: str, is_good: Callable[[tuple[str, ...]], bool]) -> Iterator[Row]:
    """Read all rows from *start* on; what is damaged ends where the next good row begins."""
    place, damaged = start, -1
    while place < len(text):
        row = read_row(text, place, delimiter)
        if row and row.cells and is_good(row.cells):
            if damaged >= 0:
                yield _damage(text, damaged, place)
            damaged = -1
            yield row
            place = next_line(text, row.end)
            continue
        after = next_line(text, place)
        if damaged < 0 and text[place:after].strip():
            damaged = place
        place = after
    if damaged >= 0:
        yield _damage(text, damaged, len(text))


def next_line(text: bytes, place: int) -> int:
    """Return where the line after the one at *place* begins."""
    end = text.find(b"\n", place)
    return len(text) if end < 0 else end + 1


def _damage(text: bytes, start: int, end: int) -> Row:
    return Row(start=start, end=start + len(text[start:end].rstrip()), cells=None)


@cache
def _cell(delimiter: str) -> re.Pattern[bytes]:
    mark = re.escape(delimiter.encode())
    return re.compile(rb'("(?:[^"]|"")*+"|[^"\r\n' + mark + rb"][^\r\n" + mark + rb"]*|)(" + mark + rb"|\r*\n|\r*\Z)")

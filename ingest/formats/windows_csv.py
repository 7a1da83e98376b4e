"""Windows events in CSV: Event Viewer's "save all events as" and `Get-WinEvent | Export-Csv`.

Neither holds the events' data, only the words shown for them, and both write local times in the manner of the
machine's culture. Event Viewer's header is in the machine's language too, so its columns are told by what stands
in them: a level, a date, a source, a number, a category, and the words without a header of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.formats.windows_dates import looks_like_date, moment_of, order_of
from ingest.formats.windows_record import WindowsEvent, level_of, to_record, unparsed
from ingest.formats.windows_rows import next_line, read_row, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from ingest.formats.windows_record import Cutter
    from ingest.record import Record

_TYPE_LINE = b"#TYPE "
_ENGLISH = ("date and time", "source", "event id", "task category")
_NEEDED = {"id", "providername", "timecreated"}
_VIEWER_COLUMNS = 5

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """How one export is laid out: where its rows begin, and which cell is what; -1 is none."""

    begins: int
    delimiter: str
    is_good: Callable[[Cells], bool]
    columns: dict[str, int]
    header: Cells

    def cell(self, cells: Cells, name: str) -> str:
        place = self.columns.get(name, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""


def looks_like(text: bytes) -> float:
    """Say from 0 to 1 how sure it is that *text*, the start of a file as UTF-8, holds events in CSV."""
    table = _table(text)
    if table is None:
        return 0.0
    if "id" in table.header or table.header[1:] == _ENGLISH:
        return 1.0
    first = read_row(text, table.begins, table.delimiter)
    return 0.9 if first and first.cells and table.is_good(first.cells) else 0.0


def records(cutter: Cutter, zone: tzinfo | None) -> Iterator[Record]:
    """Read every event; a damaged row comes as a record of level "unparsed"."""
    table = _table(cutter.text)
    if table is None:
        return
    rows = list(read_rows(cutter.text, table.begins, table.delimiter, table.is_good))
    order = order_of(table.cell(row.cells, "time") for row in rows if row.cells)
    for row in rows:
        span = cutter.span(row.start, row.end)
        if row.cells is None:
            yield unparsed(span)
            continue
        number = table.cell(row.cells, "level")
        yield to_record(
            WindowsEvent(
                provider=table.cell(row.cells, "provider"),
                event_id=table.cell(row.cells, "id"),
                moment=moment_of(table.cell(row.cells, "time"), order, zone),
                level=level_of(number) if number else None,
                computer=table.cell(row.cells, "computer"),
                channel=table.cell(row.cells, "channel"),
                record_id=table.cell(row.cells, "record"),
                said=table.cell(row.cells, "message"),
            ),
            span,
        )


def _table(text: bytes) -> _Table | None:
    begins = next_line(text, 0) if text.startswith(_TYPE_LINE) else 0
    line = text[begins : next_line(text, begins)]
    delimiter = max(",;\t", key=lambda mark: line.count(mark.encode()))
    header = read_row(text, begins, delimiter)
    if header is None or header.cells is None:
        return None
    names = tuple(name.strip().lower() for name in header.cells)
    after = next_line(text, header.end)
    if set(names) >= _NEEDED:
        return _get_winevent(names, after, delimiter)
    # Nothing but words stands in Event Viewer's header.
    if len(names) == _VIEWER_COLUMNS and all(names) and not any(letter.isdigit() for letter in "".join(names)):
        return _viewer(names, after, delimiter)
    return None


def _get_winevent(names: Cells, begins: int, delimiter: str) -> _Table:
    places = {name: place for place, name in enumerate(names)}
    found = {
        "time": "timecreated", "provider": "providername", "id": "id", "level": "level", "message": "message",
        "computer": "machinename", "channel": "logname", "record": "recordid",
    }  # fmt: skip
    columns = {ours: places[theirs] for ours, theirs in found.items() if theirs in places}

    def is_good(cells: Cells) -> bool:
        return len(cells) == len(names) and bool(_is_number(cells[columns["id"]]) and cells[columns["provider"]])

    return _Table(begins=begins, delimiter=delimiter, is_good=is_good, columns=columns, header=names)


def _viewer(names: Cells, begins: int, delimiter: str) -> _Table:
    def is_good(cells: Cells) -> bool:
        return (
            len(cells) in {_VIEWER_COLUMNS, _VIEWER_COLUMNS + 1}
            and bool(cells[2])
            and _is_number(cells[3])
            and looks_like_date(cells[1])
        )

    # The level is a word of the machine's language, which says nothing here.
    columns = {"time": 1, "provider": 2, "id": 3, "message": 5}
    return _Table(begins=begins, delimiter=delimiter, is_good=is_good, columns=columns, header=names)


def _is_number(text: str) -> bool:
    return text.isascii() and text.strip().isdigit()

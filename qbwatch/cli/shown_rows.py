"""Show rows: as a table on a terminal, plain columns in a pipe, CSV, or JSON lines."""

from __future__ import annotations

import csv
import json
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from qbwatch.cli.output import has_colour, table
from qbwatch.history.export import names_of, write_csv, write_json

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

FORMATS: Final = ("table", "csv", "json")
_MOST = 1000
_WIDEST = 80
_BAR = 20


def show(cursor: sqlite3.Cursor, how: str) -> None:
    """Show what *cursor* gives; as a table the first thousand rows."""
    if how != "table":
        (write_csv if how == "csv" else write_json)(cursor, sys.stdout)
        return
    rows = list(islice(cursor, _MOST + 1))
    _show_table(names_of(cursor), [tuple(row) for row in rows[:_MOST]])
    if len(rows) > _MOST:
        print(f"qbwatch: these are the first {_MOST} rows; all of them: --format csv.", file=sys.stderr)


def show_rows(names: Sequence[str], rows: Sequence[Sequence[Any]], how: str, *, bar: str) -> None:
    """Show *rows* under *names*; in a table, *bar* names the column that is drawn too."""
    if how == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([names, *rows])
    elif how == "json":
        for row in rows:
            print(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False))
    else:
        at = list(names).index(bar)
        most = max((row[at] or 0 for row in rows), default=0) or 1
        _show_table([*names, ""], [(*row, "█" * round(_BAR * (row[at] or 0) / most)) for row in rows])


def _show_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    if not rows:
        print("There is nothing of that kind.")
    elif sys.stdout.isatty():
        _show_rich(names, rows)
    else:
        print(table([[_cell(value) for value in row] for row in rows], [_head(name) for name in names]))


def _show_rich(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich import box  # noqa: PLC0415 - only on a terminal, and slow to import
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for at, name in enumerate(names):
        is_number = all(isinstance(row[at], int | float | None) for row in rows)
        shown.add_column(_head(name), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        # As text: the words of a log are no markup.
        shown.add_row(*(Text(_cell(value)) for value in row))
    Console(no_color=not has_colour(), highlight=False).print(shown)


def _head(name: str) -> str:
    return name.upper().replace("_", " ")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 100 else f"{value:g}"
    text = str(value).replace("\r", "").replace("\n", " ")
    cleaned = "".join(letter if letter.isprintable() else "�" for letter in text)
    return cleaned if len(cleaned) <= _WIDEST else f"{cleaned[: _WIDEST - 1]}…"

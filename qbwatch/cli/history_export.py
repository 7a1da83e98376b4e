"""`qbwatch history export`: rows as CSV, JSON lines, or Parquet by month."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from qbwatch.cli.named_history import add_filters, filters_of, open_named_history
from qbwatch.cli.output import Progress
from qbwatch.errors import UsageError
from qbwatch.history.export import write_csv, write_json
from qbwatch.history.parquet import write_parquet
from qbwatch.history.selection import KINDS, select

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_WRITERS = {"csv": write_csv, "json": write_json}


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> Iterator[argparse.ArgumentParser]:
    """Add the action and yield it."""
    help_ = "write rows to CSV, JSON lines, or Parquet, which DuckDB, Polars and pandas read"
    parser = actions.add_parser("export", help=help_, description=help_)
    parser.add_argument("kind", choices=KINDS, help="which rows")
    parser.add_argument("--format", choices=(*_WRITERS, "parquet"), default="csv", help="how (default: csv)")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="one JSON object a row")
    parser.add_argument("-o", "--output", type=Path, metavar="PATH", help="the file, or for Parquet the folder, which "
                        "gets one a month; a month written again takes its place (default: print it)")  # fmt: skip
    add_filters(parser)
    parser.set_defaults(run=_export)
    yield parser


def _export(options: argparse.Namespace) -> int:
    if options.format == "parquet" and options.output is None:
        raise UsageError("--format parquet writes a folder. Name it with -o FOLDER.")
    if options.output is not None and options.format != "parquet" and not options.output.parent.is_dir():
        raise UsageError(
            f"{options.output}: the folder {options.output.parent} is not there. Make it, or name another."
        )
    progress = Progress("Wrote", "rows", 1)
    with open_named_history(options) as history:
        limits = (options.since, options.until)
        chosen = select(history.connection, KINDS[options.kind], limits, filters_of(options))
        if options.format == "parquet":
            count = write_parquet(history.connection, chosen, options.output, progress.reached)
        else:
            cursor = history.connection.execute(chosen.sql, chosen.values)
            with _written(options.output) as out:
                count = _WRITERS[options.format](cursor, out, progress.reached)
    progress.done()
    if options.output:
        print(f"{count} rows written to {options.output}.", file=sys.stderr)
    return 0


@contextmanager
def _written(path: Path | None) -> Iterator[TextIO]:
    """Open *path*, which is there only when all of it is; without one, standard output."""
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as out:
            yield out
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)

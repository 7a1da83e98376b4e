"""The store that a command reads: the one that is named, else that of the configuration."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.cli.opened import open_known_store, open_store
from qbwatch.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from qbwatch.history.store import Store


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a store."""
    parser.add_argument("--db", type=Path, metavar="FILE", help="the store (default: that of the configuration)")


@contextmanager
def open_named_store(options: argparse.Namespace) -> Iterator[Store]:
    """Open the store that *options* name. Raises UsageError where there is none."""
    if options.db is None:
        with open_known_store(options) as (store, _):
            yield store
        return
    if not options.db.is_file():
        raise UsageError(f"{options.db}: there is no such store. Make one with: qbwatch scan PATH --db {options.db}")
    with open_store(options.db) as store:
        yield store

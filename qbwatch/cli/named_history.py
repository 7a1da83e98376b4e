"""The history that a command reads: of the store that is named, else of the configuration's; and filters over it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from qbwatch.cli.opened import open_store
from qbwatch.cli.settings import load_settings_if_any
from qbwatch.errors import UsageError
from qbwatch.history.frames import History
from qbwatch.history.trouble import advice
from qbwatch.history.version import VERSION

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

_MOST_KNOWN = 8
_FILTERS = ("client", "host", "application", "cause", "severity", "outcome")


def named_path(options: argparse.Namespace) -> Path:
    """Return the store that *options* name, which must be there. Raises UsageError."""
    settings = None if options.db else load_settings_if_any(options.config)
    path: Path | None = options.db or (settings.store if settings else None)
    if path is None:
        raise UsageError("There is no configuration that names a store. Name one with --db FILE.")
    if not path.is_file():
        raise UsageError(f"{path}: there is no such store. qbwatch watch makes it, or: qbwatch scan PATH --db {path}")
    return path


@contextmanager
def open_named_history(options: argparse.Namespace) -> Iterator[History]:
    """Open the history for reading; a store of an earlier version is brought up to date first."""
    path = named_path(options)
    with History(path) as history:
        version = history.connection.execute("PRAGMA user_version").fetchone()[0]
    if version < VERSION:
        with open_store(path):
            pass
    with History(path) as history:
        try:
            yield history
        except sqlite3.Error as error:
            raise UsageError(f"{path}: this cannot be answered ({error}). {_advice(error)}") from error
        except ValueError as error:
            raise UsageError(f"{error}.") from error


def _advice(error: sqlite3.Error) -> str:
    if "readonly" in str(error):
        return "What is asked here only reads."
    is_ours = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) == sqlite3.SQLITE_ERROR
    return "Check the query." if is_ours else advice(error)


def add_filters(parser: argparse.ArgumentParser, since: str | None = None) -> None:
    """Add the options that say of what time, and of whom."""
    told = f" (default: {since})" if since else " (default: all)"
    parser.add_argument("--since", metavar="TIME", default=since, help=f'such as "30d" or 2026-03-10{told}')
    parser.add_argument("--until", metavar="TIME", help="up to before this time (default: now)")
    for name in _FILTERS:
        parser.add_argument(f"--{name}", metavar="NAME", help=f"of this {name} alone")


def filters_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return the filters that were given, by column."""
    named = ((name, getattr(options, name, None)) for name in _FILTERS)
    return {name: value for name, value in named if value is not None}


def check_names(history: History, options: argparse.Namespace) -> None:
    """Refuse a name by which nothing was ever counted: a slip of the pen would look like a good answer."""
    for column, name in filters_of(options).items():
        if history.connection.execute(f"SELECT EXISTS (SELECT 1 FROM daily WHERE {column} = ?)", (name,)).fetchone()[0]:  # noqa: S608 - our own names
            continue
        query = f"SELECT DISTINCT {column} FROM daily WHERE {column} IS NOT NULL ORDER BY 1"  # noqa: S608 - our own names
        known = [row[0] for row in history.connection.execute(query)]
        near = get_close_matches(name, known, n=_MOST_KNOWN) or known[:_MOST_KNOWN]
        told = f"There is: {', '.join(near)}" if near else "There is none at all"
        raise UsageError(f'--{column}: nothing is stored of "{name}". {told}.')

"""What commands that look into the store share: opening it, and showing its rows."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from qbwatch.cli.settings import load_settings
from qbwatch.errors import StoreError, UsageError
from qbwatch.history.store import Store
from qbwatch.history.times import stamp
from qbwatch.history.trouble import advice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import DataclassInstance

    from qbwatch.config import Settings

Row = TypeVar("Row")

_PATIENCE_MS = 3000


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """Open the store at *path* and close it again. Raises StoreError, also when it cannot be read or written."""
    store = Store(path)
    try:
        yield store
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the store cannot be used ({error}). {advice(error)}") from error
    finally:
        store.close()


@contextmanager
def open_known_store(options: argparse.Namespace) -> Iterator[tuple[Store, Settings]]:
    """Open the store of the configuration, which must be there; nobody waits long at a keyboard."""
    settings = load_settings(options.config)
    if not settings.store.exists():
        raise UsageError(f"{settings.store}: there is no store yet. Start qbwatch watch first.")
    with open_store(settings.store) as store:
        store.connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        yield store, settings


def as_json(row: DataclassInstance) -> dict[str, Any]:
    """Return all fields of a stored thing, times as text."""
    return {field.name: _plain(getattr(row, field.name)) for field in fields(row)}


def _plain(value: object) -> Any:
    return stamp(value) if isinstance(value, datetime) else value


def when(time: datetime | None, settings: Settings) -> str:
    """Write a time for people, in the zone of the configuration."""
    return time.astimezone(settings.zone).strftime("%Y-%m-%d %H:%M %Z") if time else "never"


def at_least_one(text: str) -> int:
    """Read the number of an option `--limit`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no count: write a whole number of 1 or more")
    return int(text)


def newest(rows: list[Row], limit: int, noun: str) -> list[Row]:
    """Return the first *limit* of *rows*, and say so on standard error if there are more."""
    if len(rows) > limit:
        print(
            f"qbwatch: these are the newest {limit} {noun}; there are more. See them with --limit N.", file=sys.stderr
        )
    return rows[:limit]

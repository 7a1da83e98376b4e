"""Copy a store while it is written: one state of it, whole or not at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from qbwatch.errors import StoreError
from qbwatch.history.trouble import advice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PAGES = 2000


def backup(source: Path, target: Path, on_progress: Callable[[int], None] = lambda _: None) -> int:
    """Copy the store at *source* to *target*; return its size in bytes. Raises StoreError, and leaves nothing then.

    The writer goes on meanwhile. *on_progress* hears of the bytes that are copied.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        _copy(source, part, on_progress)
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StoreError(f"{target}: the copy cannot be made ({error}). {advice(error)}") from error
    return target.stat().st_size


def _copy(source: Path, part: Path, on_progress: Callable[[int], None]) -> None:
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as reader, closing(sqlite3.connect(part)) as to:
        size = reader.execute("PRAGMA page_size").fetchone()[0]
        # Without a state of its own it would begin anew each time that somebody writes.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reader.backup(to, pages=_PAGES, progress=lambda _, left, total: on_progress((total - left) * size))
        reader.execute("ROLLBACK")
        told = to.execute("PRAGMA quick_check(1)").fetchone()[0]
    if told != "ok":
        raise sqlite3.DatabaseError(f"the store is damaged: {told}")

"""A real store whose transactions can be made to fail, made quickly."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.history.store import Store
from rules.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.catalogue import Catalogue


class CrashError(Exception):
    """The process ended in the middle of a transaction."""


class FragileStore(Store):
    """A real store whose next transactions can be made to fail before they are committed."""

    failures: list[BaseException]

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.connection.execute("PRAGMA synchronous = OFF")
        self.failures = []

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with super().transaction() as connection:
            yield connection
            if self.failures:
                raise self.failures.pop()


def busy() -> BaseException:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


@cache
def rules() -> Catalogue:
    return load()


@cache
def empty_store() -> bytes:
    path = Path(tempfile.mkdtemp(prefix="empty")) / "history.db"
    Store(path).close()
    data = path.read_bytes()
    shutil.rmtree(path.parent)
    return data

"""What is wrong with a store, in words: where it may not lie, and what each of SQLite's refusals asks for."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from ingest.platform import is_network
from qbwatch.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

_ADVICE = {
    sqlite3.SQLITE_BUSY: "Another program holds it; try again when that is done.",
    sqlite3.SQLITE_LOCKED: "Another program holds it; try again when that is done.",
    sqlite3.SQLITE_FULL: "Its disk is full, and nothing was changed by halves. Make room there, or give up old rows: "
    "qbwatch history prune. Then start again; it goes on where it stopped.",
    sqlite3.SQLITE_CORRUPT: "The file is damaged. Keep it, put the last backup in its place (they are made by: qbwatch "
    "history backup FILE), or move it away: qbwatch watch then makes a new one and reads the logs again.",
    sqlite3.SQLITE_NOTADB: "The file is no SQLite database, or its beginning was overwritten. Name the right file, or "
    "put the last backup in its place.",
    sqlite3.SQLITE_READONLY: "This user may not write there. Give it the right to change the file and its folder.",
    sqlite3.SQLITE_IOERR: "Its disk cannot be read or written. Check the disk, and that no scanner locks the file.",
    sqlite3.SQLITE_CANTOPEN: "Check that the folder exists and that this user may read and write there.",
}
_OTHERWISE = "Check that this user may write there, and that the file is a qbwatch store."


def advice(error: BaseException) -> str:
    """Return what to do about *error*.

    >>> advice(sqlite3.OperationalError("database is locked"))
    'Check that this user may write there, and that the file is a qbwatch store.'
    """
    # SQLite tells details in the higher bits.
    return _ADVICE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, _OTHERWISE)


def refuse_network(path: Path) -> None:
    """Raise StoreError if *path* lies on another machine."""
    folder = path.parent
    if str(path).startswith(("\\\\", "//")) or is_network(folder):
        raise StoreError(
            f"{path}: the store must be on a local disk, since SQLite cannot share a file over a network: two machines "
            "that write it at once lose rows. Set path in [store] to a folder of this machine; to look at a store "
            "from elsewhere, copy it: qbwatch history backup FILE."
        )

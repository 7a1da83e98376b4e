"""Whether the store is whole and can be written, and whether there is room for it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from alerts.spoken import plural
from ingest.platform import PlatformError
from qbwatch.doctor.finding import fault, fine, warning
from qbwatch.errors import StoreError
from qbwatch.history.trouble import advice, refuse_network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation

# With less, SQLite's own journal no longer fits.
_LEAST_ROOM = 100 << 20
_DAMAGED = "What happens is not stored, so nobody is told of it"


def store(installation: Installation) -> Iterator[Finding]:
    """Say whether the store lies well, is whole and takes what is written."""
    if installation.settings is None:
        return
    path = installation.settings.store
    try:
        refuse_network(path)
    except StoreError as error:
        yield fault(str(error).rstrip("."), "The watcher refuses such a store", "Set path in [store] to a local disk")
        return
    if installation.store_trouble:
        yield fault(f"{path}: {installation.store_trouble}".rstrip("."), _DAMAGED,
                    "Start the watcher once, which brings older tables up to date: qbwatch watch")  # fmt: skip
    elif installation.store is None:
        yield warning(f"{path}: there is no store yet", "The watcher never ran with this configuration",
                      "Start it: qbwatch watch, or for good: qbwatch service install")  # fmt: skip
    else:
        yield from _whole(installation.store.connection, path)


def _whole(db: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    try:
        told = [row[0] for row in db.execute("PRAGMA quick_check(3)")]
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    except sqlite3.Error as error:
        yield fault(f"{path}: it cannot be used ({error})", _DAMAGED, advice(error).rstrip("."))
        return
    if told != ["ok"]:
        yield fault(f"{path}: it is damaged ({told[0]})", _DAMAGED,
                    "Put the last backup in its place, or move it away: the watcher makes a new one and reads the logs "
                    "again")  # fmt: skip
        return
    events, runs = (db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("events", "runs"))  # noqa: S608 - our own names
    pages, page_size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    size = pages * page_size / 1_000_000
    yield fine(f"{path}: whole and writable, {size:,.1f} MB with {plural(events, 'event')} and {plural(runs, 'run')}")


def room(installation: Installation) -> Iterator[Finding]:
    """Say whether the volume of the store has room."""
    if installation.settings is None:
        return
    folder = installation.settings.store.parent
    try:
        space = installation.platform.disk(folder if folder.exists() else folder.parent)
    except PlatformError as error:
        yield warning(f"how much room {folder} has is not known ({error})", "A full disk would be no surprise to it "
                      "alone", "Look yourself")  # fmt: skip
        return
    if space is None:
        return
    told = f"{space.free / (1 << 30):,.1f} GB of {space.total / (1 << 30):,.1f} GB are free on {space.volume}"
    do = "Make room; what qbwatch keeps: qbwatch history prune"
    if space.free < _LEAST_ROOM:
        yield fault(told, "The store cannot grow, and the logs themselves stop soon", do)
    elif space.free < installation.settings.probes.disk_low.of(space.total):
        yield warning(told, "When it is full, neither the logs nor the store can grow", do)
    else:
        yield fine(told)

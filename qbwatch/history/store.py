"""Write and read the store with plain sqlite3; sqlite-utils is only loaded when tables must be made."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.follow import Checkpoint
from qbwatch.errors import StoreError
from qbwatch.history.rows import event_row, run_row, to_event, to_run_end
from qbwatch.history.times import stamp
from qbwatch.history.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from alerts.incident import RunEnd
    from qbwatch.stream import Batch
    from rules.event import Event

_EVENT = (
    "id", "time", "host", "client", "source", "format", "line", "offset", "application", "company_file", "run",
    "cause", "rule", "severity", "role", "confidence", "act", "codes", "message", "evidence", "title",
    "explanation", "steps", "links", "stored_at", "changed_at", "told",
)  # fmt: skip
_RUN = (
    "id", "host", "client", "source", "format", "line", "offset", "application", "company_file", "user", "url",
    "product_version", "trigger", "started", "ended", "outcome", "cause", "blocked_by", "closed", "changed_at", "told",
)  # fmt: skip
_FILE = (*(field.name for field in fields(Checkpoint)), "updated_at")


def _upsert(table: str, columns: tuple[str, ...], key: str, keep: tuple[str, ...] = ()) -> str:
    marks = ", ".join("?" * len(columns))
    changes = ", ".join(f'"{c}" = excluded."{c}"' for c in columns if c != key and c not in keep)
    names = ", ".join(f'"{c}"' for c in columns)
    return f'INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ("{key}") DO UPDATE SET {changes}'  # noqa: S608 - our own names


# A finding outside a run keeps the role it got first: after a restart the ones before it are not read again.
_ROLE = 'CASE WHEN excluded."run" IS NULL THEN events."role" ELSE excluded."role" END'
_EVENT_CHANGED = (
    f'(events."cause" IS NOT excluded."cause" OR events."role" IS NOT {_ROLE} '
    'OR events."application" IS NOT excluded."application" OR events."severity" IS NOT excluded."severity")'
)
# A run that is over stays so: after a rollover and a restart only its end may be read again.
_RUN_CHANGED = '(runs."outcome" IS NOT excluded."outcome" OR runs."application" IS NOT excluded."application")'
_PUT_EVENT = _upsert("events", _EVENT, "id", ("stored_at", "role", "changed_at", "told")) + f', "role" = {_ROLE}'
_PUT_RUN = _upsert("runs", _RUN, "id", ("changed_at", "told"))
_PUT_FILE = _upsert("files", _FILE, "uid")


def _telling(table: str, changed: str) -> str:
    """Return what an upsert adds so that the alerts hear of what is new or has changed."""
    return (
        f', "told" = CASE WHEN excluded."told" IS NULL THEN {table}."told" '
        f'WHEN {table}."told" IS NULL OR {changed} THEN 0 ELSE {table}."told" END'
        f', "changed_at" = CASE WHEN {changed} THEN excluded."changed_at" ELSE {table}."changed_at" END'
    )


_PUT_EVENT += _telling("events", _EVENT_CHANGED)
_PUT_RUN += _telling("runs", _RUN_CHANGED) + ' WHERE excluded."closed" >= runs."closed"'


# A run that fails before its first request names no company file; the application's last one that did is told.
_UNTOLD_EVENTS = """
SELECT events.*, coalesce(events.company_file, (
    SELECT runs.company_file FROM runs WHERE runs.host = events.host AND runs.application = events.application
    AND runs.company_file IS NOT NULL AND runs.started <= events.time ORDER BY runs.started DESC LIMIT 1
)) AS known_file FROM events WHERE told = 0 AND changed_at <= ?
"""
# How many events are handed to the alerts at a time.
_MOST_UNTOLD = 2000


class Store:
    """The SQLite file that holds events, runs, checkpoints and alerts."""

    def __init__(self, path: Path) -> None:
        """Open *path*, making or migrating its tables. Raises StoreError with what to do."""
        self.path = path
        if str(path).startswith(("\\\\", "//")):
            raise StoreError(
                f"{path}: the store must be on a local disk, since SQLite cannot share a file over a network. "
                "Set path in [store] to a folder of this machine."
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = connect(path)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"{path}: the store cannot be opened ({error}). Check that the folder exists, that this user may "
                "write there, and that the file is a qbwatch store."
            ) from error

    def _prepare(self) -> None:
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StoreError(
                f"{self.path}: this store was written by a newer qbwatch (tables {version}, this program {VERSION}). "
                "Update qbwatch, or name another file in [store] path."
            )
        if version < VERSION:
            self._migrate()

    def _migrate(self) -> None:
        """Bring the tables up to date, in a process of its own: sqlite-utils drags pandas into memory for good."""
        if "sqlite_utils" in sys.modules:
            from qbwatch.history.schema import migrate  # noqa: PLC0415 - loaded already, so nothing is dragged in

            migrate(str(self.path))
            return
        command = [sys.executable, "-m", "qbwatch.history.schema", str(self.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
        if done.returncode:
            reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
            raise StoreError(f"{self.path}: the tables cannot be brought up to date ({reason}).")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit all that is written inside, or nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def put(self, batch: Batch, checkpoints: Iterable[Checkpoint], now: datetime, *, tell: bool = True) -> None:
        """Write *batch* and *checkpoints*; call it inside a transaction.

        What is new or changed waits for the alerts to be told of it, unless *tell* is false: then a watcher that
        reads the same log tells it.
        """
        mark = (_moment(now), 0 if tell else None)
        events = ((*event_row(event, now), *mark) for event in batch.events.values())
        self.connection.executemany(_PUT_EVENT, events)
        self.connection.executemany(_PUT_RUN, ((*run_row(run), *mark) for run in batch.runs.values()))
        self.connection.executemany(_PUT_FILE, (_file_row(checkpoint, now) for checkpoint in checkpoints))

    def untold(self, before: datetime) -> tuple[datetime, list[Event], list[RunEnd]]:
        """Return events and runs that the alerts have not heard of and that did not change since *before*.

        Of very many the oldest come first; the time returned is up to when they are whole.
        """
        limit = _moment(before)
        far = "SELECT changed_at FROM events WHERE told = 0 AND changed_at <= ? ORDER BY changed_at LIMIT 1 OFFSET ?"
        found = self.connection.execute(far, (limit, _MOST_UNTOLD)).fetchone()
        limit = found[0] if found else limit
        events = self.connection.execute(_UNTOLD_EVENTS, (limit,))
        runs = self.connection.execute("SELECT * FROM runs WHERE told = 0 AND changed_at <= ?", (limit,))
        return (
            datetime.fromisoformat(limit),
            [replace(to_event(row), company_file=row["known_file"]) for row in events],
            [to_run_end(row) for row in runs],
        )

    def mark_told(self, before: datetime) -> bool:
        """Note that the alerts heard of what `untold` gave; say whether something still waits."""
        limit = (_moment(before),)
        self.connection.execute("UPDATE events SET told = 1 WHERE told = 0 AND changed_at <= ?", limit)
        self.connection.execute("UPDATE runs SET told = 1 WHERE told = 0 AND changed_at <= ?", limit)
        waiting = "SELECT EXISTS (SELECT 1 FROM events WHERE told = 0) OR EXISTS (SELECT 1 FROM runs WHERE told = 0)"
        return bool(self.connection.execute(waiting).fetchone()[0])

    def checkpoints(self) -> list[Checkpoint]:
        """Return how far every known file was read."""
        rows = self.connection.execute("SELECT * FROM files").fetchall()
        return [_checkpoint(row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection as every part of qbwatch uses it: WAL, durable, waiting for others, rows by name."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _moment(time: datetime) -> str:
    """Write a time so that it compares as text, to the millisecond."""
    return time.isoformat(timespec="milliseconds")


def _file_row(checkpoint: Checkpoint, now: datetime) -> tuple[object, ...]:
    row = asdict(checkpoint)
    # A file's number may need 64 or 128 unsigned bits, which SQLite's integers do not hold.
    row["volume"], row["number"] = str(checkpoint.volume), str(checkpoint.number)
    return (*row.values(), stamp(now))


def _checkpoint(row: sqlite3.Row) -> Checkpoint:
    values = {name: row[name] for name in _FILE if name != "updated_at"}
    values["volume"], values["number"] = int(row["volume"]), int(row["number"])
    return Checkpoint(**values)

"""Write and read the store with plain sqlite3; sqlite-utils is only loaded when tables must be made."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from ingest.follow import Checkpoint
from qbwatch.errors import StoreError
from qbwatch.history.times import stamp
from qbwatch.history.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from qbwatch.stream import Batch, FinishedRun
    from rules.event import Event

_EVENT = (
    "id", "time", "host", "client", "source", "format", "line", "offset", "application", "company_file", "run",
    "cause", "rule", "severity", "role", "confidence", "act", "codes", "message", "evidence", "title",
    "explanation", "steps", "links", "stored_at",
)  # fmt: skip
_RUN = (
    "id", "host", "client", "source", "format", "line", "offset", "application", "company_file", "user", "url",
    "product_version", "trigger", "started", "ended", "outcome", "cause", "blocked_by", "closed",
)  # fmt: skip
_FILE = (*(field.name for field in fields(Checkpoint)), "updated_at")


def _upsert(table: str, columns: tuple[str, ...], key: str, keep: tuple[str, ...] = ()) -> str:
    marks = ", ".join("?" * len(columns))
    changes = ", ".join(f'"{c}" = excluded."{c}"' for c in columns if c != key and c not in keep)
    names = ", ".join(f'"{c}"' for c in columns)
    return f'INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT ("{key}") DO UPDATE SET {changes}'  # noqa: S608 - our own names


# A finding outside a run keeps the role it got first: after a restart the ones before it are not read again.
_PUT_EVENT = _upsert("events", _EVENT, "id", ("stored_at", "role")) + (
    ', "role" = CASE WHEN excluded."run" IS NULL THEN events."role" ELSE excluded."role" END'
)
_PUT_RUN = _upsert("runs", _RUN, "id")
_PUT_FILE = _upsert("files", _FILE, "uid")


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
            from qbwatch.history.schema import migrate  # noqa: PLC0415 - sqlite-utils is slow to import

            migrate(self.connection)

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

    def put(self, batch: Batch, checkpoints: Iterable[Checkpoint], now: datetime) -> None:
        """Write *batch* and *checkpoints*; call it inside a transaction."""
        events = (_event_row(event, now) for event in batch.events.values())
        self.connection.executemany(_PUT_EVENT, events)
        self.connection.executemany(_PUT_RUN, (_run_row(run) for run in batch.runs.values()))
        self.connection.executemany(_PUT_FILE, (_file_row(checkpoint, now) for checkpoint in checkpoints))

    def checkpoints(self) -> list[Checkpoint]:
        """Return how far every known file was read."""
        rows = self.connection.execute("SELECT * FROM files").fetchall()
        return [_checkpoint(row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection as every part of qbwatch uses it: WAL, durable, waiting for others, rows by name."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _event_row(event: Event, now: datetime) -> tuple[object, ...]:
    return (
        event.id, stamp(event.time), event.host, event.client, event.source, event.format, event.line, event.offset,
        event.application, event.company_file, event.run, event.cause, event.rule, event.severity, event.role,
        event.confidence, event.act, json.dumps(event.codes), event.message, json.dumps(event.evidence),
        event.title, event.explanation, json.dumps(event.steps), json.dumps(event.links), stamp(now),
    )  # fmt: skip


def _run_row(finished: FinishedRun) -> tuple[object, ...]:
    run = finished.run
    return (
        run.id, finished.host, finished.client, run.source, run.format, run.first.line, run.first.offset,
        run.application, run.company_file, run.user, run.url, run.product_version, run.trigger, stamp(run.started),
        stamp(run.ended), run.outcome, finished.cause, run.blocked_by, int(finished.closed),
    )  # fmt: skip


def _file_row(checkpoint: Checkpoint, now: datetime) -> tuple[object, ...]:
    row = asdict(checkpoint)
    # A file's number may need 64 or 128 unsigned bits, which SQLite's integers do not hold.
    row["volume"], row["number"] = str(checkpoint.volume), str(checkpoint.number)
    return (*row.values(), stamp(now))


def _checkpoint(row: sqlite3.Row) -> Checkpoint:
    values = {name: row[name] for name in _FILE if name != "updated_at"}
    values["volume"], values["number"] = int(row["volume"]), int(row["number"])
    return Checkpoint(**values)

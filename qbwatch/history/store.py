"""Write and read the store with plain sqlite3; sqlite-utils is only loaded when tables must be made."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.identity import Checkpoint
from qbwatch.errors import StoreError
from qbwatch.history import ledger_rows, new_store, rollups, rule_rows, signal_rows, source_rows
from qbwatch.history.rows import event_row, run_row, to_event, to_run_end
from qbwatch.history.times import stamp
from qbwatch.history.trouble import advice, refuse_network
from qbwatch.history.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from alerts.incident import RunEnd
    from ingest.ledger import LedgerEntry
    from qbwatch.source_state import SourceState
    from qbwatch.stream import Batch
    from rules.event import Event
    from rules.threshold import Key, Mark, Tallies

_EVENT = (
    "id", "time", "host", "client", "source", "format", "line", "offset", "application", "company_file", "run",
    "cause", "rule", "severity", "role", "confidence", "act", "codes", "message", "evidence", "title",
    "explanation", "steps", "links", "rule_pack", "component", "level", "others", "stored_at", "changed_at", "told",
)  # fmt: skip
_RUN = (
    "id", "host", "client", "source", "format", "line", "offset", "application", "company_file", "user", "url",
    "product_version", "trigger", "started", "ended", "outcome", "cause", "blocked_by", "closed", "changed_at", "told",
)  # fmt: skip
_FILE = ("file", *(field.name for field in fields(Checkpoint)), "updated_at")


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
_PUT_FILE = _upsert("files", _FILE, "file")
_PUT_SIGNAL = _upsert("signals", signal_rows.COLUMNS, "id", ("stored_at",))


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
    """The SQLite file that holds events, runs, signals, checkpoints, the ledger and alerts.

    Whatever writes is to be called inside `transaction`, so that what belongs together is stored together.
    """

    def __init__(self, path: Path) -> None:
        """Open *path*, making or migrating its tables. Raises StoreError with what to do."""
        self.path = path
        refuse_network(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = connect(path)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path}: the store cannot be opened ({error}). {advice(error)}") from error

    def _prepare(self) -> None:
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StoreError(
                f"{self.path}: this store was written by a newer qbwatch (tables {version}, this program {VERSION}). "
                "Update qbwatch, or name another file in [store] path."
            )
        if version < VERSION and not (version == 0 and new_store.make(self.connection)):
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
    def transaction(self, *, rolls_up: bool = True) -> Iterator[sqlite3.Connection]:
        """Commit all that is written inside, with the daily rollups of it, or nothing.

        Whoever writes much at a time leaves the rollups to `roll_up`, which counts each day once.
        """
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
            if rolls_up:
                rollups.roll_up(self.connection)
            self.connection.execute("COMMIT")
        except BaseException:
            # On a full disk SQLite may have rolled back by itself.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def roll_up(self) -> None:
        """Count anew all days that are due, some at a time, so that others may write in between."""
        due = 1
        while due:
            with self.transaction(rolls_up=False):
                due = rollups.roll_up(self.connection)

    def put_zone(self, host: str, zone: str) -> None:
        """Note in which zone *host* stands, which decides on its days; when it moved they are counted anew."""
        rollups.put_zone(self.connection, host, zone)

    def put(
        self,
        batch: Batch,
        checkpoints: Iterable[Checkpoint],
        now: datetime,
        *,
        ledger: Iterable[LedgerEntry] = (),
        tell_from: datetime | None = None,
    ) -> None:
        """Write *batch*, *checkpoints* and the *ledger*'s entries.

        What is new or changed waits for the alerts to be told of it, but for what is of before *tell_from*: that is
        history, or a watcher that reads the same log tells it.
        """
        changed_at = _moment(now)

        def mark(time: datetime | None) -> tuple[object, ...]:
            return (changed_at, 0 if tell_from is None or (time is not None and time >= tell_from) else None)

        events = ((*event_row(event, now), *mark(event.time)) for event in batch.events.values())
        self.connection.executemany(_PUT_EVENT, events)
        runs = ((*run_row(one), *mark(one.run.ended or one.run.started)) for one in batch.runs.values())
        self.connection.executemany(_PUT_RUN, runs)
        self.connection.executemany(_PUT_FILE, (_file_row(checkpoint, now) for checkpoint in checkpoints))
        signals = (signal_rows.signal_row(signal, now) for signal in batch.signals.values())
        self.connection.executemany(_PUT_SIGNAL, signals)
        ledger_rows.put_entries(self.connection, ledger)

    def forget(self, files: Iterable[str]) -> None:
        """Drop the checkpoints of *files*, the names of generations; what was found in them stays."""
        self.connection.executemany("DELETE FROM files WHERE file = ?", ((file,) for file in files))

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

    def committed_at(self) -> dict[str, datetime]:
        """Return when the checkpoint of each generation of a file, by its name, was last written."""
        rows = self.connection.execute("SELECT file, updated_at FROM files WHERE updated_at IS NOT NULL")
        return {row["file"]: datetime.fromisoformat(row["updated_at"]) for row in rows}

    def ledger(self, path: str | None = None, *, limit: int = 1000) -> list[LedgerEntry]:
        """Return the last *limit* entries of the ledger, the newest first; of paths that contain *path*."""
        return ledger_rows.entries(self.connection, path, limit)

    def lost_since(self, since: datetime, path: str | None = None) -> int:
        """Return how many byte ranges were noted as lost since *since*; of paths that contain *path*."""
        return ledger_rows.lost_since(self.connection, since, path)

    def put_states(self, states: Iterable[SourceState], now: datetime) -> None:
        """Write how paths stand, each in the place of what was known of it."""
        source_rows.put_states(self.connection, states, now)

    def still_stand(self, paths: Iterable[str], now: datetime) -> None:
        """Note that *paths* were looked at and stand as was written last."""
        source_rows.still_stand(self.connection, paths, now)

    def states(self) -> list[SourceState]:
        """Return how every path stood when a watcher last looked, by source and path."""
        return source_rows.read_states(self.connection)

    def others_wrote(self) -> int:
        """Return a number that changes when another connection, such as a command's, has changed the store."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def watched_at(self) -> datetime | None:
        """Return when a watcher last wrote how its sources stand; None if none ever did."""
        return source_rows.written_at(self.connection)

    def first_passes(self) -> set[str]:
        """Return the sources that were read once to their end."""
        return source_rows.first_passes(self.connection)

    def put_first_pass(self, source: str, now: datetime) -> None:
        """Note that *source* was read once to its end."""
        source_rows.put_first_pass(self.connection, source, now)

    def bookmarks(self) -> dict[str, int]:
        """Return the number of the last event read of each Windows event channel."""
        return source_rows.bookmarks(self.connection)

    def put_bookmark(self, channel: str, number: int, now: datetime) -> None:
        """Note that *channel* was read up to the event *number*."""
        source_rows.put_bookmark(self.connection, channel, number, now)

    def put_counts(self, log: str, counts: Iterable[tuple[Key, list[Mark]]], now: datetime) -> None:
        """Write what rules with a threshold have counted in *log*."""
        rule_rows.put_counts(self.connection, log, counts, now)

    def counts(self, log: str) -> Tallies:
        """Return what rules with a threshold have counted in *log*."""
        return rule_rows.read_counts(self.connection, log)

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
    return (checkpoint.file, *row.values(), stamp(now))


def _checkpoint(row: sqlite3.Row) -> Checkpoint:
    values = {field.name: row[field.name] for field in fields(Checkpoint)}
    values["volume"], values["number"] = int(row["volume"]), int(row["number"])
    values["past"] = bool(row["past"])
    return Checkpoint(**values)

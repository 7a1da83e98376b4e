"""The tables of the store, made and migrated with sqlite-utils."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

if __name__ == "__main__":
    # sqlite-utils imports pandas if it can, which takes longer than making the tables.
    sys.modules["pandas"] = None  # type: ignore[assignment]

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from qbwatch.history import (
    alert_tables,
    delivery_tables,
    drill_rows,
    follow_tables,
    hush_tables,
    machine_rows,
    probe_tables,
    report_rows,
    rollup_tables,
    rule_tables,
    view_tables,
)
from qbwatch.history.version import VERSION

migrations = Migrations("qbwatch")


@migrations()
def m001_events_runs_files(db: Database) -> None:
    """Make the tables of findings, of runs, and of the files read with their checkpoints."""
    text = dict.fromkeys(
        (
            "id", "time", "host", "client", "source", "format", "application", "company_file", "run", "cause", "rule",
            "severity", "role", "confidence", "act", "codes", "message", "evidence", "title", "explanation", "steps",
            "links", "stored_at", "changed_at",
        ),
        str,
    )  # fmt: skip
    db.table("events").create(
        {**text, "line": int, "offset": int, "told": int}, pk="id", not_null={"host", "cause", "role"}
    )
    db.table("events").create_index(["time"])
    db.table("events").create_index(["host", "application", "cause", "time"])
    db.table("events").create_index(["run"])
    runs = dict.fromkeys(
        (
            "id", "host", "client", "source", "format", "application", "company_file", "user", "url",
            "product_version", "trigger", "started", "ended", "outcome", "cause", "blocked_by", "changed_at",
        ),
        str,
    )  # fmt: skip
    db.table("runs").create(
        {**runs, "line": int, "offset": int, "closed": int, "told": int}, pk="id", not_null={"host", "outcome"}
    )
    db.table("runs").create_index(["host", "application", "started"])
    db.table("runs").create_index(["started"])
    # What the alerts have not heard of yet is little, and looked for at every turn.
    db.execute("CREATE INDEX events_untold ON events (changed_at) WHERE told = 0")
    db.execute("CREATE INDEX runs_untold ON runs (changed_at) WHERE told = 0")
    db.table("files").create(
        {
            "uid": str, "path": str, "volume": str, "number": str, "head_length": int, "head_hash": str,
            "generation": int, "encoding": str, "offset": int, "line": int, "safe": int, "safe_line": int,
            "marker_length": int, "marker_hash": str, "updated_at": str,
        },
        pk="uid",
    )  # fmt: skip


@migrations()
def m002_incidents_and_deliveries(db: Database) -> None:
    """Make the tables of incidents, notifications and deliveries."""
    alert_tables.create(db)


@migrations()
def m003_generations_ledger_signals(db: Database) -> None:
    """Give each generation of a file its row; make the tables of the ledger, of signals and of what is watched."""
    follow_tables.create(db)


@migrations()
def m004_rule_packs(db: Database) -> None:
    """Note with each event which rules made it, and keep what rules count and how far history was classified anew."""
    rule_tables.create(db)


@migrations()
def m005_rollups_words_views(db: Database) -> None:
    """Make the daily rollups, the index of words, and the views; note what there is as to be counted."""
    rollup_tables.create(db)
    view_tables.create(db)


@migrations()
def m006_incident_lives(db: Database) -> None:
    """Keep how incidents go and why they end, what holds messages back, and silences."""
    hush_tables.create(db)


@migrations()
def m007_probes_others(db: Database) -> None:
    """Keep when the watcher was last alive, and the causes that an event may have instead."""
    probe_tables.create(db)


@migrations()
def m008_receipts(db: Database) -> None:
    """Keep what the far side calls a message, and when a delivery was asked for again."""
    delivery_tables.create(db)


@migrations()
def m009_report_sends(db: Database) -> None:
    """Keep which weekly reports were sent to whom, and make their figures quick."""
    report_rows.create(db)


@migrations()
def m010_machines(db: Database) -> None:
    """Keep what is known of a machine's applications and of the silences that were told."""
    machine_rows.create(db)


@migrations()
def m011_drills(db: Database) -> None:
    """Keep which drills were made, and make planning and sending quick."""
    drill_rows.create(db)


@migrations()
def m012_turns(db: Database) -> None:
    """Make questions about runs in turn quick."""
    rollup_tables.widen(db)


def migrate(path: str) -> None:
    """Bring the store at *path* up to date in one transaction; what it was before is kept beside it."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        # Another process may open the same store now; it waits here, and then finds nothing left to do.
        connection.execute("BEGIN IMMEDIATE")
        db = Database(connection)
        if migrations.applied(db) and migrations.pending(db):
            _keep(path)
        migrations.apply(db)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        connection.close()


def _keep(path: str) -> None:
    """Copy the store at *path* as it stands, whole or not at all."""
    kept = Path(f"{path}.before-{VERSION}")
    try:
        # A copy of an attempt that failed may be broken.
        kept.unlink(missing_ok=True)
        _copy(path, kept)
        shutil.copymode(path, kept)
    except OSError as error:
        raise OSError(error.errno, f"it cannot be copied first: {error.strerror}") from error
    except sqlite3.Error:
        kept.unlink(missing_ok=True)
        raise


def _copy(path: str, kept: Path) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(kept)) as target:
        source.backup(target)


if __name__ == "__main__":
    migrate(sys.argv[1])

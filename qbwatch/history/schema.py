"""The tables of the store, made and migrated with sqlite-utils."""

from __future__ import annotations

import sqlite3
import sys

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from qbwatch.history import alert_tables
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


def migrate(path: str) -> None:
    """Bring the store at *path* up to date; each migration is one transaction."""
    connection = sqlite3.connect(path, timeout=60)
    try:
        migrations.apply(Database(connection))
        connection.execute(f"PRAGMA user_version = {VERSION}")
    finally:
        connection.close()


if __name__ == "__main__":
    migrate(sys.argv[1])

"""The tables of how logs are followed: the files with their generations, the ledger, signals, and what is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

_KEPT = (
    "uid", "path", "volume", "number", "head_length", "head_hash", "generation", "encoding", "offset", "line", "safe",
    "safe_line", "marker_length", "marker_hash", "updated_at",
)  # fmt: skip
"""What version 2 kept of a file."""


def create(db: Database) -> None:
    """Give each generation of a file a row of its own, and make the tables that were not there."""
    _files(db)
    _ledger(db)
    _signals(db)
    _watched(db)


def _files(db: Database) -> None:
    db.rename_table("files", "files_before")
    db.table("files").create(
        {
            "file": str, "uid": str, "path": str, "volume": str, "number": str, "head_length": int, "head_hash": str,
            "generation": int, "encoding": str, "offset": int, "line": int, "safe": int, "safe_line": int,
            "marker_length": int, "marker_hash": str, "format": str, "past": int, "updated_at": str,
        },
        pk="file",
        not_null={"format", "past"},
        defaults={"format": "qbwc", "past": 0},
    )  # fmt: skip
    names = ", ".join(f'"{name}"' for name in _KEPT)
    db.execute(f"INSERT INTO files (file, {names}) SELECT uid || ':' || generation, {names} FROM files_before")  # noqa: S608 - our own names
    db.table("files_before").drop()


def _ledger(db: Database) -> None:
    db.table("ledger").create(
        {
            "id": int, "file": str, "path": str, "fate": str, "begin": int, "end": int, "reason": str, "since": str,
            "at": str,
        },
        pk="id",
        not_null={"file", "path", "fate", "begin", "reason", "since", "at"},
    )  # fmt: skip
    db.table("ledger").create_index(["file", "fate", "begin", "reason"], unique=True)
    db.table("ledger").create_index(["at"])
    # What is lost is rare, and asked for each time that somebody looks at the sources.
    db.execute("CREATE INDEX ledger_lost ON ledger (at) WHERE fate = 'lost'")


def _signals(db: Database) -> None:
    text = dict.fromkeys(
        (
            "id", "time", "host", "client", "source", "format", "provider", "code", "level", "message", "fields",
            "stored_at",
        ),
        str,
    )  # fmt: skip
    db.table("signals").create({**text, "line": int, "offset": int}, pk="id", not_null={"host", "message", "fields"})
    db.table("signals").create_index(["host", "time"])
    db.table("signals").create_index(["time"])


def _watched(db: Database) -> None:
    text = dict.fromkeys(
        (
            "path", "source", "format", "standing", "file", "behind_since", "last_record", "problem", "problem_since",
            "looked_at", "updated_at",
        ),
        str,
    )  # fmt: skip
    numbers = dict.fromkeys(("generation", "offset", "size", "drops", "missed", "polled_only"), int)
    db.table("sources").create(
        {**text, **numbers, "sure": float}, pk="path", not_null={"source", "standing", "looked_at", "updated_at"}
    )
    db.table("channels").create(
        {"channel": str, "bookmark": int, "updated_at": str}, pk="channel", not_null={"bookmark"}
    )
    db.table("first_passes").create({"source": str, "at": str}, pk="source")

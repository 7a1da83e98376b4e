"""The tables of the probes, and what an event may be instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def create(db: Database) -> None:
    """Make the table of the watcher's last moment alive, and let events name the causes they may have instead."""
    db.table("heartbeats").create(
        {"host": str, "wall": str, "awake_s": float, "alive_s": float, "boot": str, "known": str}, pk="host"
    )
    db.table("events").add_column("others", str)

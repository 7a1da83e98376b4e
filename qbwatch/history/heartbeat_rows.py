"""The last moment at which a watcher was known to run, kept for the next start."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ingest.probes import Heartbeat

if TYPE_CHECKING:
    import sqlite3

    from ingest.probes import Known

_PUT = "INSERT OR REPLACE INTO heartbeats (host, wall, awake_s, alive_s, boot, known) VALUES (?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastAlive:
    """A heartbeat with what was told by then of sessions and programs, and which volumes had little room.

    `ended` is whether the watcher ended in order then; None in a store of before that was noted.
    """

    heartbeat: Heartbeat
    sessions: Known = field(default_factory=dict)
    processes: Known = field(default_factory=dict)
    low: tuple[str, ...] = ()
    ended: bool | None = None


def put(db: sqlite3.Connection, host: str, alive: LastAlive) -> None:
    """Write the last moment alive, in the place of the one before."""
    beat = alive.heartbeat
    known = {"sessions": alive.sessions, "processes": alive.processes, "low": alive.low, "ended": alive.ended}
    wall = beat.wall.isoformat(timespec="milliseconds")
    db.execute(_PUT, (host, wall, beat.awake_s, beat.alive_s, beat.boot, json.dumps(known, ensure_ascii=False)))


def read(db: sqlite3.Connection, host: str) -> LastAlive | None:
    """Return when a watcher of *host* was last alive; None if none ever was."""
    row = db.execute("SELECT * FROM heartbeats WHERE host = ?", (host,)).fetchone()
    if row is None:
        return None
    known = json.loads(row["known"])
    beat = Heartbeat(
        wall=datetime.fromisoformat(row["wall"]), awake_s=row["awake_s"], alive_s=row["alive_s"], boot=row["boot"]
    )
    return LastAlive(
        heartbeat=beat, sessions=known["sessions"], processes=known["processes"], low=tuple(known["low"]),
        ended=known.get("ended"),
    )  # fmt: skip

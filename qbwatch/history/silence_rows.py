"""Silences as rows of the store. Nothing here commits."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from alerts.matcher import read_matcher
from alerts.silence import Silence, is_spent, must_warn
from qbwatch.history.alert_rows import to_text, to_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from alerts.incident import Incident

_COLUMNS = (
    "id", "matchers", "author", "reason", "starts_at", "ends_at", "until_recovered", "ended_at", "warned_at",
)  # fmt: skip


def put(db: sqlite3.Connection, silence: Silence) -> None:
    """Write *silence*, new or changed."""
    times = (silence.starts_at, silence.ends_at, silence.ended_at, silence.warned_at)
    starts, ends, ended, warned_at = (to_text(at) if at else None for at in times)
    matchers = json.dumps([str(matcher) for matcher in silence.matchers])
    db.execute(
        f"INSERT INTO silences ({', '.join(_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 - our own names
        "ON CONFLICT (id) DO UPDATE SET ends_at = excluded.ends_at, ended_at = excluded.ended_at, "
        "warned_at = excluded.warned_at, reason = excluded.reason",
        (
            silence.id, matchers, silence.author, silence.reason, starts, ends, silence.until_recovered, ended,
            warned_at,
        ),
    )  # fmt: skip


def every(db: sqlite3.Connection) -> list[Silence]:
    """Return all silences, the newest first."""
    return [_silence(row) for row in db.execute("SELECT * FROM silences ORDER BY starts_at DESC, rowid DESC")]


def active(db: sqlite3.Connection, now: datetime) -> list[Silence]:
    """Return the silences that hold at *now*."""
    rows = db.execute("SELECT * FROM silences WHERE ended_at IS NULL AND starts_at <= ?", (to_text(now),))
    return [one for one in map(_silence, rows) if one.is_active(now)]


def ended(db: sqlite3.Connection, live: Sequence[Incident], now: datetime) -> list[datetime]:
    """End what is spent at *now*; return when to look again at the others."""
    dues: list[datetime] = []
    for silence in map(_silence, db.execute("SELECT * FROM silences WHERE ended_at IS NULL")):
        if is_spent(silence, live, now):
            put(db, replace(silence, ended_at=min(now, silence.ends_at)))
        else:
            dues += [at for at in (silence.starts_at, silence.warns_at, silence.ends_at) if at > now]
    return dues


def warned(db: sqlite3.Connection, silence: Silence, held: Sequence[Incident], now: datetime) -> bool:
    """Say whether to warn now that *silence* ends while *held* still fail, and note that it was done."""
    if not must_warn(silence, held, now):
        return False
    put(db, replace(silence, warned_at=now))
    return True


def _silence(row: sqlite3.Row) -> Silence:
    return Silence(
        id=row["id"],
        matchers=tuple(read_matcher(text) for text in json.loads(row["matchers"])),
        author=row["author"],
        reason=row["reason"],
        starts_at=to_time(row["starts_at"]),
        ends_at=to_time(row["ends_at"]),
        until_recovered=bool(row["until_recovered"]),
        ended_at=to_time(row["ended_at"]) if row["ended_at"] else None,
        warned_at=to_time(row["warned_at"]) if row["warned_at"] else None,
    )

"""Signals as rows of the store, without secrets; who was signed in stays, since that is what they tell."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ingest.record import Record, Span
from ingest.redact import redact
from qbwatch.history.times import read_stamp, stamp
from qbwatch.signal import NotedSignal

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

COLUMNS = (
    "id", "time", "host", "client", "source", "format", "line", "offset", "provider", "code", "level", "message",
    "fields", "stored_at",
)  # fmt: skip

# What names a Windows user: elsewhere a user name is a person's and `sid` a session's.
_WINDOWS_USER = re.compile(r"(?i)(?<![a-z0-9])(user[_-]?name=|sid=(?=[\"']?S-1-))")

# Windows counts its sessions; what opens a session of a web page is longer than that.
_WINDOWS_SESSION = re.compile(r"(?i)session_?id")
_LONGEST_SESSION = 5


def signal_row(signal: NotedSignal, now: datetime) -> tuple[object, ...]:
    """Return the columns of *signal* in the order of `COLUMNS`, stored at *now*."""
    record = signal.record
    fields = {name: _redact_field(name, value) for name, value in record.fields.items()}
    return (
        signal.id, stamp(record.time), signal.host, signal.client, signal.source, record.format, record.span.line,
        record.span.offset, record.component or None, record.codes[0] if record.codes else None, record.level,
        _redact(record.text), json.dumps(fields, ensure_ascii=False), stamp(now),
    )  # fmt: skip


def _redact(text: str) -> str:
    """Redact *text*, all but the names of Windows users.

    >>> _redact("UserName=sync; Password=hunter2; Sid=S-1-5-18")
    'UserName=sync; Password=[secret]; Sid=S-1-5-18'
    """
    # Parted from its name, a value is only redacted for what it is.
    parts = _WINDOWS_USER.split(text)
    return "".join(part if at % 2 else redact(part) for at, part in enumerate(parts))


def _redact_field(name: str, value: str) -> str:
    """Redact the *value* of the field *name*: whole if its name says that it is secret."""
    if _WINDOWS_SESSION.fullmatch(name) and value.isdecimal() and len(value) <= _LONGEST_SESSION:
        return value
    sample = "S-1-" if value.startswith("S-1-") else "x"
    label = _redact(f"{name}={sample}").removeprefix(f"{name}=")
    return _redact(value) if label == sample or not value else label


def read_signals(db: sqlite3.Connection, host: str, since: datetime) -> list[NotedSignal]:
    """Return what is stored of *host* since a time, in the order of time."""
    rows = db.execute(
        "SELECT * FROM signals WHERE host = ? AND time >= ? ORDER BY time, rowid", (host, stamp(since))
    ).fetchall()
    return [_to_signal(row) for row in rows]


def _to_signal(row: sqlite3.Row) -> NotedSignal:
    # The length is not kept: nothing asks for it once a record is stored.
    record = Record(
        format=row["format"], time=read_stamp(row["time"]), component=row["provider"] or "", message=row["message"],
        span=Span(offset=row["offset"], length=0, line=row["line"]), level=row["level"],
        codes=(row["code"],) if row["code"] else (), fields=json.loads(row["fields"]),
    )  # fmt: skip
    return NotedSignal(id=row["id"], host=row["host"], client=row["client"], source=row["source"], record=record)

"""Incidents as rows, and times as text that sorts."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from alerts.incident import Incident, State
from rules.event import Act, Severity

if TYPE_CHECKING:
    import sqlite3

COLUMNS = tuple(field.name for field in fields(Incident))
_LISTS = frozenset({"steps", "links", "codes", "evidence"})
_TIMES = frozenset({"opened_at", "recorded_at", "last_at", "resolved_at", "last_good_at"})

_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "id")
PUT_INCIDENT = (
    f"INSERT INTO incidents ({', '.join(COLUMNS)}, settled) VALUES ({', '.join('?' * len(COLUMNS))}, 0) "  # noqa: S608 - our own names
    f"ON CONFLICT (id) DO UPDATE SET {_CHANGES}"
)


def to_text(at: datetime) -> str:
    """Write *at* in UTC with microseconds.

    >>> to_text(datetime(2026, 3, 10, 2, 0, 9, tzinfo=UTC))
    '2026-03-10T02:00:09.000000Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_time(text: str) -> datetime:
    """Read back what `to_text` wrote."""
    return datetime.fromisoformat(text)


def to_row(incident: Incident) -> tuple[object, ...]:
    """Return *incident* in the order of `COLUMNS`."""
    return tuple(_stored(name, getattr(incident, name)) for name in COLUMNS)


def to_incident(row: sqlite3.Row) -> Incident:
    """Return the incident of a row of `incidents`."""
    return Incident(**{name: _loaded(name, row[name]) for name in COLUMNS})


def _stored(name: str, value: Any) -> object:
    if name in _LISTS:
        return json.dumps(value, ensure_ascii=False)
    if name in _TIMES and value is not None:
        return to_text(value)
    return value


def _loaded(name: str, value: Any) -> Any:
    if name in _LISTS:
        return tuple(json.loads(value))
    if name in _TIMES and value is not None:
        return to_time(value)
    kinds = {"state": State, "severity": Severity, "act": Act}
    return kinds[name](value) if name in kinds else value

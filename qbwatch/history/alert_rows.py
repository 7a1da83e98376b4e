"""What the alerts keep as rows: incidents, their findings, good runs, what was told; and times as text that sorts."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from alerts.decide import Kind, Progress, Told
from alerts.incident import AHEAD, Ending, Finding, Good, Incident, State
from alerts.outbox import DeliveryState
from rules.event import Act, Severity

if TYPE_CHECKING:
    import sqlite3

    from rules.event import Event

Place = tuple[str, str]
"""A receiver and the key of one of its groups."""

COLUMNS = tuple(field.name for field in fields(Incident))
_LISTS = frozenset({"steps", "links", "codes", "evidence"})
_TIMES = frozenset(
    {
        "at", "opened_at", "recorded_at", "last_at", "resolved_at", "last_good_at", "acknowledged_at", "good_at",
        "quiet_since",
    }
)  # fmt: skip

_KINDS = {
    "state": State, "severity": Severity, "act": Act, "withdrawn": bool, "ending": Ending, "first_for_client": bool,
}  # fmt: skip
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "id")
PUT_INCIDENT = (
    f"INSERT INTO incidents ({', '.join(COLUMNS)}, settled) VALUES ({', '.join('?' * len(COLUMNS))}, 0) "  # noqa: S608 - our own names
    f"ON CONFLICT (id) DO UPDATE SET {_CHANGES}"
)
FINDING_COLUMNS = tuple(field.name for field in fields(Finding))
_PUT_FINDING = (
    f"INSERT INTO incident_events ({', '.join(FINDING_COLUMNS)}, incident) "  # noqa: S608 - our own names
    f"VALUES ({', '.join('?' * len(FINDING_COLUMNS))}, ?) "
    "ON CONFLICT (event) DO UPDATE SET incident = excluded.incident, "
    + ", ".join(f"{name} = excluded.{name}" for name in FINDING_COLUMNS if name != "event")
)
# A pending delivery that was never tried, or was turned away each time, has told nobody anything.
_CANCEL = """
UPDATE deliveries SET state = 'failed', next_at = NULL, finished_at = ?, reason = 'withdrawn before it was sent'
WHERE state = 'pending' AND next_at IS NOT NULL AND kind != 'resolved'
AND notification IN (SELECT notification FROM notification_incidents WHERE incident = ?)
AND NOT EXISTS (
    SELECT 1 FROM attempts a WHERE a.notification = deliveries.notification AND a.outcome IS NOT 'transient')
AND NOT EXISTS (
    SELECT 1 FROM notification_incidents ni JOIN incidents i ON i.id = ni.incident
    WHERE ni.notification = deliveries.notification AND i.withdrawn = 0)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A notification that was made, and the thread it is in."""

    id: str
    thread: str
    told: Told


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


def put_finding(db: sqlite3.Connection, finding: Finding, incident: str) -> None:
    """Write *finding* as one of *incident*, wherever it stood before."""
    db.execute(_PUT_FINDING, (*(_stored(name, getattr(finding, name)) for name in FINDING_COLUMNS), incident))


def to_finding(row: sqlite3.Row) -> Finding:
    """Return the finding of a row of `incident_events`."""
    return Finding(**{name: _loaded(name, row[name]) for name in FINDING_COLUMNS})


def findings_of(db: sqlite3.Connection, incident: str) -> list[Finding]:
    """Return the findings that *incident* has now."""
    return [to_finding(row) for row in db.execute("SELECT * FROM incident_events WHERE incident = ?", (incident,))]


def member(db: sqlite3.Connection, event: str) -> tuple[Incident, Finding] | None:
    """Return the incident that *event* is in, and what is kept of the event; None when it is in none."""
    row = db.execute("SELECT * FROM incident_events WHERE event = ?", (event,)).fetchone()
    if row is None:
        return None
    incident = db.execute("SELECT * FROM incidents WHERE id = ?", (row["incident"],)).fetchone()
    return to_incident(incident), to_finding(row)


def newest_of(db: sqlite3.Connection, event: Event) -> Incident | None:
    """Return the newest incident of the host, application and cause of *event*."""
    row = db.execute(
        "SELECT * FROM incidents WHERE host = ? AND application IS ? AND cause = ? ORDER BY rowid DESC LIMIT 1",
        (event.host, event.application, event.cause),
    ).fetchone()
    return to_incident(row) if row else None


def has_run(db: sqlite3.Connection, incident: str, run: str | None) -> bool:
    """Say whether a finding of *incident* is of *run*."""
    query = "SELECT 1 FROM incident_events WHERE incident = ? AND run = ?"
    return db.execute(query, (incident, run)).fetchone() is not None


def read_last_good(db: sqlite3.Connection, host: str, application: str | None) -> Good | None:
    """Return the newest good run of *application*, or of any on *host* when that is None."""
    row = db.execute(
        "SELECT began_at, ended_at FROM last_good WHERE host = ? AND (? IS NULL OR application = ?) "
        "ORDER BY began_at DESC LIMIT 1",
        (host, application, application),
    ).fetchone()
    return Good(began=to_time(row["began_at"]), ended=to_time(row["ended_at"])) if row else None


def put_last_good(db: sqlite3.Connection, host: str, application: str | None, good: Good) -> None:
    """Write *good* unless a newer one is known."""
    db.execute(
        "INSERT INTO last_good VALUES (?, ?, ?, ?) ON CONFLICT (host, application) DO UPDATE SET "
        "began_at = excluded.began_at, ended_at = excluded.ended_at WHERE excluded.began_at > began_at",
        (host, application or "", to_text(good.began), to_text(good.ended)),
    )


def cancel_unsent(db: sqlite3.Connection, incident: str, now: datetime) -> None:
    """Take back what waits in the outbox and speaks of *incident* and other withdrawn ones alone."""
    db.execute(_CANCEL, (to_text(now), incident))


def set_back(db: sqlite3.Connection, now: datetime, earliest: datetime) -> None:
    """Put what is stamped ahead of *now* before *earliest*, the first time of what is applied next.

    After the machine's clock was set back, the state of before would outrank all that comes.
    """
    times = {
        "limit": to_text(now + AHEAD),
        "before": to_text(min(now, earliest) - timedelta(microseconds=1)),
    }
    db.execute(
        "UPDATE incident_events SET at = :before WHERE at > :limit AND incident IN "
        "(SELECT id FROM incidents WHERE last_at > :limit)",
        times,
    )
    db.execute(
        "UPDATE incidents SET opened_at = min(opened_at, :before), recorded_at = min(recorded_at, :before), "
        "last_at = min(last_at, :before), resolved_at = min(resolved_at, :before), "
        "last_good_at = min(last_good_at, :before), good_at = min(good_at, :before), "
        "acknowledged_at = min(acknowledged_at, :before), quiet_since = min(quiet_since, :before) "
        "WHERE last_at > :limit OR resolved_at > :limit OR recorded_at > :limit",
        times,
    )
    db.execute(
        "UPDATE last_good SET began_at = min(began_at, :before), ended_at = min(ended_at, :before) "
        "WHERE ended_at > :limit",
        times,
    )


def believe_clock(db: sqlite3.Connection, now: datetime) -> None:
    """Let what was told, or is to be sent, ahead of *now* count as told now: the machine's clock was set back.

    Else nothing more would be said before the clock is there again.
    """
    times = {"limit": to_text(now + AHEAD), "now": to_text(now)}
    db.execute("UPDATE notifications SET created_at = :now WHERE closed = 0 AND created_at > :limit", times)
    db.execute(
        "UPDATE deliveries SET created_at = min(created_at, :now), retried_at = min(retried_at, :now), next_at = :now "
        "WHERE next_at IS NOT NULL AND (created_at > :limit OR retried_at > :limit)",
        times,
    )


def told_before(db: sqlite3.Connection) -> dict[Place, list[Past]]:
    """Return what each place was told, oldest first, since nothing was open there."""
    told: dict[str, set[str]] = {}
    rows = db.execute(
        "SELECT n.id, ni.incident FROM notifications n "
        "JOIN notification_incidents ni ON ni.notification = n.id WHERE n.closed = 0"
    )
    for row in rows:
        told.setdefault(row["id"], set()).add(row["incident"])
    past: dict[Place, list[Past]] = {}
    rows = db.execute(
        "SELECT n.*, d.state, d.next_at FROM notifications n JOIN deliveries d ON d.notification = n.id "
        "WHERE n.closed = 0 ORDER BY n.rowid"
    )
    for row in rows:
        one = Told(
            kind=Kind(row["kind"]),
            at=to_time(row["created_at"]),
            incidents=frozenset(told.get(row["id"], ())),
            progress=_progress(row["state"], row["next_at"]),
        )
        place = (row["receiver"], row["group_key"])
        past.setdefault(place, []).append(Past(id=row["id"], thread=row["thread"], told=one))
    return past


def _progress(state: str, next_at: str | None) -> Progress:
    if state == DeliveryState.FAILED:
        return Progress.DEAD
    return Progress.WAITING if next_at else Progress.DELIVERED


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
    return _KINDS[name](value) if name in _KINDS and value is not None else value

"""What the store knows of an incident's kind when it opens."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alerts.incident import Background
from qbwatch.history.alert_rows import to_text, to_time

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from alerts.incident import Incident
    from rules.event import Event

_WEEKS = 4
_WEEK = timedelta(weeks=1)
# A client of whom less is on record may have had any problem before.
_HISTORY = timedelta(weeks=2)
# What opened so often in a day flaps, and is believed to be over only after several good runs.
_FLAPS = 2
_GOODS = 3


def background_of(db: sqlite3.Connection, event: Event, newest: Incident | None) -> Background:
    """Return what is known of the host, application and cause of *event*; *newest* is their last incident."""
    at = event.time
    if at is None or (newest is not None and newest.is_live):
        return Background()
    before = newest.resolved_at if newest is not None and not newest.withdrawn else None
    return Background(
        quiet_since=before if before and before < at else None,
        first_for_client=_is_first(db, event, at),
        usual=_usual(db, event, at),
        needs=_GOODS if _opened_lately(db, event, at) >= _FLAPS else 1,
    )


def _opened_lately(db: sqlite3.Connection, event: Event, at: datetime) -> int:
    since = to_text(at - timedelta(days=1))
    return int(
        db.execute(
            "SELECT count(*) FROM incidents WHERE host = ? AND application IS ? AND cause = ? AND withdrawn = 0 "
            "AND opened_at > ? AND opened_at < ?",
            (event.host, event.application, event.cause, since, to_text(at)),
        ).fetchone()[0]
    )


def _is_first(db: sqlite3.Connection, event: Event, at: datetime) -> bool:
    """Say whether a client of whom enough is on record never had this cause before."""
    if event.client is None:
        return False
    (begins,) = db.execute("SELECT min(opened_at) FROM incidents WHERE client = ?", (event.client,)).fetchone()
    if begins is None or at - to_time(begins) < _HISTORY:
        return False
    seen = db.execute(
        "SELECT EXISTS (SELECT 1 FROM incidents WHERE client = ? AND cause = ? AND withdrawn = 0)",
        (event.client, event.cause),
    )
    return not seen.fetchone()[0]


def _usual(db: sqlite3.Connection, event: Event, at: datetime) -> float | None:
    """Return how many findings a week there were of this key in the weeks before; None without that much history."""
    (begins,) = db.execute("SELECT min(opened_at) FROM incidents WHERE host = ?", (event.host,)).fetchone()
    if begins is None or at - to_time(begins) < _HISTORY:
        return None
    weeks = min(_WEEKS, (at - to_time(begins)) / _WEEK)
    (count,) = db.execute(
        "SELECT count(*) FROM incident_events e JOIN incidents i ON i.id = e.incident "
        "WHERE i.host = ? AND i.application IS ? AND i.cause = ? AND e.at >= ? AND e.at < ?",
        (event.host, event.application, event.cause, to_text(at - _WEEK * weeks), to_text(at)),
    ).fetchone()
    return round(float(count) / weeks, 1)

"""The tables of incidents, notifications, deliveries and decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def create(db: Database) -> None:
    """Make the tables that `alert_store` and `alert_outbox` read and write.

    Times are ISO 8601 in UTC with microseconds, so that they compare as text.
    """
    _incidents(db)
    _notifications(db)
    _deliveries(db)


def _incidents(db: Database) -> None:
    text = dict.fromkeys(
        (
            "id", "host", "application", "cause", "state", "severity", "act", "client", "company_file",
            "opened_at", "recorded_at", "last_at", "resolved_at", "last_good_at", "first_event", "last_event",
            "last_run", "title", "explanation", "steps", "links", "codes", "message", "evidence",
        ),
        str,
    )  # fmt: skip
    db.table("incidents").create(
        {**text, "runs_failed": int, "withdrawn": int, "settled": int},
        pk="id",
        not_null={"host", "cause", "state", "opened_at", "withdrawn", "settled"},
        defaults={"withdrawn": 0, "settled": 0},
    )
    db.table("incidents").create_index(["host", "application", "cause"])
    db.table("incidents").create_index(["settled"])
    db.table("incidents").create_index(["state", "opened_at"])
    # Asked before each batch, to find what a clock that was set back has left ahead of the present.
    for name in ("last_at", "resolved_at", "recorded_at"):
        db.table("incidents").create_index([name])
    _incident_events(db)
    db.table("last_good").create(
        {"host": str, "application": str, "began_at": str, "ended_at": str}, pk=("host", "application")
    )


def _incident_events(db: Database) -> None:
    """Make the table of what each incident was told by; it keeps the words of each event until that is withdrawn."""
    text = dict.fromkeys(
        (
            "event", "incident", "at", "run", "severity", "act", "client", "company_file", "title", "explanation",
            "steps", "links", "codes", "message", "evidence",
        ),
        str,
    )  # fmt: skip
    db.table("incident_events").create(text, pk="event", not_null={"incident", "at", "severity"})
    db.table("incident_events").create_index(["incident", "run"])


def _notifications(db: Database) -> None:
    db.table("notifications").create(
        {
            "id": str, "thread": str, "receiver": str, "group_key": str, "kind": str, "reason": str,
            "created_at": str, "closed": int, "message": str,
        },
        pk="id",
        not_null={"receiver", "group_key", "kind", "closed"},
        defaults={"closed": 0},
    )  # fmt: skip
    db.table("notifications").create_index(["closed"])
    db.table("notification_incidents").create({"notification": str, "incident": str}, pk=("notification", "incident"))
    db.table("notification_incidents").create_index(["incident"])
    db.table("decisions").create(
        {
            "receiver": str, "group_key": str, "kind": str, "reason": str, "decided_at": str, "due_at": str,
            "incidents": str,
        },
        not_null={"receiver", "group_key", "reason"},
    )  # fmt: skip
    db.table("decisions").create_index(["receiver", "group_key"])


def _deliveries(db: Database) -> None:
    db.table("deliveries").create(
        {
            "notification": str, "thread": str, "kind": str, "receiver": str, "group_key": str, "state": str,
            "attempts": int, "created_at": str, "next_at": str, "finished_at": str, "code": int,
            "reason": str,
        },
        pk="notification",
        not_null={"receiver", "state", "attempts"},
    )  # fmt: skip
    db.table("deliveries").create_index(["receiver", "next_at"])
    db.table("deliveries").create_index(["thread"])
    db.table("attempts").create(
        {
            "notification": str, "attempt": int, "started_at": str, "ended_at": str, "outcome": str,
            "code": int, "reason": str,
        },
        pk=("notification", "attempt"),
    )  # fmt: skip

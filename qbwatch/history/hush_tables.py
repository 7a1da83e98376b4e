"""What incidents and decisions learnt to tell of themselves, and the table of silences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def create(db: Database) -> None:
    """Add the columns of an incident's life, what holds a message, and the silences."""
    incidents = db.table("incidents")
    for name in ("acknowledged_at", "acknowledged_by", "ending", "resolved_by", "good_at", "quiet_since"):
        incidents.add_column(name, str)
    incidents.add_column("goods", int, not_null_default=0)
    incidents.add_column("needs", int, not_null_default=1)
    incidents.add_column("first_for_client", int, not_null_default=0)
    incidents.add_column("usual", float)
    # Which of them was acknowledged when was not noted before.
    db.execute("UPDATE incidents SET acknowledged_at = last_at WHERE state = 'acknowledged'")
    incidents.create_index(["client", "cause"])
    db.table("decisions").add_column("held_by", str)
    db.table("silences").create(
        {
            "id": str, "matchers": str, "author": str, "reason": str, "starts_at": str, "ends_at": str,
            "until_recovered": int, "ended_at": str, "warned_at": str, "created_at": str,
        },
        pk="id",
        not_null={"matchers", "author", "reason", "starts_at", "ends_at", "until_recovered"},
    )  # fmt: skip

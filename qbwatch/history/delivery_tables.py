"""What deliveries learnt to keep: what the far side calls a message, and when somebody asked to try again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def create(db: Database) -> None:
    """Add the columns."""
    db.table("deliveries").add_column("receipt", str)
    db.table("deliveries").add_column("retried_at", str)

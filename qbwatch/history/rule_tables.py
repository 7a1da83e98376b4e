"""The tables of what rules leave behind: which set made an event, what is counted, how far history was redone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def create(db: Database) -> None:
    """Add to events what rules need to read them again, and make the tables that were not there."""
    for column in ("rule_pack", "component", "level"):
        db.table("events").add_column(column, str)
    db.table("rule_counts").create(
        {"log": str, "rule": str, "whose": str, "marks": str, "updated_at": str}, pk=("log", "rule", "whose")
    )
    db.table("reclassifications").create(
        {
            "rule_pack": str, "upto": str, "seen": int, "moved": int, "kept": int, "begun_at": str, "updated_at": str,
            "ended_at": str,
        },
        pk="rule_pack",
    )  # fmt: skip

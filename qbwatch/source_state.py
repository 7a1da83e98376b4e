"""What `qbwatch sources` shows of a followed path: where it stands, and what went wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Standing(StrEnum):
    """How a path stands with the watcher."""

    FOLLOWED = "followed"  # read up to its end
    BEHIND = "behind"  # more is there than was read
    WAITING = "waiting"  # too little is there to tell its format
    COPY = "copy"  # holds what is read elsewhere
    FOREIGN = "foreign"  # of no format that is known, or of several
    UNREADABLE = "unreadable"
    GONE = "gone"
    NEVER_SEEN = "never seen"  # nothing matches the source


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """One path of a source, or the source itself where nothing matches it, or a Windows event channel.

    Offsets and sizes are in bytes; for a channel `offset` is the number of its last event read.
    `behind_since` is since when something waits to be read. `drops` counts ledger entries of bytes that were skipped
    or lost, `missed` how often polling found what watchdog had not told, `problem` says what is wrong now.
    """

    source: str
    path: str
    format: str | None
    sure: float | None
    standing: Standing
    file: str | None
    generation: int | None
    offset: int | None
    size: int | None
    behind_since: datetime | None
    last_record: datetime | None
    drops: int
    missed: int
    polled_only: bool
    problem: str | None
    problem_since: datetime | None
    looked_at: datetime

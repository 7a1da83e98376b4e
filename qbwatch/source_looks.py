"""What a look at a path tells: what stands there, what is to be read of it, and what does not stand there any more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingest.formats import first_time
from ingest.identity import HEAD, read_at
from ingest.platform import open_shared

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.follow import FollowedFile
    from ingest.grammar import Grammar
    from ingest.platform import Glance
    from qbwatch.config import Source
    from qbwatch.source_state import Standing


@dataclass(slots=True)
class Reading:
    """One file that has something new, open."""

    followed: FollowedFile
    file: BinaryIO
    source: Source
    path: str


@dataclass(slots=True)
class Seen:
    """What a path was at the last look: enough to pass over an idle file after one stat."""

    glance: Glance | None  # None if it could not even be opened
    real: str  # where it really lies, for a link may move on
    standing: Standing
    source: Source
    followed: FollowedFile | None = None
    problem: str | None = None
    problem_since: datetime | None = None
    behind_since: datetime | None = None
    sure: float | None = None

    @property
    def size(self) -> int:
        """How many bytes were there."""
        return self.glance.size if self.glance else 0


@dataclass(frozen=True, slots=True)
class Missing:
    """A followed file of *source* that does not stand where it was seen last, at *path*, which really was *real*."""

    followed: FollowedFile
    source: Source
    path: str
    real: str
    size: int


@dataclass(frozen=True, slots=True, order=True)
class Look:
    """A path that has something new: what moved or turned up as a copy comes first, then what stayed, then new files.

    Logs beside QWCLog.txt come before it, so that what they tell of a run is known when the run is judged.
    """

    is_qwclog: bool
    rank: int
    stamp: str
    is_newest: bool
    path: str


def first_stamp(path: str, grammar: Grammar) -> datetime | None:
    """Return the first stamp of the log at *path*, None if it has none or cannot be read."""
    try:
        with open_shared(Path(path)) as file:
            return first_time(read_at(file, 0, 64 * HEAD), grammar)
    except OSError:
        return None

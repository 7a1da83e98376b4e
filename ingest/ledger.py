"""What became of every byte of a followed file: the entries of the ledger that a person can look at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Fate(StrEnum):
    """What became of a range of bytes."""

    READ = "read"  # and what was found in it is stored
    REREAD = "reread"  # read before; read again to rebuild what was open
    SKIPPED = "skipped"  # there, and not read as records
    LOST = "lost"  # gone before it could be read


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """The fate of bytes `begin` to `end` of one generation of a file; `end` is None where nobody can know it.

    `file` is the generation's name as in event ids, `path` where it lay. `since` is when the range began to be
    what it is, for what is lost: when the text was last seen whole; `at` is when that was noted.
    """

    file: str
    path: str
    fate: Fate
    begin: int
    end: int | None
    reason: str
    since: datetime
    at: datetime

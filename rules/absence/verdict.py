"""The types of a verdict: `Absence` is a silence as it is seen, `Verdict` is why there was one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.event import Alternative

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from rules.absence.spell import How
    from rules.event import Confidence

__all__ = ("MACHINE", "Absence", "Alternative", "MissedRuns", "Verdict")

MACHINE = "machine"
"""The scope of a silence of all that runs on a machine; any other scope is the name of an application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedRuns:
    """How many runs of one application should have begun."""

    application: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """One silence: from the last sign of life to the next one, None while it lasts.

    `turn` is the usual time between two looks at the schedule. `resumed_with_start_line` tells whether the program
    began anew afterwards, None where that is not known. `open_run` is the application whose run was under way when
    the lines stopped. `others_writing` are the applications or sources that wrote meanwhile. `caught_up_at_once` are
    the applications that began within a minute of the silence's end.
    """

    begins: datetime
    ends: datetime | None = None
    turn: timedelta | None = None
    missed: tuple[MissedRuns, ...] = ()
    resumed_with_start_line: bool | None = None
    open_run: str | None = None
    others_writing: tuple[str, ...] = ()
    caught_up_at_once: tuple[str, ...] = ()
    scope: str = MACHINE

    @property
    def missed_count(self) -> int:
        """How many runs were missed in all."""
        return sum(missed.count for missed in self.missed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why there was a silence, how sure that is, and what proves it.

    `begins` and `ends` are the true times of what is named, None where they are not known. `summary` says it in one
    sentence, and `evidence` begins with the silence itself. `is_told` is True where a signal says so; otherwise it is
    read from the log alone, and never more than likely.
    """

    cause: str
    confidence: Confidence
    evidence: tuple[str, ...]
    others: tuple[Alternative, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None
    how: How | None = None
    summary: str = ""
    is_told: bool = False

"""How commands write: colour and progress on a terminal only."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from rules.event import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOURS = {Severity.CRITICAL: "1;31", Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTICE: "36"}
_EVERY_S = 0.5
_QUIET_FOR_S = 1.0


def has_colour() -> bool:
    """Say whether standard output takes colour: a terminal, and NO_COLOR is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, severity: Severity) -> str:
    """Return *text* in the colour of *severity* where colour is wanted."""
    return f"\033[{_COLOURS[severity]}m{text}\033[0m" if has_colour() else text


def table(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """Return *rows* under *head* as aligned columns."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [head, *rows])
    return "\n".join(line.rstrip() for line in lines)


class Progress:
    """Says on a terminal how far a command is, once it takes more than a second."""

    def __init__(self, verb: str, unit: str = "MB", size: int = 1_000_000) -> None:
        self._verb, self._unit, self._size = verb, unit, size
        self._wanted = sys.stderr.isatty()
        self._began = self._told = time.monotonic()
        self._shown = False

    def reached(self, size: int) -> None:
        """Note that *size* bytes, or what else is counted, are done."""
        now = time.monotonic()
        if self._wanted and now - self._began > _QUIET_FOR_S and now - self._told > _EVERY_S:
            self._told = now
            self._shown = True
            print(f"\r{self._verb} {size / self._size:,.0f} {self._unit}", end="", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Wipe what was shown."""
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

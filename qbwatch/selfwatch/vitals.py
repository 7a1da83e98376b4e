"""What the loop leaves behind each turn for who asks from another thread how it goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

STALE_S: Final = 120.0
"""A loop that did not turn for so long stands still; a turn over a large log takes seconds."""


@dataclass(slots=True)
class Vitals:
    """Plain values, each written whole: nobody needs a lock. Seconds are of the clock that never goes back."""

    started_at: float = 0.0  # seconds since 1970
    turned_s: float | None = None
    turned_at: float = 0.0  # seconds since 1970
    turns: int = 0
    stored: int = 0  # findings and runs since the start
    is_ready: bool = False  # every source was read once to its end
    is_stored: bool = True  # the store could be written at the last turn
    canary_number: int = 0
    canary_at: float = 0.0  # seconds since 1970 when the last test line came through
    open: tuple[str, ...] = field(default=())  # causes of what is wrong with the watcher

    def is_alive(self, now_s: float) -> bool:
        """Say whether the loop turns."""
        return self.turned_s is not None and now_s - self.turned_s < STALE_S

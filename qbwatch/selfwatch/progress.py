"""Which stages of the way have moved since somebody last asked: the proof behind the sign of life."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """One stage of the way from the logs to the receivers."""

    POLLED = "sources polled"
    PARSED = "records parsed"
    COMMITTED = "store committed"
    DRAINED = "outbox drained or explained"


@dataclass(slots=True)
class Progress:
    """The stages that moved; `changes` is what the store's connection had changed by the last question."""

    turns: int = 0
    changes: int = -1
    _turns_before: int = 0

    def turned(self) -> None:
        """Note that every source that was due was looked at."""
        self.turns += 1

    def standing_still(self, *, changes: int, is_parsing: bool, is_drained: bool) -> list[Stage]:
        """Return the stages that did not move since the last call; *changes* is how much was ever stored."""
        moved = {
            Stage.POLLED: self.turns > self._turns_before,
            Stage.PARSED: is_parsing,
            Stage.COMMITTED: changes > self.changes,
            Stage.DRAINED: is_drained,
        }
        self._turns_before, self.changes = self.turns, changes
        return [stage for stage, has_moved in moved.items() if not has_moved]

"""What would move in history under other rules, summed up for a person: by cause, host and client."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qbwatch.reclassify import Kept, Verdict
    from rules.event import Event


@dataclass(slots=True)
class Move:
    """Findings that go from one cause to another; `example` is the first of them."""

    example: Event
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    clients: Counter[str | None] = field(default_factory=Counter)

    @property
    def events(self) -> int:
        """How many they are."""
        return self.hosts.total()


@dataclass(slots=True)
class Difference:
    """What a set of rules makes of history that another did not."""

    moves: dict[tuple[str, str], Move] = field(default_factory=dict)
    seen: int = 0
    kept: Counter[Kept] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """Count *verdict*."""
        self.seen += 1
        if verdict.kept:
            self.kept[verdict.kept] += 1
        if verdict.event is None or not verdict.moves:
            return
        before, after = verdict.before, verdict.event
        move = self.moves.setdefault((before.cause, after.cause), Move(before))
        move.rules[before.rule, after.rule] += 1
        move.hosts[before.host] += 1
        move.clients[before.client] += 1

    @property
    def moved(self) -> int:
        """How many findings get another cause."""
        return sum(move.events for move in self.moves.values())

    def in_order(self) -> list[tuple[str, str, Move]]:
        """Return the moves, the largest first."""
        listed = [(before, after, move) for (before, after), move in self.moves.items()]
        return sorted(listed, key=lambda one: (-one[2].events, one[0], one[1]))

    def as_json(self) -> list[dict[str, Any]]:
        """Return one object for each move, and one that sums up."""
        moves = [
            {
                "kind": "move", "from": before, "to": after, "events": move.events,
                "rules": [{"from": old, "to": new, "events": n} for (old, new), n in move.rules.most_common()],
                "hosts": dict(move.hosts.most_common()),
                "clients": [{"client": client, "events": n} for client, n in move.clients.most_common()],
                "example": {"id": move.example.id, "host": move.example.host, "message": move.example.message},
            }
            for before, after, move in self.in_order()
        ]  # fmt: skip
        kept = {reason.name.lower(): count for reason, count in sorted(self.kept.items())}
        return [*moves, {"kind": "summary", "seen": self.seen, "moved": self.moved, "kept": kept}]

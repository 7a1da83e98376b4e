"""What looks like a failure and no rule knows, from the store: grouped by template, so that a rule can be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qbwatch.history.rows import to_event
from qbwatch.telling import told_by
from qbwatch.templates import Group, Miner
from rules.draft import UNEXPLAINED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime

    from rules.event import Event

EXAMPLES = 3


@dataclass(slots=True, kw_only=True)
class Unknown:
    """One unknown failure: all stored findings of one template.

    `examples` are findings whose lines differ: the first one and the last ones.
    """

    group: Group
    codes: tuple[str, ...]
    count: int = 0
    hosts: dict[str, int] = field(default_factory=dict)
    applications: dict[str, int] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None
    examples: list[Event] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The same each time, as long as the first finding is stored."""
        return self.group.id

    @property
    def has_line(self) -> bool:
        """Whether a line of a log says it; a run without an explanation has none."""
        return any(event.rule != UNEXPLAINED for event in self.examples)

    def add(self, event: Event) -> None:
        """Count *event*, which is not older than those before it."""
        self.count += 1
        self.hosts[event.host] = self.hosts.get(event.host, 0) + 1
        name = event.application or ""
        self.applications[name] = self.applications.get(name, 0) + 1
        self.first_at = self.first_at or event.time
        self.last_at = event.time or self.last_at
        if any(example.lines == event.lines for example in self.examples):
            return
        if len(self.examples) == EXAMPLES:
            del self.examples[1]
        self.examples.append(event)


def find_unknown(connection: sqlite3.Connection, since: datetime | None = None) -> list[Unknown]:
    """Return the unknown failures of the store, the most frequent first; of those seen *since* then, if it is given.

    All history is grouped, so that a group is the same whatever is asked for.
    """
    rows = connection.execute("SELECT * FROM events WHERE cause = 'unclassified' ORDER BY time, id")
    found = group(to_event(row) for row in rows)
    if since is not None:
        found = [one for one in found if one.last_at is not None and one.last_at >= since]
    return sorted(found, key=lambda one: (-one.count, one.id))


def group(events: Iterable[Event]) -> list[Unknown]:
    """Group *events*, the oldest first."""
    miner = Miner()
    by_id: dict[str, Unknown] = {}
    for event in events:
        kind = UNEXPLAINED if event.rule == UNEXPLAINED else ",".join(event.codes)
        found = miner.put(told_by(event), kind)
        one = by_id.setdefault(found.id, Unknown(group=found, codes=event.codes))
        one.add(event)
    return list(by_id.values())

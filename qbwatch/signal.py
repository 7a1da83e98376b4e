"""A signal as it is kept: a record that tells the state of its machine, with whose machine that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedSignal:
    """A record that tells that a machine slept, woke, restarted, crashed, or whom it signed in or out.

    `id` is the same each time the same bytes are read; `source` is the path or the channel, for people.
    """

    id: str
    host: str
    client: str | None
    source: str
    record: Record

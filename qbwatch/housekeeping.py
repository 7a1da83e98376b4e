"""What the watcher does for its store while nothing else is to do: give up old rows, index the words of messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qbwatch.history import retention, words

if TYPE_CHECKING:
    from qbwatch.history.retention import Retention
    from qbwatch.history.store import Store

_EVERY = timedelta(days=1)
# So few rows at a time that who writes findings hardly waits; a day of a thousand machines is done in an hour.
_ROWS = 500
_WORDS_EVERY_S = 60.0


@dataclass(slots=True)
class Housekeeping:
    """Looks after *store*, a little at each turn; the days of `pruned` outlive a restart."""

    store: Store
    keeps: Retention
    _pruned_at: dict[str, datetime] | None = None
    _words_at: float | None = None
    _has_more: set[str] = field(default_factory=set)

    def turn(self, now_s: float, now: datetime) -> None:
        """Do at most one small thing that is due; *now_s* is the time on a clock that never goes back."""
        if self._pruned_at is None:
            told = retention.pruned_at(self.store.connection)
            self._pruned_at = {kind: datetime.fromisoformat(at) for kind, at in told.items()}
        for kind, before in retention.limits(self.keeps, now):
            last = self._pruned_at.get(kind)
            if kind in self._has_more or last is None or now - last >= _EVERY or last > now:
                self._prune(kind, before, now)
                self._pruned_at[kind] = now
                return
        if self._words_at is None or now_s - self._words_at >= _WORDS_EVERY_S:
            self._index(now_s)

    def _prune(self, kind: str, before: datetime, now: datetime) -> None:
        with self.store.transaction() as connection:
            gone = retention.prune_some(connection, kind, before, now, limit=_ROWS)
        self._has_more.discard(kind)
        if gone == _ROWS:
            self._has_more.add(kind)

    def _index(self, now_s: float) -> None:
        """Index messages; when there are more the next turn goes on."""
        has_more = False
        if words.is_behind(self.store.connection):
            with self.store.transaction() as connection:
                has_more = words.index_some(connection, _ROWS)
        self._words_at = None if has_more else now_s

"""How every source stands now, for the store and for those who look there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.source_state import SourceState, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ingest.watch import Bell, Missed
    from qbwatch.config import Source
    from qbwatch.source_looks import Seen
    from qbwatch.sources import Sources


@dataclass(slots=True)
class SourceStates:
    """Tells how every source stands, and what of that is news: of a thousand idle logs there is none."""

    sources: Sources
    bell: Bell
    missed: Missed
    hidden: str | None = None  # a file of qbwatch's own
    _told: dict[str, tuple[object, ...]] = field(default_factory=dict)  # by path: what a state is made of

    def news(self, now: datetime) -> tuple[list[SourceState], list[str]]:
        """Return what is new since the last call, and the paths that stand as they did then."""
        told, self._told = self._told, {}
        news: list[SourceState] = []
        for path, seen, source in self._known():
            made_of = self._told[path] = self._made_of(path, seen)
            if told.get(path) != made_of:
                news.append(self._state(path, seen, source, now))
        matched = {self.hidden, *(source.path for _, _, source in self._known())}
        news += [self._never_seen(source.path, now) for source in self.sources.sources if source.path not in matched]
        changed = {state.path for state in news}
        return news, [path for path in self._told if path not in changed]

    def forget(self) -> None:
        """Take everything for news again: the last was not stored."""
        self._told.clear()

    def _known(self) -> Iterator[tuple[str, Seen, Source]]:
        for path, seen in self.sources.seen.items():
            source = self.sources.source_of(path)
            if source is not None and path != self.hidden:
                yield path, seen, source

    def _made_of(self, path: str, seen: Seen) -> tuple[object, ...]:
        followed = seen.followed
        return (
            seen.standing, seen.glance, seen.problem, seen.problem_since, seen.behind_since, seen.sure,
            self.sources.source_of(path), self._hears(path), self.missed.count.get(path),
            self.sources.followed.drops.get(path), followed and (followed.checkpoint.file, followed.read_up_to),
        )  # fmt: skip

    def _hears(self, path: str) -> bool:
        return self.bell.hears(Path(path).parent)

    def _never_seen(self, path: str, now: datetime) -> SourceState:
        return SourceState(
            source=path, path=path, format=None, sure=None, standing=Standing.NEVER_SEEN, file=None, generation=None,
            offset=None, size=None, behind_since=None, last_record=None, drops=0, missed=0,
            polled_only=not self._hears(path), problem=None, problem_since=None, looked_at=now,
        )  # fmt: skip

    def _state(self, path: str, seen: Seen, source: Source, now: datetime) -> SourceState:
        state = _state(path, seen, self.sources, now)
        is_polled = not self._hears(path)
        return replace(state, source=source.path, missed=self.missed.count.get(path, 0), polled_only=is_polled)


def _state(path: str, seen: Seen, sources: Sources, now: datetime) -> SourceState:
    followed = seen.followed
    checkpoint = followed.checkpoint if followed else None
    is_behind = seen.behind_since is not None and seen.standing is Standing.FOLLOWED
    return SourceState(
        source=path,
        path=path,
        format=followed.grammar.name if followed else None,
        sure=seen.sure,
        standing=Standing.BEHIND if is_behind else seen.standing,
        file=checkpoint.file if checkpoint else None,
        generation=checkpoint.generation if checkpoint else None,
        offset=followed.read_up_to if followed else None,
        size=seen.size,
        behind_since=seen.behind_since,
        last_record=followed.last_time if followed else None,
        drops=sources.followed.drops.get(path, 0),
        missed=0,
        polled_only=False,
        problem=seen.problem,
        problem_since=seen.problem_since if seen.problem else None,
        looked_at=now,
    )

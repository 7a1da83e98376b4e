"""Windows event channels on their way to the store: read from a bookmark, kept as signals, classified."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.channels import Channel, ChannelError
from ingest.formats import windows_events
from ingest.formats.windows_record import UNPARSED
from qbwatch.signal import NotedSignal
from qbwatch.source_state import SourceState, Standing
from qbwatch.stream import Batch
from rules.classify import Findings, Where, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from ingest.record import Record
    from qbwatch.history.store import Store
    from rules.catalogue import Catalogue

log = logging.getLogger(__name__)

# Asking costs a process; what Windows notes explains failures and does not announce them.
_EVERY_S = 15.0


@dataclass(slots=True)
class _State:
    channel: Channel
    bookmark: int | None  # None before it was ever read
    looked_at: datetime | None = None
    last_record: datetime | None = None
    problem: str | None = None
    problem_since: datetime | None = None
    cleared: int = 0


@dataclass(slots=True)
class ChannelIntake:
    """Reads the channels that the configuration names and stores what they say with how far they were read."""

    names: Sequence[str]
    catalogue: Catalogue
    store: Store
    host: str
    client: str | None
    clock: Callable[[], datetime]
    open_channel: Callable[[str], Channel] = lambda name: Channel(name=name)
    on_batch: Callable[[Batch], None] = lambda _: None  # hears of what is stored
    _states: dict[str, _State] = field(default_factory=dict)
    _findings: Findings = field(init=False)
    _due_s: float | None = None

    def __post_init__(self) -> None:
        """Take up the bookmarks of the store."""
        self._findings = Findings(self.catalogue)
        self.restore()

    def restore(self) -> None:
        """Go on at the bookmarks of the store."""
        known = self.store.bookmarks() if self.names else {}
        self._states = {name: _State(self.open_channel(name), known.get(name)) for name in self.names}

    def turn(self, now_s: float, tell_from: datetime) -> int:
        """Read what is new, if it is time; return how many findings were stored.

        What a channel held before it was ever read is history: nobody is told of what is older than *tell_from*.
        """
        if not self.names or (self._due_s is not None and now_s < self._due_s):
            return 0
        self._due_s = now_s + _EVERY_S
        return sum(self._read(state, tell_from) for state in self._states.values())

    def _read(self, state: _State, tell_from: datetime) -> int:
        is_first, found, more = state.bookmark is None, 0, True
        while more:
            now = state.looked_at = self.clock()
            try:
                read = state.channel.read(state.bookmark or 0)
            except ChannelError as error:
                if state.problem != str(error):
                    log.warning("%s", error)
                    state.problem, state.problem_since = str(error), now
                return found
            state.problem, more = None, read.more
            if read.cleared:
                state.cleared += 1
                log.warning("the event log %s was cleared; it is read from its start", state.channel.name)
            if read.bookmark == state.bookmark:
                continue
            batch = self._batch(state, read.records)
            with self.store.transaction():
                self.store.put(batch, (), now, tell_from=tell_from if is_first else None)
                self.store.put_bookmark(state.channel.name, read.bookmark, now)
            self.on_batch(batch)
            state.bookmark, found = read.bookmark, found + len(batch.events)
        return found

    def _batch(self, state: _State, records: Sequence[Record]) -> Batch:
        batch, name = Batch(), state.channel.name
        for record in records:
            if record.level == UNPARSED:
                continue
            state.last_record = record.time or state.last_record
            # Numbers begin anew when a log is cleared, so they do not tell its records apart alone.
            file = f"{name}@{record.time:%Y%m%dT%H%M%S}" if record.time else name
            where = Where(host=self.host, client=self.client, source=name, file=file)
            id_ = digest(self.host, file, record.span.offset, "signal")
            batch.signals[id_] = NotedSignal(id=id_, host=self.host, client=self.client, source=name, record=record)
            for event in self._findings.add(record, where, None):
                batch.events[event.id] = event
        return batch

    def use(self, catalogue: Catalogue) -> None:
        """Classify by *catalogue* from now on."""
        self.catalogue = catalogue
        self._findings.use(catalogue)

    def states(self) -> Iterator[SourceState]:
        """Yield how every channel stands."""
        for name, state in self._states.items():
            yield SourceState(
                source=name, path=name, format=windows_events.NAME, sure=1.0,
                standing=Standing.UNREADABLE if state.problem else Standing.FOLLOWED, file=None, generation=None,
                offset=state.bookmark, size=None, behind_since=None, last_record=state.last_record,
                drops=state.cleared, missed=0, polled_only=True, problem=state.problem,
                problem_since=state.problem_since if state.problem else None,
                looked_at=state.looked_at or self.clock(),
            )  # fmt: skip

"""A machine's watch beside the intake: it hears what is stored, and what it finds is stored with what it knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from qbwatch.history import machine_rows
from qbwatch.judgement import Judgement
from qbwatch.machine import KEPT, MachineWatch
from qbwatch.machine_state import restore, state_of
from qbwatch.stream import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from qbwatch.config import Settings
    from qbwatch.history.store import Store
    from qbwatch.source_state import SourceState
    from rules.catalogue import Catalogue

# Writing down all that is known costs more than a line does. What a crash takes of it looks like a silence, so it is
# far shorter than any that is a finding.
_WRITTEN_EVERY = timedelta(seconds=5)


@dataclass(slots=True)
class MachineIntake:
    """Lets the watch hear of signs, runs, signals and sources, and stores its findings."""

    settings: Settings
    catalogue: Catalogue
    store: Store
    clock: Callable[[], datetime]
    watch: MachineWatch = field(init=False)
    _written_at: datetime | None = None
    _written: object = None  # what had been heard of by then
    _heard: int = 0

    def __post_init__(self) -> None:
        """Take up what the store knows."""
        self.restore()

    def restore(self) -> None:
        """Go on with what was stored last."""
        host, now = self.settings.host, self.clock()
        self.watch = MachineWatch(
            self.catalogue, host=host, client=self.settings.client, expected=self.settings.applications,
            overdue_after=self.settings.overdue_after,
        )  # fmt: skip
        known = machine_rows.read_machine(self.store.connection, host)
        restore(self.watch, known, machine_rows.recent_signals(self.store.connection, host, now - KEPT - KEPT))
        self._written_at = self._written = None

    def use(self, catalogue: Catalogue) -> None:
        """Tell by *catalogue* from now on."""
        self.catalogue = catalogue
        self.watch.use(catalogue)

    def hear(self, batch: Batch) -> None:
        """Take the runs and signals of *batch*, which is being stored, in its transaction."""
        for run in batch.runs.values():
            self.watch.run(run)
        for signal in batch.signals.values():
            self.watch.signal(signal.record)
        self._heard += len(batch.runs)
        now = self.clock()
        if self._is_due(now):
            self.write(now)

    def look(self, states: Iterable[SourceState]) -> None:
        """Take how sources stand."""
        for state in states:
            self.watch.source(state)
            self._heard += 1

    def turn(self, *, first_pass: bool = False, tell_from: datetime | None = None) -> Judgement:
        """Judge and store what is new; call it when all that was written is read, outside a transaction.

        At the end of the *first_pass* over a log all of its past is judged. What happened before *tell_from* is history
        that nobody is told of.
        """
        now = self.clock()
        judgement = self.watch.judge(None) if first_pass else Judgement()
        judgement.add(self.watch.judge(now))
        if not judgement.is_empty or self._is_due(now):
            with self.store.transaction():
                self.store.put(Batch(events=judgement.events), (), now, tell_from=tell_from)
                self.write(now)
        return judgement

    def write(self, now: datetime) -> None:
        """Write down what is known, inside a transaction; call it too when the watcher stops."""
        machine_rows.put_machine(self.store.connection, self.settings.host, state_of(self.watch), now)
        self._written_at, self._written = now, self._known

    @property
    def _known(self) -> object:
        last = self.watch.quiet.last
        return (self._heard, last and (last.time, last.where.file, last.span.offset))

    def _is_due(self, now: datetime) -> bool:
        """Say whether what is known has changed, and was not written just now."""
        is_late = self._written_at is None or abs(now - self._written_at) >= _WRITTEN_EVERY
        return is_late and self._known != self._written

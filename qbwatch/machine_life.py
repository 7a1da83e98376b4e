"""What a watcher knows of its machine beside what the logs say: probes, absences, second looks, notices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alerts.incident import Ending
from qbwatch.machine_intake import MachineIntake
from qbwatch.preventive_intake import PreventiveIntake
from qbwatch.probe_intake import ProbeIntake
from qbwatch.second_look import StoredSecondLook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from ingest.platform import Platform
    from qbwatch.config import Settings
    from qbwatch.history.alert_store import AlertStore
    from qbwatch.history.store import Store
    from qbwatch.judgement import Judgement, Mended
    from qbwatch.signal import NotedSignal
    from qbwatch.source_state import SourceState
    from qbwatch.stream import Batch
    from rules.catalogue import Catalogue
    from rules.event import Event


@dataclass(slots=True)
class MachineLife:
    """Asks the machine through *platform*, if there is one, and judges what the logs do not say."""

    settings: Settings
    catalogue: Catalogue
    store: Store
    alerts: AlertStore
    clock: Callable[[], datetime]
    platform: Platform | None
    folders: Callable[[], Sequence[Path]]
    logs: Callable[[], Sequence[str]]
    on_signal: Callable[[NotedSignal], None] = lambda _: None  # hears of each of the machine's own, too
    machine: MachineIntake = field(init=False)
    probes: ProbeIntake = field(init=False)
    preventive: PreventiveIntake = field(init=False)
    second: StoredSecondLook = field(init=False)

    def __post_init__(self) -> None:
        """Take up what the store knows."""
        host, client = self.settings.host, self.settings.client
        self.machine = MachineIntake(self.settings, self.catalogue, self.store, self.clock)
        self.probes = ProbeIntake(
            platform=self.platform if self.settings.probes.enabled else None, settings=self.settings.probes,
            store=self.store, host=host, client=client, folders=self.folders, on_signal=self._hear_signal,
        )  # fmt: skip
        self.preventive = PreventiveIntake(
            platform=self.probes.platform, catalogue=self.catalogue, store=self.store, host=host, client=client,
            zone=self.settings.zone, logs=self.logs,
        )  # fmt: skip
        self.second = StoredSecondLook(catalogue=self.catalogue, store=self.store, host=host)

    def restore(self) -> None:
        """Forget what was not stored."""
        self.machine.restore()

    def use(self, catalogue: Catalogue) -> None:
        """Tell by *catalogue* from now on."""
        self.catalogue = self.second.catalogue = catalogue
        self.machine.use(catalogue)
        self.preventive.use(catalogue)

    def probe(self, now_s: float) -> bool:
        """Ask the machine what is due; say whether there is something new."""
        return self.probes.turn(now_s) > 0

    def hear(self, batch: Batch) -> None:
        """Take what was stored of event channels."""
        self.machine.hear(batch)

    def look(self, states: Iterable[SourceState]) -> None:
        """Take how sources stand."""
        self.machine.look(states)

    def judge(self, *, first_pass: bool, tell_from: datetime, has_news: bool) -> bool:
        """Judge what all that was read by now leaves unsaid; say whether the alerts have something to hear.

        What ended before *tell_from* in the *first_pass* over a log is history that nobody is told of.
        """
        now = self.clock()
        judgement = self.machine.turn(first_pass=first_pass, tell_from=tell_from if first_pass else None)
        self._tell(judgement, now, tell_from if first_pass else None)
        weighed = has_news and self.second.turn(now) > 0
        self.preventive.turn(now)
        return not judgement.is_empty or weighed

    def stop(self, *, in_order: bool = True) -> None:
        """Note that the watcher ends now, whether *in_order*, and what it knows."""
        self.probes.beat(in_order=in_order)
        with self.store.transaction():
            self.machine.write(self.clock())

    def _tell(self, judgement: Judgement, now: datetime, tell_from: datetime | None) -> None:
        """Let incidents open and end in the order in which that happened."""
        if judgement.is_empty:
            return
        told = [one for one in judgement.events.values() if self._is_news(one, tell_from)]
        with self.store.transaction():
            # What was told is over before it gets its last name: so it is one incident, and not taken back.
            self._resolve(judgement.renamed, now)
            self.alerts.apply(told, (), now)
            self._resolve(judgement.mended, now)
            self._resolve(judgement.given_up, now, Ending.QUIET)

    def _resolve(self, over: Iterable[Mended], now: datetime, ending: Ending = Ending.SIGNAL) -> None:
        for one in over:
            self.alerts.resolve_mended(
                self.settings.host, one.cause, one.application, now=now, at=one.at, ending=ending
            )  # fmt: skip

    def _is_news(self, event: Event, tell_from: datetime | None) -> bool:
        """Say whether *event* is told: what lasts until now is, however long ago it began."""
        known = self.machine.watch.told.get(event.id)
        lasts = known is not None and known.until is None
        return tell_from is None or lasts or (event.time is not None and event.time >= tell_from)

    def _hear_signal(self, signal: NotedSignal) -> None:
        self.machine.watch.signal(signal.record)
        self.on_signal(signal)

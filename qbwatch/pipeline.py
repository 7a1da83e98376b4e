"""The loop: follow the sources, classify, store, plan alerts; each batch with its checkpoints in one transaction."""

from __future__ import annotations

import logging
import sqlite3
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.pace import ACTIVE_S
from ingest.watch import Bell, Missed
from qbwatch.channel_intake import ChannelIntake
from qbwatch.history.times import NEVER
from qbwatch.intake import Intake
from qbwatch.rule_reload import RuleReloader
from qbwatch.source_format import FormatChooser
from qbwatch.source_states import SourceStates
from qbwatch.source_trouble import UNREADABLE, SourceTrouble
from qbwatch.sources import Sources
from qbwatch.stream import Batch
from rules.gate import Gate, literals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from qbwatch.config import Settings
    from qbwatch.history.alert_store import AlertStore
    from qbwatch.history.store import Store
    from rules.catalogue import Catalogue

log = logging.getLogger(__name__)

# What did not change for this long is complete: alerts may speak of it. A last record may still grow.
SETTLED = timedelta(seconds=1)
# What was over a day old when it was first read is history, not news.
STALE = timedelta(days=1)
# How often the store is told how the sources stand.
_STATES_EVERY_S = 15.0


@dataclass(slots=True)
class Pipeline:
    """Everything between the files and the outbox. Only `watch` asks the clocks and listens for changes.

    What a source held before it was ever read is stored without alerts, but for what happened from `tell_from` on.
    """

    settings: Settings
    catalogue: Catalogue
    store: Store
    alerts: AlertStore
    clock: Callable[[], datetime]
    on_delivery: Callable[[], None] = lambda: None  # senders should look now
    tell_from: datetime = NEVER
    listens: bool = True  # to watchdog; polling finds the same, a little later
    sources: Sources = field(init=False)
    intake: Intake = field(init=False)
    bell: Bell = field(init=False)
    missed: Missed = field(init=False)
    trouble: SourceTrouble = field(init=False)
    rules: RuleReloader = field(init=False)
    states: SourceStates = field(init=False)
    channels: ChannelIntake = field(init=False)
    _read_once: set[str] = field(default_factory=set)  # sources whose past is stored
    _untold: bool = True  # the store may hold what the alerts have not heard of
    _plan_at: datetime | None = None
    _planned: bool = False
    _states_at: float | None = None
    _has_more: bool = False
    _stopping: bool = False

    def __post_init__(self) -> None:
        """Take up the checkpoints of the store."""
        self.bell, self.missed = Bell(), Missed()
        chooser = FormatChooser(zone=self.settings.zone, own=self.settings.formats)
        self.sources = Sources(self.settings.sources, chooser, self.clock)
        self.intake = Intake(
            settings=self.settings, catalogue=self.catalogue, gate=Gate(literals_of(self.catalogue)),
            store=self.store, sources=self.sources, clock=self.clock,
        )  # fmt: skip
        self.states = SourceStates(self.sources, self.bell, self.missed)
        self.trouble = SourceTrouble(self.settings.host, self.settings.client, self.catalogue)
        self.channels = ChannelIntake(
            names=self.settings.channels, catalogue=self.catalogue, store=self.store, host=self.settings.host,
            client=self.settings.client, clock=self.clock,
        )  # fmt: skip
        self.rules = RuleReloader(
            catalogue=self.catalogue, path=self.settings.rules, formats=[one.name for one in self.settings.formats],
            host=self.settings.host, client=self.settings.client, clock=self.clock,
        )  # fmt: skip
        self._restore()

    def _restore(self) -> None:
        self.intake.forget()
        self.sources.restore(self.store.checkpoints(), self.store.committed_at())
        self.channels.restore()
        self.states.forget()
        self._read_once = self.store.first_passes()

    def watch(self, broken: Callable[[], Sequence[tuple[str, BaseException]]] = lambda: ()) -> None:
        """Follow until `stop` is called; raise what *broken* tells ended a sender."""
        try:
            while not self._stopping:
                if self.listens:
                    self.bell.hang(self.sources.folders())
                self._turn_or_wait(time.monotonic())
                for _, error in broken():
                    raise error
                if not self._stopping and not self._has_more:
                    self.bell.wait(ACTIVE_S)
        finally:
            self.bell.take_down()

    def _turn_or_wait(self, now_s: float) -> None:
        """Turn; while somebody else holds the store, take back what was not stored and try again."""
        told = self.bell.take_told()
        self.missed.told(told, now_s)
        try:
            self.turn(now_s, told)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            log.warning("the store is held by another program; it is tried again")
            self._restore()

    def stop(self) -> None:
        """End `watch` after the present turn."""
        self._stopping = True
        self.bell.ring()

    def turn(self, now_s: float = 0.0, told: set[str] | None = None) -> int:
        """Look at the sources that are due or were *told* of, and at what else is due; say how much was stored.

        Without *told* every source is looked at. *now_s* is the time on a clock that never goes back.
        """
        before, self._has_more = self.intake.stored, False
        self._look_at_rules(now_s)
        known = {source.path for source in self.sources.sources} & self._read_once
        fresh = {source.path for source in self.sources.sources} - known
        if known:
            self._pass(known, now_s, told, tell_from=None)
        if fresh:
            # What they hold already is history; what the others wrote meanwhile is not.
            self._pass(fresh, now_s, told, tell_from=self.tell_from)
        found = self.channels.turn(now_s, self.tell_from)
        self._note_sources(now_s, fresh)
        self._untold = self._untold or found > 0 or self.intake.stored > before
        now = self.clock()
        if self._untold:
            self._tell(now)
        self._plan(now)
        return self.intake.stored - before

    def _pass(self, sources: set[str], now_s: float, told: set[str] | None, *, tell_from: datetime | None) -> None:
        for reading in self.sources.unread(now_s, told, sources):
            path = reading.path
            if told is not None and tell_from is None and path not in told and self.bell.hears(Path(path).parent):
                self.missed.found(path, now_s)
            try:
                self.intake.read(reading, tell_from)
            except OSError as error:
                self.intake.give_back(reading.followed)
                self.sources.trouble(path, error)
            self._has_more = self._has_more or reading.followed.has_more
        self.intake.end_turn(tell_from)

    def _look_at_rules(self, now_s: float) -> None:
        """Take up rules that were changed, and store what is wrong with them."""
        found = self.rules.look(now_s)
        if found.is_empty:
            return
        now = self.clock()
        if found.catalogue is not None:
            self.catalogue = self.trouble.catalogue = found.catalogue
            self.intake.use(found.catalogue)
            self.channels.use(found.catalogue)
        with self.store.transaction():
            self.store.put(Batch(events=found.events), (), now)
            for cause in found.mended:
                self.alerts.resolve_cause(self.settings.host, cause, now)
        self.rules.stored()
        self._planned, self._untold = False, True

    def _note_sources(self, now_s: float, fresh: set[str]) -> None:
        """Store how the sources stand, now and then, and what is wrong with them for long."""
        over = set() if self._has_more else fresh
        is_due = self._states_at is None or now_s - self._states_at >= _STATES_EVERY_S
        if not over and not is_due and not self.sources.has_changed:
            return
        now = self.clock()
        found, mended = self.trouble.judge(self.sources.seen, now)
        with self.store.transaction():
            for source in over:
                self.store.put_first_pass(source, now)
            self.store.put(Batch(events=found), (), now)
            news, same = self.states.news(now)
            self.store.put_states([*news, *self.channels.states()], now)
            self.store.still_stand(same, now)
            if mended:
                self.alerts.resolve_cause(self.settings.host, UNREADABLE, now)
        self._read_once |= over
        self._states_at, self.sources.has_changed = now_s, False
        self._untold = self._untold or bool(found)

    def _plan(self, now: datetime) -> None:
        """Write the deliveries that are due, if anything happened or a wait is over."""
        waits = self._planned and (self._plan_at is None or now < self._plan_at)
        if waits or self.settings.route is None:
            return
        stale = STALE if self.tell_from == NEVER else max(STALE, now - self.tell_from)
        with self.store.transaction():
            planned = self.alerts.plan(self.settings.route, now, stale_after=stale)
        self._planned, self._plan_at = True, planned.next_due
        if planned.receivers:
            self.on_delivery()

    def _tell(self, now: datetime) -> None:
        """Let the alerts hear of what is stored and did not change for a while; a kill in between loses nothing."""
        with self.store.transaction():
            before, events, runs = self.store.untold(now - SETTLED)
            if events or runs:
                self.alerts.apply(events, runs, now)
                self._planned = False
            self._untold = self.store.mark_told(before)

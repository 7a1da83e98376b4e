"""The loop: follow the sources, classify, store, plan alerts; each batch with its checkpoints in one transaction."""

from __future__ import annotations

import logging
import sqlite3
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.hold import ENDS_UNSEEN
from ingest.formats import qbwc
from ingest.pace import ACTIVE_S
from ingest.watch import Bell, Missed
from qbwatch.channel_intake import ChannelIntake
from qbwatch.history.times import NEVER
from qbwatch.housekeeping import Housekeeping
from qbwatch.intake import Intake
from qbwatch.machine_life import MachineLife
from qbwatch.rule_reload import RuleReloader
from qbwatch.selfwatch.store_trouble import may_pass
from qbwatch.source_format import FormatChooser
from qbwatch.source_states import SourceStates
from qbwatch.source_trouble import UNREADABLE, SourceTrouble
from qbwatch.sources import Sources
from qbwatch.stream import Batch
from rules.gate import Gate, literals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ingest.platform import Platform
    from qbwatch.config import Settings
    from qbwatch.history.alert_store import AlertStore
    from qbwatch.history.store import Store
    from qbwatch.selfwatch.own_watch import OwnWatch
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
    platform: Platform | None = None  # what is asked of the machine itself
    listens: bool = True  # to watchdog; polling finds the same, a little later
    own: OwnWatch | None = None  # looks at the watcher itself
    sources: Sources = field(init=False)
    intake: Intake = field(init=False)
    bell: Bell = field(init=False)
    missed: Missed = field(init=False)
    trouble: SourceTrouble = field(init=False)
    rules: RuleReloader = field(init=False)
    states: SourceStates = field(init=False)
    channels: ChannelIntake = field(init=False)
    housekeeping: Housekeeping = field(init=False)
    life: MachineLife = field(init=False)
    _read_once: set[str] = field(default_factory=set)  # sources whose past is stored
    _untold: bool = True  # the store may hold what the alerts have not heard of
    _plan_at: datetime | None = None
    _planned: bool = False
    _planned_at: datetime | None = None
    _version: int = 0  # of the store, by what others wrote into it
    _states_at: float | None = None
    _has_more: bool = False
    _stopping: bool = False
    _must_restore: bool = False

    def __post_init__(self) -> None:
        """Take up the checkpoints of the store."""
        self.bell, self.missed = Bell(), Missed()
        chooser = FormatChooser(zone=self.settings.zone, own=self.settings.formats)
        canary = self.own.canary if self.own else None
        own_sources = (canary.source,) if canary else ()
        self.sources = Sources((*self.settings.sources, *own_sources), chooser, self.clock)
        self.life = MachineLife(
            settings=self.settings, catalogue=self.catalogue, store=self.store, alerts=self.alerts, clock=self.clock,
            platform=self.platform, folders=self._folders, logs=self._connector_logs,
            on_signal=self.own.hear if self.own else lambda _: None,
        )  # fmt: skip
        self.intake = Intake(
            settings=self.settings, catalogue=self.catalogue, gate=Gate(literals_of(self.catalogue)),
            store=self.store, sources=self.sources, clock=self.clock, machine=self.life.machine, canary=canary,
        )  # fmt: skip
        hidden = self.own.hidden if self.own else None
        self.states = SourceStates(self.sources, self.bell, self.missed, hidden)
        self.housekeeping = Housekeeping(self.store, self.settings.retention)
        self.trouble = SourceTrouble(self.settings.host, self.settings.client, self.catalogue, hidden)
        self.channels = ChannelIntake(
            names=self.settings.channels, catalogue=self.catalogue, store=self.store, host=self.settings.host,
            client=self.settings.client, clock=self.clock, on_batch=self.life.hear,
        )  # fmt: skip
        self.rules = RuleReloader(
            catalogue=self.catalogue, path=self.settings.rules, formats=[one.name for one in self.settings.formats],
            host=self.settings.host, client=self.settings.client, clock=self.clock, pages=self.settings.causes_url,
        )  # fmt: skip
        self._restore()

    def _take_back(self) -> None:
        """Begin anew at what is stored, if the store lets itself be read."""
        try:
            self._restore()
        except sqlite3.OperationalError as error:
            if not may_pass(error):
                raise
            # Nothing is read until it can be: what was read and is not stored would be passed over.
            self._must_restore = True

    def _restore(self) -> None:
        self._must_restore = False
        self.intake.forget()
        self.sources.restore(self.store.checkpoints(), self.store.committed_at())
        self.channels.restore()
        self.life.restore()
        self.states.forget()
        self._read_once = self.store.first_passes()
        if self.own and self.own.hidden:
            # It has no past.
            self._read_once.add(self.own.hidden)

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
            self._end()

    def _end(self) -> None:
        """Note how this watcher ends; where the store cannot be written now, the next one finds out by itself."""
        try:
            self.life.stop(in_order=self._stopping)
        except sqlite3.OperationalError as error:
            log.warning("the end could not be noted in the store (%s)", error)

    def _turn_or_wait(self, now_s: float) -> None:
        """Turn; while somebody else holds the store, take back what was not stored and try again."""
        told = self.bell.take_told()
        self.missed.told(told, now_s)
        try:
            if self._must_restore:
                self._restore()
            self.turn(now_s, told)
            if not self._has_more:
                self.housekeeping.turn(now_s, self.clock())
        except sqlite3.OperationalError as error:
            if not may_pass(error):
                raise
            log.info("the store cannot be written (%s); it is tried again", error)
            if self.own:
                self.own.store_failed(error, now_s, self.clock())
            self._take_back()
            self._has_more = False

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
        if self.own:
            self.own.begin(now_s, self.clock())
        seen = self.life.probe(now_s)
        known = {source.path for source in self.sources.sources} & self._read_once
        fresh = {source.path for source in self.sources.sources} - known
        if known:
            self._pass(known, now_s, told, tell_from=None)
        if fresh:
            # What they hold already is history; what the others wrote meanwhile is not.
            self._pass(fresh, now_s, told, tell_from=self.tell_from)
        found = self.channels.turn(now_s, self.tell_from)
        self._note_sources(now_s, fresh)
        self._look_at_self(now_s)
        news = found > 0 or self.intake.stored > before
        # Judged in every turn: on a machine that always writes there is always something untold.
        is_judged = self._judge(fresh, has_news=seen or news)
        self._untold = self._untold or news or is_judged
        now = self.clock()
        if self._untold:
            self._tell(now)
        self._plan(now)
        return self.intake.stored - before

    def _look_at_self(self, now_s: float) -> None:
        """Look whether the watcher itself is well."""
        if self.own is None:
            return
        if broke_off := self.life.probes.take_broken():
            self.own.broke_off(broke_off, now_s, self.clock())
        self.own.vitals.is_ready = not self._has_more and self._states_at is not None
        self.own.vitals.stored = self.intake.stored
        if self.own.turn(now_s, self.clock(), self.sources.seen):
            self._planned, self._untold = False, True
        if self.own.take_moved():
            self._planned = False

    def _judge(self, fresh: set[str], *, has_news: bool) -> bool:
        """Judge what the logs leave unsaid, once all of them are read; say whether there is something to tell."""
        if self._has_more or not self.life.judge(first_pass=bool(fresh), tell_from=self.tell_from, has_news=has_news):
            return False
        self._planned = False
        return True

    def _folders(self) -> list[Path]:
        return sorted(self.sources.folders())

    def _connector_logs(self) -> list[str]:
        return [
            path for path, seen in self.sources.seen.items()
            if seen.followed is not None and seen.followed.grammar.name == qbwc.NAME and path != self.states.hidden
        ]  # fmt: skip

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
            self.life.use(found.catalogue)
            if self.own:
                self.own.use(found.catalogue)
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
            self.life.look(news)
            self.store.put_states([*news, *self.channels.states()], now)
            self.store.still_stand(same, now)
            if mended:
                self.alerts.resolve_cause(self.settings.host, UNREADABLE, now)
        self._read_once |= over
        self._states_at, self.sources.has_changed = now_s, False
        self._untold = self._untold or bool(found)

    def _plan(self, now: datetime) -> None:
        """Write the deliveries that are due, if anything happened or a wait is over."""
        if self.settings.route is None or not self._must_plan(now):
            return
        stale = STALE if self.tell_from == NEVER else max(STALE, now - self.tell_from)
        policy = self.own.policy(self.settings.alerts.policy) if self.own else None
        with self.store.transaction():
            self.alerts.resolve_quiet(ENDS_UNSEEN, now, self.settings.alerts.resolve_after)
            planned = self.alerts.plan(self.settings.route, now, stale_after=stale, policy=policy)
        self._planned, self._planned_at, self._plan_at = True, now, planned.next_due
        if planned.receivers:
            self.on_delivery()

    def _must_plan(self, now: datetime) -> bool:
        """Say whether anything happened here or by somebody's command, a wait is over, or the clock was set back."""
        version = self.store.others_wrote()
        others, self._version = version != self._version, version
        is_due = self._plan_at is not None and now >= self._plan_at
        return others or is_due or not self._planned or (self._planned_at is not None and now < self._planned_at)

    def _tell(self, now: datetime) -> None:
        """Let the alerts hear of what is stored and did not change for a while; a kill in between loses nothing."""
        with self.store.transaction():
            before, events, runs = self.store.untold(now - SETTLED)
            if events or runs:
                self.alerts.apply(events, runs, now)
                self._planned = False
            self._untold = self.store.mark_told(before)

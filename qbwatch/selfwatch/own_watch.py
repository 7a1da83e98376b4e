"""The watcher's look at itself, once each turn: what it finds is stored and told like any other finding."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from alerts.outbox import Patience
from qbwatch.history.times import NEVER, stamp
from qbwatch.selfwatch.canary import Canary, place
from qbwatch.selfwatch.deliveries import DeliveryWatch, bring_back, is_drained
from qbwatch.selfwatch.findings import (
    CANARY_LATE,
    CLOCK_JUMPED,
    NOTHING_PARSED,
    OWN,
    STORE_FAILING,
    STORE_REPLACED,
    WATCHER_CRASHED,
    OwnFindings,
)
from qbwatch.selfwatch.parsing import ParseWatch
from qbwatch.selfwatch.ping import Pinger, Sign
from qbwatch.selfwatch.progress import Progress
from qbwatch.selfwatch.store_trouble import StoreTrouble
from qbwatch.selfwatch.vitals import Vitals
from qbwatch.stream import Batch

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from alerts.hold import Policy
    from qbwatch.config import Settings
    from qbwatch.history.alert_store import AlertStore
    from qbwatch.history.store import Store
    from qbwatch.selfwatch.config_reload import ConfigReloader
    from qbwatch.selfwatch.direct_word import DirectWord
    from qbwatch.signal import NotedSignal
    from qbwatch.source_looks import Seen
    from rules.catalogue import Catalogue

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 30.0
"""Between two looks at the deliveries and at what is parsed."""

_SMALLEST_JUMP: Final = timedelta(minutes=2)
_OVER_AFTER_S: Final = 3600.0
_AHEAD: Final = Patience().longest * 2


@dataclass(slots=True)
class OwnWatch:
    """Finds what is wrong with the watcher, and tells an outside eye that nothing is.

    Times in seconds are of a clock that never goes back.
    """

    settings: Settings
    catalogue: Catalogue
    store: Store
    alerts: AlertStore
    direct: DirectWord | None = None
    reloader: ConfigReloader | None = None
    vitals: Vitals = field(default_factory=Vitals)
    trouble: StoreTrouble = field(init=False)
    findings: OwnFindings = field(init=False)
    canary: Canary | None = field(init=False)
    deliveries: DeliveryWatch = field(init=False)
    parsing: ParseWatch = field(init=False)
    pinger: Pinger | None = field(init=False)
    progress: Progress = field(default_factory=Progress)
    _over_at_s: dict[str, float] = field(default_factory=dict)  # by cause: when it is over if it does not come again
    _jumps: list[tuple[datetime, datetime]] = field(default_factory=list)
    _looked_s: float | None = None
    _pinged_s: float | None = None
    _has_moved: bool = False  # what is planned is to be planned anew

    def __post_init__(self) -> None:
        """Find nothing yet; what an earlier watcher told of itself is over until it is found again."""
        settings = self.settings.selfwatch
        self.findings = OwnFindings(self.settings.host, self.settings.client, self.catalogue)
        self.deliveries = DeliveryWatch([one.name for one in self.settings.receivers], self.findings)
        self.trouble = StoreTrouble(self.settings.store, self.findings, self.direct)
        self.parsing = ParseWatch(self.findings)
        self.pinger = Pinger(settings.ping.url) if settings.ping.url else None
        self.canary = None
        if settings.canary.enabled:
            self.canary = Canary(place(self.settings.store), settings.canary.every, self.findings)
            self.canary.prepare()
        for cause in OWN:
            if cause != STORE_REPLACED:
                self.findings.mend(cause)

    @property
    def hidden(self) -> str | None:
        """The file of our own that nobody else is to see."""
        return str(self.canary.path) if self.canary else None

    def use(self, catalogue: Catalogue) -> None:
        """Tell by *catalogue* from now on."""
        self.catalogue = self.findings.catalogue = catalogue

    def begin(self, now_s: float, now: datetime) -> None:
        """Write what is to be read in this turn."""
        if self.canary:
            self.canary.turn(now_s, now)

    def hear(self, signal: NotedSignal) -> None:
        """Take a signal of the machine's own."""
        record = signal.record
        if record.codes == ("probe/clock-step",):
            old, new = (datetime.fromisoformat(record.fields[name]) for name in ("OldTime", "NewTime"))
            self._jumps.append((old, new))

    def broke_off(self, last_alive: datetime, now_s: float, now: datetime) -> None:
        """Tell that the watcher before this one did not end in order."""
        message = f"qbwatch broke off; it was last alive at {stamp(last_alive)}. It went on where it stopped."
        self.findings.tell(WATCHER_CRASHED, "watcher", message, now)
        self._over_at_s[WATCHER_CRASHED] = now_s + _OVER_AFTER_S

    def store_failed(self, error: sqlite3.Error, now_s: float, now: datetime) -> None:
        """Tell past the store that it cannot be written."""
        self.vitals.is_stored, self.vitals.turned_s = False, now_s
        message = self.trouble.failed(error, now_s, now)
        if message:
            log.error("%s", message)
            if self.pinger:
                self.pinger.say(Sign.FAIL, message)

    def _store_is_back(self, now: datetime) -> None:
        """Keep in the history that it was away, and tell those who were told of it."""
        told, since = self.trouble.told, self.trouble.since
        if told is not None and since is not None:
            event = self.findings.event(STORE_FAILING, "store", told.message, since)
            with self.store.transaction():
                # The alerts hear of it here, and of its end, so that nobody is told twice.
                self.store.put(Batch(events={event.id: event}), (), now, tell_from=NEVER)
                self.alerts.apply([event], (), now)
                self.alerts.resolve_cause(self.settings.host, STORE_FAILING, now)
            if self.trouble.direct:
                self.trouble.direct.say_resolved(told, now)
            log.warning("the store can be written again")
        self.trouble.told = self.trouble.since = None

    def turn(self, now_s: float, now: datetime, seen: Mapping[str, Seen]) -> bool:
        """Look at what is due after a turn, and store what is new; say whether the alerts have something to hear."""
        self.progress.turned()
        if self.reloader:
            self.reloader.look(self.findings, now_s, now)
        if self.trouble.since:
            self._store_is_back(now)
        if self.canary:
            self.canary.committed(self.store.connection, now_s)
        self._tell_jumps(now_s, now)
        if self._looked_s is None or now_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = now_s
            self.deliveries.look(self.store.connection, now)
            self.parsing.look(seen, now_s, now)
            self._end_what_is_over(now_s)
        has_news = self._store(now)
        self._ping(now_s, now)
        self._note_vitals(now_s, now)
        return has_news

    def _note_vitals(self, now_s: float, now: datetime) -> None:
        vitals = self.vitals
        vitals.turned_s, vitals.turned_at, vitals.is_stored = now_s, now.timestamp(), True
        vitals.turns += 1
        vitals.open = tuple(sorted(self.findings.open)) if self.findings.open else ()
        if self.canary:
            if self.canary.came_s == now_s:
                vitals.canary_at = now.timestamp()
            vitals.canary_number = self.canary.number

    def policy(self, policy: Policy) -> Policy:
        """Return *policy*, by which others than the receiver that fails hear of that."""
        detours = self.deliveries.detours()
        return replace(policy, detours=detours) if detours else policy

    def take_moved(self) -> bool:
        """Say once that the clock was moved, so that times planned by it mean nothing any more."""
        moved, self._has_moved = self._has_moved, False
        return moved

    def _tell_jumps(self, now_s: float, now: datetime) -> None:
        for old, new in self._jumps:
            self._has_moved = True
            if new < old:
                with self.store.transaction() as connection:
                    bring_back(connection, now, _AHEAD)
            if abs(new - old) >= _SMALLEST_JUMP:
                way = "forward" if new > old else "back"
                message = f"The clock was moved {way}, from {stamp(old)} to {stamp(new)}."
                self.findings.open.pop(CLOCK_JUMPED, None)
                self.findings.tell(CLOCK_JUMPED, "clock", message, now)
                self._over_at_s[CLOCK_JUMPED] = now_s + _OVER_AFTER_S
        self._jumps.clear()

    def _end_what_is_over(self, now_s: float) -> None:
        for cause in [cause for cause, at in self._over_at_s.items() if now_s >= at]:
            del self._over_at_s[cause]
            self.findings.mend(cause)

    def _store(self, now: datetime) -> bool:
        if not self.findings.has_news:
            return False
        with self.store.transaction():
            self.store.put(Batch(events=self.findings.events), (), now)
            for cause in self.findings.mended:
                self.alerts.resolve_cause(self.settings.host, cause, now)
        self.findings.stored()
        return True

    def _ping(self, now_s: float, now: datetime) -> None:
        every_s = self.settings.selfwatch.ping.every.total_seconds()
        if self.pinger is None or (self._pinged_s is not None and now_s - self._pinged_s < every_s):
            return
        self._pinged_s = now_s
        stopped = self.progress.standing_still(
            changes=self.store.connection.total_changes,
            is_parsing=not self.findings.open.keys() & {CANARY_LATE, NOTHING_PARSED},
            is_drained=is_drained(self.store.connection, now),
        )
        told = [f"did not move: {stage}" for stage in stopped]
        self.pinger.say(Sign.FAIL if stopped else Sign.WELL, "\n".join([self._status(), *told]))

    def _status(self) -> str:
        """Say how all stands, for who looks at the last ping; nothing secret and nobody's data."""
        open_ = ", ".join(sorted(self.findings.open)) or "nothing"
        came = f"test line {self.canary.number}; " if self.canary else ""
        return f"qbwatch {version('qbwatch')} on {self.settings.host}: {came}wrong with the watcher: {open_}"

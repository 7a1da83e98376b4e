"""What `qbwatch watch` runs: the loop and all around it, put together anew when the configuration changes."""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alerts.outbox import Outbox
from ingest.platform import this_machine
from qbwatch.cli.outgoing import alert_store, senders_of, zones_of
from qbwatch.cli.settings import load_catalogue
from qbwatch.clock import utc_now
from qbwatch.config import load
from qbwatch.drill_timer import drill_timer
from qbwatch.errors import StoreError, UsageError
from qbwatch.history.alert_words import Words
from qbwatch.history.store import Store
from qbwatch.history.trouble import advice
from qbwatch.pipeline import Pipeline
from qbwatch.report_timer import report_timer
from qbwatch.selfwatch.config_reload import ConfigReloader, sight_of
from qbwatch.selfwatch.direct_word import DirectWord
from qbwatch.selfwatch.findings import STORE_REPLACED
from qbwatch.selfwatch.listener import Listener
from qbwatch.selfwatch.own_log import begin_log
from qbwatch.selfwatch.own_watch import OwnWatch
from qbwatch.selfwatch.ping import Sign
from qbwatch.selfwatch.store_trouble import is_damaged, may_pass, set_aside
from qbwatch.selfwatch.vitals import Vitals
from qbwatch.wording import worded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from qbwatch.config import Settings
    from rules.catalogue import Catalogue

log = logging.getLogger("qbwatch")

_REVIVE_EVERY_S = 5.0
# So that who stops the watcher never waits long for somebody else's lock; what is held is tried again.
_HELD_MS = 5000
# A second damage within so short a time is no accident of the file.
_DAMAGED_ONCE_S = 600.0


@dataclass(slots=True)
class Watcher:
    """Runs the loop by *settings* until stopped; takes up a changed configuration and begins a damaged store anew."""

    settings: Settings
    tell_from: datetime
    listens: bool = True
    verbose: bool = False
    greet: Callable[[Settings], None] = lambda _: None  # once all is in place
    seen: tuple[object, ...] | None = None  # what the configuration's file looked like before it was loaded
    _vitals: Vitals = field(default_factory=lambda: Vitals(started_at=utc_now().timestamp()))
    _outbox: Outbox | None = None
    _pipeline: Pipeline | None = None
    _next: Settings | None = None
    _told: list[tuple[str, str, str]] = field(default_factory=list)  # findings of ours that the next loop is to tell
    _damaged_s: float | None = None
    _revived_s: float = 0.0
    _stopping: bool = False

    def run(self) -> None:
        """Watch. Raises StoreError when the store cannot be used and waiting does not help."""
        try:
            while not self._stopping:
                try:
                    self._run_once()
                except (sqlite3.Error, StoreError) as error:
                    self._begin_anew_after(error)
                changed, self._next = self._next, None
                if changed is not None:
                    self._take_up(changed)
                elif not self._told:
                    return
        finally:
            if self._outbox:
                self._outbox.stop()

    def stop(self) -> None:
        """End after the present turn."""
        self._stopping = True
        if self._pipeline:
            self._pipeline.stop()

    def _take_up(self, settings: Settings) -> None:
        before, self.settings = self.settings, settings
        begin_log(settings.selfwatch.log, verbose=self.verbose)
        speaks_as = [(one.receivers, one.messages, one.client, one.zone) for one in (before, settings)]
        if self._outbox and speaks_as[0] != speaks_as[1]:
            self._outbox.stop()
            self._outbox = None

    def _begin_anew_after(self, error: sqlite3.Error | StoreError) -> None:
        """Set a damaged store aside, so that the next loop makes a new one; else raise."""
        store, now_s = self.settings.store, time.monotonic()
        again = self._damaged_s is not None and now_s - self._damaged_s < _DAMAGED_ONCE_S
        found = None if again or not is_damaged(error) else set_aside(store, utc_now())
        if found is not None:
            aside, written = found
            self._damaged_s = now_s
            # What happened since is news, though the new store has never seen the logs.
            self.tell_from = min(self.tell_from, written)
            if self._outbox:
                self._outbox.stop()
                self._outbox = None
            why = error.__cause__ or error
            self._told = [
                (
                    STORE_REPLACED,
                    "store",
                    f"{store} was damaged ({why}). It is kept as {aside}, and a new one was begun.",
                )
            ]
            return
        if isinstance(error, StoreError):
            raise error
        raise StoreError(
            f"{store}: the store cannot be written ({error}). {advice(error)} Nothing is lost: start qbwatch "
            "again when that is mended, and it goes on where it stopped."
        ) from error

    def _run_once(self) -> None:
        settings = self.settings
        catalogue = load_catalogue(settings.rules, settings.formats, pages=settings.causes_url)
        if self._outbox is None:
            self._outbox = Outbox(senders_of(settings))
            is_new = True
        else:
            is_new = False
        outbox, store = self._outbox, Store(settings.store)
        try:
            store.connection.execute(f"PRAGMA busy_timeout = {_HELD_MS}")
            with store.transaction():
                store.put_zone(settings.host, str(settings.zone))
            if is_new:
                outbox.start()
            self._watch(settings, catalogue, store, outbox)
        finally:
            self._pipeline = None
            store.close()

    def _watch(self, settings: Settings, catalogue: Catalogue, store: Store, outbox: Outbox) -> None:
        known = [catalogue]
        alerts = alert_store(store, settings, lambda: known[0])
        own = self._own_watch(settings, catalogue, store, outbox)
        own.alerts = alerts
        pipeline = self._pipeline = Pipeline(
            settings=settings, catalogue=catalogue, store=store, alerts=alerts, clock=utc_now, on_delivery=outbox.wake,
            tell_from=self.tell_from, listens=self.listens, platform=this_machine(), own=own,
        )  # fmt: skip
        self.greet(settings)
        self.greet = lambda _: None
        if self._stopping:
            return
        with ExitStack() as stack:
            for one in (report_timer(settings, utc_now), drill_timer(settings, utc_now), own.pinger):
                if one is not None:
                    stack.enter_context(one)
            if settings.selfwatch.listen:
                stack.enter_context(self._listener(settings))
            try:
                pipeline.watch(lambda: self._broken(outbox))
            except BaseException as error:
                if own.pinger:
                    own.pinger.say(Sign.FAIL, f"qbwatch on {settings.host} ended: {type(error).__name__}")
                raise
            if own.pinger and not self._next:
                own.pinger.say(Sign.LOG, f"qbwatch on {settings.host} was stopped")

    def _own_watch(self, settings: Settings, catalogue: Catalogue, store: Store, outbox: Outbox) -> OwnWatch:
        words = Words(
            zone=settings.zone, zones=zones_of(settings), wording=lambda incident: worded(catalogue, incident)
        )  # fmt: skip
        channels = {one.receiver: one.channel for one in outbox.senders}
        direct = DirectWord(settings.route, channels, words) if settings.route else None
        own = OwnWatch(
            settings, catalogue, store, alert_store(store, settings, lambda: catalogue), direct,
            ConfigReloader(settings, self._read, self._change, self.seen), self._vitals,
        )  # fmt: skip
        for cause, about, message in self._told:
            own.findings.tell(cause, about, message, utc_now())
        self._told = []
        return own

    def _read(self, file: Path) -> Settings:
        """Load *file* and try all that hangs on it. Raises UsageError."""
        self.seen = sight_of(file)
        found = load(file, secrets=True)
        load_catalogue(found.rules, found.formats, pages=found.causes_url)
        senders_of(found)
        if found.selfwatch.listen:
            _need_metrics()
        return found

    def _change(self, settings: Settings) -> None:
        self._next = settings
        if self._pipeline:
            self._pipeline.stop()

    def _listener(self, settings: Settings) -> Listener:
        _need_metrics()
        from qbwatch.selfwatch.metrics import Figures  # noqa: PLC0415 - an extra that only some install

        return Listener(settings.selfwatch.listen or ("127.0.0.1", 0), Figures(settings.store, self._vitals))

    def _broken(self, outbox: Outbox) -> list[tuple[str, BaseException]]:
        """Return what ended a sender for good; one that the store refused for a while is started again."""
        broken = outbox.errors()
        passing = [receiver for receiver, error in broken if may_pass(error)]
        if passing and time.monotonic() - self._revived_s >= _REVIVE_EVERY_S:
            self._revived_s = time.monotonic()
            for receiver in passing:
                outbox.revive(receiver)
        return [(receiver, error) for receiver, error in broken if not may_pass(error)]


def _need_metrics() -> None:
    try:
        import prometheus_client  # noqa: F401, PLC0415 - an extra that only some install
    except ImportError as error:
        raise UsageError(
            '[metrics] needs a package that is not installed. Run: pip install "qbwatch[metrics]"'
        ) from error

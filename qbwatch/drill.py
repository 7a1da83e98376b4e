"""A drill: a synthetic failure goes through a log, the rules, a store, the routes and the channels, and is timed.

It has a log and a store of its own beside the real store, so that nothing of it is ever counted or listed, and every
message that it sends says what it is.
"""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alerts.hold import Policy
from alerts.outbox import DeliveryState, Outbox, Patience, Sender
from alerts.receiver import spacing_of
from qbwatch import drill_log
from qbwatch.config import Source
from qbwatch.history.alert_outbox import SqlOutbox
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store, connect
from qbwatch.history.times import ALWAYS
from qbwatch.pipeline import Pipeline
from qbwatch.wording import worded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from alerts.message import Message
    from alerts.outbox import Channel, SendResult
    from alerts.route import Route
    from qbwatch.config import Settings
    from qbwatch.history.alert_outbox import DeliveryRow
    from rules.catalogue import Catalogue

LABEL: Final = "DRILL"
_SAYS: Final = "This is a drill: nothing is wrong, and there is nothing to do. A real alert would look like this."
_TURN_S: Final = 0.05
_FAILED_BEFORE: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage that was passed, and how long it took; or (None) the one that was not."""

    name: str
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of one message; `seconds` is from when it was queued to when the far side took it."""

    receiver: str
    kind: str
    state: str
    attempts: int
    reason: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """A whole drill: its stages in their order, and its messages."""

    stages: tuple[Stage, ...]
    sent: tuple[Sent, ...]
    receivers: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True when every stage was passed and every message taken."""
        stages = all(stage.seconds is not None for stage in self.stages)
        return stages and bool(self.sent) and all(one.state == DeliveryState.SENT for one in self.sent)


class Labelled:
    """A channel whose every message says that it is a drill."""

    def __init__(self, channel: Channel) -> None:
        """Send through *channel*."""
        self._channel = channel

    def send(self, message: Message) -> SendResult:
        """Send *message* with the label."""
        return self._channel.send(labelled(message))


def labelled(message: Message) -> Message:
    """Return *message* as one that says in each of its parts that it is a drill."""
    return replace(
        message,
        headline=f"{LABEL}: {message.headline}",
        explanation=f"{_SAYS} {message.explanation}".rstrip(),
        why=f"{LABEL}. {message.why}",
        forward="",
        about=tuple(replace(one, title=f"{LABEL}: {one.title}") for one in message.about),
        # Nothing of it is in the store, so there is nothing to take up.
        can_acknowledge=False,
    )


@dataclass(slots=True, kw_only=True)
class Drill:
    """One drill by the *settings*: their routes, receivers, rules and zones, and the disk that the store is on."""

    settings: Settings
    catalogue: Catalogue
    channels: Mapping[str, Channel]
    clock: Callable[[], datetime]
    timeout_s: float = 60.0
    _stages: list[Stage] = field(default_factory=list)

    def run(self) -> DrillReport:
        """Make the drill; whatever hangs is given up after the timeout."""
        with (
            tempfile.TemporaryDirectory(
                prefix="qbwatch-drill-", dir=self.settings.store.parent, ignore_cleanup_errors=True
            ) as folder,
            closing(Store(Path(folder) / "drill.db")) as store,
        ):
            log = Path(folder) / "QWCLog.txt"
            log.touch()
            pipeline = self._pipeline(log, store)
            outbox = Outbox(self._sender(name, channel, store.path) for name, channel in self.channels.items())
            pipeline.on_delivery = outbox.wake
            with outbox, closing(SqlOutbox(connect(store.path))) as deliveries:
                pipeline.turn()
                if self._fail(log, pipeline, store, deliveries):
                    self._mend(log, pipeline, store, deliveries)
                found = deliveries.deliveries(limit=1000)
        sent = tuple(_sent(one) for one in reversed(found))
        return DrillReport(
            stages=tuple(self._stages), sent=sent, receivers=tuple(dict.fromkeys(one.receiver for one in sent))
        )

    def _fail(self, log: Path, pipeline: Pipeline, store: Store, outbox: SqlOutbox) -> bool:
        self._append(log, drill_log.failing(self.clock() - _FAILED_BEFORE))
        cause = "SELECT 1 FROM events WHERE role = 'root' AND cause = ?"
        return (
            self._passes("log read, failure recognised and stored", pipeline, lambda: _has(store, cause))
            and self._passes("incident opened", pipeline, lambda: bool(pipeline.alerts.incidents()))
            and self._passes("routed and queued", pipeline, lambda: bool(outbox.deliveries(limit=1)))
            and self._passes("alert handed over", pipeline, lambda: _is_done(outbox, "opened"))
        )

    def _mend(self, log: Path, pipeline: Pipeline, store: Store, outbox: SqlOutbox) -> None:
        self._append(log, drill_log.well(self.clock()))
        live = "SELECT 1 FROM incidents WHERE state != 'resolved' AND cause = ?"
        if self._passes("recovery recognised", pipeline, lambda: not _has(store, live)):
            self._passes("all clear handed over", pipeline, lambda: _is_done(outbox, "resolved"))

    def _append(self, log: Path, text: bytes) -> None:
        with log.open("ab") as file:
            file.write(text)

    def _passes(self, name: str, pipeline: Pipeline, done: Callable[[], bool]) -> bool:
        """Turn until *done*; note how long that took."""
        began = time.monotonic()
        while not done():
            if time.monotonic() - began > self.timeout_s:
                self._stages.append(Stage(name=name, seconds=None))
                return False
            pipeline.turn(time.monotonic())
            _PAUSE.wait(_TURN_S)
        self._stages.append(Stage(name=name, seconds=round(time.monotonic() - began, 3)))
        return True

    def _pipeline(self, log: Path, store: Store) -> Pipeline:
        settings = replace(
            self.settings, sources=(Source(path=str(log), format="qbwc"),), store=store.path, channels=(),
            applications=(), route=prompt(self.settings.route) if self.settings.route else None,
        )  # fmt: skip
        zones = {one.name: one.zone for one in self.settings.receivers if one.zone}
        alerts = AlertStore(
            store.connection, settings.zone, zones=zones, wording=lambda incident: worded(self.catalogue, incident),
            policy=Policy(inhibitions=(), patient=()),
        )  # fmt: skip
        return Pipeline(
            settings=settings, catalogue=self.catalogue, store=store, alerts=alerts, clock=self.clock,
            tell_from=ALWAYS, listens=False,
        )  # fmt: skip

    def _sender(self, name: str, channel: Channel, store: Path) -> Sender:
        url = next(one.url for one in self.settings.receivers if one.name == name)
        return Sender(
            receiver=name, channel=Labelled(channel), open_store=lambda: SqlOutbox(connect(store)), clock=self.clock,
            chance=lambda: 0.5, longest_nap_s=0.1, spacing=spacing_of(url),
            patience=Patience(first=timedelta(seconds=2), give_up_after=timedelta(seconds=self.timeout_s * 0.8)),
        )  # fmt: skip


_PAUSE: Final = threading.Event()


def prompt(route: Route) -> Route:
    """Return *route* without what would make a drill wait: its times, its quiet hours, and who is asked later."""
    return replace(
        route, group_wait=timedelta(), group_interval=timedelta(), mute_time_intervals=None, active_time_intervals=None,
        escalate_to=None, routes=tuple(prompt(one) for one in route.routes),
    )  # fmt: skip


def _has(store: Store, query: str) -> bool:
    return store.connection.execute(query, (drill_log.CAUSE,)).fetchone() is not None


def _is_done(outbox: SqlOutbox, kind: str) -> bool:
    """Say whether the messages of *kind* came to an end, one way or the other; without an opening there is no other."""
    all_ = outbox.deliveries(limit=1000)
    if kind == "resolved" and not any(one.kind == kind for one in all_):
        return not any(one.kind == "opened" and one.state is DeliveryState.SENT for one in all_)
    return all(one.next_at is None for one in all_)


def _sent(row: DeliveryRow) -> Sent:
    took = (row.finished_at - row.created_at).total_seconds() if row.finished_at else None
    return Sent(
        receiver=row.receiver, kind=row.kind, state=str(row.state), attempts=row.attempts, reason=row.reason,
        seconds=round(max(took, 0.0), 3) if took is not None else None,
    )  # fmt: skip

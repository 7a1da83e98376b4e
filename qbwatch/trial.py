"""A message to try a receiver with: a labelled failure that goes the way of a real one, in a store of its own."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alerts.compose import Wording, compose
from alerts.decide import Decision, Kind, Reason
from alerts.incident import Incident, RunEnd
from alerts.lifecycle import on_event, on_run
from alerts.outbox import Sender
from alerts.route import Route
from ingest.record import Outcome
from qbwatch.history.alert_outbox import AttemptRow, DeliveryRow, SqlOutbox
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store, connect
from rules.event import Act, Confidence, Event, Role, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.message import Message
    from alerts.outbox import Channel
    from qbwatch.config import Settings

APPLICATION: Final = "qbwatch test"
KINDS: Final = tuple(Kind)

_REASONS: Final = {
    Kind.OPENED: Reason.NEW,
    Kind.CHANGED: Reason.JOINED,
    Kind.REMINDER: Reason.STILL_OPEN,
    Kind.RESOLVED: Reason.ALL_RESOLVED,
    Kind.DIGEST: Reason.HELD_BACK,
}
_WORDING: Final = Wording(
    verify=("This message is where you expect it, and its time is right.",),
    forward="This is a test of our alerts. There is nothing for you to do.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of one message of a trial, with every attempt."""

    delivery: DeliveryRow
    attempts: tuple[AttemptRow, ...]


def trial_event(settings: Settings, now: datetime, *, host: str | None = None) -> Event:
    """Return the failure that a test tells of; every part of it says that it is one."""
    return Event(
        id=f"trial-{now:%Y%m%d%H%M%S%f}-{host or settings.host}",
        time=now,
        host=host or settings.host,
        client=settings.client,
        source="test",
        format="own",
        line=1,
        offset=0,
        application=APPLICATION,
        company_file="Contoso.qbw",
        run=None,
        cause="test",
        rule="test",
        severity=Severity.ERROR,
        role=Role.ROOT,
        confidence=Confidence.PROOF,
        act=Act.OPS,
        codes=("QBWC1053",),
        message="A log's line stands here, such as QBWC1053: A modal dialog box is showing.",
        evidence=(),
        title="Test of qbwatch's alerts: nothing is wrong",
        explanation="Somebody tries whether alerts arrive here. A real one says in this place why a sync failed.",
        steps=("Check that the message reads well, on a phone too.", "Tell who sent it that it arrived."),
        links=("https://developer.intuit.com/app/developer/qbdesktop/docs/get-started",),
    )


def trial_message(settings: Settings, kind: Kind, now: datetime, zone: str = "") -> Message:
    """Return a message of *kind* as it would be composed for the receiver *zone* names, or for the host's zone."""
    known = {receiver.name: receiver.zone for receiver in settings.receivers}
    decision = Decision(kind=kind, reason=_REASONS[kind], incidents=tuple(_incidents(settings, kind, now)))
    return compose(
        decision, id="0123456789ab", thread="0123456789ab", now=now, zone=known.get(zone) or settings.zone,
        wording=lambda _: _WORDING,
    )  # fmt: skip


def sample_message(settings: Settings) -> Message:
    """Return a message with every part filled, to try templates on."""
    return trial_message(settings, Kind.OPENED, datetime(2026, 3, 10, 2, 0, 9, tzinfo=UTC))


def _incidents(settings: Settings, kind: Kind, now: datetime) -> list[Incident]:
    began = now - timedelta(minutes=20)
    hosts = [settings.host, "srv-02", "srv-03"] if kind in {Kind.CHANGED, Kind.DIGEST} else [settings.host]
    opened = [on_event(None, trial_event(settings, began, host=host), now) for host in hosts]
    incidents = [change.incident for change in opened if change]
    if kind is not Kind.RESOLVED:
        return incidents
    good = _good_run(settings, now)
    return [change.incident for change in on_run([replace(one, needs=1) for one in incidents], good, now)]


def _good_run(settings: Settings, now: datetime) -> RunEnd:
    return RunEnd(host=settings.host, application=APPLICATION, outcome=Outcome.OK, started=now, ended=now)


def try_channel(
    settings: Settings, receiver: str, channel: Channel, clock: Callable[[], datetime], *, resolve: bool
) -> list[Tried]:
    """Send a test through *channel*: event, incident, decision, message, outbox and sender, as a real alert.

    With *resolve* the all clear follows.
    """
    root = Route(receiver=receiver, group_wait=timedelta())
    zones = {one.name: one.zone for one in settings.receivers if one.zone}
    with tempfile.TemporaryDirectory(prefix="qbwatch-test-") as folder, closing(Store(Path(folder) / "t.db")) as store:
        alerts = AlertStore(store.connection, settings.zone, zones=zones, wording=lambda _: _WORDING)
        sender = Sender(
            receiver=receiver, channel=channel, open_store=lambda: SqlOutbox(connect(store.path)), clock=clock,
            chance=lambda: 0.5,
        )  # fmt: skip
        with closing(SqlOutbox(connect(store.path))) as outbox:
            now = clock()
            with store.transaction():
                alerts.apply([trial_event(settings, now)], (), now)
                alerts.plan(root, now)
            sender.drain(outbox)
            if resolve:
                # Of the same moment, the run would not count as a later one.
                later = max(clock(), now + timedelta(seconds=1))
                sender.clock = lambda: max(clock(), later)
                with store.transaction():
                    alerts.apply((), [_good_run(settings, later)], later)
                    alerts.plan(root, later)
                sender.drain(outbox)
            rows = reversed(outbox.deliveries())
            return [Tried(delivery=row, attempts=tuple(outbox.attempts(row.id))) for row in rows]

"""What commands that send or plan messages share: channels, senders, and alerts in the catalogue's words."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

from alerts.acknowledge import AckLinks
from alerts.outbox import Sender
from alerts.receiver import ReceiverError, spacing_of
from qbwatch.ack_key import ack_key
from qbwatch.cli.settings import load_catalogue
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.history.alert_outbox import SqlOutbox
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import connect
from qbwatch.wording import worded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo
    from pathlib import Path

    from alerts.channels.courier import Courier, Stationery
    from alerts.channels.slack_bot import SlackBot
    from alerts.receiver import Receiver
    from qbwatch.config import Settings
    from qbwatch.history.store import Store
    from rules.catalogue import Catalogue


def alert_store(store: Store, settings: Settings, catalogue: Callable[[], Catalogue] | None = None) -> AlertStore:
    """Return the alerts of *store* in their readers' zones and the words of *catalogue*, loaded when first needed."""

    @cache
    def loaded() -> Catalogue:
        return load_catalogue(settings.rules, settings.formats, pages=settings.causes_url)

    known = catalogue or loaded
    return AlertStore(
        store.connection, settings.zone, zones=zones_of(settings), wording=lambda incident: worded(known(), incident),
        policy=settings.alerts.policy,
    )  # fmt: skip


def zones_of(settings: Settings) -> dict[str, tzinfo]:
    """Return the zone of each receiver that has one of its own."""
    return {receiver.name: receiver.zone for receiver in settings.receivers if receiver.zone}


def stationery_of(settings: Settings) -> Stationery:
    """Return the user's templates, tried on a sample, and who signs the links. Raises UsageError."""
    from alerts.channels.courier import Stationery  # noqa: PLC0415 - only who sends needs it
    from alerts.channels.templates import TemplateFaultError, Templates  # noqa: PLC0415
    from qbwatch.trial import sample_message  # noqa: PLC0415

    pages = Templates(settings.messages.templates)
    try:
        pages.check(sample_message(settings))
    except TemplateFaultError as error:
        raise UsageError(f"{error}.") from None
    base = settings.messages.ack_url
    return Stationery(pages=pages, links=AckLinks(base=base, key=ack_key(settings.store)) if base else None)


def open_channels(settings: Settings, receivers: Iterable[Receiver]) -> dict[str, Courier | SlackBot]:
    """Open the channel of each of *receivers*. Raises UsageError that tells every fault."""
    from alerts.channels.courier import open_channel  # noqa: PLC0415 - Apprise is slow to import

    stationery = stationery_of(settings)
    channels, faults = {}, []
    for receiver in receivers:
        try:
            channels[receiver.name] = open_channel(receiver, stationery=stationery)
        except ReceiverError as error:
            faults.append(f"{settings.file}: {error}")
    if faults:
        raise UsageError("\n".join(faults))
    return channels


def senders_of(settings: Settings) -> list[Sender]:
    """Return a sender for each receiver. Raises UsageError that tells every fault."""
    if not settings.receivers:
        return []
    spacing = {receiver.name: spacing_of(receiver.url) for receiver in settings.receivers}
    return [
        Sender(
            receiver=name, channel=channel, open_store=lambda: _outbox(settings.store), clock=utc_now,
            chance=random.random, spacing=spacing[name],
        )
        for name, channel in open_channels(settings, settings.receivers).items()
    ]  # fmt: skip


def _outbox(path: Path) -> SqlOutbox:
    return SqlOutbox(connect(path))

"""Whether a message would arrive, and whether one waits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alerts.outbox import DeliveryState
from alerts.receiver import ReceiverError
from alerts.spoken import duration, plural
from qbwatch.doctor.finding import fault, fine, warning
from qbwatch.receiver_doctor import diagnose
from qbwatch.standing import overview
from qbwatch.trial import try_channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.receiver import Receiver
    from qbwatch.config import Settings
    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation

_MEANS = "Messages to it do not arrive"
_WAITED = timedelta(minutes=15)


def receivers(installation: Installation) -> Iterator[Finding]:
    """Say of every receiver whether it can be used and reached; with `sends` whether it took a test."""
    settings = installation.settings
    for receiver in settings.receivers if settings else ():
        if not receiver.url.reveal():
            yield fault(f"{receiver.name}: its URL is not known", _MEANS, "Mend what stands under: configuration")
            continue
        diagnosis = diagnose(receiver, network=installation.asks_network)
        for problem in diagnosis.problems:
            yield fault(f"{receiver.name}: {problem.what}", _MEANS, problem.do)
        if diagnosis.is_well and settings and installation.sends:
            yield _tried(receiver, settings, installation)
        elif diagnosis.is_well:
            yield fine(
                f"{receiver.name}: {f'{diagnosis.reaches} answers' if diagnosis.reaches else 'its URL can be used'}",
                f"Only a message shows that one arrives: qbwatch receivers test {receiver.name}",
            )


def _tried(receiver: Receiver, settings: Settings, installation: Installation) -> Finding:
    from alerts.channels.courier import open_channel  # noqa: PLC0415 - Apprise is slow to import

    try:
        channel = open_channel(receiver)
    except ReceiverError as error:
        return fault(f"{receiver.name}: {error.problem}", _MEANS, error.instead)
    tried = try_channel(settings, receiver.name, channel, installation.clock, resolve=False)
    failed = [one for one in tried if one.delivery.state is not DeliveryState.SENT]
    if failed or not tried:
        reason = failed[0].delivery.reason if failed else "nothing was sent"
        return fault(f"{receiver.name}: the test message was not taken ({reason})", _MEANS,
                     f"See what to do: qbwatch receivers doctor {receiver.name}")  # fmt: skip
    return fine(f"{receiver.name}: it took a test message", "Look there: it should have arrived by now")


def deliveries(installation: Installation) -> Iterator[Finding]:
    """Say whether messages wait to be sent."""
    if installation.store is None:
        return
    queues = overview(installation.store.connection, installation.now).queues
    late = [one for one in queues if installation.now - one.since > _WAITED]
    for queue in late:
        reason = f" ({queue.reason})" if queue.reason else ""
        told = plural(queue.waiting, "message")
        yield warning(f"{queue.receiver}: {told} waiting for {duration(installation.now - queue.since)}{reason}",
                      "Who should know does not know yet", f"qbwatch receivers doctor {queue.receiver}")  # fmt: skip
    if not late:
        yield fine("no message waits to be sent")

"""`qbwatch receivers`: who is told; list them, send a test, see what is wrong."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.outbox import DeliveryState
from alerts.receiver import ReceiverError
from alerts.secrecy import quiet_transports
from qbwatch.cli.opened import as_json
from qbwatch.cli.outgoing import open_channels, stationery_of
from qbwatch.cli.output import table
from qbwatch.cli.settings import load_settings
from qbwatch.clock import utc_now
from qbwatch.config import unused_receivers
from qbwatch.errors import UsageError
from qbwatch.trial import KINDS, trial_message, try_channel

if TYPE_CHECKING:
    import argparse

    from alerts.receiver import Receiver
    from qbwatch.config import Settings
    from qbwatch.receiver_doctor import Diagnosis
    from qbwatch.trial import Tried


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions."""
    parser.set_defaults(run=_list)
    parser.add_argument("--json", action="store_true", help="one JSON object a receiver")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listed = actions.add_parser("list", help="list the receivers", description="list the receivers")
    listed.add_argument("--json", action="store_true", help="one JSON object a receiver")
    listed.set_defaults(run=_list)
    told = "send a labelled test the way of a real alert, or write it to a file"
    test = actions.add_parser("test", help=told, description=told)
    test.add_argument("name", nargs="?", help="the receiver's name")
    test.add_argument("--all", action="store_true", help="every receiver")
    test.add_argument("--resolve", action="store_true", help="send the all clear after it")
    test.add_argument("--preview", type=Path, metavar="FILE", help="send nothing: write what would be sent to FILE; "
                      "its ending says what, such as .html or .eml of a mail, .json of a card")  # fmt: skip
    test.add_argument("--kind", choices=[str(kind) for kind in KINDS], default="opened",
                      help="which message a preview shows (default: opened)")  # fmt: skip
    test.add_argument("--json", action="store_true", help="one JSON object a message")
    test.set_defaults(run=_test)
    told = "look for what keeps messages from arriving, and say what to do"
    doctor = actions.add_parser("doctor", help=told, description=told)
    doctor.add_argument("name", nargs="?", help="one receiver alone")
    doctor.add_argument("--offline", action="store_true", help="look at the URLs alone, connect to nothing")
    doctor.add_argument("--json", action="store_true", help="one JSON object a receiver")
    doctor.set_defaults(run=_doctor)


def _list(options: argparse.Namespace) -> int:
    settings = load_settings(options.config, secrets=False)
    unused = unused_receivers(settings)
    rows = [
        {"name": one.name, "timezone": str(one.zone or settings.zone), "routed": one.name not in unused}
        for one in settings.receivers
    ]
    if options.json:
        for row in rows:
            print(json.dumps(row))
    elif rows:
        told = [(str(row["name"]), str(row["timezone"]), "yes" if row["routed"] else "no route") for row in rows]
        print(table(told, ("NAME", "TIMES IN", "ROUTED")))
    else:
        print("No [[receiver]] is configured: nobody is told.")
    return 0


def _named(settings: Settings, name: str | None, *, every: bool) -> list[Receiver]:
    if every == bool(name):
        raise UsageError("name one receiver, or write --all. See: qbwatch receivers list")
    found = [one for one in settings.receivers if every or one.name == name]
    if not found:
        known = ", ".join(one.name for one in settings.receivers) or "none"
        raise UsageError(f'{settings.file}: no [[receiver]] is called "{name}" (known: {known}).' if name else
                         f"{settings.file}: no [[receiver]] is configured. Add one with its name and url.")  # fmt: skip
    return found


def _test(options: argparse.Namespace) -> int:
    quiet_transports()
    settings = load_settings(options.config, secrets=True)
    receivers = _named(settings, options.name, every=options.all)
    if options.preview:
        return _preview(options, settings, receivers)
    failed = 0
    for name, channel in open_channels(settings, receivers).items():
        for tried in try_channel(settings, name, channel, utc_now, resolve=options.resolve):
            failed += tried.delivery.state is not DeliveryState.SENT
            print(json.dumps(_as_json(tried)) if options.json else _told(tried))
    return 1 if failed else 0


def _as_json(tried: Tried) -> dict[str, object]:
    return {**as_json(tried.delivery), "tries": [as_json(attempt) for attempt in tried.attempts]}


def _told(tried: Tried) -> str:
    row = tried.delivery
    lines = [f"{row.receiver}: {row.kind} {row.state} (message {row.id})"]
    for one in tried.attempts:
        took = f" after {(one.ended_at - one.started_at).total_seconds():.1f} s" if one.ended_at else ""
        lines.append(f"  attempt {one.attempt}: {one.outcome}{took}, {one.reason}")
    if row.state is DeliveryState.UNKNOWN:
        lines.append("  Look there: it may have arrived. A real alert is sent again, with the same id in its text.")
    elif row.state is not DeliveryState.SENT:
        lines.append(f"  See what to do: qbwatch receivers doctor {row.receiver}")
    return "\n".join(lines)


def _preview(options: argparse.Namespace, settings: Settings, receivers: list[Receiver]) -> int:
    from alerts.channels.courier import open_channel  # noqa: PLC0415 - Apprise is slow to import
    from alerts.channels.templates import TemplateFaultError  # noqa: PLC0415
    from alerts.decide import Kind  # noqa: PLC0415

    if len(receivers) > 1:
        raise UsageError("a preview is of one receiver. Name it")
    [receiver] = receivers
    message = trial_message(settings, Kind(options.kind), utc_now(), receiver.name)
    try:
        made = open_channel(receiver, stationery=stationery_of(settings)).preview(message)
    except (ReceiverError, TemplateFaultError) as error:
        raise UsageError(f"{settings.file}: {error}") from None
    text = made.get(options.preview.suffix.lower())
    if text is None:
        raise UsageError(f"{options.preview}: for this receiver the file must end in {' or '.join(made)}.")
    try:
        options.preview.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{options.preview}: the preview cannot be written ({error.strerror}).") from error
    print(f"{options.preview} holds what {receiver.name} would get. Nothing was sent.")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from qbwatch.receiver_doctor import diagnose  # noqa: PLC0415 - only this action needs it

    quiet_transports()
    settings = load_settings(options.config, secrets=True)
    receivers = _named(settings, options.name, every=not options.name)
    stationery_of(settings)
    found = [diagnose(one, network=not options.offline) for one in receivers]
    for one in found:
        print(json.dumps({**asdict(one), "is_well": one.is_well}) if options.json else _shown(one))
    return 0 if all(one.is_well for one in found) else 1


def _shown(one: Diagnosis) -> str:
    if one.is_well:
        reached = f"{one.reaches} answers" if one.reaches else "the URL can be used"
        return f"{one.receiver}: {reached}. To see a message arrive: qbwatch receivers test {one.receiver}"
    lines = [line for problem in one.problems for line in (f"  {problem.what}.", f"    {problem.do}.")]
    return "\n".join([f"{one.receiver} ({one.scheme}://):", *lines])

"""`qbwatch watch`: follow, classify, store and alert until stopped."""

from __future__ import annotations

import logging
import random
import signal
import sqlite3
from typing import TYPE_CHECKING

from alerts.outbox import Outbox, Sender
from alerts.receiver import ReceiverError
from alerts.secrecy import quiet_transports
from qbwatch.cli.settings import load_catalogue, load_settings
from qbwatch.clock import utc_now
from qbwatch.config import unused_receivers
from qbwatch.errors import StoreError, UsageError
from qbwatch.history.alert_outbox import SqlOutbox
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store, connect
from qbwatch.history.times import ALWAYS, NEVER, moment_of
from qbwatch.pipeline import Pipeline
from qbwatch.source_paths import matches

if TYPE_CHECKING:
    import argparse
    from datetime import datetime
    from pathlib import Path

    from qbwatch.config import Settings

log = logging.getLogger("qbwatch")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = "Ctrl-C or SIGTERM ends it; it goes on where it stopped. Exit codes: 0 stopped, 2 could not go on."
    past = parser.add_mutually_exclusive_group()
    past.add_argument(
        "--from-start",
        action="store_true",
        help="alert also of what the logs hold when they are read for the first time",
    )
    past.add_argument(
        "--since", metavar="TIME", help='the same, but only of what happened since TIME, such as "2d" or 2026-03-10'
    )
    parser.add_argument(
        "--poll", action="store_true", help="find changes by polling alone, without the system's notices"
    )
    parser.add_argument("--verbose", action="store_true", help="say more of what it does")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Watch until told to stop."""
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    quiet_transports()
    tell_from = _tell_from(options)
    settings = load_settings(options.config, secrets=True)
    catalogue = load_catalogue(settings.rules, settings.formats)
    outbox = Outbox(_senders(settings))
    store = Store(settings.store)
    pipeline = Pipeline(
        settings=settings, catalogue=catalogue, store=store,
        alerts=AlertStore(store.connection, settings.zone), clock=utc_now, on_delivery=outbox.wake,
        tell_from=tell_from, listens=not options.poll,
    )  # fmt: skip
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: pipeline.stop())
    _greet(settings)
    try:
        with outbox:
            pipeline.watch(outbox.errors)
    except sqlite3.Error as error:
        raise StoreError(f"{settings.store}: the store cannot be written ({error}). Nothing is lost: start qbwatch "
                         "again when that is mended, and it goes on where it stopped.") from error  # fmt: skip
    finally:
        store.close()
    return 0


def _tell_from(options: argparse.Namespace) -> datetime:
    if options.from_start:
        return ALWAYS
    try:
        return moment_of(options.since, utc_now()) if options.since else NEVER
    except ValueError as error:
        raise UsageError(f"--since: {error}.") from error


def _senders(settings: Settings) -> list[Sender]:
    from alerts.channels.courier import open_channel  # noqa: PLC0415 - Apprise is slow to import

    senders, faults = [], []
    for receiver in settings.receivers:
        try:
            channel = open_channel(receiver)
        except ReceiverError as error:
            faults.append(str(error))
            continue
        senders.append(
            Sender(
                receiver=receiver.name, channel=channel, open_store=lambda: _outbox(settings.store),
                clock=utc_now, chance=random.random,
            )
        )  # fmt: skip
    if faults:
        raise UsageError("\n".join(f"{settings.file}: {fault}" for fault in faults))
    return senders


def _outbox(path: Path) -> SqlOutbox:
    return SqlOutbox(connect(path))


def _greet(settings: Settings) -> None:
    found = {path for source in settings.sources for path in matches(source.path)}
    print(
        f"qbwatch watches {len(found)} log(s) on {settings.host}; what it finds goes to {settings.store}.",
        flush=True,
    )
    if not settings.receivers:
        print("No [[receiver]] is configured: failures are stored, and nobody is told.", flush=True)
    for name in unused_receivers(settings):
        print(f'No route leads to the receiver "{name}"; it is told nothing.', flush=True)
    for source in settings.sources:
        if not matches(source.path):
            print(f"Nothing matches {source.path} yet; it is looked for again and again.", flush=True)

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
from qbwatch.pipeline import Pipeline
from qbwatch.sources import Sources

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from qbwatch.config import Settings

log = logging.getLogger("qbwatch")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = "Ctrl-C or SIGTERM ends it; it goes on where it stopped. Exit codes: 0 stopped, 2 could not go on."
    parser.add_argument("--verbose", action="store_true", help="say more of what it does")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Watch until told to stop."""
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    quiet_transports()
    settings = load_settings(options.config, secrets=True)
    catalogue = load_catalogue(settings.rules)
    outbox = Outbox(_senders(settings))
    store = Store(settings.store)
    pipeline = Pipeline(
        settings=settings, catalogue=catalogue, store=store,
        alerts=AlertStore(store.connection, settings.zone), clock=utc_now, on_delivery=outbox.wake,
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
    found = Sources(settings.sources).paths()
    print(
        f"qbwatch watches {len(found)} log(s) on {settings.host}; what it finds goes to {settings.store}.",
        flush=True,
    )
    if not settings.receivers:
        print("No [[receiver]] is configured: failures are stored, and nobody is told.", flush=True)
    for name in unused_receivers(settings):
        print(f'No route leads to the receiver "{name}"; it is told nothing.', flush=True)
    for source in settings.sources:
        if not Sources((source,)).paths():
            print(f"Nothing matches {source.path} yet; it is looked for again and again.", flush=True)

"""`qbwatch watch`: follow, classify, store and alert until stopped."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from alerts.secrecy import quiet_transports
from qbwatch.cli.settings import load_settings
from qbwatch.cli.watching import Watcher
from qbwatch.clock import utc_now
from qbwatch.config import unused_receivers
from qbwatch.errors import UsageError
from qbwatch.history.times import ALWAYS, NEVER, moment_of
from qbwatch.one_watcher import alone_on
from qbwatch.places import config_file
from qbwatch.selfwatch.config_reload import sight_of
from qbwatch.selfwatch.own_log import begin_log
from qbwatch.source_paths import matches

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from qbwatch.config import Settings


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
    quiet_transports()
    tell_from = _tell_from(options)
    seen = sight_of(options.config or config_file())
    settings = load_settings(options.config, secrets=True)
    begin_log(settings.selfwatch.log, verbose=options.verbose)
    watcher = Watcher(
        settings, tell_from, listens=not options.poll, verbose=options.verbose, greet=_greet, seen=seen
    )  # fmt: skip
    with alone_on(settings.store):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: watcher.stop())
        watcher.run()
    return 0


def _tell_from(options: argparse.Namespace) -> datetime:
    if options.from_start:
        return ALWAYS
    try:
        return moment_of(options.since, utc_now()) if options.since else NEVER
    except ValueError as error:
        raise UsageError(f"--since: {error}.") from error


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

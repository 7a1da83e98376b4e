"""`qbwatch scan`: classify logs once and print what was found."""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.formats import format_names
from ingest.local_time import LocalClock
from qbwatch.application_config import OVERDUE_AFTER
from qbwatch.cli.output import Progress, paint
from qbwatch.cli.settings import load_catalogue, load_settings_if_any
from qbwatch.clock import utc_now
from qbwatch.contract import event_line, run_line, summary_line
from qbwatch.errors import UsageError
from qbwatch.history.times import NEVER
from qbwatch.scan import KnownFile, Scan, Summary
from qbwatch.scan_files import HowToRead, LogFile, Unusable, find_logs
from qbwatch.stream import Batch
from qbwatch.this_host import host_name
from rules.event import ALSO_POSSIBLE, NEAR_IT, Role
from rules.gate import Gate, literals_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from qbwatch.config import Settings
    from qbwatch.history.store import Store
    from qbwatch.stream import FinishedRun
    from rules.event import Event

# No block of a log, nor what is made of it, is larger; nothing is written there, so it takes no memory.
_LARGER_THAN_ANY = 16 << 20
# Every transaction waits for the disk.
_STORED_AT_ONCE = 2000
_MORE = """\
PATH is a log, a folder, a .gz, a .zip or - for standard input. The logs in one folder are taken as one
machine's; each subfolder is another machine.

Exit codes: 0 no failure, 1 at least one root event of severity warning or above, 2 could not do what was asked."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _MORE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--json", action="store_true", help="one JSON object a line: events, runs, a summary")
    parser.add_argument(
        "--host",
        metavar="NAME",
        help="whose logs they are (default: from the configuration, else this machine)",
    )
    parser.add_argument("--client", metavar="NAME", help="whose machine it is")
    parser.add_argument("--format", metavar="NAME", default="auto", action=_OfFormats)
    parser.add_argument(
        "--timezone", metavar="ZONE", help="where the machine stands, such as America/New_York: for logs in local time"
    )
    parser.add_argument(
        "--together",
        action="store_true",
        help="take all PATHs as one machine's, wherever they lie",
    )
    parser.add_argument("--rules", type=Path, metavar="FOLDER", help="your own rules, beside the shipped ones")
    parser.add_argument("--db", type=Path, metavar="FILE", help="keep what was found in this store")
    parser.add_argument("--all", action="store_true", help="list healthy runs and echoes too")
    parser.set_defaults(run=run)


class _OfFormats(argparse.Action):
    """Takes a format's name. Its help names them all, and they are only loaded for somebody who reads it."""

    def __call__(self, _: argparse.ArgumentParser, into: argparse.Namespace, name: Any, __: str | None = None) -> None:
        """Note the *name*."""
        setattr(into, self.dest, name)

    @property
    def help(self) -> str:
        """What the option is for."""
        names = ", ".join(format_names())
        return (
            f"how to read the logs (default: told from content); one of {names}, or a [[format]] of your configuration"
        )

    @help.setter  # noqa: A003 - argparse asks for it by this name
    def help(self, _: str | None) -> None:
        """Keep to what it says."""


def run(options: argparse.Namespace) -> int:
    """Scan and print."""
    settings = load_settings_if_any(options.config)
    catalogue = load_catalogue(
        options.rules or (settings.rules if settings else None), settings.formats if settings else (),
        pages=settings.causes_url if settings else None,
    )  # fmt: skip
    client = options.client or (settings.client if settings else None)
    how = _how(options, settings)
    faults: list[str] = []
    progress = Progress("scanned")
    scan = Scan(
        catalogue=catalogue,
        gate=Gate(literals_of(catalogue)),
        host=options.host or (settings.host if settings else host_name()),
        client=client,
        on_error=lambda name, why: faults.append(f"{name}: reading broke off ({why})"),
        on_damage=lambda name, what: print(f"qbwatch: {name}: {what}.", file=sys.stderr),
        on_progress=progress.reached,
        summary=Summary(),
        together=options.together,
        expected=settings.applications if settings else (),
        overdue_after=settings.overdue_after if settings else OVERDUE_AFTER,
    )
    _keep_memory()
    began = time.perf_counter()
    with ExitStack() as keep:
        store = _store(options.db, keep) if options.db else None
        if store and (options.timezone or settings):
            _place(store, scan.host, options.timezone or str(settings.zone if settings else ""))
        scan.known = [KnownFile(one) for one in store.checkpoints()] if store else ()
        batches = scan.run(_usable(options.paths, how, keep, faults))
        for batch in _keeping(batches, store) if store else batches:
            _print_batch(batch, options)
    scan.summary.seconds = time.perf_counter() - began
    progress.done()
    _print_summary(scan.summary, options)
    _tell_of_zones(scan.summary)
    return _close(scan.summary, faults)


def _keep_memory() -> None:
    """Tell Python and the C library that this process goes through much memory again and again, and soon ends."""
    # The rules are many objects and stay; looking through them for garbage again and again takes a tenth of the time.
    gc.freeze()
    # glibc gives large pieces back to the system each time. Once a larger one was let go, it keeps them for the next.
    bytes(_LARGER_THAN_ANY)


def _tell_of_zones(summary: Summary) -> None:
    names = summary.without_zone
    if names:
        which = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        print(
            f"qbwatch: {which}: the times are local, and nothing tells in which zone, so they are left out and the "
            "findings cannot be tied to runs. Name it, such as --timezone America/New_York.",
            file=sys.stderr,
        )


def _store(path: Path, keep: ExitStack) -> Store:
    from qbwatch.cli.opened import open_store  # noqa: PLC0415 - only with --db

    return keep.enter_context(open_store(path))


def _place(store: Store, host: str, zone: str) -> None:
    with store.transaction(rolls_up=False):
        store.put_zone(host, zone)


def _how(options: argparse.Namespace, settings: Settings | None) -> HowToRead:
    """Return how the logs are to be read. Raises UsageError for a format or a zone that there is not."""
    own = settings.formats if settings else ()
    if options.format != "auto" and options.format not in format_names(own):
        raise UsageError(
            f'--format: "{options.format}" is no format. Write one of: auto, {", ".join(format_names(own))}'
        )
    zone: tzinfo | None = settings.zone if settings else None
    if options.timezone:
        try:
            zone = ZoneInfo(options.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise UsageError(
                f'--timezone: "{options.timezone}" is no time zone. Write an IANA name such as America/New_York'
            ) from error
    return HowToRead(format=options.format, own=own, clock=LocalClock(zone=zone))


def _usable(paths: list[str], how: HowToRead, keep: ExitStack, faults: list[str]) -> Iterator[LogFile]:
    for found in find_logs(paths, how, keep):
        if isinstance(found, Unusable):
            if found.asked:
                faults.append(f"{found.name}: {found.why}")
            continue
        yield found


def _close(summary: Summary, faults: list[str]) -> int:
    for fault in faults:
        print(f"qbwatch: {fault}.", file=sys.stderr)
    if faults:
        return 2
    return 1 if summary.alarming else 0


def _keeping(batches: Iterator[Batch], store: Store) -> Iterator[Batch]:
    held = Batch()
    for batch in batches:
        held.add(batch)
        if len(held.runs) + len(held.events) >= _STORED_AT_ONCE:
            _keep(held, store)
            held = Batch()
        yield batch
    _keep(held, store)
    store.roll_up()


def _keep(batch: Batch, store: Store) -> None:
    with store.transaction(rolls_up=False):
        store.put(batch, (), utc_now(), tell_from=NEVER)


def _print_batch(batch: Batch, options: argparse.Namespace) -> None:
    if options.json:
        for event in batch.events.values():
            print(json.dumps(event_line(event), ensure_ascii=False))
        for finished in batch.runs.values():
            print(json.dumps(run_line(finished), ensure_ascii=False))
        return
    roots = [event for event in batch.events.values() if event.role is Role.ROOT or options.all]
    for event in sorted(roots, key=lambda e: (e.source, e.offset)):
        _print_event(event)
    if options.all:
        for finished in batch.runs.values():
            _print_run(finished)


def _print_event(event: Event) -> None:
    when = event.time.strftime("%Y-%m-%d %H:%M:%SZ") if event.time else "at an unknown time"
    echo = " (echo)" if event.role is Role.ECHO else ""
    print(f"{paint(event.severity.value.upper(), event.severity)}{echo}  {event.title}")
    print(f"    {when}  {event.application or 'no application'}  {event.source}:{event.line}")
    print(f"    {event.cause}, {event.confidence}: {event.message}")
    for line in event.evidence:
        if line.startswith((NEAR_IT, ALSO_POSSIBLE)):
            print(f"    {line}")
    if event.role is Role.ROOT:
        for number, step in enumerate(event.steps, 1):
            print(f"    {number}. {step}")
        if event.link:
            print(f"    {event.link}")
    print()


def _print_run(finished: FinishedRun) -> None:
    run_, started = finished.run, finished.run.started
    when = started.strftime("%Y-%m-%d %H:%M:%SZ") if started else "start unknown"
    print(f"run  {when}  {run_.application or 'unknown application'}  {run_.outcome}  {finished.cause or ''}".rstrip())


def _print_summary(summary: Summary, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(summary_line(summary)))
        return
    print(
        f"{summary.files} files, {summary.records} records, {summary.runs} runs: {summary.root_events} failures, "
        f"{summary.unclassified} unclassified ({summary.bytes / 1e6:.1f} MB in {summary.seconds:.2f} s)"
    )

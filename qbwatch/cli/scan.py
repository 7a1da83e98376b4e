"""`qbwatch scan`: classify logs once and print what was found."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.cli.output import Progress, paint
from qbwatch.cli.settings import load_catalogue, load_settings_if_any
from qbwatch.clock import utc_now
from qbwatch.contract import event_line, run_line, summary_line
from qbwatch.scan import Scan, Summary
from qbwatch.scan_files import FORMATS, LogFile, Unusable, find_logs
from qbwatch.this_host import host_name
from rules.event import Role
from rules.gate import Gate, literals_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.history.store import Store
    from qbwatch.stream import Batch, FinishedRun
    from rules.event import Event

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
    parser.add_argument(
        "--format", choices=FORMATS, default="auto", help="how to read the logs (default: told from content)"
    )
    parser.add_argument("--rules", type=Path, metavar="FOLDER", help="your own rules, beside the shipped ones")
    parser.add_argument("--db", type=Path, metavar="FILE", help="keep what was found in this store")
    parser.add_argument("--all", action="store_true", help="list healthy runs and echoes too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Scan and print."""
    settings = load_settings_if_any(options.config)
    catalogue = load_catalogue(options.rules or (settings.rules if settings else None))
    client = options.client or (settings.client if settings else None)
    faults: list[str] = []
    progress = Progress("scanned")
    scan = Scan(
        catalogue=catalogue,
        gate=Gate(literals_of(catalogue)),
        host=options.host or (settings.host if settings else host_name()),
        client=client,
        on_error=lambda name, why: faults.append(f"{name}: reading broke off ({why})"),
        on_progress=progress.reached,
        summary=Summary(),
    )
    began = time.perf_counter()
    with ExitStack() as keep:
        store = _store(options.db, keep) if options.db else None
        scan.known = store.checkpoints() if store else ()
        batches = scan.run(_usable(options, keep, faults))
        for batch in _keeping(batches, store) if store else batches:
            _print_batch(batch, options)
    scan.summary.seconds = time.perf_counter() - began
    progress.done()
    _print_summary(scan.summary, options)
    return _close(scan.summary, faults)


def _store(path: Path, keep: ExitStack) -> Store:
    from qbwatch.cli.opened import open_store  # noqa: PLC0415 - only with --db

    return keep.enter_context(open_store(path))


def _usable(options: argparse.Namespace, keep: ExitStack, faults: list[str]) -> Iterator[LogFile]:
    for found in find_logs(options.paths, options.format, keep):
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
    for batch in batches:
        with store.transaction():
            store.put(batch, (), utc_now(), tell=False)
        yield batch


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

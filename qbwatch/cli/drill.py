"""`qbwatch drill`: send a labelled synthetic failure the whole way, and say how long each stage took."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from alerts.secrecy import quiet_transports
from qbwatch.cli.opened import open_store, when
from qbwatch.cli.outgoing import open_channels
from qbwatch.cli.output import table
from qbwatch.cli.settings import load_catalogue, load_settings
from qbwatch.clock import utc_now
from qbwatch.drill import LABEL, Drill
from qbwatch.drill_timer import is_due
from qbwatch.errors import UsageError
from qbwatch.history.drill_rows import DrillRow, last_drill, put_drill

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from qbwatch.config import Settings
    from qbwatch.drill import DrillReport


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = (
        "Write a failure into a log of its own, and let it go through the rules, a store, your routes and your "
        f"channels, as a real one would; then let it recover. Every message says {LABEL}. Nothing of it is counted "
        "or listed."
    )
    parser.epilog = "Exit codes: 0 every message was taken, 1 something did not go through, 2 wrong configuration."
    parser.add_argument("--due", action="store_true", help="only if [drill] weekly asks for one that was not made yet")
    parser.add_argument("--last", action="store_true", help="make none: show what became of the last one")
    parser.add_argument("--client", metavar="NAME", help="as if it were this client's machine, to try their route")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make a drill."""
    settings = load_settings(options.config, secrets=not options.last)
    if options.last:
        return _last(options, settings)
    if settings.route is None:
        raise UsageError(f"{settings.file}: no [route] says who is told. Add a [[receiver]] and a [route].")
    began = utc_now()
    with open_store(settings.store) as store, store.transaction():
        if options.due and not is_due(store.connection, settings.drill, began):
            return 0
    quiet_transports()
    report = Drill(
        settings=replace(settings, client=options.client or settings.client),
        catalogue=load_catalogue(settings.rules, settings.formats, pages=settings.causes_url),
        channels=open_channels(settings, settings.receivers),
        clock=utc_now,
    ).run()
    row = DrillRow(at=began, passed=report.passed, report=_as_json(report))
    with open_store(settings.store) as store, store.transaction():
        put_drill(store.connection, row)
    return _show(options, settings, row)


def _last(options: argparse.Namespace, settings: Settings) -> int:
    with open_store(settings.store) as store:
        row = last_drill(store.connection)
    if row is None or row.passed is None:
        print("{}" if options.json else "No drill was made yet.")
        return 0
    return _show(options, settings, row)


def _as_json(report: DrillReport) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(asdict(report)))
    return read


def _show(options: argparse.Namespace, settings: Settings, row: DrillRow) -> int:
    if options.json:
        print(json.dumps({"at": row.at.isoformat(), "passed": row.passed, **row.report}))
    else:
        print(f"Drill of {when(row.at, settings)}: {'passed' if row.passed else 'NOT passed'}.")
        print("\n".join(_told(row.report)))
    return 0 if row.passed else 1


def _told(report: Mapping[str, Any]) -> list[str]:
    stages = [(str(one["name"]), _seconds(one["seconds"])) for one in report["stages"]]
    lines = [table(stages, ("STAGE", "TOOK"))]
    sent = [
        (str(one["receiver"]), str(one["kind"]), str(one["state"]), _seconds(one["seconds"]), str(one["reason"] or ""))
        for one in report["sent"]
    ]
    if sent:
        lines += ["", table(sent, ("RECEIVER", "MESSAGE", "STATE", "TOOK", "RESULT"))]
    return lines


def _seconds(value: object) -> str:
    return f"{value:.2f} s" if isinstance(value, int | float) else "never came"

"""`qbwatch status`: how every application, incident, log and receiver stands, the worst first."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from alerts.spoken import duration
from qbwatch.cli.named_store import add_store, open_named_store
from qbwatch.cli.opened import as_json, at_least_one
from qbwatch.cli.output import paint, table
from qbwatch.clock import utc_now
from qbwatch.standing import overview
from rules.event import Severity

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import datetime

    from qbwatch.standing import Application, Overview

_HOME = "\033[H\033[2J"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_store(parser)
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--live", type=at_least_one, nargs="?", const=5, metavar="SECONDS",
                        help="show it again and again, each 5 seconds or as often as named, until Ctrl-C")  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show it once, or until stopped."""
    while True:
        with open_named_store(options) as store:
            seen = overview(store.connection, utc_now())
        if options.json:
            print(json.dumps(_json(seen), ensure_ascii=False), flush=True)
        else:
            print((_HOME if options.live and sys.stdout.isatty() else "") + "\n".join(_lines(seen)), flush=True)
        if not options.live:
            return 0
        time.sleep(options.live)


def _lines(seen: Overview) -> Iterator[str]:
    yield f"{_alive(seen)}\n"
    if seen.applications:
        rows = [_row(one, seen.at) for one in seen.applications]
        head = ("HOST", "APPLICATION", "LAST RUN", "ENDED", "LAST GOOD", "FAILED IN A DAY", "PROBLEM")
        yield table(rows, head)
    else:
        yield "No run is known yet."
    yield ""
    yield from _problems(seen)
    yield from _logs(seen)
    yield from _queues(seen)


def _alive(seen: Overview) -> str:
    if seen.alive_at is None:
        return "qbwatch watch has not run on this store."
    silent = seen.at - seen.alive_at
    told = f"The watcher was last alive {_ago(seen.alive_at, seen.at)}"
    return told + (": it does not run. Start it with: qbwatch watch" if silent.total_seconds() > 300 else ".")


def _row(one: Application, now: datetime) -> tuple[str, ...]:
    problem = paint(one.problem, Severity(one.severity)) if one.problem and one.severity else "-"
    return (
        one.host, one.application, _ago(one.last_run, now), one.outcome or "-", _ago(one.last_good, now),
        f"{one.failed} of {one.runs}", problem,
    )  # fmt: skip


def _problems(seen: Overview) -> Iterator[str]:
    for one in seen.incidents:
        where = f"{one.host}, {one.application}" if one.application else one.host
        state = "" if one.state == "open" else f", {one.state}"
        yield f"{paint(one.severity.value.upper(), one.severity)}  {where}: {one.title} ({one.id[:8]}{state})"
    yield f"{len(seen.incidents)} open incidents." if seen.incidents else "No open incident."


def _logs(seen: Overview) -> Iterator[str]:
    for one in seen.sources:
        behind = one.size - one.offset if one.size is not None and one.offset is not None else 0
        lag = f", {behind:,} bytes behind" if behind > 0 and one.standing == "behind" else ""
        problem = f": {one.problem}" if one.problem else ""
        last = f", last record {_ago(one.last_record, seen.at)}" if one.last_record else ""
        yield f"log  {one.path}  {one.standing}{lag}{last}{problem}"


def _queues(seen: Overview) -> Iterator[str]:
    for one in seen.queues:
        reason = f" ({one.reason})" if one.reason else ""
        yield f"{one.waiting} messages wait for {one.receiver} since {_ago(one.since, seen.at)}{reason}"


def _ago(at: datetime | None, now: datetime) -> str:
    return "never" if at is None else f"{duration(now - at)} ago"


def _json(seen: Overview) -> dict[str, object]:
    return {
        "at": as_json(seen)["at"],
        "alive_at": as_json(seen)["alive_at"],
        **{
            name: [as_json(one) for one in getattr(seen, name)]
            for name in ("applications", "incidents", "sources", "queues")
        },
    }

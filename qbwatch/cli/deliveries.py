"""`qbwatch deliveries`: what was sent, to whom, with what result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from qbwatch.cli.opened import as_json, at_least_one, newest, open_known_store, when
from qbwatch.cli.output import table
from qbwatch.history.alert_outbox import SqlOutbox

if TYPE_CHECKING:
    import argparse

_HEAD = ("ID", "MADE", "RECEIVER", "KIND", "STATE", "TRIES", "ABOUT", "RESULT")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--limit", type=at_least_one, default=50, metavar="N", help="how many, the newest first (default: 50)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a delivery")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List them."""
    with open_known_store(options) as (store, settings):
        rows = newest(SqlOutbox(store.connection).deliveries(options.limit + 1), options.limit, "deliveries")
    if options.json:
        for row in rows:
            print(json.dumps(as_json(row)))
    elif rows:
        told = [
            (row.id, when(row.created_at, settings), row.receiver, row.kind, row.state, str(row.attempts),
             row.headline, row.reason or "")
            for row in rows
        ]  # fmt: skip
        print(table(told, _HEAD))
    else:
        print("Nothing was sent yet.")
    return 0

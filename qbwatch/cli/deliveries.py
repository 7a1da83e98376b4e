"""`qbwatch deliveries`: what was sent, to whom, with what result; and trying again what was given up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from qbwatch.cli.opened import as_json, at_least_one, newest, open_known_store, when
from qbwatch.cli.output import table
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.history.alert_outbox import SqlOutbox

if TYPE_CHECKING:
    import argparse

    from qbwatch.config import Settings
    from qbwatch.history.alert_outbox import AttemptRow, DeliveryRow

_HEAD = ("ID", "MADE", "RECEIVER", "KIND", "STATE", "TRIES", "ABOUT", "RESULT")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments and actions."""
    _add_list(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    _add_list(actions.add_parser("list", help="list them", description="list what was sent, the newest first"))
    told = "show one delivery with every attempt and its reason"
    show = actions.add_parser("show", help=told, description=told)
    show.add_argument("id", help="the message's id, or its first letters")
    show.add_argument("--json", action="store_true", help="as one JSON object")
    show.set_defaults(run=_show)
    told = "try again what was given up; the running watcher sends it"
    retry = actions.add_parser("retry", help=told, description=told)
    retry.add_argument("id", nargs="*", help="messages' ids, or their first letters")
    retry.add_argument("--failed", action="store_true", help="everything that was given up")
    retry.add_argument("--receiver", metavar="NAME", help="with --failed: of this receiver alone")
    retry.add_argument("--json", action="store_true", help="one JSON object a delivery")
    retry.set_defaults(run=_retry)


def _add_list(parser: argparse.ArgumentParser) -> None:
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


def _one(outbox: SqlOutbox, id_: str) -> DeliveryRow:
    found = outbox.delivery(id_)
    if found is None:
        raise UsageError(f"there is no one delivery whose id begins with '{id_}'. See: qbwatch deliveries list")
    return found


def _show(options: argparse.Namespace) -> int:
    with open_known_store(options) as (store, settings):
        outbox = SqlOutbox(store.connection)
        row = _one(outbox, options.id)
        attempts = outbox.attempts(row.id)
    if options.json:
        print(json.dumps({**as_json(row), "tries": [as_json(one) for one in attempts]}))
    else:
        print(_shown(row, attempts, settings))
    return 0


def _shown(row: DeliveryRow, attempts: list[AttemptRow], settings: Settings) -> str:
    facts = [
        ("Message", row.id), ("Receiver", row.receiver), ("Kind", row.kind), ("State", row.state),
        ("Made", when(row.created_at, settings)), ("Result", row.reason or "-"),
        ("Next try", when(row.next_at, settings) if row.next_at else "none"),
    ]  # fmt: skip
    tries = [
        (str(one.attempt), when(one.started_at, settings), one.outcome or "under way", str(one.code or "-"),
         one.reason or "")
        for one in attempts
    ]  # fmt: skip
    told = table(tries, ("TRY", "AT", "OUTCOME", "CODE", "REASON")) if tries else "It was not tried yet."
    return "\n".join([row.headline, *(f"  {name:9} {value}" for name, value in facts), told])


def _retry(options: argparse.Namespace) -> int:
    if bool(options.id) == options.failed or (options.receiver and not options.failed):
        raise UsageError("name the messages to try again, or write --failed, which takes --receiver NAME")
    with open_known_store(options) as (store, _):
        outbox = SqlOutbox(store.connection)
        chosen = outbox.failed(options.receiver) if options.failed else [_one(outbox, id_).id for id_ in options.id]
        count = outbox.retry(chosen, utc_now())
        rows = [_one(outbox, id_) for id_ in chosen]
    if options.json:
        for row in rows:
            print(json.dumps(as_json(row)))
        return 0
    waiting = len(chosen) - count
    print(f"{count} of {len(chosen)} will be tried again; the running watcher sends them." if chosen else
          "Nothing was given up.")  # fmt: skip
    if waiting:
        print(f"{waiting} had arrived, or wait for their next try already; nothing changed for them.")
    return 0

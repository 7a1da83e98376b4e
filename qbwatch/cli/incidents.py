"""`qbwatch incidents` and `qbwatch deliveries`: the open problems, and what was sent about them."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from qbwatch.cli.output import table
from qbwatch.cli.settings import load_settings
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.history.alert_outbox import SqlOutbox
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store
from qbwatch.history.times import stamp
from qbwatch.pipeline import STALE

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from alerts.incident import Incident
    from qbwatch.config import Settings

_HELP = "list, show, acknowledge and resolve incidents"


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    group = commands.add_parser("incidents", help=_HELP, description=_HELP)
    group.set_defaults(run=_list, all=False, json=False)
    actions = group.add_subparsers(dest="action", metavar="ACTION")
    listed = actions.add_parser("list", help="list the open incidents")
    listed.add_argument("--all", action="store_true", help="resolved ones too")
    listed.add_argument("--json", action="store_true", help="one JSON object an incident")
    listed.set_defaults(run=_list)
    for name, help_, run in (
        ("show", "show one incident whole", _show),
        ("ack", "acknowledge one: somebody is on it", _acknowledge),
        ("resolve", "close one by hand", _resolve),
    ):
        parser = actions.add_parser(name, help=help_, description=help_)
        parser.add_argument("id", help="the incident's id, or its first letters")
        parser.add_argument("--json", action="store_true", help="as one JSON object")
        parser.set_defaults(run=run)
    deliveries = commands.add_parser("deliveries", help="list what was sent, to whom, with what result")
    deliveries.add_argument(
        "--limit", type=int, default=50, metavar="N", help="how many, the newest first (default: 50)"
    )
    deliveries.add_argument("--json", action="store_true", help="one JSON object a delivery")
    deliveries.set_defaults(run=_deliveries)


class _Opened:
    """The store of the configuration, which must be there."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.settings: Settings = load_settings(options.config)
        if not self.settings.store.exists():
            raise UsageError(f"{self.settings.store}: there is no store yet. Start qbwatch watch first.")
        self.store = Store(self.settings.store)
        self.alerts = AlertStore(self.store.connection, self.settings.zone)

    def incident(self, id_: str) -> Incident:
        found = self.alerts.incident(id_)
        if found is None:
            raise UsageError(
                f"there is no one incident whose id begins with '{id_}'. See: qbwatch incidents list --all"
            )
        return found

    def plan(self) -> None:
        """Write what follows for the receivers; the running watcher sends it."""
        if self.settings.route:
            self.alerts.plan(self.settings.route, utc_now(), stale_after=STALE)

    def when(self, time: datetime | None) -> str:
        return time.astimezone(self.settings.zone).strftime("%Y-%m-%d %H:%M %Z") if time else "never"


def _list(options: argparse.Namespace) -> int:
    opened = _Opened(options)
    incidents = opened.alerts.incidents(live_only=not options.all)
    if options.json:
        for incident in incidents:
            print(json.dumps(_as_json(incident)))
    elif incidents:
        rows = [
            (
                i.id[:8],
                i.state,
                i.severity,
                i.host,
                i.application or "-",
                i.cause,
                opened.when(i.opened_at),
                str(i.runs_failed),
            )
            for i in incidents
        ]
        print(table(rows, ("ID", "STATE", "SEVERITY", "HOST", "APPLICATION", "CAUSE", "SINCE", "FAILED")))
    else:
        print("No open incident.")
    return 0


def _show(options: argparse.Namespace) -> int:
    opened = _Opened(options)
    incident = opened.incident(options.id)
    if options.json:
        print(json.dumps(_as_json(incident)))
        return 0
    facts = (
        ("Incident", incident.id), ("State", incident.state), ("Severity", incident.severity),
        ("Host", incident.host), ("Client", incident.client or "-"), ("Application", incident.application or "-"),
        ("Company file", incident.company_file or "-"), ("Since", opened.when(incident.opened_at)),
        ("Last seen", opened.when(incident.last_at)), ("Resolved", opened.when(incident.resolved_at)),
        ("Failed runs", str(incident.runs_failed)), ("Last good run", opened.when(incident.last_good_at)),
        ("Cause", incident.cause), ("Codes", ", ".join(incident.codes) or "-"),
    )  # fmt: skip
    print(incident.title)
    print("\n".join(f"  {name:14} {value}" for name, value in facts))
    print(textwrap.fill(incident.explanation, 88))
    print("\n".join(f"{n}. {step}" for n, step in enumerate(incident.steps, 1)))
    print("\n".join(incident.links))
    print("Log: " + "\n     ".join(incident.evidence or (incident.message,)))
    return 0


def _acknowledge(options: argparse.Namespace) -> int:
    opened = _Opened(options)
    incident = opened.incident(options.id)
    with opened.store.transaction():
        change = opened.alerts.acknowledge(incident, utc_now())
        opened.plan()
    print(
        f"{incident.id[:8]} is acknowledged." if change else f"{incident.id[:8]} is {incident.state}; nothing changed."
    )
    return 0


def _resolve(options: argparse.Namespace) -> int:
    opened = _Opened(options)
    incident = opened.incident(options.id)
    with opened.store.transaction():
        change = opened.alerts.resolve(incident, utc_now())
        opened.plan()
    print(f"{incident.id[:8]} is resolved." if change else f"{incident.id[:8]} was resolved already; nothing changed.")
    return 0


def _deliveries(options: argparse.Namespace) -> int:
    opened = _Opened(options)
    rows = SqlOutbox(opened.store.connection).deliveries(limit=options.limit)
    if options.json:
        for row in rows:
            print(json.dumps({name: _plain(getattr(row, name)) for name in row.__slots__}))
    elif rows:
        told = [
            (
                row.id,
                opened.when(row.created_at),
                row.receiver,
                row.kind,
                row.state,
                str(row.attempts),
                row.headline,
                row.reason or "",
            )
            for row in rows
        ]
        print(table(told, ("ID", "MADE", "RECEIVER", "KIND", "STATE", "TRIES", "ABOUT", "RESULT")))
    else:
        print("Nothing was sent yet.")
    return 0


def _as_json(incident: Incident) -> dict[str, Any]:
    return {name: _plain(getattr(incident, name)) for name in incident.__slots__}


def _plain(value: object) -> Any:
    from datetime import datetime  # noqa: PLC0415 - for the type test alone

    return stamp(value) if isinstance(value, datetime) else value

"""`qbwatch incidents`: the open problems; list, show, acknowledge and resolve them."""

from __future__ import annotations

import json
import textwrap
from getpass import getuser
from typing import TYPE_CHECKING

from alerts.decide import REASON_TEXT
from alerts.incident import BY_HAND, Ending
from qbwatch.cli.acknowledge import meant
from qbwatch.cli.opened import as_json, at_least_one, newest, open_known_store, when
from qbwatch.cli.outgoing import alert_store
from qbwatch.cli.output import table
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.decision_rows import decisions_of
from qbwatch.pipeline import STALE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from alerts.incident import Change, Incident
    from qbwatch.config import Settings
    from qbwatch.history.decision_rows import Decided

_HEAD = ("ID", "STATE", "SEVERITY", "HOST", "APPLICATION", "CAUSE", "SINCE", "FAILED")
_LIMIT = 1000


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions."""
    parser.set_defaults(run=_list, all=False, limit=_LIMIT)
    parser.add_argument("--json", action="store_true", help="one JSON object an incident")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    listed = actions.add_parser("list", help="list the open incidents")
    listed.add_argument("--all", action="store_true", help="resolved ones too")
    listed.add_argument("--limit", type=at_least_one, default=_LIMIT, metavar="N",
                        help=f"how many, the newest first (default: {_LIMIT})")  # fmt: skip
    listed.add_argument("--json", action="store_true", help="one JSON object an incident")
    listed.set_defaults(run=_list)
    for name, help_, run in (
        ("show", "show one incident whole", _show),
        ("ack", "acknowledge one: somebody is on it", _acknowledge),
        ("resolve", "close one by hand", _resolve),
    ):
        action = actions.add_parser(name, help=help_, description=help_)
        named = "the incident's id, or its first letters"
        action.add_argument("id", help=f"{named}; or a message's id or signed link" if name == "ack" else named)
        action.add_argument("--json", action="store_true", help="as one JSON object")
        if name != "show":
            action.add_argument("--by", metavar="NAME", help="who does it (default: you)")
        if name == "resolve":
            action.add_argument("--as", dest="ending", type=Ending, choices=BY_HAND, default=Ending.FIXED,
                                metavar="REASON",
                                help=f"why it is over: {', '.join(BY_HAND)} (default: %(default)s)")  # fmt: skip
        action.set_defaults(run=run)


def _list(options: argparse.Namespace) -> int:
    with open_known_store(options) as (store, settings):
        found = AlertStore(store.connection, settings.zone).incidents(
            live_only=not options.all, limit=options.limit + 1
        )
    incidents = newest(found, options.limit, "incidents")
    if options.json:
        for incident in incidents:
            print(json.dumps(as_json(incident)))
    elif incidents:
        rows = [
            (i.id[:8], i.state, i.severity, i.host, i.application or "-", i.cause, when(i.opened_at, settings),
             str(i.runs_failed))
            for i in incidents
        ]  # fmt: skip
        print(table(rows, _HEAD))
    else:
        print("No open incident.")
    return 0


def _one(alerts: AlertStore, id_: str) -> Incident:
    found = alerts.incident(id_)
    if found is None:
        raise UsageError(f"there is no one incident whose id begins with '{id_}'. See: qbwatch incidents list --all")
    return found


def _show(options: argparse.Namespace) -> int:
    with open_known_store(options) as (store, settings):
        incident = _one(AlertStore(store.connection, settings.zone), options.id)
        decisions = decisions_of(store.connection, incident)
    if options.json:
        print(json.dumps({**as_json(incident), "decisions": [as_json(one) for one in decisions]}))
    else:
        print("\n".join((_shown(incident, settings), *_decided(decisions, settings))))
    return 0


def _decided(decisions: list[Decided], settings: Settings) -> Iterator[str]:
    """Say what was decided about whom to tell, and why."""
    yield "Decided:" if decisions else "Nothing was decided yet: no route, or no time yet."
    for one in decisions:
        until = f", until {when(one.due_at, settings)}" if one.due_at else ""
        what = f"{one.kind} sent" if one.kind else "held"
        by = f" ({one.held_by})" if one.held_by else ""
        yield f"  {when(one.at, settings)}  {one.receiver}  {what}: {REASON_TEXT[one.reason]}{by}{until}"


def _shown(incident: Incident, settings: Settings) -> str:
    facts = (
        ("Incident", incident.id), ("State", incident.state), ("Severity", incident.severity),
        ("Host", incident.host), ("Client", incident.client or "-"), ("Application", incident.application or "-"),
        ("Company file", incident.company_file or "-"), ("Since", when(incident.opened_at, settings)),
        ("Last seen", when(incident.last_at, settings)), ("Resolved", when(incident.resolved_at, settings)),
        ("Ended as", f"{incident.ending or '-'}{f' by {incident.resolved_by}' if incident.resolved_by else ''}"),
        ("Taken up", f"{when(incident.acknowledged_at, settings)} by {incident.acknowledged_by or 'somebody'}"
                     if incident.acknowledged_at else "by nobody"),
        ("Good runs", f"{incident.goods} of {incident.needs} that end it"),
        ("Back after", when(incident.quiet_since, settings) if incident.quiet_since else "-"),
        ("Failed runs", str(incident.runs_failed)), ("Last good run", when(incident.last_good_at, settings)),
        ("Cause", incident.cause), ("Codes", ", ".join(incident.codes) or "-"),
    )  # fmt: skip
    return "\n".join(
        (
            incident.title,
            *(f"  {name:14} {value}" for name, value in facts),
            textwrap.fill(incident.explanation, 88),
            *(f"{n}. {step}" for n, step in enumerate(incident.steps, 1)),
            *incident.links,
            "Log: " + "\n     ".join(incident.evidence or (incident.message,)),
        )
    )


def _acknowledge(options: argparse.Namespace) -> int:
    with open_known_store(options) as (store, settings), store.transaction():
        alerts, now = alert_store(store, settings), utc_now()
        named = meant(options.id, store, settings, alerts, now)
        changed = {one.id for one in named if alerts.acknowledge(one, now, by=options.by or getuser())}
        if settings.route:
            alerts.plan(settings.route, now, stale_after=STALE)
        after = [_one(alerts, one.id) for one in named]
    for incident in after:
        if options.json:
            print(json.dumps(as_json(incident)))
        elif incident.id in changed:
            print(f"{incident.id[:8]} is acknowledged.")
        else:
            print(f"{incident.id[:8]} is {incident.state}; nothing changed.")
    return 0


def _resolve(options: argparse.Namespace) -> int:
    def resolve(alerts: AlertStore, incident: Incident, now: datetime) -> Change | None:
        return alerts.resolve(incident, now, ending=options.ending, by=options.by or getuser())

    before, after = _changed(options, resolve)
    if options.json:
        print(json.dumps(as_json(after)))
    elif before == after:
        print(f"{after.id[:8]} was resolved already; nothing changed.")
    else:
        print(f"{after.id[:8]} is resolved as {after.ending}.")
    return 0


def _changed(
    options: argparse.Namespace, change: Callable[[AlertStore, Incident, datetime], Change | None]
) -> tuple[Incident, Incident]:
    """Change one incident and plan what its receivers hear; the running watcher sends it."""
    with open_known_store(options) as (store, settings), store.transaction():
        alerts = alert_store(store, settings)
        before = _one(alerts, options.id)
        change(alerts, before, utc_now())
        if settings.route:
            alerts.plan(settings.route, utc_now(), stale_after=STALE)
        return before, _one(alerts, before.id)

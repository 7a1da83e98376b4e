"""`qbwatch route`: which receivers would hear of a problem, when, and why."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alerts.lifecycle import on_event
from alerts.route import MATCHABLE, group_key, routes_for
from alerts.route_trace import visits
from alerts.spoken import duration
from ingest.local_time import LocalClock
from qbwatch.cli.opened import open_known_store, when
from qbwatch.cli.settings import load_catalogue, load_settings
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.history import silence_rows
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.rows import to_event
from qbwatch.scan_files import HowToRead
from qbwatch.scan_once import look_through

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from alerts.hold import Policy
    from alerts.incident import Incident
    from alerts.route import Route, Routed
    from qbwatch.config import Settings
    from qbwatch.history.store import Store
    from rules.event import Event

_MORE = """\
EVENT-OR-FILE is the id of an incident or of an event (its first letters do), or a log: each kind of failure in
it is routed as if it had just happened. Nothing is sent or stored."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _MORE
    parser.add_argument("what", metavar="EVENT-OR-FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object a problem")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain the routes of what was named."""
    settings = load_settings(options.config)
    if settings.route is None:
        raise UsageError(f"{settings.file}: no [route] is configured, so nobody hears of anything. Add a [[receiver]] "
                         "and a [route].")  # fmt: skip
    now = utc_now()
    incidents, live, policy = _found(options, settings, now)
    if not incidents:
        print("Nothing in it would be told: no root event of severity warning or above.")
        return 0
    for incident in incidents:
        told = _told(incident, settings.route, policy, live, now)
        print(json.dumps(told) if options.json else "\n".join(_lines(incident, told, settings)))
    return 0


def _found(
    options: argparse.Namespace, settings: Settings, now: datetime
) -> tuple[list[Incident], list[Incident], Policy]:
    """Return the incidents to route, all that are open, and what holds messages now."""
    policy = settings.alerts.policy
    path = Path(options.what)
    if not settings.store.exists():
        if not path.exists():
            raise UsageError(f"{options.what}: there is no such file, and no store with events yet.")
        return _scanned(path, settings, now), [], policy
    with open_known_store(options) as (store, _):
        live = AlertStore(store.connection, settings.zone).incidents(live_only=True)
        policy = replace(policy, silences=silence_rows.active(store.connection, now))
        known = _scanned(path, settings, now) if path.exists() else [_stored(options.what, store, settings, now)]
    return known, live, policy


def _stored(id_start: str, store: Store, settings: Settings, now: datetime) -> Incident:
    """Return the incident of that id, or the one that the event of that id would open."""
    incident = AlertStore(store.connection, settings.zone).incident(id_start)
    if incident:
        return incident
    rows = store.connection.execute(
        "SELECT * FROM events WHERE substr(id, 1, ?) = ? LIMIT 2", (len(id_start), id_start)
    ).fetchall()
    if len(rows) != 1:
        raise UsageError(f"{id_start}: there is no such file, and no one incident or event whose id begins so. See: "
                         "qbwatch incidents list --all")  # fmt: skip
    opened = _opened(to_event(rows[0]), now)
    if opened is None:
        raise UsageError(f"{id_start}: this event is an echo or a notice, of which nobody is told. Its root event is.")
    return opened


def _scanned(path: Path, settings: Settings, now: datetime) -> list[Incident]:
    """Return an incident for each kind of failure that the log at *path* holds."""
    catalogue = load_catalogue(settings.rules, settings.formats, pages=settings.causes_url)
    how = HowToRead(format="auto", own=settings.formats, clock=LocalClock(zone=settings.zone))
    looked = look_through(path, catalogue, how, host=settings.host, client=settings.client)
    faults = [f"{log.name}: {log.why}." for log in looked.unusable if log.asked]
    faults += [f"{name}: reading broke off ({why})." for name, why in looked.broken]
    if faults:
        raise UsageError("\n".join(faults))
    found: dict[tuple[str, str | None, str], Incident] = {}
    for event in looked.events:
        incident = _opened(event, now)
        if incident:
            found.setdefault(incident.key, incident)
    return list(found.values())


def _opened(event: Event, now: datetime) -> Incident | None:
    change = on_event(None, event, now)
    return change.incident if change else None


def _told(incident: Incident, root: Route, policy: Policy, live: Sequence[Incident], now: datetime) -> dict[str, Any]:
    return {
        "incident": incident.id,
        "title": incident.title,
        "labels": {name: getattr(incident, name) for name in MATCHABLE},
        "asked": [asdict(visit) | {"fits": visit.fits} for visit in visits(incident, root)],
        "routes": [_route(incident, routed, policy, live, now) for routed in routes_for(incident, root)],
    }


def _route(
    incident: Incident, routed: Routed, policy: Policy, live: Sequence[Incident], now: datetime
) -> dict[str, Any]:
    hold = policy.hold(incident, routed, live, now)
    return {
        "receiver": routed.receiver,
        "path": routed.path,
        "group": group_key(incident, routed),
        "group_wait": _length(routed.group_wait),
        "group_interval": _length(routed.group_interval),
        "repeat_interval": _length(routed.repeat_interval),
        "mute_time_intervals": list(routed.mute_time_intervals),
        "active_time_intervals": list(routed.active_time_intervals),
        "escalate_to": routed.escalate_to,
        "escalate_after": _length(routed.escalate_after) if routed.escalate_to else None,
        "fallback": policy.fallbacks.get(routed.receiver),
        "held_by": f"{hold.barrier}: {hold.by}" if hold else None,
        "held_until": hold.until.astimezone(UTC).isoformat() if hold and hold.until else None,
    }


def _lines(incident: Incident, told: dict[str, Any], settings: Settings) -> Iterator[str]:
    yield incident.title
    yield "  " + ", ".join(f"{name}={value}" for name, value in told["labels"].items() if value)
    yield "Asked:"
    for visit in told["asked"]:
        wants = " and ".join(visit["wants"]) or "everything"
        answer = f"no, {visit['unmet']}" if visit["unmet"] else "yes"
        more = ", and the next ones are asked too" if visit["fits"] and visit["goes_on"] else ""
        yield f"  route {visit['path']} takes {wants}: {answer}{more}"
    for route in told["routes"]:
        yield f"{route['receiver']} hears of it by route {route['path']}:"
        yield from (f"  {line}" for line in _timing(route, settings))
    yield ""


def _timing(route: dict[str, Any], settings: Settings) -> Iterator[str]:
    if route["held_by"]:
        until = f" until {when(datetime.fromisoformat(route['held_until']), settings)}" if route["held_until"] else ""
        yield f"held now{until} ({route['held_by']})"
    yield f"together with {route['group'].partition('|')[2] or 'everything of this route'}"
    yield f"first after {route['group_wait']}, more of its group every {route['group_interval']}"
    yield f"again every {route['repeat_interval']} until somebody acknowledges or it is over"
    if route["mute_time_intervals"]:
        yield "not in " + ", ".join(route["mute_time_intervals"])
    if route["active_time_intervals"]:
        yield "only in " + ", ".join(route["active_time_intervals"])
    if route["escalate_to"]:
        yield f"if nobody acknowledges within {route['escalate_after']}, {route['escalate_to']} hears of it"
    if route["fallback"]:
        yield f"if it cannot be delivered, {route['fallback']} gets it"


def _length(length: timedelta) -> str:
    return f"{length.seconds} s" if length < timedelta(minutes=1) else duration(length)

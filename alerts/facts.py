"""The labelled values of a message: where it fails, since when, how often, who acts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from alerts.decide import Decision, Reason
from alerts.message import Fact
from alerts.plain import clean, file_name
from alerts.spoken import Reader, duration, plural
from ingest.redact import redact
from rules.event import Act, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.incident import Incident

_ACTS = {
    Act.OPS: "Your team",
    Act.CLIENT: "The client's people",
    Act.PROVIDER: "The provider of the application",
}


def facts_of(incidents: Sequence[Incident], reader: Reader) -> tuple[Fact, ...]:
    """Return what is known of *incidents*: of one all of it, of several what they share."""
    return _shared_facts(incidents, reader) if len(incidents) > 1 else _facts(incidents[0], reader)


def _facts(incident: Incident, reader: Reader) -> tuple[Fact, ...]:
    pairs = [
        ("Host", incident.host),
        ("Client", incident.client),
        ("Application", incident.application),
        ("Company file", file_name(incident.company_file) if incident.company_file else None),
        *_when(incident, reader),
        ("History", _history(incident) if incident.is_live else None),
        ("Who acts", _ACTS[incident.act] if incident.is_live else None),
    ]
    return _as_facts(pairs)


def _history(incident: Incident) -> str | None:
    """Say how often this happened before: the first time, back after a while, or as usual."""
    if incident.quiet_since is not None:
        return f"back after {duration(incident.opened_at - incident.quiet_since)} without it"
    if incident.first_for_client:
        return "first time seen at this client"
    if incident.usual:
        often = f"about {incident.usual:.0f} a week" if incident.usual >= 1 else "less than once a week"
        return f"usually {often} here"
    return None


def _as_facts(pairs: Iterable[tuple[str, str | None]]) -> tuple[Fact, ...]:
    cleaned = ((label, clean(redact(value or ""), 200)) for label, value in pairs)
    return tuple(Fact(label=label, value=value) for label, value in cleaned if value)


def _when(incident: Incident, reader: Reader) -> list[tuple[str, str]]:
    often = str(incident.runs_failed) if incident.last_run else plural(incident.runs_failed, "time")
    counted = "Failed runs" if incident.last_run else "Seen"
    if incident.runs_failed > 1 and incident.resolved_at is None:
        often += f", the last on {reader.stamp(incident.last_at)}"
    if incident.resolved_at is None:
        good = reader.stamp(incident.last_good_at) if incident.last_good_at else "none on record"
        return [
            ("Since", reader.since(incident.opened_at)),
            (counted, often),
            ("Last success", good),
        ]
    return [
        ("From", reader.stamp(incident.opened_at)),
        ("Until", reader.stamp(incident.resolved_at)),
        ("Lasted", duration(incident.resolved_at - incident.opened_at)),
        (counted, often),
        ("Good before", reader.stamp(incident.last_good_at) if incident.last_good_at else "none on record"),
    ]


def _shared_facts(incidents: Sequence[Incident], reader: Reader) -> tuple[Fact, ...]:
    clients = {one.client for one in incidents if one.client}
    pairs = [
        ("Affected", extent(incidents)),
        ("Clients" if len(clients) > 1 else "Client", listed(clients)),
        ("Application", listed({one.application for one in incidents if one.application})),
        ("Since", reader.since(min(one.opened_at for one in incidents))),
        ("Failed runs", str(sum(one.runs_failed for one in incidents))),
    ]
    return _as_facts(pairs)


def extent(incidents: Sequence[Incident]) -> str:
    """Say how many hosts, and at how many clients."""
    hosts = plural(len({one.host for one in incidents}), "host")
    clients = {one.client for one in incidents if one.client}
    return f"{hosts} at {plural(len(clients), 'client')}" if len(clients) > 1 else hosts


def listed(names: set[str], most: int = 3) -> str:
    """Return the first *most* of *names* and count the rest."""
    shown = sorted(names)[:most]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def held_facts(decision: Decision, reader: Reader) -> tuple[Fact, ...]:
    """Return what a digest says of that which holds its incidents and ends soon: whose it is, and when it ends."""
    if decision.reason is not Reason.SILENCE_ENDS or decision.due_at is None:
        return ()
    return _as_facts([("Held by", decision.held_by or ""), ("It ends", reader.stamp(decision.due_at))])


def digest_facts(incidents: Sequence[Incident], reader: Reader) -> tuple[Fact, ...]:
    """Return what a digest says of *incidents* as a whole."""
    clients = {one.client for one in incidents if one.client}
    severities = Counter(one.severity for one in sorted(incidents, key=lambda one: -one.severity.rank))
    live = sum(one.is_live for one in incidents)
    pairs = [
        ("Affected", extent(incidents)),
        ("Clients" if len(clients) > 1 else "Client", listed(clients)),
        ("Still open", f"{live} of {len(incidents)}"),
        ("How bad", ", ".join(_counted(severity, count) for severity, count in severities.items())),
        ("Between", f"{reader.stamp(min(one.opened_at for one in incidents))} and {reader.stamp(reader.now)}"),
        ("Failed runs", str(sum(one.runs_failed for one in incidents))),
    ]
    return _as_facts(pairs)


def _counted(severity: Severity, count: int) -> str:
    return f"{count:,} critical" if severity is Severity.CRITICAL else plural(count, severity)

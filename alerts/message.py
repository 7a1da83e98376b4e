"""What is said about a group of incidents, before any channel gives it a shape."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from alerts.decide import REASON_TEXT, Decision, Kind
from alerts.plain import clean, cut, file_name
from alerts.spoken import Reader, duration, plural
from ingest.redact import redact
from rules.event import Act, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo

    from alerts.incident import Incident

MAX_AFFECTED = 10
MAX_STEPS = 8
MAX_EVIDENCE = 3

_ACTS = {
    Act.OPS: "Your team",
    Act.CLIENT: "The client's people",
    Act.PROVIDER: "The provider of the application",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One labelled value, such as the host."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message in the words that people read; every text is harmless, redacted and cut.

    `thread` is the same for all messages about one group of incidents, from opening to resolved.
    `affected` lists the single incidents when there are several; `more` counts what was cut from it.
    """

    id: str
    thread: str
    kind: Kind
    severity: Severity
    headline: str
    why: str
    facts: tuple[Fact, ...]
    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    evidence: tuple[str, ...]
    affected: tuple[str, ...]
    more: int

    @property
    def link(self) -> str | None:
        """The page that helps best."""
        return self.links[0] if self.links else None

    def to_json(self) -> str:
        """Return the message as JSON text, for the outbox."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Message:
        """Read back what `to_json` wrote."""
        data: dict[str, Any] = json.loads(text)
        return cls(
            id=data["id"],
            thread=data["thread"],
            kind=Kind(data["kind"]),
            severity=Severity(data["severity"]),
            headline=data["headline"],
            why=data["why"],
            facts=tuple(Fact(label=fact["label"], value=fact["value"]) for fact in data["facts"]),
            explanation=data["explanation"],
            steps=tuple(data["steps"]),
            links=tuple(data["links"]),
            evidence=tuple(data["evidence"]),
            affected=tuple(data["affected"]),
            more=data["more"],
        )


def compose(decision: Decision, *, id: str, thread: str, now: datetime, zone: tzinfo) -> Message:  # noqa: A002 - the field's name
    """Say what *decision* decided, with times in *zone*."""
    if decision.kind is None or not decision.incidents:
        raise ValueError(f"nothing is said while it is held: {decision.reason}")
    incidents = sorted(decision.incidents, key=lambda one: (-one.severity.rank, one.opened_at, one.host, one.id))
    chief = incidents[0]
    reader = Reader(now=now, zone=zone)
    over = decision.kind is Kind.RESOLVED
    several = len(incidents) > 1
    return Message(
        id=id,
        thread=thread,
        kind=decision.kind,
        severity=chief.severity,
        headline=_headline(decision.kind, incidents),
        why=REASON_TEXT[decision.reason],
        facts=_shared_facts(incidents, reader) if several else _facts(chief, reader),
        explanation=_over(incidents, reader) if over else _explanation(incidents),
        steps=() if over else tuple(clean(step, 500) for step in chief.steps[:MAX_STEPS]),
        links=() if over else tuple(link for link in chief.links if _is_web(link)),
        evidence=() if over else _evidence(chief),
        affected=_affected(incidents, reader) if several else (),
        more=max(0, len(incidents) - MAX_AFFECTED) if several else 0,
    )


def shorter(message: Message) -> Iterator[Message]:
    """Yield *message* and then ever shorter forms of it, for channels with a limit.

    What is wrong, where, and the link stay to the last; the log's words go first.
    """
    yield message
    message = replace(message, evidence=())
    yield message
    message = replace(message, affected=message.affected[:3], more=message.more + len(message.affected[3:]))
    yield message
    message = replace(message, steps=tuple(cut(step, 160) for step in message.steps[:4]))
    yield message
    message = replace(message, explanation=cut(message.explanation, 240), facts=message.facts[:5])
    yield message
    yield replace(message, steps=(), explanation="", affected=(), facts=message.facts[:3])


_LEAD = {
    Kind.OPENED: "",
    Kind.CHANGED: "More affected: ",
    Kind.REMINDER: "Still open: ",
    Kind.RESOLVED: "Solved: ",
}


def _headline(kind: Kind, incidents: Sequence[Incident]) -> str:
    hosts = {one.host for one in incidents}
    place = incidents[0].host if len(hosts) == 1 else plural(len(hosts), "host")
    titles = {one.title for one in incidents}
    if len(titles) > 1:
        clients = {one.client for one in incidents}
        client = incidents[0].client
        where = f"at {client}" if client and len(clients) == 1 else f"on {place}"
        what = f"{plural(len(incidents), 'sync problem')} {where}"
    else:
        title = incidents[0].title.rstrip(".")
        what = title if place.casefold() in title.casefold() else f"{title} on {place}"
    return clean(_LEAD[kind] + what, 140)


def _facts(incident: Incident, reader: Reader) -> tuple[Fact, ...]:
    pairs = [
        ("Host", incident.host),
        ("Client", incident.client),
        ("Application", incident.application),
        ("Company file", file_name(incident.company_file) if incident.company_file else None),
        *_when(incident, reader),
        ("Who acts", _ACTS[incident.act] if incident.is_live else None),
    ]
    return _as_facts(pairs)


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
    ]


def _shared_facts(incidents: Sequence[Incident], reader: Reader) -> tuple[Fact, ...]:
    clients = {one.client for one in incidents if one.client}
    pairs = [
        ("Affected", _extent(incidents)),
        ("Clients" if len(clients) > 1 else "Client", _listed(clients)),
        ("Application", _listed({one.application for one in incidents if one.application})),
        ("Since", reader.since(min(one.opened_at for one in incidents))),
        ("Failed runs", str(sum(one.runs_failed for one in incidents))),
    ]
    return _as_facts(pairs)


def _extent(incidents: Sequence[Incident]) -> str:
    hosts = plural(len({one.host for one in incidents}), "host")
    clients = {one.client for one in incidents if one.client}
    return f"{hosts} at {plural(len(clients), 'client')}" if len(clients) > 1 else hosts


def _listed(names: set[str], most: int = 3) -> str:
    shown = sorted(names)[:most]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _affected(incidents: Sequence[Incident], reader: Reader) -> tuple[str, ...]:
    """List the incidents by what tells them apart: what all share stands in the facts."""
    one_title = len({one.title for one in incidents}) == 1
    one_application = len({one.application for one in incidents}) == 1
    shown = sorted(incidents, key=lambda one: (-one.severity.rank, one.host, one.application or ""))
    lines = []
    for one in shown[:MAX_AFFECTED]:
        where = one.host if one_application or not one.application else f"{one.host}, {one.application}"
        what = "" if one_title else f": {one.title.rstrip('.')}"
        lines.append(clean(f"{where}{what}, since {reader.stamp(one.opened_at)}", 240))
    return tuple(lines)


def _explanation(incidents: Sequence[Incident]) -> str:
    chief = incidents[0]
    several = len({one.host for one in incidents}) > 1
    return clean(f"For example {chief.host}: {chief.explanation}" if several else chief.explanation, 1200)


def _over(incidents: Sequence[Incident], reader: Reader) -> str:
    ends = [one.resolved_at for one in incidents if one.resolved_at]
    failed = plural(sum(one.runs_failed for one in incidents), "run")
    what = clean(incidents[0].application or "The sync", 100) if len(incidents) == 1 else "Every one of these syncs"
    lasted = duration(max(ends) - min(one.opened_at for one in incidents))
    end = reader.stamp(max(ends))
    return f"{what} counts as well again since {end}. It was failing for {lasted}; {failed} went wrong."


def _evidence(incident: Incident) -> tuple[str, ...]:
    # Redacted once already before it was stored; by then it may have come from an older version.
    lines = [clean(redact(line[:2000]), 300) for line in (incident.message, *incident.evidence)]
    shown = list(dict.fromkeys(line for line in lines if line))[:MAX_EVIDENCE]
    codes = [code for code in incident.codes if not any(code.casefold() in line.casefold() for line in shown)]
    return (*shown, *([clean("Codes: " + ", ".join(codes), 200)] if codes else []))


def _is_web(link: str) -> bool:
    return link.startswith(("https://", "http://")) and clean(link, 500) == link

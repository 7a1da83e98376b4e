"""Puts a decision about incidents into the words of a message."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from alerts.decide import REASON_TEXT, Decision, Kind, Reason
from alerts.facts import digest_facts, extent, facts_of, held_facts, listed
from alerts.incident import BY_HAND, Ending
from alerts.inhibit import ABSENCES
from alerts.message import About, Message
from alerts.plain import clean, file_name
from alerts.spoken import Reader, duration, plural
from ingest.redact import redact
from rules.event import ALSO_POSSIBLE, NEAR_IT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, tzinfo

    from alerts.incident import Incident

MAX_AFFECTED: Final = 10
MAX_STEPS: Final = 8
MAX_EVIDENCE: Final = 3
MAX_ABOUT: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What the catalogue says beyond an incident's own words: how to see that it is mended, and to the client."""

    verify: tuple[str, ...] = ()
    forward: str = ""


def no_wording(_: Incident) -> Wording:
    """Know nothing beyond the incident's own words."""
    return Wording()


def compose(
    decision: Decision,
    *,
    id: str,  # noqa: A002 - the field's name
    thread: str,
    now: datetime,
    zone: tzinfo,
    wording: Callable[[Incident], Wording] = no_wording,
) -> Message:
    """Say what *decision* decided, with times in *zone*; *wording* adds what the catalogue knows."""
    if decision.kind is None or not decision.incidents:
        raise ValueError(f"nothing is said while it is held: {decision.reason}")
    incidents = sorted(decision.incidents, key=lambda one: (-one.severity.rank, one.opened_at, one.host, one.id))
    chief = incidents[0]
    reader = Reader(now=now, zone=zone)
    over = decision.kind is Kind.RESOLVED
    digest = decision.kind is Kind.DIGEST
    helps = not over and (not digest or decision.reason is Reason.SEEN_TOO_LATE)
    several = len(incidents) > 1
    affected, more = _affected_of(incidents, reader, digest=digest)
    evidence = _evidence(chief, reader) if helps else _what_it_was(incidents, reader) if over else ()
    has_codes = any(line.startswith("Codes: ") for line in evidence[: MAX_EVIDENCE + 1])
    words = wording(chief) if helps else Wording()
    return Message(
        id=id,
        thread=thread,
        kind=decision.kind,
        severity=chief.severity,
        headline=_headline(decision.kind, decision.reason, incidents),
        why=REASON_TEXT[decision.reason],
        facts=(*held_facts(decision, reader), *digest_facts(incidents, reader))
        if digest
        else facts_of(incidents, reader),
        explanation=_over(incidents, reader) if over else _explanation(incidents) if helps else "",
        steps=_lines(chief.steps[:MAX_STEPS]) if helps else (),
        links=tuple(link for link in chief.links if _is_web(link)) if helps else (),
        evidence=evidence[: MAX_EVIDENCE + has_codes],
        affected=affected if several or digest else (),
        more=more if several or digest else 0,
        more_steps=max(0, len(chief.steps) - MAX_STEPS) if helps else 0,
        more_evidence=max(0, len(evidence) - MAX_EVIDENCE - has_codes),
        reason=decision.reason,
        made_at=_utc(now),
        verify=_lines(words.verify),
        forward=_forward(incidents, words, reader, over=over),
        about=tuple(_about(one) for one in incidents[:MAX_ABOUT]),
        more_about=max(0, len(incidents) - MAX_ABOUT),
        can_acknowledge=any(one.is_live and one.acknowledged_at is None for one in incidents),
    )


_LEAD = {
    Kind.OPENED: "",
    Kind.CHANGED: "More affected: ",
    Kind.REMINDER: "Still open: ",
    Kind.RESOLVED: "Solved: ",
    Kind.DIGEST: "Digest: ",
}


def _headline(kind: Kind, reason: Reason, incidents: Sequence[Incident]) -> str:
    hosts = {one.host for one in incidents}
    place = incidents[0].host if len(hosts) == 1 else plural(len(hosts), "host")
    titles = {one.title for one in incidents}
    if len(titles) > 1 or kind is Kind.DIGEST:
        clients = {one.client for one in incidents}
        client = incidents[0].client
        where = (
            f"at {client}" if client and len(clients) == 1 else f"on {extent(incidents) if len(hosts) > 1 else place}"
        )
        what = f"{plural(len(incidents), 'sync problem')} {where}"
    else:
        title = incidents[0].title.rstrip(".")
        what = title if place.casefold() in title.casefold() else f"{title} on {place}"
    lead = "Not acknowledged: " if (kind, reason) == (Kind.OPENED, Reason.NOT_ACKNOWLEDGED) else _LEAD[kind]
    return clean(lead + what, 140)


def _affected_of(incidents: Sequence[Incident], reader: Reader, *, digest: bool) -> tuple[tuple[str, ...], int]:
    """Return the lines of the list and how many things did not fit into it."""
    if digest:
        lines = _by_title(incidents)
        return lines[:MAX_AFFECTED], len(lines) - len(lines[:MAX_AFFECTED])
    return _affected(incidents, reader), max(0, len(incidents) - MAX_AFFECTED)


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


def _by_title(incidents: Sequence[Incident]) -> tuple[str, ...]:
    """List what is wrong, the worst first and then the most frequent, each with its hosts.

    Where all are on one host, its applications tell them apart.
    """
    one_host = len({one.host for one in incidents}) == 1
    ranks = {one.title: one.severity.rank for one in reversed(incidents)}
    counts = Counter(one.title for one in incidents)
    lines = []
    for title in sorted(counts, key=lambda title: (-ranks[title], -counts[title], title)):
        of_title = [one for one in incidents if one.title == title]
        over = sum(not one.is_live for one in of_title)
        some = "" if over == len(of_title) else f"{over} of {len(of_title)} "
        mended = f"; {some}solved since" if over else ""
        where = listed({(one.application if one_host else None) or one.host for one in of_title})
        lines.append(clean(f"{title.rstrip('.')}: {where}{mended}", 240))
    return tuple(lines)


def _explanation(incidents: Sequence[Incident]) -> str:
    chief = incidents[0]
    several = len({one.host for one in incidents}) > 1
    return clean(f"For example {chief.host}: {chief.explanation}" if several else chief.explanation, 1200)


def _over(incidents: Sequence[Incident], reader: Reader) -> str:
    """Say how it ended, how long it lasted, and what was lost."""
    ends = [one.resolved_at for one in incidents if one.resolved_at]
    failed = sum(one.runs_failed for one in incidents)
    lasted = duration(max(ends) - min(one.opened_at for one in incidents))
    if all(one.cause in ABSENCES for one in incidents):
        return f"{_ended(incidents, reader.stamp(max(ends)))} It lasted {lasted}."
    lost = f"It was failing for {lasted}; {plural(failed, 'run')} went wrong."
    return f"{_ended(incidents, reader.stamp(max(ends)))} {lost}"


def _ended(incidents: Sequence[Incident], end: str) -> str:
    endings = {one.ending for one in incidents}
    chief = incidents[0]
    what = clean(chief.application or "The sync", 100) if len(incidents) == 1 else "Every one of these syncs"
    if endings <= {Ending.RECOVERED, None}:
        return f"{what} works again since {end}."
    if len(endings) == 1 and chief.ending in BY_HAND:
        who = clean(chief.resolved_by, 100) if chief.resolved_by else "Somebody"
        return f"{who} closed it by hand at {end}: {str(chief.ending).replace('_', ' ')}."
    if endings == {Ending.SIGNAL}:
        return f"The machine shows since {end} that this is over."
    if endings == {Ending.QUIET}:
        return f"Nothing more was heard of it for long, so it counts as over since {end}."
    return f"All of this counts as over since {end}."


def _forward(incidents: Sequence[Incident], words: Wording, reader: Reader, *, over: bool) -> str:
    """Return what can be sent on to the client; empty when that would tell one client of another."""
    if len({one.client for one in incidents}) > 1:
        return ""
    chief = incidents[0]
    if over and {one.ending for one in incidents} - {Ending.RECOVERED, None}:
        return ""
    if over:
        end = reader.stamp(max(one.resolved_at or reader.now for one in incidents))
        what = chief.application or "The sync with QuickBooks"
        return clean(f"{what} works again since {end}. There is nothing left for you to do.", 600)
    return clean(redact(words.forward), 600)


def _what_it_was(incidents: Sequence[Incident], reader: Reader) -> tuple[str, ...]:
    """Return what is known of a silence in the end: from when to when, what it cost, and why."""
    [chief, *others] = incidents
    if others or chief.cause not in ABSENCES:
        return ()
    return (clean(reader.told(redact(chief.message[:2000])), 500),)


def _evidence(incident: Incident, reader: Reader) -> tuple[str, ...]:
    """Return the log's lines, and first the codes that none of those that are shown has."""
    # Redacted once already before it was stored; by then it may have come from an older version.
    told = [redact(line[:2000]) for line in (incident.message, *incident.evidence)]
    if incident.cause in ABSENCES:
        told = [reader.told(line) for line in told]
    lines = [clean(line, 300 if number else 500) for number, line in enumerate(told)]
    # Why this cause was taken stands second; what it may be instead, third.
    lines[1:] = sorted(lines[1:], key=lambda line: not line.startswith((NEAR_IT, ALSO_POSSIBLE)))
    said = list(dict.fromkeys(line for line in lines if line))
    shown = " ".join(said[:MAX_EVIDENCE]).casefold()
    codes = [code for code in incident.codes if code.casefold() not in shown]
    return (*said[:MAX_EVIDENCE], *([clean("Codes: " + ", ".join(codes), 200)] if codes else []), *said[MAX_EVIDENCE:])


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(line for text in texts if (line := clean(text, 500)))


def _about(incident: Incident) -> About:
    def plain(text: str | None) -> str | None:
        return clean(redact(text), 200) or None if text else None

    return About(
        id=incident.id,
        host=clean(incident.host, 200),
        client=plain(incident.client),
        application=plain(incident.application),
        company_file=plain(file_name(incident.company_file)) if incident.company_file else None,
        cause=incident.cause,
        title=clean(incident.title, 200),
        severity=incident.severity,
        state=incident.state,
        act=incident.act,
        codes=tuple(clean(code, 60) for code in incident.codes),
        failed_runs=incident.runs_failed,
        opened_at=_utc(incident.opened_at),
        last_at=_utc(incident.last_at),
        resolved_at=_utc(incident.resolved_at) if incident.resolved_at else None,
        last_good_at=_utc(incident.last_good_at) if incident.last_good_at else None,
    )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_web(link: str) -> bool:
    return link.startswith(("https://", "http://")) and clean(link, 500) == link

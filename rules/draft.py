"""One record becomes one finding: what a rule says of it, filled in with what is known."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import datetime
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING

from ingest.redact import redact, redact_url
from rules.codes import find_codes
from rules.event import Confidence, Event, Role
from rules.quote import evidence_of, line_of

if TYPE_CHECKING:
    from ingest.record import Record, Run, Span
    from rules.catalogue import Catalogue, Cause, Match

UNCLASSIFIED = "unclassified"
UNEXPLAINED = "run.unexplained"
_HARMLESS_CODES = {"QBWC1016", "QBWC1017", "QBWC1018", "QBWC1019", "QBWC1020", "QBWC1031"}
_WINDOWS_EVENTS = "windows-events"
_BAD_LEVELS = {"error", "critical"}
# What QuickBooks' own logs call an error is often none; a connector's own author knows better.
_LEVELS_UNSURE = {"qbwc", "qbsdk", "qbwin"}
_NAMES = tuple(field.name for field in fields(Event))
_values_of = attrgetter(*_NAMES)
_TRACE = re.compile(r"^StackTrace =|\bUnhandled exception\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Whose log is read: the host, its client, the source's name, and the file's identity with its generation."""

    host: str
    client: str | None
    source: str
    file: str


def digest(*parts: object) -> str:
    """Return a short id that is the same for the same parts.

    >>> digest("srv-01", "f", 0) == digest("srv-01", "f", 0)
    True
    """
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12).hexdigest()


def record_id(where: Where, record: Record) -> str:
    """Return the id of the event that *record* may become."""
    return digest(where.host, where.file, record.span.offset, "record")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """Where an event comes from. `finding` is "record" or "run": a record that grew keeps its event's id."""

    where: Where
    span: Span
    run: str | None
    finding: str
    rule: str
    format: str
    time: datetime | None
    component: str = ""
    level: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A finding before it is known whether it is a root or an echo.

    One that is `beside` comes from another log of the machine, written at the same time. An `answer` is what
    QuickBooks said to one request while the session went on. One that counts `anyway` asked for the run's outcome.
    `local` is the time on the machine's own clock of a record whose time is not certain.
    """

    event: Event
    fallback: bool
    echo: bool
    beside: bool = False
    answer: bool = False
    anyway: bool = False
    local: datetime | None = None


def changed(event: Event, **changes: object) -> Event:
    """Return *event* with *changes*: what dataclasses.replace does, in a fifth of the time; a log has many findings."""
    new = object.__new__(Event)
    for name, value in (*zip(_NAMES, _values_of(event), strict=True), *changes.items()):
        # Nobody else knows the new one yet.
        object.__setattr__(new, name, value)
    return new


def moved(draft: Draft, where: Where, span: Span, time: datetime | None, run: str) -> Draft:
    """Return *draft* as it would be of a record that says the same, in another place of the same host's logs."""
    event = changed(
        draft.event, id=digest(where.host, where.file, span.offset, "record"), time=time, source=where.source,
        line=span.line, offset=span.offset, run=run,
    )  # fmt: skip
    return Draft(event, fallback=draft.fallback, echo=draft.echo)


@dataclass(frozen=True, slots=True)
class Drafter:
    """Makes findings in the words of a catalogue."""

    catalogue: Catalogue

    def of(self, match: Match | None, record: Record, where: Where, run: Run | None) -> Draft | None:
        """Make the finding that *record* is: what *match* says, else what it looks like."""
        return self.of_match(match, record, where, run) if match else self.suspect(record, where, run)

    def of_match(self, match: Match, record: Record, where: Where, run: Run | None) -> Draft:
        """Make the finding that *record* is what *match* says."""
        rule, cause = match.rule, self.catalogue.causes[match.rule.cause]
        values = _values(record, where, run, match)
        event = _event(_origin(record, where, run, rule.name), cause, values, self.catalogue.pack)
        filled = cause.filled(values, rule=rule)
        event = replace(
            event,
            confidence=rule.confidence,
            codes=match.codes,
            message=line_of(record.said or record.message or record.body),
            evidence=evidence_of(record),
            explanation=filled.explanation,
            steps=filled.steps,
            links=filled.links,
        )
        return Draft(event, fallback=rule.fallback, echo=rule.role is Role.ECHO, local=_local_time(record))

    def suspect(self, record: Record, where: Where, run: Run | None) -> Draft | None:
        """Keep what looks like a failure though no rule knows it."""
        # A Windows event's codes and traces are its own data; it is no line of a sync.
        if record.format == _WINDOWS_EVENTS:
            return None
        codes = tuple(code for code in find_codes(record.text) if code not in _HARMLESS_CODES)
        is_bad = record.level in _BAD_LEVELS and record.format not in _LEVELS_UNSURE
        if not codes and not is_bad and not _TRACE.search(record.text):
            return None
        cause = self.catalogue.causes[UNCLASSIFIED]
        event = _event(
            _origin(record, where, run, UNCLASSIFIED), cause, _values(record, where, run, None), self.catalogue.pack
        )
        event = replace(
            event,
            confidence=Confidence.WEAK,
            codes=codes,
            message=line_of(record.said or record.message or record.body),
            evidence=evidence_of(record),
        )
        return Draft(event, fallback=True, echo=False, local=_local_time(record))

    def unexplained(self, run: Run, where: Where, echoes: list[Draft]) -> Draft:
        """Make the finding of a run that failed while no line says why."""
        cause = self.catalogue.causes[UNCLASSIFIED]
        values = {"host": where.host, "application": run.application, "company_file": run.company_file}
        origin = _Origin(
            where=where, span=run.first, run=run.id, finding="run", rule=UNEXPLAINED, format=run.format,
            time=run.ended or run.started,
        )  # fmt: skip
        event = _event(origin, cause, values, self.catalogue.pack)
        said = [draft.event.message for draft in echoes if "QBWC1031" not in draft.event.codes]
        message = said[0] if said else "The run failed, and no line of the log says why."
        return Draft(replace(event, message=message, evidence=tuple(said)), fallback=True, echo=False)


def _event(origin: _Origin, cause: Cause, values: dict[str, str | None], pack: str) -> Event:
    filled = cause.filled(values)
    where = origin.where
    return Event(
        id=digest(where.host, where.file, origin.span.offset, origin.finding),
        time=origin.time,
        host=where.host,
        client=where.client,
        source=where.source,
        format=origin.format,
        line=origin.span.line,
        offset=origin.span.offset,
        application=values.get("application"),
        company_file=values.get("company_file"),
        run=origin.run,
        cause=cause.name,
        rule=origin.rule,
        severity=cause.severity,
        role=Role.ROOT,
        confidence=Confidence.WEAK,
        act=cause.act,
        codes=(),
        message="",
        evidence=(),
        title=cause.title,
        explanation=filled.explanation,
        steps=filled.steps,
        links=filled.links,
        rule_pack=pack,
        component=origin.component,
        level=origin.level,
    )


def _local_time(record: Record) -> datetime | None:
    try:
        return datetime.fromisoformat(record.fields["local_time"]) if "local_time" in record.fields else None
    except ValueError:
        return None


def _origin(record: Record, where: Where, run: Run | None, rule: str) -> _Origin:
    return _Origin(
        where=where, span=record.span, run=run.id if run else None, finding="record", rule=rule,
        format=record.format, time=record.time, component=redact(record.component), level=record.level,
    )  # fmt: skip


def _values(record: Record, where: Where, run: Run | None, match: Match | None) -> dict[str, str | None]:
    """Return the names that texts are filled with, redacted: they come from the log, and others read them."""
    captures = match.captures if match else {}
    fields = record.fields
    application = (run.application if run else None) or captures.get("application") or fields.get("application")
    user = (run.user if run else None) or captures.get("user") or fields.get("user")
    url = captures.get("url") or (run.url if run else None)
    return {
        "host": where.host,
        "application": application,
        "company_file": captures.get("company_file") or (run and run.company_file) or fields.get("company_file"),
        "user": redact(user) if user else None,
        "url": redact_url(url) if url else None,
        "machine": captures.get("machine"),
        "detail": redact(captures["detail"]) if "detail" in captures else None,
    }

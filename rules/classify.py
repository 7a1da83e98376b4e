"""Candidates become events: one root for each failed run, and what follows from it as echoes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from ingest.record import Outcome
from ingest.redact import redact, redact_url
from rules.codes import find_codes
from rules.event import Confidence, Event, Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ingest.record import Record, Run, Span
    from rules.catalogue import Catalogue, Cause, Match

# Outside a run the same finding again within this time follows from the first.
SAME_TROUBLE = timedelta(minutes=30)
UNCLASSIFIED = "unclassified"
SUMMARY = "run_summary"
_HARMLESS_CODES = {"QBWC1016", "QBWC1017", "QBWC1018", "QBWC1019", "QBWC1020", "QBWC1031"}
_TRACE = re.compile(r"^StackTrace =|\bUnhandled exception\b", re.MULTILINE)
# A run with more findings than this keeps the first ones and counts the rest.
MOST_FINDINGS = 500
_LONGEST_LINE = 400
_MOST_LINES = 8
_HEALTHY = {Outcome.OK, Outcome.NO_WORK}


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


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    event: Event
    fallback: bool
    echo: bool


class _Run:
    """The findings of one run, and the one among them that explains it best so far."""

    def __init__(self) -> None:
        self.drafts: dict[str, _Draft] = {}
        self.root: _Draft | None = None
        self.left_out = 0

    def put(self, draft: _Draft) -> set[str]:
        """Add *draft*, or replace what its record was before; return the ids of events whose role may have changed."""
        before = self.root
        if draft.event.id in self.drafts:
            self.drafts[draft.event.id] = draft
            self.root = _root(self.drafts.values())
        elif len(self.drafts) >= MOST_FINDINGS:
            self.left_out += 1
            return set()
        else:
            self.drafts[draft.event.id] = draft
            self.root = _root([one for one in (self.root, draft) if one])
        return {one.event.id for one in (before, self.root, draft) if one and one.event.id in self.drafts}


class Findings:
    """The findings of one log, kept by run until that run is closed."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Classify by *catalogue*."""
        self._catalogue = catalogue
        self._by_run: dict[str, _Run] = {}
        self._outside: dict[tuple[str, str], tuple[str, datetime | None]] = {}

    def add(self, record: Record, where: Where, run: Run | None) -> list[Event]:
        """Classify *record*, which may belong to *run*; return the events that are new or may have changed.

        A record that comes again, because it has grown, replaces what it was before.
        """
        draft = self._draft(record, where, run)
        if draft is None:
            return []
        if run is None:
            return [self._outside_role(draft)]
        found = self._by_run.setdefault(run.id, _Run())
        touched = found.put(draft)
        root = self._shown_root(found, run)
        return [_settled(found.drafts[id_], run, root) for id_ in found.drafts if id_ in touched] if touched else []

    def review(self, run: Run, where: Where) -> list[Event]:
        """Return the events of *run* as they stand now: roles, application and company file."""
        found = self._by_run.get(run.id) or _Run()
        drafts = list(found.drafts.values())
        root = self._shown_root(found, run)
        if root is None and run.outcome is Outcome.FAILED and run.ended:
            # An echo that names a cause is a better guess than none.
            root = next((draft for draft in drafts if draft.event.cause != SUMMARY), None)
            if root is None:
                root = self._unexplained(run, where, drafts)
                drafts.append(root)
        events = [_settled(draft, run, root) for draft in drafts]
        if found.left_out:
            events[0] = _with_count(events[0], found.left_out)
        return events

    def close(self, run: Run, where: Where) -> list[Event]:
        """Return the events of *run*, which is over, for the last time."""
        events = self.review(run, where)
        self._by_run.pop(run.id, None)
        return events

    def has_root(self, run_id: str) -> bool:
        """Say whether something was found in the run that may be why it failed."""
        root = self._by_run[run_id].root if run_id in self._by_run else None
        return root is not None and root.event.severity.rank >= Severity.ERROR.rank

    @staticmethod
    def _shown_root(found: _Run, run: Run) -> _Draft | None:
        """Return the root; a healthy run has none, nor has one that a live run turned away."""
        return None if run.outcome in _HEALTHY or run.blocked_by else found.root

    def _outside_role(self, draft: _Draft) -> Event:
        event = draft.event
        key = (event.host, event.cause)
        first, before = self._outside.get(key, (event.id, None))
        passed = event.time - before if before and event.time else None
        follows = first != event.id and passed is not None and passed <= SAME_TROUBLE
        self._outside[key] = (first if follows else event.id, event.time)
        return replace(event, role=Role.ECHO if follows or draft.echo else Role.ROOT)

    def _draft(self, record: Record, where: Where, run: Run | None) -> _Draft | None:
        application = (run.application if run else None) or record.fields.get("application")
        match = self._catalogue.match(record, application)
        if match is None:
            return self._suspect(record, where, run)
        rule, cause = match.rule, self._catalogue.causes[match.rule.cause]
        values = _values(record, where, run, match)
        event = _event(_origin(record, where, run, rule.name), cause, values)
        filled = cause.filled(values, rule=rule)
        event = replace(
            event,
            confidence=rule.confidence,
            codes=match.codes,
            message=_line(record.said or record.message or record.body),
            evidence=_evidence(record),
            explanation=filled.explanation,
            steps=filled.steps,
            links=filled.links,
        )
        return _Draft(event, fallback=rule.fallback, echo=rule.role is Role.ECHO)

    def _suspect(self, record: Record, where: Where, run: Run | None) -> _Draft | None:
        """Keep what looks like a failure though no rule knows it."""
        codes = tuple(code for code in find_codes(record.text) if code not in _HARMLESS_CODES)
        if not codes and not _TRACE.search(record.text):
            return None
        cause = self._catalogue.causes[UNCLASSIFIED]
        event = _event(_origin(record, where, run, UNCLASSIFIED), cause, _values(record, where, run, None))
        event = replace(
            event,
            confidence=Confidence.WEAK,
            codes=codes,
            message=_line(record.said or record.message or record.body),
            evidence=_evidence(record),
        )
        return _Draft(event, fallback=True, echo=False)

    def _unexplained(self, run: Run, where: Where, echoes: list[_Draft]) -> _Draft:
        """Make the finding of a run that failed while no line says why."""
        cause = self._catalogue.causes[UNCLASSIFIED]
        values = {"host": where.host, "application": run.application, "company_file": run.company_file}
        origin = _Origin(
            where=where, span=run.first, run=run.id, finding="run", rule="run.unexplained", format=run.format,
            time=run.ended or run.started,
        )  # fmt: skip
        event = _event(origin, cause, values)
        said = [draft.event.message for draft in echoes if "QBWC1031" not in draft.event.codes]
        message = said[0] if said else "The run failed, and no line of the log says why."
        return _Draft(replace(event, message=message, evidence=tuple(said)), fallback=True, echo=False)


def _root(drafts: Iterable[_Draft]) -> _Draft | None:
    """Take the first finding that explains a run: a specific one before a wrapper's, an error before a warning."""
    able = (draft for draft in drafts if not draft.echo)
    # Of equals min takes the first, which is the earliest.
    return min(able, key=lambda d: (d.fallback, d.event.severity.rank < Severity.ERROR.rank), default=None)


def _settled(draft: _Draft, run: Run, root: _Draft | None) -> Event:
    return replace(
        draft.event,
        application=run.application,
        company_file=draft.event.company_file or run.company_file,
        role=Role.ROOT if draft is root else Role.ECHO,
    )


def _with_count(event: Event, left_out: int) -> Event:
    return replace(event, evidence=(*event.evidence, f"{left_out} more findings of this run are not listed."))


def _event(origin: _Origin, cause: Cause, values: dict[str, str | None]) -> Event:
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
    )


def _origin(record: Record, where: Where, run: Run | None, rule: str) -> _Origin:
    return _Origin(
        where=where, span=record.span, run=run.id if run else None, finding="record", rule=rule,
        format=record.format, time=record.time,
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
        "company_file": captures.get("company_file") or (run.company_file if run else None) or None,
        "user": redact(user) if user else None,
        "url": redact_url(url) if url else None,
        "machine": captures.get("machine"),
        "detail": redact(captures["detail"]) if "detail" in captures else None,
    }


def _line(text: str) -> str:
    first = redact(text.strip().partition("\n")[0])
    return first if len(first) <= _LONGEST_LINE else first[: _LONGEST_LINE - 1] + "…"


def _evidence(record: Record) -> tuple[str, ...]:
    first = record.said or record.message
    lines = [line for line in (first, *record.body.splitlines()) if line.strip()]
    return tuple(_line(line) for line in lines[:_MOST_LINES])

"""The statuses of QuickBooks' answers as rules see them, and how often each came in a run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rules.event import Severity
from rules.quote import line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.record import Record, Status
    from rules.classify import Draft


def records_of(record: Record) -> Iterator[tuple[Status, Record]]:
    """Yield each status of *record* with a record of its own, which holds QuickBooks' words and nobody else's."""
    for status in record.statuses:
        severity = "Error" if status.is_error else "Warn"
        yield (
            status,
            replace(
                record,
                message=f'{status.answer} statusCode="{status.code.rpartition("/")[2]}" statusSeverity="{severity}"',
                body=status.words,
                said="",
                data="",
                codes=(status.code,),
                statuses=(),
            ),
        )


def key_of(status: Status) -> tuple[str, bool, bool]:
    """Return by what the findings of one run are told apart: one status is one finding."""
    return (status.code, status.is_error, status.of_application)


def as_answer(draft: Draft, status: Status, id_: str) -> Draft:
    """Return *draft*, made of *status*, as the finding with *id_*: only a refusal of a sync's own request is a reason.

    Web Connector deals itself with what it asks for itself, and a warning refuses nothing.
    """
    event = replace(draft.event, id=id_, severity=draft.event.severity if status.is_error else Severity.NOTICE)
    echo = draft.echo or not (status.is_error and status.of_application)
    return replace(draft, event=event, echo=echo, answer=True)


@dataclass(slots=True)
class _Tally:
    """How often one status came; the last place is kept apart, since its record may come again, grown."""

    draft: Draft
    status: Status
    before: int = 0
    last: str = ""
    here: int = 0


@dataclass(slots=True)
class Tallies:
    """The statuses of one run: each is one finding, told where it came first."""

    _by_key: dict[tuple[str, bool, bool], _Tally] = field(default_factory=dict)

    def put(self, status: Status, draft: Draft, place: str, *, counted: bool) -> Draft:
        """Count *status*, which came as *draft* from the record at *place*; return the finding as it stands now.

        It is told where it came first, and as what it was then, until a rule has *counted* enough of it.
        """
        tally = self._by_key.setdefault(key_of(status), _Tally(draft, status, last=place))
        if counted:
            tally.draft = _at_first(tally.draft, draft)
        if tally.last != place:
            tally.before += tally.here
            tally.last = place
        tally.here = status.count
        return _told(tally)

    def decided(self, id_: str, draft: Draft) -> Draft | None:
        """Return *draft*, which the run's end made of the status whose finding is *id_*; None if it is no status's."""
        tally = next((one for one in self._by_key.values() if one.draft.event.id == id_), None)
        return _told(replace(tally, draft=as_answer(draft, tally.status, id_))) if tally else None


def _at_first(first: Draft, now: Draft) -> Draft:
    """Return *now*, which other rules make of a status that came again, as a finding where it came *first*."""
    event = first.event
    return replace(now, event=replace(now.event, id=event.id, time=event.time, line=event.line, offset=event.offset))


def told(draft: Draft, status: Status) -> Draft:
    """Return *draft* with the words of *status*, and how often it came in its record."""
    return _told(_Tally(draft, status, here=status.count))


def _told(tally: _Tally) -> Draft:
    status, count = tally.status, tally.before + tally.here
    words = status.words or "QuickBooks does not say why."
    times = "once" if count == 1 else f"{count} times"
    ids = f", request {', '.join(status.requests)}" if status.requests else ""
    more = " and others" if ids and count > len(status.requests) else ""
    kind = "error" if status.is_error else "warning"
    message = line_of(f"{status.code}, {times}: {words}")
    evidence = (line_of(f"{times}: {kind} {status.code} in {status.answer}{ids}{more}"), line_of(words))
    return replace(tally.draft, event=replace(tally.draft.event, message=message, evidence=evidence))

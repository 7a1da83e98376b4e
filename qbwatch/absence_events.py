"""Events of what did not happen: their ids, their words, and what of them is news."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rules.absence import MACHINE
from rules.absence.words import length
from rules.classify import digest
from rules.event import ALSO_POSSIBLE, Confidence, Event, Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from qbwatch.stillness import Stillness
    from rules.catalogue import Catalogue
    from rules.event import Alternative

# What stands where the catalogue lacks a cause.
_PLAIN = "missed_schedule"
_SHOWN_APPLICATIONS = 5
_SHOWN_OTHERS = 2


def id_of(host: str, scope: str, begins: datetime, parent: datetime | None = None) -> str:
    """Return the id of the silence of *scope* that began at *begins*; the same whatever becomes known of it."""
    parts = ("held", parent.isoformat()) if parent else ()
    return digest(host, "absence", scope, begins.isoformat(), *parts)


def event_of(stillness: Stillness, catalogue: Catalogue, *, host: str, client: str | None) -> Event:
    """Return *silence* as a finding; one that the machine's silence holds back is an echo of that."""
    absence, verdict = stillness.absence, stillness.verdict
    cause = catalogue.causes.get(verdict.cause) or catalogue.causes[_PLAIN]
    application = None if absence.scope == MACHINE else absence.scope
    named = [one for one in verdict.others if one.cause in catalogue.causes]
    others = tuple(replace(one, title=catalogue.causes[one.cause].title) for one in named)
    filled = cause.filled({"host": host, "application": application or _names(stillness)})
    return Event(
        id=id_of(host, absence.scope, absence.begins, stillness.parent), time=absence.begins, host=host, client=client,
        source=stillness.source, format="qbwc", line=stillness.line, offset=stillness.offset, application=application,
        company_file=None, run=None, cause=cause.name, rule=f"absence.{cause.name}", severity=cause.severity,
        role=Role.ECHO if stillness.parent else Role.ROOT, confidence=verdict.confidence, act=cause.act, codes=(),
        message=message_of(stillness), evidence=(*verdict.evidence, *_vital(stillness), *_also(others)),
        title=cause.title, explanation=filled.explanation, steps=filled.steps, links=filled.links, others=others,
    )  # fmt: skip


def _also(others: tuple[Alternative, ...]) -> Iterator[str]:
    """Yield a line for each other cause that something speaks for."""
    for one in others[:_SHOWN_OTHERS]:
        against = f" But: {one.speaks_against}" if one.speaks_against else ""
        if one.speaks_for:
            yield f"{ALSO_POSSIBLE}{one.title}. {one.speaks_for}{against}"


def _vital(stillness: Stillness) -> tuple[str, ...]:
    """Tell a silence that lasts how far back the last good sync lies: runs may have failed before it."""
    good, begins = stillness.last_good, stillness.absence.begins
    if good is None:
        return ()
    before = max(begins - good, timedelta())
    ago = "just before" if before < timedelta(minutes=1) else f"{length(before)} before"
    return (f"The last sign of life was at {_clock(begins)}, the last good sync at {_clock(good)}, {ago}.",)


def withdrawn(event: Event) -> Event:
    """Return *event*, which turned out to be none, as what nobody is told of."""
    return replace(
        event,
        role=Role.ECHO,
        severity=Severity.NOTICE,
        confidence=Confidence.WEAK,
        message="Taken back: what was read later shows that this was no fault, or another one.",
        evidence=(event.message,),
    )


def news_of(stillness: Stillness) -> str:
    """Return what makes *silence* worth telling again: a count that grows while it lasts does not."""
    absence, verdict = stillness.absence, stillness.verdict
    told = (
        verdict.cause, verdict.confidence, verdict.how, absence.ends, absence.resumed_with_start_line,
        absence.open_run, stillness.parent, verdict.begins, verdict.ends,
    )  # fmt: skip
    # While it lasts the first line of the evidence counts what was missed.
    return digest(*told, *(verdict.evidence if absence.ends else verdict.evidence[1:]))


def message_of(stillness: Stillness) -> str:
    """Say in one line what was silent, from when to when, and what that cost."""
    absence = stillness.absence
    who = "Web Connector" if absence.scope == MACHINE else absence.scope
    until = f"to {_clock(absence.ends)}" if absence.ends else "on, and still"
    cost = f"about {absence.missed_count} scheduled {'run' if absence.missed_count == 1 else 'runs'} missed"
    if stillness.parent:
        return f"{who}: {cost} from {_clock(absence.begins)} {until}, since the whole machine was silent."
    did = "wrote nothing" if absence.scope == MACHINE else "did not run"
    of_whom = f" ({_names(stillness)})" if absence.scope == MACHINE and absence.missed else ""
    reason = f" {stillness.verdict.summary}" if stillness.verdict.summary else ""
    return f"{who} {did} from {_clock(absence.begins)} {until}: {cost}{of_whom}.{reason}"


def _names(stillness: Stillness) -> str:
    return _listed(tuple(missed.application for missed in stillness.absence.missed))


def _listed(names: tuple[str, ...]) -> str:
    shown = list(names[:_SHOWN_APPLICATIONS])
    if len(names) > len(shown):
        shown.append(f"{len(names) - len(shown)} more")
    return ", ".join(shown[:-1]) + (" and " if len(shown) > 1 else "") + "".join(shown[-1:])


def _clock(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "?"

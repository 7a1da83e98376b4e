"""One failure, several causes: take the likeliest by what lies near, and name the others with what speaks for each.

"Could not start QuickBooks" is all that the log says of at least seven troubles. What Windows noted at that moment,
what the probes saw, what other runs said outright and which syncs went well tell them apart.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rules.event import ALSO_POSSIBLE, NEAR_IT, Alternative, Confidence, Role
from rules.suspects import DOUBTFUL, Near, is_witness, suspects

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rules.catalogue import Catalogue
    from rules.event import Event

__all__ = ("DOUBTFUL", "Near", "is_doubtful", "is_witness", "usual_others", "weigh")

GENERIC = "quickbooks_cannot_start"
# Also named where nothing near speaks for them: these are what it usually turns out to be.
_USUAL = (
    "popup_blocked", "single_user_mode", "user_already_signed_in", "session_logged_out",
    "multiple_quickbooks_instances", "company_file_not_found", "permission_missing",
)  # fmt: skip
_MOST = 7
_AROUND = timedelta(minutes=20)
_SHOWN = 2


def is_doubtful(event: Event) -> bool:
    """Say whether *event* is the reason of a failure and may have several causes."""
    return event.rule in DOUBTFUL and event.role is Role.ROOT and event.time is not None


def weigh(event: Event, near: Near, catalogue: Catalogue) -> Event:
    """Return *event* with its likeliest cause by what lies *near*, and the others; the same again gives the same.

    An event that is not doubtful stays as it is.
    """
    if not is_doubtful(event) or event.time is None:
        return event
    found = [one for one in suspects(event, event.time, near) if one.cause in catalogue.causes]
    best = found[0] if found and found[0].confidence is not Confidence.WEAK else None
    cause = best.cause if best else GENERIC
    others = _others(cause, found, event, near)
    titled = tuple(
        replace(one, title=catalogue.causes[one.cause].title) for one in others if one.cause in catalogue.causes
    )
    lines = [line for line in event.evidence if not line.startswith((NEAR_IT, ALSO_POSSIBLE))]
    told = (*([f"{NEAR_IT}{best.speaks_for}"] if best else []), *_also(titled, is_told=best is not None))
    return _of_cause(
        replace(event, others=titled, evidence=(*lines, *told)), cause, best.confidence if best else None, catalogue
    )


def usual_others(rule: str, catalogue: Catalogue) -> tuple[Alternative, ...]:
    """Return what a finding of *rule* usually turns out to be instead, where nothing is known of the machine."""
    names = _USUAL if rule in DOUBTFUL else ()
    return tuple(
        Alternative(cause=name, confidence=Confidence.WEAK, title=catalogue.causes[name].title)
        for name in names
        if name in catalogue.causes
    )


def _others(cause: str, found: Sequence[Alternative], event: Event, near: Near) -> list[Alternative]:
    """Return the causes beside the chosen one: those that something speaks for, then the usual ones."""
    named = [one for one in found if one.cause != cause]
    known = {cause, *(one.cause for one in named)}
    usual = (GENERIC, *_USUAL) if cause != GENERIC else _USUAL
    named += [
        Alternative(cause=name, confidence=Confidence.WEAK, speaks_against=_against(name, event, near))
        for name in usual
        if name not in known
    ]
    return named[:_MOST]


def _against(cause: str, event: Event, near: Near) -> str:
    if cause == "session_logged_out" and event.format == "qbwc":
        return "Web Connector wrote this line, so its own user was signed in."
    good = near.was_good(event.time - _AROUND, event.time) if event.time else None
    if good and cause in {"session_logged_out", "single_user_mode", GENERIC}:
        return f"{good[0] or 'A sync'} had opened QuickBooks shortly before."
    return "Nothing near it speaks for it."


def _also(others: Sequence[Alternative], *, is_told: bool) -> Iterator[str]:
    """Yield a line for each other cause that something speaks for; unless one *is told*, else one of usual causes."""
    told = [one for one in others if one.speaks_for][:_SHOWN]
    for one in told:
        against = f" But: {one.speaks_against}" if one.speaks_against else ""
        yield f"{ALSO_POSSIBLE}{one.title}. {one.speaks_for}{against}"
    if not told and not is_told and others:
        yield f"{ALSO_POSSIBLE}{'; '.join(one.title for one in others[:3])}."


def _of_cause(event: Event, cause: str, sure: Confidence | None, catalogue: Catalogue) -> Event:
    """Return *event* with the texts of *cause*, unless it has them."""
    if event.cause == cause:
        return event if sure is None else replace(event, confidence=sure)
    entry = catalogue.causes[cause]
    rule = next((one for one in catalogue.rules if one.name == event.rule), None) if cause == GENERIC else None
    names = {"host": event.host, "application": event.application, "company_file": event.company_file}
    filled = entry.filled(names, rule=rule)
    return replace(
        event, cause=cause, severity=entry.severity, act=entry.act, title=entry.title,
        confidence=sure or (rule.confidence if rule else Confidence.LIKELY), explanation=filled.explanation,
        steps=filled.steps, links=filled.links,
    )  # fmt: skip

"""A sync that is let in again and again and never gets work: healthy here, and worth a look on the other side."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rules.classify import digest
from rules.event import Confidence, Event, Role

if TYPE_CHECKING:
    from rules.catalogue import Catalogue
    from rules.pulse import Pulse

_CAUSE = "no_work_offered"
# Weekends and quiet days are no reason to ask.
_LONG = timedelta(days=7)
_OFTEN = 20


def idle_event(pulse: Pulse, catalogue: Catalogue, *, host: str, client: str | None) -> Event | None:
    """Return the notice that *pulse* gives reason for, once for each time without work."""
    since, last = pulse.idle_since, pulse.last_good
    if pulse.idle_told or since is None or last is None or pulse.idle_runs < _OFTEN or last - since < _LONG:
        return None
    pulse.idle_told = True
    cause = catalogue.causes[_CAUSE]
    filled = cause.filled({"host": host, "application": pulse.application})
    message = (
        f"{pulse.application} was let in {pulse.idle_runs} times from {since:%Y-%m-%d %H:%M} to "
        f"{last:%Y-%m-%d %H:%M} UTC, and there was no work each time."
    )
    return Event(
        id=digest(host, _CAUSE, pulse.application, since.isoformat()), time=since, host=host, client=client,
        source="", format="qbwc", line=0, offset=0, application=pulse.application, company_file=None, run=None,
        cause=cause.name, rule=f"absence.{cause.name}", severity=cause.severity, role=Role.ROOT, act=cause.act,
        confidence=Confidence.STRONG, codes=(), message=message, evidence=(), title=cause.title,
        explanation=filled.explanation, steps=filled.steps, links=filled.links,
    )  # fmt: skip

"""A decision in the words of a message, as its receiver reads it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alerts.compose import Wording, compose, no_wording
from alerts.decide import Kind
from alerts.plain import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, tzinfo

    from alerts.decide import Decision
    from alerts.incident import Incident
    from alerts.message import Message

_IDENTITY = frozenset({"Host", "Affected", "Client", "Clients", "Application", "Company file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How messages read: times in `zone` or, by receiver, in one of `zones`; `wording` adds what the catalogue says."""

    zone: tzinfo
    zones: Mapping[str, tzinfo] = field(default_factory=dict)
    wording: Callable[[Incident], Wording] = no_wording

    def message(self, decision: Decision, receiver: str, *, id: str, thread: str, now: datetime) -> Message:  # noqa: A002 - the field's name
        """Say *decision* to *receiver*; what was withdrawn is taken back."""
        zone = self.zones.get(receiver, self.zone)
        if not any(incident.withdrawn for incident in decision.incidents):
            return compose(decision, id=id, thread=thread, now=now, zone=zone, wording=self.wording)
        opened = compose(replace(decision, kind=Kind.OPENED), id=id, thread=thread, now=now, zone=zone)
        return replace(
            opened,
            kind=Kind.RESOLVED,
            headline=cut(f"Taken back: {opened.headline}", 140),
            why="It turned out to be another problem, or none.",
            explanation="More of the log has been read since the first message, and it shows that this was not the "
            "cause. There is nothing to do here; if something else is wrong, a message of its own tells it.",
            facts=tuple(fact for fact in opened.facts if fact.label in _IDENTITY),
            steps=(),
            more_steps=0,
            links=(),
            evidence=(),
            more_evidence=0,
            verify=(),
            forward="",
            can_acknowledge=False,
        )

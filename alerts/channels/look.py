"""How kinds and severities look, the same in every channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alerts.decide import Kind
from rules.event import Severity

if TYPE_CHECKING:
    from alerts.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The word, sign and colours of a message, and what Apprise and Adaptive Cards call its mood."""

    word: str
    sign: str
    colour: str
    tint: str
    dark_tint: str
    card_style: str
    notify_type: str


_BY_SEVERITY = {
    Severity.CRITICAL: Look(
        word="Critical",
        sign="\U0001f534",
        colour="#b3261e",
        tint="#fdecea",
        dark_tint="#4a1512",
        card_style="attention",
        notify_type="failure",
    ),
    Severity.ERROR: Look(
        word="Error",
        sign="\U0001f534",
        colour="#b3261e",
        tint="#fdecea",
        dark_tint="#4a1512",
        card_style="attention",
        notify_type="failure",
    ),
    Severity.WARNING: Look(
        word="Warning",
        sign="\U0001f7e1",
        colour="#8a5a00",
        tint="#fff4d6",
        dark_tint="#453000",
        card_style="warning",
        notify_type="warning",
    ),
    Severity.NOTICE: Look(
        word="Notice",
        sign="\U0001f535",
        colour="#1f4f99",
        tint="#e8f0fe",
        dark_tint="#14294d",
        card_style="accent",
        notify_type="info",
    ),
}
_RESOLVED = Look(
    word="All clear",
    sign="\U0001f7e2",
    colour="#1b6e37",
    tint="#e6f4ea",
    dark_tint="#0f3a1e",
    card_style="good",
    notify_type="success",
)


def look(message: Message) -> Look:
    """Return how *message* looks: green when it is over, else by severity; a digest says that it is one."""
    if message.kind is Kind.RESOLVED:
        return _RESOLVED
    of_severity = _BY_SEVERITY[message.severity]
    return replace(of_severity, word="Digest") if message.kind is Kind.DIGEST else of_severity


def tagline(message: Message) -> str:
    """Return the small words above the headline, such as `Error at Acme`."""
    word = look(message).word
    client = next((fact.value for fact in message.facts if fact.label == "Client"), None)
    return f"{word} at {client}" if client else word

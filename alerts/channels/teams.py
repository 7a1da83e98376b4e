"""Microsoft Teams by a Power Automate workflow: an Adaptive Card that reads well on a phone."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from alerts.channels.look import look, tagline
from alerts.channels.shape import Envelope
from alerts.message import shorter
from alerts.plain import card_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.message import Message

SCHEMES: Final = frozenset({"workflow", "workflows"})
SPEAKS_SMTP: Final = False

MAX_BYTES: Final = 20_000
"""Teams takes 28 kB with its own additions; past that the flow fails after it said 202."""


def envelope(message: Message, plugin: Any) -> Envelope:
    """Return the card as the text that our Apprise plugin posts."""
    del plugin
    return Envelope(title="", body=json.dumps(payload(message)))


def plugin(parsed: Mapping[str, Any]) -> Any:
    """Make the Apprise plugin that posts our card instead of its own."""
    return _plugin_type()(**parsed)


def payload(message: Message) -> dict[str, Any]:
    """Return what is posted: the fullest form of the card within `MAX_BYTES`."""
    posted: dict[str, Any] = {}
    for shape in shorter(message):
        posted = {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "contentUrl": None,
                    "content": card(shape),
                }
            ],
        }
        if len(json.dumps(posted)) <= MAX_BYTES:
            break
    return posted


def card(message: Message) -> dict[str, Any]:
    """Return *message* as an Adaptive Card."""
    body = [
        _banner(message),
        *([_text(message.explanation)] if message.explanation else []),
        *([_facts(message)] if message.facts else []),
        *_steps(message),
        *_affected(message),
        *_evidence(message),
        _text(f"{message.why} Message {message.id}", size="Small", isSubtle=True, separator=True),
    ]
    whole: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": card_text(message.headline),
        "msteams": {"width": "full"},
        "body": body,
    }
    if message.link:
        whole["actions"] = [
            {"type": "Action.OpenUrl", "title": "How to fix it" if n == 0 else "More help", "url": link}
            for n, link in enumerate(message.links[:2])
        ]
    return whole


def _text(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": card_text(text), "wrap": True, **style}


def _banner(message: Message) -> dict[str, Any]:
    return {
        "type": "Container",
        "style": look(message).card_style,
        "bleed": True,
        "items": [
            _text(tagline(message), size="Small", weight="Bolder", spacing="None"),
            _text(message.headline, size="Large", weight="Bolder", style="heading", spacing="Small"),
        ],
    }


def _facts(message: Message) -> dict[str, Any]:
    facts = [{"title": fact.label, "value": card_text(fact.value)} for fact in message.facts]
    return {"type": "FactSet", "facts": facts, "spacing": "Medium"}


def _affected(message: Message) -> list[dict[str, Any]]:
    if not message.affected:
        return []
    more = [_text(f"and {message.more} more", isSubtle=True, spacing="None")] if message.more else []
    lines = [_text(line, spacing="Small") for line in message.affected]
    return [_text("Affected", weight="Bolder", spacing="Medium"), *lines, *more]


def _steps(message: Message) -> list[dict[str, Any]]:
    if not message.steps:
        return []
    title = _text("What to do", weight="Bolder", size="Medium", spacing="Medium")
    return [title, *(_step(number, step) for number, step in enumerate(message.steps, 1))]


def _step(number: int, step: str) -> dict[str, Any]:
    # Two columns rather than a markdown list: phones and desktops number such lists differently.
    return {
        "type": "ColumnSet",
        "spacing": "Small",
        "columns": [
            {
                "type": "Column",
                "width": "20px",
                "items": [_text(str(number), weight="Bolder", color="Accent")],
            },
            {"type": "Column", "width": "stretch", "items": [_text(step)]},
        ],
    }


def _evidence(message: Message) -> list[dict[str, Any]]:
    if not message.evidence:
        return []
    # A text run knows no markdown, so that the log's words stand as they are.
    lines = [
        {
            "type": "RichTextBlock",
            "spacing": "Small",
            "inlines": [{"type": "TextRun", "text": line, "size": "Small", "fontType": "Monospace"}],
        }
        for line in message.evidence
    ]
    title = _text("From the log", size="Small", weight="Bolder")
    return [{"type": "Container", "style": "emphasis", "spacing": "Medium", "items": [title, *lines]}]


@cache
def _plugin_type() -> Any:
    from apprise.plugins.workflows import NotifyWorkflows  # noqa: PLC0415 - apprise is slow to import

    class CardWorkflows(NotifyWorkflows):  # type: ignore[no-untyped-call]  # apprise is half typed
        """Posts the payload that stands ready in the body."""

        # Power Automate takes a few messages a second; Apprise's general 5.5 s would eat our time limit.
        request_rate_per_sec = 1

        def gen_payload(self, body: str, *_: Any, **__: Any) -> Any:
            return json.loads(body)

    return CardWorkflows

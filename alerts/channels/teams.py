"""Microsoft Teams by a Power Automate workflow: an Adaptive Card that reads well on a phone."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from alerts.channels.look import look, tagline
from alerts.channels.shape import Envelope
from alerts.channels.templates import SHIPPED_ONLY, TemplateFaultError
from alerts.message import shorter
from alerts.plain import card_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.channels.templates import Templates
    from alerts.message import Message

SCHEMES: Final = frozenset({"workflow", "workflows"})
SPEAKS_SMTP: Final = False

MAX_BYTES: Final = 20_000
"""Teams takes 28 kB with its own additions; past that the flow fails after it said 202."""
MAX_LINKS: Final = 4
"""Teams shows six buttons: these, the one that acknowledges, and the one that opens the client's text."""

_FORWARD = "forward"


def envelope(message: Message, plugin: Any, pages: Templates) -> Envelope:
    """Return the card as the text that our Apprise plugin posts."""
    del plugin
    return Envelope(title="", body=json.dumps(payload(message, pages)))


def plugin(parsed: Mapping[str, Any]) -> Any:
    """Make the Apprise plugin that posts our card instead of its own."""
    return _plugin_type()(**parsed)


def preview(message: Message, plugin: Any, pages: Templates) -> Mapping[str, str]:
    """Return what is posted; its `content` can be pasted into the designer at adaptivecards.io."""
    del plugin
    return {".json": json.dumps(payload(message, pages), indent=2, ensure_ascii=False) + "\n"}


def payload(message: Message, pages: Templates = SHIPPED_ONLY) -> dict[str, Any]:
    """Return what is posted: the fullest form of the card within `MAX_BYTES`."""
    posted: dict[str, Any] = {}
    for shape in shorter(message):
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": _own_card(shape, pages) if pages.replaces("teams.json") else card(shape),
        }
        posted = {"type": "message", "attachments": [attachment]}
        if len(json.dumps(posted)) <= MAX_BYTES:
            break
    return posted


def _own_card(message: Message, pages: Templates) -> dict[str, Any]:
    try:
        made = json.loads(pages.render("teams.json", message))
    except json.JSONDecodeError as error:
        raise TemplateFaultError(f"teams.json: its text is no JSON ({error}). Pass each text through tojson") from None
    if not isinstance(made, dict) or made.get("type") != "AdaptiveCard":
        raise TemplateFaultError('teams.json: it must give one object with "type": "AdaptiveCard"')
    return made


def card(message: Message) -> dict[str, Any]:
    """Return *message* as an Adaptive Card."""
    body = [
        _banner(message),
        *([_text(message.explanation)] if message.explanation else []),
        *([_facts(message)] if message.facts else []),
        *_steps(message),
        *_verify(message),
        *_affected(message),
        *_evidence(message),
        *_forward(message),
        *_command(message),
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
    actions = _actions(message)
    return {**whole, "actions": actions} if actions else whole


def _actions(message: Message) -> list[dict[str, Any]]:
    fix = message.link
    found = [("How to fix it", fix), ("I am on it", message.ack_url)]
    found += [(f"More: {urlsplit(link).hostname}", link) for link in message.links[1:MAX_LINKS]]
    buttons: list[dict[str, Any]] = [
        {"type": "Action.OpenUrl", "title": title, "url": url, **({"style": "positive"} if url == fix else {})}
        for title, url in found
        if url
    ]
    if message.forward:
        toggle = {"type": "Action.ToggleVisibility", "title": "Text for the client", "targetElements": [_FORWARD]}
        buttons.append(toggle)
    return buttons


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
    lines = [_text(line, spacing="Small") for line in message.affected]
    more = f"and {message.more} more" if lines else f"{message.more} in all"
    rest = [_text(more, isSubtle=True, spacing="None")] if message.more else []
    return [_text(message.affected_title, weight="Bolder", spacing="Medium"), *lines, *rest] if lines or rest else []


def _steps(message: Message) -> list[dict[str, Any]]:
    if not message.steps:
        return []
    title = _text("What to do", weight="Bolder", size="Medium", spacing="Medium")
    more = f"and {message.more_steps} more on the page behind the button"
    rest = [_text(more, isSubtle=True, spacing="Small")] if message.more_steps else []
    return [title, *(_step(str(number), step) for number, step in enumerate(message.steps, 1)), *rest]


def _verify(message: Message) -> list[dict[str, Any]]:
    if not message.verify:
        return []
    title = _text("It is mended when", weight="Bolder", spacing="Medium")
    return [title, *(_step("\u2713", line) for line in message.verify)]


def _step(mark: str, step: str) -> dict[str, Any]:
    # Two columns rather than a markdown list: phones and desktops number such lists differently.
    return {
        "type": "ColumnSet",
        "spacing": "Small",
        "columns": [
            {
                "type": "Column",
                "width": "20px",
                "items": [_text(mark, weight="Bolder", color="Accent")],
            },
            {"type": "Column", "width": "stretch", "items": [_text(step)]},
        ],
    }


def _run(text: str, **style: Any) -> dict[str, Any]:
    # A text run knows no markdown, so that the words stand as they are.
    return {"type": "RichTextBlock", "spacing": "Small", "inlines": [{"type": "TextRun", "text": text, **style}]}


def _evidence(message: Message) -> list[dict[str, Any]]:
    if not message.evidence:
        return []
    lines = [_run(line, size="Small", fontType="Monospace") for line in message.evidence]
    more = f"and {message.more_evidence} more lines"
    rest = [_text(more, size="Small", isSubtle=True, spacing="Small")] if message.more_evidence else []
    title = _text("From the log", size="Small", weight="Bolder")
    return [{"type": "Container", "style": "emphasis", "spacing": "Medium", "items": [title, *lines, *rest]}]


def _forward(message: Message) -> list[dict[str, Any]]:
    """Return the client's text, out of the way until somebody asks for it."""
    if not message.forward:
        return []
    items = [_text("Text for the client", size="Small", weight="Bolder"), _run(message.forward)]
    return [
        {
            "type": "Container",
            "id": _FORWARD,
            "isVisible": False,
            "style": "accent",
            "spacing": "Medium",
            "items": items,
        }
    ]


def _command(message: Message) -> list[dict[str, Any]]:
    if message.ack_url or not message.ack_command:
        return []
    title = _text("I am on it", size="Small", weight="Bolder", spacing="Medium")
    return [title, _run(message.ack_command, size="Small", fontType="Monospace")]


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

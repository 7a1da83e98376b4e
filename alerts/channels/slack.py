"""Slack: a message of blocks, by incoming webhook or bot."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from alerts.channels.look import look
from alerts.channels.shape import Envelope
from alerts.message import shorter
from alerts.plain import card_text, cut, slack_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.message import Message

SCHEMES: Final = frozenset({"slack"})
SPEAKS_SMTP: Final = False

MAX_HEADER: Final = 150
MAX_FIELDS: Final = 10
MAX_BLOCKS_CHARACTERS: Final = 12_000
"""Slack refuses a little above 13,000 characters of blocks, whatever the limits of each."""


def envelope(message: Message, plugin: Any) -> Envelope:
    """Return the blocks as the text that our Apprise plugin posts."""
    del plugin
    return Envelope(title="", body=json.dumps(payload(message)))


def plugin(parsed: Mapping[str, Any]) -> Any:
    """Make the Apprise plugin that posts our blocks instead of its own."""
    return _plugin_type()(**parsed)


def payload(message: Message) -> dict[str, Any]:
    """Return what is posted: notification text and the fullest blocks that fit."""
    posted: dict[str, Any] = {}
    for shape in shorter(message):
        posted = {
            "text": f"{look(shape).sign} {slack_text(shape.headline)}",
            "blocks": blocks(shape),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if len(json.dumps(posted["blocks"], ensure_ascii=False)) <= MAX_BLOCKS_CHARACTERS:
            break
    return posted


def blocks(message: Message) -> list[dict[str, Any]]:
    """Return *message* as Block Kit blocks."""
    header = cut(f"{look(message).sign} {message.headline}", MAX_HEADER)
    return [
        {"type": "header", "text": {"type": "plain_text", "text": header, "emoji": False}},
        *_sections([_words(message.explanation)] if message.explanation else []),
        *_fields(message),
        *_sections([*_steps(message), *_links(message), *_affected(message), *_evidence(message)]),
        {"type": "context", "elements": [_plain(f"{look(message).word}. {message.why} Message {message.id}")]},
    ]


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _fields(message: Message) -> list[dict[str, Any]]:
    fields = [
        {
            "type": "mrkdwn",
            "text": f"*{slack_text(fact.label)}*\n{slack_text(card_text(fact.value))}",
            "verbatim": True,
        }
        for fact in message.facts[:MAX_FIELDS]
    ]
    return [{"type": "section", "fields": fields}] if fields else []


def _sections(elements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # Rich text shows its text as it is: no mention, link or markup in it can come alive.
    return [{"type": "rich_text", "elements": elements}] if elements else []


def _words(text: str, *, bold: bool = False) -> dict[str, Any]:
    element: dict[str, Any] = {"type": "text", "text": text}
    if bold:
        element["style"] = {"bold": True}
    return {"type": "rich_text_section", "elements": [element]}


def _listing(style: str, lines: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "rich_text_list", "style": style, "elements": [_words(line) for line in lines]}


def _affected(message: Message) -> list[dict[str, Any]]:
    if not message.affected:
        return []
    more = (f"and {message.more} more",) if message.more else ()
    return [_words("\nAffected", bold=True), _listing("bullet", message.affected + more)]


def _steps(message: Message) -> list[dict[str, Any]]:
    return [_words("What to do", bold=True), _listing("ordered", message.steps)] if message.steps else []


def _links(message: Message) -> list[dict[str, Any]]:
    # Links, not buttons: an incoming webhook has nobody to answer the click that Slack reports.
    found = [
        [
            {"type": "text", "text": "\nHow to fix it: " if n == 0 else "\nMore help: "},
            {"type": "link", "url": link, "text": urlsplit(link).hostname or link},
        ]
        for n, link in enumerate(message.links[:2])
    ]
    elements = [element for pair in found for element in pair]
    return [{"type": "rich_text_section", "elements": elements}] if elements else []


def _evidence(message: Message) -> list[dict[str, Any]]:
    if not message.evidence:
        return []
    text = {"type": "text", "text": "\n".join(message.evidence)}
    return [
        _words("\nFrom the log", bold=True),
        {"type": "rich_text_preformatted", "elements": [text]},
    ]


@cache
def _plugin_type() -> Any:
    from apprise.attachment.memory import AttachMemory  # noqa: PLC0415 - apprise is slow to import
    from apprise.plugins.slack import NotifySlack, SlackMode  # noqa: PLC0415

    class BlockSlack(NotifySlack):  # type: ignore[no-untyped-call]  # apprise is half typed
        """Posts the payload that stands ready in the body."""

        def __init__(self, **parsed: Any) -> None:
            super().__init__(**parsed)  # type: ignore[no-untyped-call]
            # With a template set, Apprise asks `gen_payload` for the content; its file is never read.
            never_read = AttachMemory(content="{}", name="blocks.json")  # type: ignore[no-untyped-call]
            self.template.add(never_read)
            self.use_blocks = True

        def gen_payload(self, body: str, *_: Any, **__: Any) -> Any:
            content = json.loads(body)
            if self.mode in (SlackMode.WORKFLOW, SlackMode.WORKFLOW_TRIGGER):
                return {"text": content["text"]}
            return content

        def _send(self, url: str, payload: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
            wrapped = payload.pop("attachments", None)
            posted = {**payload, **wrapped[0]} if wrapped else payload
            return super()._send(url, posted, *args, **kwargs)  # type: ignore[no-untyped-call]

    return BlockSlack

"""Slack: a message of blocks, by incoming webhook or bot."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from alerts.channels.look import look
from alerts.channels.shape import Envelope
from alerts.channels.templates import SHIPPED_ONLY, TemplateFaultError
from alerts.message import shorter
from alerts.plain import card_text, cut, slack_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.channels.templates import Templates
    from alerts.message import Message

SCHEMES: Final = frozenset({"slack"})
SPEAKS_SMTP: Final = False

MAX_HEADER: Final = 150
MAX_FIELDS: Final = 10
MAX_BLOCKS: Final = 50
MAX_BLOCKS_CHARACTERS: Final = 12_000
"""Slack refuses a little above 13,000 characters of blocks, whatever the limits of each."""


def envelope(message: Message, plugin: Any, pages: Templates) -> Envelope:
    """Return the blocks as the text that our Apprise plugin posts."""
    del plugin
    return Envelope(title="", body=json.dumps(payload(message, pages)))


def plugin(parsed: Mapping[str, Any]) -> Any:
    """Make the Apprise plugin that posts our blocks instead of its own."""
    return _plugin_type()(**parsed)


def preview(message: Message, plugin: Any, pages: Templates) -> Mapping[str, str]:
    """Return what is posted; its `blocks` can be pasted into Slack's Block Kit Builder."""
    del plugin
    return {".json": json.dumps(payload(message, pages), indent=2, ensure_ascii=False) + "\n"}


def payload(message: Message, pages: Templates = SHIPPED_ONLY) -> dict[str, Any]:
    """Return what is posted: notification text and the fullest blocks that fit."""
    posted: dict[str, Any] = {}
    for shape in shorter(message):
        posted = _posted(shape, _own_blocks(shape, pages) if pages.replaces("slack.json") else blocks(shape))
        if len(json.dumps(posted["blocks"], ensure_ascii=False)) <= MAX_BLOCKS_CHARACTERS:
            break
    return posted


def followup(message: Message) -> dict[str, Any]:
    """Return what is posted below an earlier message of the thread: what is new, in a few words."""
    words = [
        _words(message.headline, bold=True),
        *([_words("\n" + message.explanation)] if message.explanation else []),
    ]
    return _posted(message, [*_sections(words), _context(message)])


def _posted(message: Message, shown: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "text": f"{look(message).sign} {slack_text(message.headline)}",
        "blocks": shown,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _own_blocks(message: Message, pages: Templates) -> list[dict[str, Any]]:
    try:
        made = json.loads(pages.render("slack.json", message))
    except json.JSONDecodeError as error:
        raise TemplateFaultError(f"slack.json: its text is no JSON ({error}). Pass each text through tojson") from None
    if not isinstance(made, list) or not 1 <= len(made) <= MAX_BLOCKS:
        raise TemplateFaultError(f"slack.json: it must give a list of 1 to {MAX_BLOCKS} blocks")
    return made


def blocks(message: Message) -> list[dict[str, Any]]:
    """Return *message* as Block Kit blocks."""
    header = cut(f"{look(message).sign} {message.headline}", MAX_HEADER)
    rest = [
        *_steps(message),
        *_links(message),
        *_acknowledge(message),
        *_verify(message),
        *_affected(message),
        *_evidence(message),
        *_forward(message),
    ]
    return [
        {"type": "header", "text": {"type": "plain_text", "text": header, "emoji": False}},
        *_sections([_words(message.explanation)] if message.explanation else []),
        *_fields(message),
        *_sections(rest),
        _context(message),
    ]


def _context(message: Message) -> dict[str, Any]:
    said = f"{look(message).word}. {message.why} Message {message.id}"
    return {"type": "context", "elements": [_plain(said)]}


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
    more = (f"and {message.more} more" if message.affected else f"{message.more} in all",) if message.more else ()
    lines = message.affected + more
    return [_words(f"\n{message.affected_title}", bold=True), _listing("bullet", lines)] if lines else []


def _steps(message: Message) -> list[dict[str, Any]]:
    if not message.steps:
        return []
    more = [_words(f"and {message.more_steps} more on the page below")] if message.more_steps else []
    return [_words("What to do", bold=True), _listing("ordered", message.steps), *more]


def _verify(message: Message) -> list[dict[str, Any]]:
    return [_words("\nIt is mended when", bold=True), _listing("bullet", message.verify)] if message.verify else []


def _link(lead: str, url: str, text: str) -> dict[str, Any]:
    shown = {"type": "link", "url": url, "text": text}
    return {"type": "rich_text_section", "elements": [{"type": "text", "text": lead}, shown]}


def _links(message: Message) -> list[dict[str, Any]]:
    # Links, not buttons: an incoming webhook has nobody to answer the click that Slack reports.
    return [
        _link("\nHow to fix it: " if n == 0 else "\nMore help: ", link, urlsplit(link).hostname or link)
        for n, link in enumerate(message.links)
    ]


def _evidence(message: Message) -> list[dict[str, Any]]:
    if not message.evidence:
        return []
    more = [f"and {message.more_evidence} more lines"] if message.more_evidence else []
    text = {"type": "text", "text": "\n".join([*message.evidence, *more])}
    return [
        _words("\nFrom the log", bold=True),
        {"type": "rich_text_preformatted", "elements": [text]},
    ]


def _forward(message: Message) -> list[dict[str, Any]]:
    if not message.forward:
        return []
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": message.forward}]}
    return [_words("\nTo tell the client", bold=True), quote]


def _acknowledge(message: Message) -> list[dict[str, Any]]:
    if message.ack_url:
        return [_link("\n", message.ack_url, "I am on it")]
    if not message.ack_command:
        return []
    command = {"type": "text", "text": message.ack_command, "style": {"code": True}}
    words = {"type": "text", "text": "\nI am on it: "}
    return [{"type": "rich_text_section", "elements": [words, command]}]


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

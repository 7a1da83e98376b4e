"""A message on a terminal, where the demo shows what would be sent."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from alerts.channels.look import look
from alerts.decide import Kind
from alerts.outbox import Outcome, SendResult
from rules.event import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.message import Message

_RED, _YELLOW, _GREEN, _BLUE = "31", "33", "32", "34"
_HUES = {Severity.CRITICAL: _RED, Severity.ERROR: _RED, Severity.WARNING: _YELLOW, Severity.NOTICE: _BLUE}


def render(message: Message, *, color: bool = False, width: int = 80) -> str:
    """Return *message* as lines of at most *width* columns, links excepted; coloured only if *color*."""
    width = min(width, 80)
    hue = _GREEN if message.kind is Kind.RESOLVED else _HUES[message.severity]

    def paint(text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if color else text

    head = _wrap(message.headline, width, f"[{look(message).word.upper()}] ", hang=2)
    lines = [paint(line, f"1;{hue}") for line in head]
    lines += _wrap(message.explanation, width, "  ") if message.explanation else []
    lines += _facts(message, width)
    lines += _list("What to do", [(f"{n}. ", step) for n, step in enumerate(message.steps, 1)], width)
    lines += [f"  {'Help: ' if n == 0 else 'More: '}{paint(link, '4')}" for n, link in enumerate(message.links)]
    lines += _list("It is mended when", [("- ", line) for line in message.verify], width)
    lines += _list(message.affected_title, [("- ", line) for line in message.affected], width)
    lines += [f"    and {message.more} more"] if message.more else []
    lines += _list("From the log", [("| ", line) for line in message.evidence], width)
    lines += _list("To tell the client", [("", message.forward)] if message.forward else [], width)
    lines += [paint(line, "2") for line in _wrap(f"{message.why} Message {message.id}", width, "  ")]
    return "\n".join(lines)


def _wrap(text: str, width: int, lead: str, *, hang: int | None = None) -> list[str]:
    indent = " " * (len(lead) if hang is None else hang)
    return textwrap.wrap(text, width, initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False)


def _facts(message: Message, width: int) -> list[str]:
    longest = max((len(fact.label) for fact in message.facts), default=0)
    return [line for fact in message.facts for line in _wrap(fact.value, width, f"    {fact.label:<{longest}}  ")]


def _list(title: str, items: list[tuple[str, str]], width: int) -> list[str]:
    if not items:
        return []
    return [f"  {title}:", *(line for lead, text in items for line in _wrap(text, width, f"    {lead}"))]


class ConsoleChannel:
    """A channel that prints instead of sending."""

    def __init__(self, write: Callable[[str], object], *, color: bool = False, width: int = 80) -> None:
        self._write = write
        self._color = color
        self._width = width

    def send(self, message: Message) -> SendResult:
        """Print *message* with an empty line after it."""
        self._write(render(message, color=self._color, width=self._width) + "\n\n")
        return SendResult(outcome=Outcome.SENT, reason="printed")

"""A message as plain text, for mail's plain part and for every channel without a shape of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.message import shorter
from alerts.plain import cut

if TYPE_CHECKING:
    from alerts.message import Message


def render(message: Message, limit: int | None = None) -> str:
    """Return everything below the headline as text, cut to *limit* characters where there is one."""
    text = ""
    for shape in shorter(message):
        text = _whole(shape)
        if limit is None or len(text) <= limit:
            return text
    return cut(text, limit or len(text))


def _whole(message: Message) -> str:
    blocks = [
        message.explanation,
        "\n".join(f"{fact.label}: {fact.value}" for fact in message.facts),
        "\n".join(["What to do:", *(f"{n}. {step}" for n, step in enumerate(message.steps, 1))])
        if message.steps
        else "",
        "\n".join(f"{'Help' if n == 0 else 'More'}: {link}" for n, link in enumerate(message.links)),
        _listing("Affected:", message),
        "\n".join(["From the log:", *(f"  {line}" for line in message.evidence)]) if message.evidence else "",
        f"{message.why}\nMessage {message.id}",
    ]
    return "\n\n".join(block for block in blocks if block)


def _listing(title: str, message: Message) -> str:
    if not message.affected:
        return ""
    more = [f"- and {message.more} more"] if message.more else []
    return "\n".join([title, *(f"- {line}" for line in message.affected), *more])

"""A message as plain text, for mail's plain part and for every channel without a shape of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.channels.templates import SHIPPED_ONLY
from alerts.message import shorter
from alerts.plain import cut

if TYPE_CHECKING:
    from alerts.channels.templates import Templates
    from alerts.message import Message


def render(message: Message, limit: int | None = None, pages: Templates = SHIPPED_ONLY) -> str:
    """Return everything below the headline as text, cut to *limit* characters where there is one."""
    text = ""
    for shape in shorter(message):
        text = pages.render("text.txt", shape).strip()
        if limit is None or len(text) <= limit:
            return text
    return cut(text, limit or len(text))

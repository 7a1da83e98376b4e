"""Any other service that Apprise knows: a title and plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from alerts.channels import text
from alerts.channels.look import look
from alerts.channels.shape import Envelope
from alerts.plain import cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.channels.templates import Templates
    from alerts.message import Message

SCHEMES: Final = frozenset[str]()
SPEAKS_SMTP: Final = False


def plugin(parsed: Mapping[str, Any]) -> Any:
    """Make the plugin that Apprise ships for the URL."""
    from apprise import Apprise  # noqa: PLC0415 - apprise is slow to import

    return Apprise.instantiate(dict(parsed), asset=parsed["asset"], suppress_exceptions=False)


def envelope(message: Message, plugin: Any, pages: Templates) -> Envelope:
    """Return title and text, cut to what the service takes.

    Declared as plain text, so that Apprise escapes it for services that read HTML or markdown.
    """
    title = f"{look(message).sign} {message.headline}"
    limit = int(getattr(plugin, "body_maxlen", 0)) or None
    if limit and not getattr(plugin, "title_maxlen", 1):
        limit = max(40, limit - len(title) - 2)
    return Envelope(title=cut(title, 250), body=text.render(message, limit, pages), body_format="text")


def preview(message: Message, plugin: Any, pages: Templates) -> Mapping[str, str]:
    """Return the title and the text that Apprise is given."""
    letter = envelope(message, plugin, pages)
    return {".txt": f"{letter.title}\n\n{letter.body}\n"}

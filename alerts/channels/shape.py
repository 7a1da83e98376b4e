"""What a kind of channel has to offer: its schemes, its Apprise plugin, and a message in its shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.channels.templates import Templates
    from alerts.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is handed to Apprise. Without a `body_format` it passes the body on as it is."""

    title: str
    body: str
    body_format: str | None = None


class UnsafeUrlError(Exception):
    """A URL would work but do harm; the text says which and what to write, without its secret."""


class Shape(Protocol):
    """One module of this package."""

    SCHEMES: frozenset[str]
    SPEAKS_SMTP: bool

    def plugin(self, parsed: Mapping[str, Any]) -> Any:
        """Make the Apprise plugin from the parts of the receiver's URL. Raises UnsafeUrlError."""

    def envelope(self, message: Message, plugin: Any, pages: Templates) -> Envelope:
        """Give *message* the shape that *plugin* posts, in the words of *pages*. Raises TemplateFaultError."""

    def preview(self, message: Message, plugin: Any, pages: Templates) -> Mapping[str, str]:
        """Return what *message* looks like there, by the ending of a file that would hold it."""

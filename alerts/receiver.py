"""Who is told: a receiver and its secret address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from datetime import tzinfo

_BETWEEN: Final = re.compile(r"[/:@?&=#,]+")
_SHORTEST_KEY: Final = 5
# Slack takes one message a second into a channel, a Teams workflow and a Discord webhook a few; mail servers differ.
_SPACING_S: Final = {"slack": 1.1, "workflows": 0.5, "discord": 0.5, "tgram": 1.1, "gchat": 1.1}
_HOSTS: Final = {"hooks.slack.com": "slack", "discord.com": "discord", "chat.googleapis.com": "gchat"}
_WORKFLOWS: Final = (".logic.azure.com", ".api.powerplatform.com")


class SecretUrl:
    """An Apprise URL that never shows itself in a log, an error or a traceback."""

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def scheme(self) -> str:
        """What stands before `://`, in lower case; empty when there is none."""
        return self._url.partition("://")[0].lower() if "://" in self._url else ""

    def reveal(self) -> str:
        """Return the URL itself, for the one who sends."""
        return self._url

    def hide_in(self, text: str) -> str:
        """Return *text* without any part of the URL that could be its key: Apprise quotes some of them."""
        host = (urlsplit(self._url).hostname or "") if "[" not in self._url else ""
        parts = {part for whole in (self._url, unquote(self._url)) for part in _BETWEEN.split(whole)}
        for part in sorted(parts, key=len, reverse=True):
            if len(part) >= _SHORTEST_KEY and part.lower() not in {self.scheme, host}:
                text = text.replace(part, "[secret]")
        return text

    def __repr__(self) -> str:
        return f"SecretUrl('{self.scheme}://[secret]')"

    def __str__(self) -> str:
        return f"{self.scheme}://[secret]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretUrl) and self._url == other._url

    def __hash__(self) -> int:
        return hash(self._url)

    def __reduce__(self) -> str:
        raise TypeError("a secret URL is not pickled")


def spacing_of(url: SecretUrl) -> timedelta:
    """Return how much time the far side of *url* wants between two messages.

    >>> spacing_of(SecretUrl("https://hooks.slack.com/services/T0/B0/X"))
    datetime.timedelta(seconds=1, microseconds=100000)
    """
    try:
        host = urlsplit(url.reveal()).hostname or ""
    except ValueError:
        host = ""
    service = "workflows" if host.endswith(_WORKFLOWS) else _HOSTS.get(host, url.scheme)
    return timedelta(seconds=_SPACING_S.get(service, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One recipient under the name that routes use; times are told in `zone`, or in the host's where that is None."""

    name: str
    url: SecretUrl
    zone: tzinfo | None = None


class ReceiverError(ValueError):
    """A receiver cannot be used; the text names it and says what to write instead, without its secret."""

    def __init__(self, receiver: str, problem: str, instead: str) -> None:
        super().__init__(f"receiver {receiver!r}: {problem}. {instead}")
        self.receiver = receiver
        self.problem = problem
        self.instead = instead

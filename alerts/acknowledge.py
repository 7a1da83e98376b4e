"""Signed links by which a person who got a message takes its incidents up; pure.

A token names one message and an end, and only who has the key can make one. Looking at it changes nothing:
whoever serves the link shows a page, and only what that page posts acknowledges, since programs that preview
links open every one they see.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from alerts.message import Message

VALID_FOR: Final = timedelta(days=7)
"""How long a link works after its message was made."""

_TOKEN = re.compile(r"qa1\.([0-9a-f]{6,64})\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]{22})")
_SHORTEST_KEY = 16


class AckTokenError(ValueError):
    """A token acknowledges nothing; the text says why and what to do."""


def sign(key: bytes, message_id: str, until: datetime) -> str:
    """Return the token that acknowledges what *message_id* tells of, good before *until*.

    >>> sign(b"0123456789abcdef", "a1b2c3d4e5f6", datetime(2026, 3, 17, tzinfo=UTC))
    'qa1.a1b2c3d4e5f6.69b89980._kAk34jXHo5gv8ql5fpRSA'
    """
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"a key to sign with has {_SHORTEST_KEY} bytes or more")
    said = f"qa1.{message_id}.{int(until.timestamp()):x}"
    return f"{said}.{_signature(key, said)}"


def verified(key: bytes, token: str, now: datetime) -> str:
    """Return the id of the message that *token* acknowledges. Raises AckTokenError.

    A forged token is told apart from an old one only after its signature was checked.
    """
    found = _TOKEN.fullmatch(token.strip())
    if found is None:
        raise AckTokenError("this is no acknowledging link of qbwatch. Copy all of it, from qa1. to its end")
    said = token.strip().rpartition(".")[0]
    if not hmac.compare_digest(_signature(key, said), found[3]):
        raise AckTokenError(
            "this link was not made with the key of this store. Use it where the message came from, "
            "or acknowledge by the message's id"
        )
    until = datetime.fromtimestamp(int(found[2], 16), UTC)
    if now >= until:
        raise AckTokenError(
            f"this link ended on {until:%Y-%m-%d at %H:%M} UTC. Take the one in a newer message, "
            "or acknowledge by the incident's id"
        )
    return found[1]


def is_token(text: str) -> bool:
    """Say whether *text* looks like a token rather than an id."""
    return text.strip().startswith("qa1.")


def _signature(key: bytes, said: str) -> str:
    made = hmac.new(key, said.encode(), hashlib.sha256).digest()[:16]
    return urlsafe_b64encode(made).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class AckLinks:
    """Makes the links of messages: *base* is where the page lies that asks whether to acknowledge."""

    base: str
    key: bytes = field(repr=False)

    def url(self, message: Message) -> str | None:
        """Return the link for *message*, the same each time it is sent; None when there is nothing to take up."""
        if not message.can_acknowledge or not message.made_at:
            return None
        until = datetime.fromisoformat(message.made_at) + VALID_FOR
        return f"{self.base.rstrip('/')}/{sign(self.key, message.id, until)}"

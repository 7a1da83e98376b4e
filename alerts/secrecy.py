"""Keeps the addresses of receivers out of every log."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ingest.redact import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

TRANSPORTS: Final = ("apprise", "urllib3", "urllib3.connectionpool", "urllib3.util.retry", "requests", "slack_sdk")
"""Loggers that write whole URLs, payloads and headers at DEBUG."""

_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s\"'<>]+")
_QUERY = re.compile(r"\?[^\s\"'<>)]+")


def scrub(text: str) -> str:
    """Return *text* without anything that could be a receiver's address or key.

    >>> scrub("POST /hooks/1?sig=abc to https://example.com/hooks/1")
    'POST /hooks/1?[secret] to https://[secret]'
    """
    return redact(_QUERY.sub("?[secret]", _URL.sub(r"\1[secret]", text)))


class ScrubFilter(logging.Filter):
    """Scrubs each record of the logger it sits on and drops those below INFO.

    A filter sits on a logger, not on its children, so that every transport's logger gets its own.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite *record* in place."""
        if record.levelno < logging.INFO:
            return False
        record.msg = scrub(record.getMessage())
        record.args = ()
        record.exc_info = None
        record.exc_text = None
        return True


def quiet_transports() -> None:
    """Pin the transports' loggers to INFO at most and scrub what they say; doing it twice is harmless.

    Apprise names keys and topics in its warnings too. It is heard by who sends, and its words go no further.
    """
    apprise = logging.getLogger("apprise")
    apprise.propagate = False
    if not apprise.handlers:
        apprise.addHandler(logging.NullHandler())
    for name in TRANSPORTS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))
        if not any(isinstance(one, ScrubFilter) for one in logger.filters):
            logger.addFilter(ScrubFilter())


@contextmanager
def silence(name: str) -> Iterator[None]:
    """Drop all that the logger *name* says: apprise quotes the faulty part of a URL, which may be its key."""
    logger = logging.getLogger(name)

    def nothing(_: logging.LogRecord) -> bool:
        return False

    logger.addFilter(nothing)
    try:
        yield
    finally:
        logger.removeFilter(nothing)

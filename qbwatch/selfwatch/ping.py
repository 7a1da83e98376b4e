"""The sign of life to an outside eye, in the manner of Healthchecks: who hears none for too long raises the alarm."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from alerts.receiver import SecretUrl

log = logging.getLogger(__name__)

_CONNECT_S: Final = 5.0
_ANSWER_S: Final = 10.0
_LAST_WORDS_S: Final = 3.0
# Healthchecks keeps as much of a body.
_LONGEST: Final = 10_000


class Sign(StrEnum):
    """What a ping says; the value is what follows the URL."""

    WELL = ""
    FAIL = "/fail"
    LOG = "/log"


def address(url: str, sign: Sign) -> str:
    """Return where *sign* goes.

    >>> address("https://hc.example.com/0a1b?rid=7", Sign.FAIL)
    'https://hc.example.com/0a1b/fail?rid=7'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + sign.value))


@dataclass(slots=True)
class Pinger:
    """Sends the newest sign from a thread of its own, so that a slow far side delays nothing."""

    url: SecretUrl
    answer: str | None = None  # what became of the last one: "200", or why there was no answer
    _next: tuple[Sign, str] | None = None
    _has_next: threading.Condition = field(default_factory=threading.Condition)
    _stopping: bool = False
    _thread: threading.Thread | None = None

    def say(self, sign: Sign, body: str) -> None:
        """Send *sign* with *body* soon; one that still waits is given up for it, but a failure is never."""
        with self._has_next:
            waits_for_fail = self._next is not None and self._next[0] is Sign.FAIL
            if not (waits_for_fail and sign is not Sign.FAIL):
                self._next = (sign, body[:_LONGEST])
            self._has_next.notify()

    def _live(self) -> None:
        while True:
            with self._has_next:
                self._has_next.wait_for(lambda: self._next is not None or self._stopping)
                if self._next is None:
                    return
                (sign, body), self._next = self._next, None
            self._send(sign, body)

    def _send(self, sign: Sign, body: str) -> None:
        import requests  # noqa: PLC0415 - slow to import, and only needed here

        before = self.answer
        try:
            target = address(self.url.reveal(), sign)
            response = requests.post(target, data=body.encode(), timeout=(_CONNECT_S, _ANSWER_S))
            self.answer = str(response.status_code)
            is_heard = response.ok
        except (requests.RequestException, ValueError) as error:
            # Its text holds the URL.
            self.answer, is_heard = type(error).__name__, False
        if not is_heard and self.answer != before:
            log.warning("the sign of life is not heard (%s); it is sent again at its time", self.answer)

    def __enter__(self) -> Self:
        """Begin to send."""
        self._thread = threading.Thread(target=self._live, name="ping", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Send what waits, but not for long."""
        with self._has_next:
            self._stopping = True
            self._has_next.notify()
        if self._thread:
            self._thread.join(_LAST_WORDS_S)

"""What kind of failure a failed attempt was: to be tried again, refused for good, or perhaps delivered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from alerts.outbox import Outcome, SendResult
from alerts.plain import clean
from alerts.secrecy import scrub

if TYPE_CHECKING:
    from alerts.channels.hearing import Answer

_CODE = re.compile(r"error=(\d{3})")

_HTTP: Final = {
    400: "the far side does not understand the message",
    401: "the far side does not accept the key in the URL",
    403: "the far side refuses this address",
    404: "nothing is at this address: was the workflow or webhook deleted?",
    410: "nothing is at this address any more: was the workflow or webhook deleted?",
    413: "the message is too long for the far side",
    429: "the far side takes no more messages for now",
}


def verdict(said: list[str], *, smtp: bool, timed_out: bool, heard: Answer | None = None) -> SendResult:
    """Tell from what was *heard*, or from Apprise's log of a failed attempt, what kind of failure it was.

    >>> verdict(["Failed to send, error=404."], smtp=False, timed_out=False).outcome
    <Outcome.REJECTED: 'rejected'>
    """
    code = heard.status if heard else _logged(said)
    if code is not None:
        reason = _words(code, smtp=smtp)
        return SendResult(
            outcome=_outcome(code, smtp=smtp),
            reason=f"{reason}: {heard.word}" if heard and heard.word else reason,
            code=code,
            retry_after=heard.retry_after if heard else None,
        )
    if timed_out:
        return SendResult(outcome=Outcome.UNKNOWN, reason="no answer in time; it may have arrived")
    last = clean(scrub(said[-1]), 200) if said else "Apprise gave no reason"
    if "connection error" in last.lower():
        last = "no connection to the far side, or it was cut; check the network, the address and its certificate"
    return SendResult(outcome=Outcome.TRANSIENT, reason=f"could not be handed over: {last}")


def timed_out(status: str, attempt: Any, read_s: float) -> bool:
    """Say whether an attempt ended because nobody answered: Apprise only tells so of the whole call."""
    return status == "TIMEOUT" or (attempt is not None and attempt.elapsed >= read_s)


def _logged(said: list[str]) -> int | None:
    return next((int(found[1]) for line in reversed(said) if (found := _CODE.search(line))), None)


def _outcome(code: int, *, smtp: bool) -> Outcome:
    if smtp:
        return Outcome.REJECTED if code >= 500 else Outcome.TRANSIENT
    return Outcome.TRANSIENT if code >= 500 or code in {408, 425, 429} else Outcome.REJECTED


def _words(code: int, *, smtp: bool) -> str:
    if smtp:
        if code in {534, 535}:
            return f"the mail server does not accept the user name or password (SMTP {code})"
        wait = "refuses the mail" if code >= 500 else "asks to try again later"
        return f"the mail server {wait} (SMTP {code})"
    if code >= 500:
        return f"the far side has trouble of its own (HTTP {code})"
    return f"{_HTTP.get(code, 'the far side refuses the message')} (HTTP {code})"

"""Hands messages to Apprise, one long-lived object per receiver, and reads what became of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from alerts.channels import shape_of
from alerts.channels.look import look
from alerts.channels.shape import UnsafeUrlError
from alerts.outbox import Outcome, SendResult
from alerts.plain import clean
from alerts.receiver import ReceiverError
from alerts.secrecy import quiet_transports, scrub, silence

if TYPE_CHECKING:
    from alerts.channels.shape import Shape
    from alerts.message import Message
    from alerts.receiver import Receiver

_CODE = re.compile(r"error=(\d{3})")
_WORKFLOWS = (
    "Microsoft has switched that kind of address off: in Teams, add the workflow that posts to a channel "
    "when a webhook request is received, and write its address, or workflows://HOST:443/ID/SIGNATURE/"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one attempt may take; the throttle's pause counts towards `whole_s`."""

    connect_s: float = 4.0
    read_s: float = 10.0
    whole_s: float = 20.0


class Courier:
    """A channel to one receiver through Apprise."""

    def __init__(self, apprise: Any, plugin: Any, shape: Shape, limits: Limits) -> None:
        self._apprise = apprise
        self._shape = shape
        self._limits = limits
        self.plugin = plugin

    def send(self, message: Message) -> SendResult:
        """Send *message* once and say what became of it."""
        letter = self._shape.envelope(message, self.plugin)
        answer = self._apprise.notify(
            body=letter.body,
            title=letter.title,
            notify_type=look(message).notify_type,
            body_format=letter.body_format,
            timeout=self._limits.whole_s,
        )
        attempt = next((one for service in answer for one in service.attempts), None)
        # An attempt that failed is falsy, hence the comparison.
        said = [] if attempt is None else [entry.message for entry in attempt.logs]
        if bool(answer):
            return SendResult(outcome=Outcome.SENT, reason="accepted")
        too_late = answer.status.name == "TIMEOUT"
        waited_out = attempt is not None and attempt.elapsed >= self._limits.read_s
        return verdict(said, smtp=self._shape.SPEAKS_SMTP, timed_out=too_late or waited_out)


def open_channel(receiver: Receiver, limits: Limits | None = None) -> Courier:
    """Open the channel to *receiver*; nothing is sent yet.

    Raises `ReceiverError`, which never holds the URL's secret, when the URL cannot be used.
    """
    from apprise import Apprise  # noqa: PLC0415 - apprise is slow to import

    quiet_transports()
    limits = limits or Limits()
    try:
        _refuse_retired(receiver)
        parsed = _parsed(receiver, limits)
        shape = shape_of(str(parsed["schema"]).lower())
        with silence("apprise"):
            plugin = shape.plugin(parsed)
    except ReceiverError:
        raise
    except UnsafeUrlError as error:
        problem, _, instead = str(error).partition("; ")
        raise ReceiverError(receiver.name, problem, instead) from None
    except (TypeError, ValueError):
        # The faulty part of the URL is quoted in the error, and that may be the key.
        raise _unusable(receiver) from None
    if plugin is None:
        raise _unusable(receiver)
    if len(plugin) > 1:
        problem = "its URL names several recipients"
        raise ReceiverError(receiver.name, problem, "Write one [[receiver]] for each, so that each is retried alone")
    whole = Apprise(asset=parsed["asset"])
    whole.add(plugin)
    return Courier(whole, plugin, shape, limits)


def _parsed(receiver: Receiver, limits: Limits) -> dict[str, Any]:
    from apprise import AppriseAsset  # noqa: PLC0415 - apprise is slow to import
    from apprise.plugins import url_to_dict  # noqa: PLC0415

    with silence("apprise"):
        read: Any = url_to_dict
        parsed: dict[str, Any] | None = read(receiver.url.reveal(), secure_logging=True)
    if not parsed:
        raise _unusable(receiver)
    asset = AppriseAsset(
        app_id="qbwatch",
        app_desc="qbwatch",
        app_url="",
        async_mode=False,
        http_redirects=False,
        secure_logging=True,
        interpret_emojis=False,
        pgp_autogen=False,
        pem_autogen=False,
        storage_mode="memory",
        allow_templates=False,
        service_timeout=limits.whole_s,
    )
    fixed = {"retry": 0, "optional": False, "overflow": "upstream", "asset": asset}
    return {"cto": limits.connect_s, "rto": limits.read_s} | parsed | fixed


def _refuse_retired(receiver: Receiver) -> None:
    scheme = receiver.url.scheme
    host = (urlsplit(receiver.url.reveal()).hostname or "") if scheme in {"http", "https"} else ""
    retired_host = host == "outlook.office.com" or host.endswith("webhook.office.com")
    if scheme == "msteams" or retired_host:
        kind = "msteams://" if scheme == "msteams" else "a webhook.office.com address"
        raise ReceiverError(receiver.name, f"{kind} no longer works", _WORKFLOWS)


def _unusable(receiver: Receiver) -> ReceiverError:
    scheme = receiver.url.scheme
    shown = f"{scheme}://" if scheme else "text without a scheme"
    return ReceiverError(
        receiver.name,
        f"its URL ({shown} and what follows) is not one that Apprise can use",
        "Write for instance workflows://HOST:443/ID/SIGNATURE/ for Teams, slack://A/B/C/ for Slack "
        "or mailtos://USER:PASSWORD@HOST/TO for mail",
    )


_HTTP: Final = {
    400: "the far side does not understand the message",
    401: "the far side does not accept the key in the URL",
    403: "the far side refuses this address",
    404: "nothing is at this address: was the workflow or webhook deleted?",
    410: "nothing is at this address any more: was the workflow or webhook deleted?",
    413: "the message is too long for the far side",
    429: "the far side takes no more messages for now",
}


def verdict(said: list[str], *, smtp: bool, timed_out: bool) -> SendResult:
    """Tell from Apprise's log of a failed attempt what kind of failure it was.

    >>> verdict(["Failed to send, error=404."], smtp=False, timed_out=False).outcome
    <Outcome.REJECTED: 'rejected'>
    """
    code = next((int(found[1]) for line in reversed(said) if (found := _CODE.search(line))), None)
    if code is not None:
        return SendResult(outcome=_outcome(code, smtp=smtp), reason=_words(code, smtp=smtp), code=code)
    if timed_out:
        return SendResult(outcome=Outcome.UNKNOWN, reason="no answer in time; it may have arrived")
    last = clean(scrub(said[-1]), 200) if said else "Apprise gave no reason"
    if "connection error" in last.lower():
        last = "no connection to the far side, or it was cut; check the network, the address and its certificate"
    return SendResult(outcome=Outcome.TRANSIENT, reason=f"could not be handed over: {last}")


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

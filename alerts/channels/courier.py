"""Hands messages to Apprise, one long-lived object per receiver, and reads what became of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from alerts.channels import shape_of, slack_bot
from alerts.channels.hearing import Heard, hearing, listen
from alerts.channels.look import look
from alerts.channels.shape import UnsafeUrlError
from alerts.channels.templates import SHIPPED_ONLY, TemplateFaultError
from alerts.channels.verdict import timed_out, verdict
from alerts.outbox import Outcome, SendResult
from alerts.receiver import ReceiverError
from alerts.secrecy import quiet_transports, silence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.acknowledge import AckLinks
    from alerts.channels.shape import Envelope, Shape
    from alerts.channels.templates import Templates
    from alerts.message import Message
    from alerts.receiver import Receiver, SecretUrl

_WORKFLOWS: Final = (
    "Microsoft has switched that kind of address off: in Teams, add the workflow that posts to a channel "
    "when a webhook request is received, and write its address, or workflows://HOST:443/ID/SIGNATURE/"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long one attempt may take; the throttle's pause counts towards `whole_s`."""

    connect_s: float = 4.0
    read_s: float = 15.0
    whole_s: float = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationery:
    """What all messages are written on: the templates, and who makes the acknowledging links."""

    pages: Templates = SHIPPED_ONLY
    links: AckLinks | None = None

    def ready(self, message: Message) -> Message:
        """Return *message* with what is only added when it is sent."""
        signed = replace(message, ack_url=self.links.url(message)) if self.links else message
        return self.pages.with_forward(signed)


PLAIN: Final = Stationery()


class Courier:
    """A channel to one receiver through Apprise."""

    def __init__(
        self, apprise: Any, plugin: Any, shape: Shape, url: SecretUrl, *, limits: Limits, stationery: Stationery = PLAIN
    ) -> None:
        """Send in *shape* through *plugin*, made from *url*, which must be the only one in *apprise*."""
        self._apprise = apprise
        self._shape = shape
        self._url = url
        self._limits = limits
        self._stationery = stationery
        self._heard = Heard()
        self.plugin = plugin
        listen(plugin)
        self._overhear(plugin.send)

    def send(self, message: Message) -> SendResult:
        """Send *message* once and say what became of it."""
        message = self._stationery.ready(message)
        try:
            letter = self._shape.envelope(message, self.plugin, self._stationery.pages)
        except TemplateFaultError as error:
            letter = self._shape.envelope(message, self.plugin, SHIPPED_ONLY)
            sent = self.post(letter, look(message).notify_type)
            return replace(sent, reason=f"{sent.reason}; our own shape was used, since {error}"[:400])
        return self.post(letter, look(message).notify_type)

    def preview(self, message: Message) -> Mapping[str, str]:
        """Return what *message* looks like there, by the ending of a file. Raises TemplateFaultError."""
        return self._shape.preview(self._stationery.ready(message), self.plugin, self._stationery.pages)

    def post(self, letter: Envelope, notify_type: str = "info") -> SendResult:
        """Hand over a *letter* that has its shape already, once, and say what became of it."""
        heard = self._heard = Heard()
        answer = self._apprise.notify(
            body=letter.body,
            title=letter.title,
            notify_type=notify_type,
            body_format=letter.body_format,
            timeout=self._limits.whole_s,
        )
        attempt = next((one for service in answer for one in service.attempts), None)
        # An attempt that failed is falsy, hence the comparison.
        said = [] if attempt is None else [self._url.hide_in(entry.message) for entry in attempt.logs]
        if bool(answer):
            code = heard.last.status if heard.last else None
            return SendResult(outcome=Outcome.SENT, reason="accepted", code=code)
        too_late = timed_out(answer.status.name, attempt, self._limits.read_s)
        return verdict(said, smtp=self._shape.SPEAKS_SMTP, timed_out=too_late, heard=heard.last)

    def _overhear(self, send: Any) -> None:
        """Let what *send* is answered be heard; an attempt that was given up on keeps its own ear."""

        def overheard(*arguments: Any, **options: Any) -> Any:
            with hearing(self._heard):
                return send(*arguments, **options)

        self.plugin.send = overheard


def open_channel(
    receiver: Receiver, limits: Limits | None = None, stationery: Stationery = PLAIN
) -> Courier | slack_bot.SlackBot:
    """Open the channel to *receiver*; nothing is sent yet.

    Raises `ReceiverError`, which never holds the URL's secret, when the URL cannot be used.
    """
    from apprise import Apprise  # noqa: PLC0415 - apprise is slow to import

    quiet_transports()
    limits = limits or Limits()
    plugin, shape, asset = opened_plugin(receiver, limits)
    if len(plugin) > 1:
        problem = "its URL names several recipients"
        raise ReceiverError(receiver.name, problem, "Write one [[receiver]] for each, so that each is retried alone")
    if slack_bot.is_bot(plugin):
        return slack_bot.open_bot(receiver.name, plugin, stationery, limits.read_s)
    whole = Apprise(asset=asset)
    whole.add(plugin)
    return Courier(whole, plugin, shape, receiver.url, limits=limits, stationery=stationery)


def opened_plugin(receiver: Receiver, limits: Limits) -> tuple[Any, Shape, Any]:
    """Return Apprise's plugin for *receiver*, our shape for it, and Apprise's settings. Raises ReceiverError."""
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
    return plugin, shape, parsed["asset"]


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

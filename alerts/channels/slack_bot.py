"""Slack by a bot: the first message is kept up to date, and what follows is said in its thread."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from alerts.channels import slack
from alerts.channels.hearing import wait_of
from alerts.channels.templates import TemplateFaultError
from alerts.decide import Kind
from alerts.outbox import Outcome, SendResult
from alerts.plain import clean
from alerts.receiver import ReceiverError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.channels.courier import Stationery
    from alerts.message import Message

log = logging.getLogger(__name__)

_TRANSIENT: Final = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
     "team_added_to_org", "accesslimited"}
)  # fmt: skip
_BUSY: Final = frozenset({"ratelimited", "rate_limited", ""})
_LOST_THREAD: Final = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})
_HINTS: Final = {
    "not_in_channel": "invite the bot: /invite in the channel",
    "channel_not_found": "check the channel's name, or invite the bot to a private one",
    "is_archived": "the channel is archived; name another one",
    "missing_scope": "give the bot the scope chat:write and install it again",
    "invalid_auth": "the token is wrong; copy the bot token that begins with xoxb- again",
    "token_revoked": "the token was revoked; install the app again and use its new token",
    "account_inactive": "the bot's account is switched off; install the app again",
}


def is_bot(plugin: Any) -> bool:
    """Say whether *plugin* was made from a URL with a bot's token."""
    return getattr(plugin, "access_token", None) is not None


class SlackBot:
    """A channel that talks to Slack's Web API itself, since Apprise does not say which message it posted."""

    def __init__(self, client: Any, channel: str, stationery: Stationery) -> None:
        """Post to *channel* with *client*, a `slack_sdk.WebClient`."""
        self._client = client
        self._channel = channel
        self._stationery = stationery

    def send(self, message: Message) -> SendResult:
        """Post *message*: new in the channel, or below the first of its thread, which is then brought up to date."""
        from slack_sdk.errors import SlackApiError, SlackClientError  # noqa: PLC0415 - an extra

        message = self._stationery.ready(message)
        try:
            if message.parent:
                return self._follow_up(message, *message.parent.partition(":")[::2])
            return self._first(message)
        except SlackApiError as error:
            return _refused(error)
        except SlackClientError as error:
            return SendResult(outcome=Outcome.TRANSIENT, reason=f"could not be handed over: {type(error).__name__}")
        except OSError as error:
            return _cut_off(error)

    def preview(self, message: Message) -> Mapping[str, str]:
        """Return what *message* looks like there, by the ending of a file. Raises TemplateFaultError."""
        return slack.preview(self._stationery.ready(message), None, self._stationery.pages)

    def _payload(self, message: Message) -> dict[str, Any]:
        try:
            return slack.payload(message, self._stationery.pages)
        except TemplateFaultError as error:
            log.warning("%s; our own shape is used instead", error)
            return slack.payload(message)

    def _first(self, message: Message) -> SendResult:
        answer = self._client.chat_postMessage(channel=self._channel, **self._payload(message))
        receipt = f"{answer['channel']}:{answer['ts']}"
        return SendResult(outcome=Outcome.SENT, reason="accepted", code=200, receipt=receipt)

    def _follow_up(self, message: Message, channel: str, ts: str) -> SendResult:
        from slack_sdk.errors import SlackApiError  # noqa: PLC0415 - an extra

        # The end shows in the first message itself; what still needs somebody is also shown in the channel.
        broadcast = not message.ends_thread
        try:
            self._client.chat_postMessage(
                channel=channel, thread_ts=ts, reply_broadcast=broadcast, **slack.followup(message)
            )
        except SlackApiError as error:
            if error.response.get("error") in _LOST_THREAD:
                return self._first(message)
            raise
        if message.kind is Kind.RESOLVED and not message.ends_thread:
            return SendResult(outcome=Outcome.SENT, reason="said in the thread", code=200)
        return self._update(message, channel, ts)

    def _update(self, message: Message, channel: str, ts: str) -> SendResult:
        from slack_sdk.errors import SlackApiError  # noqa: PLC0415 - an extra

        try:
            said = self._payload(message)
            self._client.chat_update(channel=channel, ts=ts, text=said["text"], blocks=said["blocks"])
        except (SlackApiError, OSError) as error:
            why = error.response.get("error") if isinstance(error, SlackApiError) else type(error).__name__
            reason = f"said in the thread; the first message could not be brought up to date ({clean(str(why), 60)})"
            return SendResult(outcome=Outcome.SENT, reason=reason, code=200)
        return SendResult(outcome=Outcome.SENT, reason="said in the thread; the first message is up to date", code=200)


def open_bot(receiver: str, plugin: Any, stationery: Stationery, timeout_s: float) -> SlackBot:
    """Open the channel of *plugin*'s bot. Raises ReceiverError where slack_sdk is not installed."""
    try:
        from slack_sdk import WebClient  # noqa: PLC0415 - an extra that only some install
    except ImportError:
        raise ReceiverError(
            receiver, "a Slack bot needs the package slack_sdk", 'Run: pip install "qbwatch[slack]", or use a webhook'
        ) from None
    # A logger of its own, so that its level is ours whatever the program's is: at DEBUG it writes what is sent.
    logger = logging.getLogger("slack_sdk")
    client = WebClient(token=plugin.access_token, timeout=int(timeout_s) or 1, logger=logger, retry_handlers=[])
    return SlackBot(client, str(plugin.channels[0]).partition(":")[0], stationery)


def _cut_off(error: OSError) -> SendResult:
    if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
        return SendResult(outcome=Outcome.UNKNOWN, reason="no answer in time; it may have arrived")
    return SendResult(
        outcome=Outcome.TRANSIENT,
        reason="could not be handed over: no connection to the far side, or it was cut; check the network, "
        "the address and its certificate",
    )


def _refused(error: Any) -> SendResult:
    code = int(error.response.status_code)
    said = clean(str(error.response.get("error") or ""), 60)
    word = said if said.replace("_", "").isalnum() else ""
    if code == 429 or word in _TRANSIENT or code >= 500:
        wait = wait_of(error.response.headers.get("Retry-After"), datetime.now(UTC))
        trouble = "has trouble of its own" if code >= 500 or word not in _BUSY else "takes no more messages for now"
        reason = f"Slack {trouble} ({word or f'HTTP {code}'})"
        return SendResult(outcome=Outcome.TRANSIENT, reason=reason, code=code, retry_after=wait)
    hint = _HINTS.get(word, "see the error in Slack's documentation of chat.postMessage")
    return SendResult(outcome=Outcome.REJECTED, reason=f"Slack refuses the message ({word}): {hint}", code=code)

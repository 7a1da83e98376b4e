"""A web service of one's own: JSON with a fixed, versioned schema, for ticket systems and the like."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from alerts.channels import text
from alerts.channels.shape import Envelope
from alerts.channels.templates import SHIPPED_ONLY, TemplateFaultError
from alerts.decide import Kind
from alerts.message import shorter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.channels.templates import Templates
    from alerts.message import Message

SCHEMES: Final = frozenset({"json", "jsons"})
SPEAKS_SMTP: Final = False

VERSION: Final = "1.0"
"""Of the schema: the second number grows with every field that is added, the first when one changes or goes."""
MAX_BYTES: Final = 200_000


def envelope(message: Message, plugin: Any, pages: Templates) -> Envelope:
    """Return the payload as the text that our Apprise plugin posts."""
    del plugin
    return Envelope(title="", body=json.dumps({"id": message.id, "payload": payload(message, pages)}))


def plugin(parsed: Mapping[str, Any]) -> Any:
    """Make the Apprise plugin that posts our payload instead of its own."""
    return _plugin_type()(**parsed)


def preview(message: Message, plugin: Any, pages: Templates) -> Mapping[str, str]:
    """Return what is posted."""
    del plugin
    return {".json": json.dumps(payload(message, pages), indent=2, ensure_ascii=False) + "\n"}


def payload(message: Message, pages: Templates = SHIPPED_ONLY) -> Any:
    """Return what is posted: the fullest form within `MAX_BYTES`."""
    posted: Any = None
    for shape in shorter(message):
        posted = _own(shape, pages) if pages.replaces("webhook.json") else _payload(shape, pages)
        if len(json.dumps(posted)) <= MAX_BYTES:
            break
    return posted


def _own(message: Message, pages: Templates) -> Any:
    try:
        return json.loads(pages.render("webhook.json", message))
    except json.JSONDecodeError as error:
        problem = f"webhook.json: its text is no JSON ({error}). Pass each text through tojson"
        raise TemplateFaultError(problem) from None


def _payload(message: Message, pages: Templates) -> dict[str, Any]:
    return {
        "schema": "qbwatch.notification",
        "version": VERSION,
        "id": message.id,
        "dedupe_key": message.thread,
        "kind": message.kind,
        "status": "info" if message.kind is Kind.DIGEST else "resolved" if message.ends_thread else "open",
        "reason": message.reason,
        "why": message.why,
        "severity": message.severity,
        "sent_for": message.made_at or None,
        "headline": message.headline,
        "text": text.render(message, pages=pages),
        "explanation": message.explanation,
        "steps": list(message.steps),
        "verify": list(message.verify),
        "links": list(message.links),
        "client_text": message.forward or None,
        "evidence": list(message.evidence),
        "acknowledge_url": message.ack_url,
        "acknowledge_command": message.ack_command,
        "incidents": [{**asdict(one), "codes": list(one.codes)} for one in message.about],
        "incidents_left_out": message.more_about,
    }


@cache
def _plugin_type() -> Any:
    import requests  # noqa: PLC0415 - slow to import, as apprise is
    from apprise.plugins.custom_json import NotifyJSON  # noqa: PLC0415

    from alerts.channels.hearing import note  # noqa: PLC0415

    class OwnJson(NotifyJSON):  # type: ignore[no-untyped-call]  # apprise is half typed
        """Posts the payload that stands ready in the body, to the address that Apprise read from the URL."""

        def send(self, body: str, *_: Any, **__: Any) -> bool:
            ready = json.loads(body)
            self.throttle()  # type: ignore[no-untyped-call]
            try:
                answer = self.hand_over(json.dumps(ready["payload"]), ready["id"])
            except requests.RequestException:
                self.logger.warning("A Connection error occurred sending to the webhook.")
                return False
            if not 200 <= answer.status_code < 300:
                self.logger.warning("Failed to send to the webhook, error=%s.", answer.status_code)
                return False
            return True

        def hand_over(self, data: str, message_id: str) -> Any:
            # Header lines of the user come last, so that they can replace ours.
            headers = {
                "User-Agent": "qbwatch",
                "Content-Type": "application/json",
                "Idempotency-Key": message_id,
                **self.headers,
            }
            port = f":{self.port}" if isinstance(self.port, int) else ""
            return requests.request(
                str(self.method),
                f"{'https' if self.secure else 'http'}://{self.host}{port}{self.fullpath}",
                data=data,
                params=self.params,
                headers=headers,
                auth=(self.user, self.password or "") if self.user else None,
                verify=self.verify_certificate,
                timeout=self.request_timeout,
                allow_redirects=False,
                hooks={"response": note},
            )

    return OwnJson

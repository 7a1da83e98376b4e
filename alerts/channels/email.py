"""Mail: HTML that reads well on a phone and in the dark, with a plain part, threaded by incident."""

from __future__ import annotations

import json
import smtplib
from base64 import b64decode
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from alerts.channels import text
from alerts.channels.shape import Envelope, UnsafeUrlError
from alerts.channels.templates import SHIPPED_ONLY
from alerts.decide import Kind
from alerts.plain import cut
from rules.event import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.channels.templates import Templates
    from alerts.message import Message

SCHEMES: Final = frozenset({"mailto", "mailtos"})
SPEAKS_SMTP: Final = True


def envelope(message: Message, plugin: Any, pages: Templates) -> Envelope:
    """Return the parts of the mail as the text that our Apprise plugin sends."""
    del plugin
    title = subject(message, pages)
    parts = {
        "id": message.id,
        "thread": message.thread,
        "subject": title,
        "text": f"{message.headline}\n\n{text.render(message, pages=pages)}\n",
        "html": html(message, pages),
        "important": message.severity is Severity.CRITICAL and message.kind is not Kind.RESOLVED,
    }
    return Envelope(title=title, body=json.dumps(parts))


def plugin(parsed: Mapping[str, Any]) -> Any:
    """Make the Apprise plugin that sends our mail instead of its own."""
    made = _plugin_type()(**parsed)
    if made.password and made.secure_mode == "insecure":
        raise UnsafeUrlError("it would send the password in clear; write mailtos:// instead")
    return made


def preview(message: Message, plugin: Any, pages: Templates) -> Mapping[str, str]:
    """Return both parts of the mail, and the whole of it as it is sent."""
    parts = json.loads(envelope(message, plugin, pages).body)
    mail, _ = plugin.ready(parts)
    return {".html": parts["html"] + "\n", ".txt": parts["text"], ".eml": mail.as_string(policy=SMTP)}


def subject(message: Message, pages: Templates = SHIPPED_ONLY) -> str:
    """Return the subject line."""
    return cut(" ".join(pages.render("subject.txt", message).split()), 160)


def html(message: Message, pages: Templates = SHIPPED_ONLY) -> str:
    """Return the HTML part, with all styles inline."""
    return pages.render("mail.html", message)


def compose(parts: Mapping[str, Any], sender: tuple[str, str], to: str) -> EmailMessage:
    """Build the mail of *parts* from *sender* (name and address) to the address *to*.

    The Message-ID is made of the notification's id: a mail that is sent twice is shown once.
    """
    domain = sender[1].rpartition("@")[2] or "localhost"
    mail = EmailMessage()
    mail["Subject"] = parts["subject"]
    mail["From"] = Address(display_name=sender[0] or "qbwatch", addr_spec=sender[1])
    mail["To"] = to
    mail["Date"] = format_datetime(localtime())
    mail["Message-ID"] = f"<{parts['id']}@{domain}>"
    if parts["thread"] != parts["id"]:
        mail["In-Reply-To"] = mail["References"] = f"<{parts['thread']}@{domain}>"
    # Exchange puts into one conversation what has the same topic, whatever the subjects say.
    mail["Thread-Topic"] = f"qbwatch {parts['thread']}"
    mail["List-Id"] = f"qbwatch alerts <qbwatch.{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if parts["important"]:
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    mail.set_content(parts["text"])
    mail.add_alternative(parts["html"], subtype="html")
    _enclose(mail, parts)
    return mail


def _enclose(mail: EmailMessage, parts: Mapping[str, Any]) -> None:
    """Add the pictures that the HTML shows by their `cid:` names, and the files that come with the mail, in base64."""
    html_part: Any = mail.get_body(("html",))
    for picture in parts.get("pictures", ()):
        html_part.add_related(
            b64decode(picture["data"]), "image", picture["kind"], cid=f"<{picture['name']}>", disposition="inline"
        )
    for file in parts.get("files", ()):
        main, _, sub = file["type"].partition("/")
        mail.add_attachment(b64decode(file["data"]), main, sub, filename=file["name"])


def _complaint(error: Exception) -> str:
    """Put *error* into words, with the SMTP status where there is one."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server said no, error={error.smtp_code}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max((answer[0] for answer in error.recipients.values()), default=0)
        return f"the mail server refused the recipient, error={code}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the mail server offers no STARTTLS or no sign-in"
    if isinstance(error, TimeoutError):
        return "the mail server did not answer in time"
    return f"no usable connection to the mail server ({type(error).__name__})"


@cache
def _plugin_type() -> Any:
    from apprise.plugins.email.base import NotifyEmail  # noqa: PLC0415 - apprise is slow to import
    from apprise.plugins.email.smtp import AppriseSMTPController  # noqa: PLC0415

    class FrankSmtp(AppriseSMTPController):
        """Apprise's connection, but one whose errors are told instead of swallowed."""

        def sendmail(self, from_addr: str, to_addrs: list[str], message: Any) -> bool:
            self._socket.sendmail(from_addr, to_addrs, message)  # type: ignore[attr-defined]
            return True

    class ReadyMail(NotifyEmail):  # type: ignore[no-untyped-call]  # apprise is half typed
        """Sends the parts that stand ready in the body over Apprise's connection."""

        request_rate_per_sec = 1

        def send(self, body: str, *_: Any, **__: Any) -> bool:
            mail, recipients = self.ready(json.loads(body))
            connection: Any = FrankSmtp(
                host=self.smtp_host,
                port=cast("int", self.port),
                secure_mode=cast("str", self.secure_mode),
                user=self.user,
                password=self.password,
                verify_certificate=self.verify_certificate,
                socket_connect_timeout=self.socket_connect_timeout,
            )
            self.throttle()  # type: ignore[no-untyped-call]
            try:
                with connection as smtp:
                    smtp.sendmail(self.from_addr[1], recipients, mail.as_bytes(policy=SMTP))
            except (OSError, smtplib.SMTPException) as error:
                self.logger.warning("Mail was not sent: %s.", _complaint(error))
                return False
            return True

        def ready(self, parts: dict[str, Any]) -> tuple[EmailMessage, list[str]]:
            to = str(self.targets[0][1])
            name, address = self.from_addr
            mail = compose(parts, (str(name or ""), str(address)), to)
            for header, addresses in (("Cc", self.cc), ("Reply-To", self.reply_to)):
                if addresses:
                    mail[header] = ", ".join(sorted(addresses))
            for header, value in self.headers.items():
                mail[header] = value
            return mail, [to, *self.cc, *self.bcc]

    return ReadyMail

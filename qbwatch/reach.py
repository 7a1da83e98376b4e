"""Whether a receiver's far side can be reached, and what its certificate and mail server say; nothing is sent."""

from __future__ import annotations

import http.client
import os
import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_S: Final = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a receiver's messages are handed over; without `secure` they travel in clear."""

    host: str
    port: int
    secure: bool = True

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong, and what to do about it."""

    what: str
    do: str


def endpoint_of(plugin: Any, scheme: str) -> Endpoint | None:
    """Return where Apprise's *plugin*, made from a URL of *scheme*, hands messages over; None when it does not tell."""
    fixed = "https://slack.com" if getattr(plugin, "access_token", None) else _fixed(plugin)
    parts = urlsplit(fixed) if fixed else None
    if parts and parts.hostname and "{" not in parts.hostname:
        secure = parts.scheme == "https"
        return Endpoint(host=parts.hostname, port=parts.port or (443 if secure else 80), secure=secure)
    host = getattr(plugin, "host", None)
    if not host:
        return None
    # Only a plugin that has a scheme in clear, and got that one, sends in clear.
    plain = getattr(plugin, "protocol", None) or ()
    secure = scheme not in ((plain,) if isinstance(plain, str) else plain) or bool(getattr(plugin, "secure", True))
    return Endpoint(host=host, port=getattr(plugin, "port", None) or (443 if secure else 80), secure=secure)


def _fixed(plugin: Any) -> str | None:
    """Return the address that Apprise itself knows of a service."""
    names = ["webhook_url", "notify_url"]
    if str(getattr(plugin, "mode", "")) == "cloud":
        names.append("cloud_notify_url")
    found = (getattr(plugin, name, None) for name in names)
    return next((one for one in found if isinstance(one, str) and one.startswith("http")), None)


def web_problem(endpoint: Endpoint) -> Problem | None:
    """Connect to *endpoint*, through the proxy of the environment if there is one, and shake hands."""
    return _judged(lambda: _shake_hands(endpoint), endpoint)


def _shake_hands(endpoint: Endpoint) -> None:
    from requests.utils import get_environ_proxies, select_proxy  # noqa: PLC0415 - slow to import

    scheme = "https" if endpoint.secure else "http"
    url = f"{scheme}://{endpoint}"
    proxy = urlsplit(select_proxy(url, get_environ_proxies(url)) or "")
    if not proxy.hostname or not endpoint.secure:
        with socket.create_connection((endpoint.host, endpoint.port), TIMEOUT_S) as plain:
            if endpoint.secure:
                _context().wrap_socket(plain, server_hostname=endpoint.host).close()
        return
    connection = http.client.HTTPSConnection(
        proxy.hostname, proxy.port or 8080, timeout=TIMEOUT_S, context=_context()
    )  # fmt: skip
    connection.set_tunnel(endpoint.host, endpoint.port)
    try:
        connection.connect()
    finally:
        connection.close()


def mail_problem(plugin: Any) -> Problem | None:
    """Greet the mail server of *plugin*, sign in as it would, and leave without a mail."""
    endpoint = Endpoint(host=str(plugin.smtp_host), port=int(plugin.port), secure=plugin.secure_mode != "insecure")
    return _judged(lambda: _greet(plugin, endpoint), endpoint)


def _greet(plugin: Any, endpoint: Endpoint) -> None:
    smtp: smtplib.SMTP
    if plugin.secure_mode == "ssl":
        smtp = smtplib.SMTP_SSL(endpoint.host, endpoint.port, timeout=TIMEOUT_S, context=_context())
    else:
        smtp = smtplib.SMTP(endpoint.host, endpoint.port, timeout=TIMEOUT_S)
    with smtp:
        if plugin.secure_mode == "starttls":
            smtp.starttls(context=_context())
        smtp.ehlo()
        if plugin.user and plugin.password:
            smtp.login(plugin.user, plugin.password)
        smtp.noop()


def _context() -> ssl.SSLContext:
    """Trust what the sending trusts: the bundle that the environment names, else the one that requests brings."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: PLC0415 - slow to import

    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    context = ssl.create_default_context()
    context.load_verify_locations(named or DEFAULT_CA_BUNDLE_PATH)
    return context


def _judged(attempt: Callable[[], None], endpoint: Endpoint) -> Problem | None:
    try:
        attempt()
    except smtplib.SMTPException as error:
        return _mail_said(error, endpoint)
    except OSError as error:
        return _cut_off(error, endpoint)
    return None


def _cut_off(error: OSError, endpoint: Endpoint) -> Problem:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Problem(
            what=f"the certificate of {endpoint} is not trusted ({error.verify_message.strip()})",
            do="If a firewall looks into TLS here, let it pass this host, or name its authority in "
            "REQUESTS_CA_BUNDLE; else tell who runs the far side that its certificate is wrong",
        )
    if isinstance(error, ssl.SSLError):
        return Problem(
            what=f"no TLS with {endpoint} ({error.reason or 'broken off'})",
            do="Check the port, and that the far side speaks TLS 1.2 or newer",
        )
    if isinstance(error, socket.gaierror):
        return Problem(
            what=f"no such host: {endpoint.host}",
            do="Check the name in the URL, and that this machine can resolve names",
        )
    if isinstance(error, TimeoutError):
        return Problem(
            what=f"{endpoint} does not answer within {TIMEOUT_S:.0f} s",
            do="Let the firewall pass connections to it from this machine",
        )
    return Problem(
        what=f"{endpoint} cannot be reached ({error.strerror or type(error).__name__})",
        do="Check the address and the port, the network, and HTTPS_PROXY if there is a proxy",
    )


def _mail_said(error: smtplib.SMTPException, endpoint: Endpoint) -> Problem:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Problem(what=f"{endpoint} does not accept the user name or password ({error.smtp_code})",
                       do="Set the secret anew; many providers want a password made for programs. Microsoft 365 "
                       "takes none any more: use azure:// for its mailboxes")  # fmt: skip
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Problem(what=f"{endpoint} offers no STARTTLS, or no sign-in",
                       do="Try mode=ssl with port 465, or ask who runs the mail server")  # fmt: skip
    code = f" ({error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else ""
    return Problem(what=f"{endpoint} does not talk to us{code}",
                   do="Ask who runs the mail server whether this machine may send")  # fmt: skip

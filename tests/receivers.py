"""Receivers on loopback for tests: HTTPS, a tunnel that leads real host names to it, SMTP; and made-up events."""

from __future__ import annotations

import json
import logging
import select
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

from alerts.incident import RunEnd
from ingest.record import Outcome
from rules.event import Act, Confidence, Event, Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import trustme

START = datetime(2026, 3, 10, 2, 0, 9, tzinfo=UTC)
TEAMS_HOST = "prod-00.westeurope.logic.azure.com"
TEAMS_URL = (
    f"https://{TEAMS_HOST}:443/workflows/0123456789abcdef/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=TEAMSSIGNATURE"
)
SLACK_HOST = "hooks.slack.com"
SLACK_API = "slack.com"
PAGERDUTY_HOST = "events.pagerduty.com"
PAGERDUTY_URL = f"pagerduty://{'i' * 32}@{'PAGERSECRET' + 'k' * 9}"
SLACK_URL = f"https://{SLACK_HOST}/services/T00000000/B00000000/SLACKSECRETSLACKSECRET00"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def make_event(number: int = 1, **changes: Any) -> Event:
    values: dict[str, Any] = {
        "id": f"event-{number:04}",
        "time": START + minutes(15 * (number - 1)),
        "host": "srv-01",
        "client": "Acme Accounting",
        "source": "QWCLog.txt",
        "format": "qbwc",
        "line": 50 + number,
        "offset": 4000 + number,
        "application": "Contoso Sync",
        "company_file": "C:\\QB\\Acme.qbw",
        "run": f"run-{number:04}",
        "cause": "popup_blocked",
        "rule": "qbwc.modal_dialog",
        "severity": Severity.ERROR,
        "role": Role.ROOT,
        "confidence": Confidence.PROOF,
        "act": Act.OPS,
        "codes": ("QBWC1053",),
        "message": "QBWC1053: A modal dialog box is showing in the QuickBooks user interface.",
        "evidence": (),
        "title": "A QuickBooks pop-up is blocking the sync",
        "explanation": "QuickBooks shows a dialog on srv-01, and nobody is there to close it.",
        "steps": (
            "Sign in to srv-01 as the Windows user that runs the sync and close the dialog.",
            "For every user of the sync: Edit > Preferences > General > My Preferences > turn off pop-up messages.",
        ),
        "links": ("https://help.example.com/quickbooks/pop-ups",),
    }
    return Event(**(values | changes))


def good_run(at: datetime, **changes: Any) -> RunEnd:
    values: dict[str, Any] = {
        "host": "srv-01",
        "application": "Contoso Sync",
        "outcome": Outcome.OK,
        "started": at,
        "ended": at + minutes(1),
    }
    return RunEnd(**(values | changes))


@dataclass
class Answer:
    """What a server does with one request: a status and headers, a pause, or a cut line."""

    status: int = 202
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    reset: bool = False
    wait_for: threading.Event | None = None


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class HttpsServer:
    """An HTTPS server on loopback that keeps what it got and answers as it is told, the last answer for ever."""

    def __init__(self, authority: trustme.CA) -> None:
        self.requests: list[Request] = []
        self.answers: list[Answer] = [Answer()]
        self.arrived = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer.handle(self)

            do_PUT = do_POST  # noqa: N815 - http.server's name

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        names = ("localhost", "127.0.0.1", SLACK_HOST, SLACK_API, TEAMS_HOST, PAGERDUTY_HOST)
        authority.issue_cert(*names).configure_cert(context)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        body = handler.rfile.read(length)
        if len(body) < length:  # the client was killed while it sent
            handler.close_connection = True
            return
        with self.arrived:
            self.requests.append(Request(path=handler.path, headers=dict(handler.headers), body=body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            self.arrived.notify_all()
        if answer.wait_for:
            answer.wait_for.wait(30)
        handler.close_connection = True
        if answer.reset:
            handler.connection.close()
            return
        handler.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body)

    def wait_for(self, count: int, timeout_s: float = 10) -> list[Request]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, timeout_s), self.requests
            return list(self.requests)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Tunnel:
    """A CONNECT proxy that leads every host to one port of loopback.

    With HTTPS_PROXY set to `url`, programs talk to the real names of Teams and Slack, and nothing leaves the machine.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += client.recv(4096)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    try:
                        data = ready.recv(65536)
                        (server if ready is client else client).sendall(data)
                    except OSError:
                        return
                    if not data:
                        return

    def close(self) -> None:
        self._listener.close()


class Mailbox:
    """A mail handler that keeps what it got and answers as it is told."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.recipients: list[str] = []
        self.at_mail = "250 OK"
        self.at_recipient = "250 OK"
        self.at_data = "250 OK"
        self.arrived = threading.Condition()

    async def handle_MAIL(self, _s: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.at_mail.startswith("250"):
            envelope.mail_from = address
        return self.at_mail

    async def handle_RCPT(self, _s: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.at_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
            self.recipients.append(address)
        return self.at_recipient

    async def handle_DATA(self, _s: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.at_data.startswith("250"):
            with self.arrived:
                self.mails.append(envelope.content)
                self.arrived.notify_all()
        return self.at_data

    def wait_for(self, count: int, timeout_s: float = 10) -> list[bytes]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.mails) >= count, timeout_s), self.mails
            return list(self.mails)


@contextmanager
def https_server(authority: trustme.CA) -> Iterator[HttpsServer]:
    server = HttpsServer(authority)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def tunnel(port: int) -> Iterator[Tunnel]:
    one = Tunnel(port)
    try:
        yield one
    finally:
        one.close()


@contextmanager
def smtp_server(authority: trustme.CA, mailbox: Mailbox, *, starttls: bool = True) -> Iterator[int]:
    """Run a mail server on loopback and give its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    secure: dict[str, Any] = {"tls_context": context, "require_starttls": True} if starttls else {}
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **secure)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def trust(authority: trustme.CA, folder: Path) -> dict[str, str]:
    """Return the environment in which programs trust *authority*."""
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return {"SSL_CERT_FILE": str(path), "REQUESTS_CA_BUNDLE": str(path)}


@contextmanager
def all_logs() -> Iterator[list[str]]:
    """Collect every record that any logger lets through, with all of them set to DEBUG."""
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, keeper = logging.getLogger(), Keeper(logging.DEBUG)
    before = root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(keeper)
        root.setLevel(before)

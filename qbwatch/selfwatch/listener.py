"""Answers /metrics, /healthz and /readyz on this machine alone; nothing else, and nobody else."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar, Final, Self

from qbwatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qbwatch.selfwatch.metrics import Figures

_PLAIN: Final = "text/plain; charset=utf-8"


@dataclass(slots=True)
class Listener:
    """Serves *figures* on *address* from a thread of its own, from entering to leaving."""

    address: tuple[str, int]
    figures: Figures
    _server: ThreadingHTTPServer | None = None

    @property
    def port(self) -> int:
        """The port, which the system chose if it was given as 0."""
        return self._server.server_port if self._server else self.address[1]

    def __enter__(self) -> Self:
        """Begin to listen. Raises UsageError if somebody else listens there."""
        handler = type("Handler", (_Handler,), {"figures": self.figures})
        try:
            self._server = ThreadingHTTPServer(self.address, handler)
        except OSError as error:
            raise UsageError(
                f"[metrics] listen: {self.address[0]}:{self.address[1]} cannot be used ({error.strerror}). "
                "Write another port."
            ) from error
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    figures: ClassVar[Figures]
    server_version = "qbwatch"
    sys_version = ""
    # Who connects and says nothing is not waited for.
    timeout = 10.0

    def do_GET(self) -> None:
        """Answer what is asked."""
        routes: dict[str, Callable[[], tuple[int, str, bytes]]] = {
            "/metrics": self._metrics, "/healthz": self._healthz, "/readyz": self._readyz,
        }  # fmt: skip
        route = routes.get(self.path.partition("?")[0])
        unknown = (HTTPStatus.NOT_FOUND, _PLAIN, b"Ask for /metrics, /healthz or /readyz.\n")
        status, kind, body = route() if route else unknown
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _metrics(self) -> tuple[int, str, bytes]:
        from qbwatch.selfwatch.metrics import answer  # noqa: PLC0415 - an extra that only some install

        kind, body = answer(self.figures, self.headers.get("Accept", ""))
        return HTTPStatus.OK, kind, body

    def _healthz(self) -> tuple[int, str, bytes]:
        if self.figures.vitals.is_alive(time.monotonic()):
            return HTTPStatus.OK, _PLAIN, b"ok\n"
        return HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, b"the loop stands still\n"

    def _readyz(self) -> tuple[int, str, bytes]:
        vitals = self.figures.vitals
        if not vitals.is_stored:
            return HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, b"the store cannot be written\n"
        if not vitals.is_ready or not vitals.is_alive(time.monotonic()):
            return HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, b"the logs are not read to their end yet\n"
        return HTTPStatus.OK, _PLAIN, b"ready\n"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Write nothing of each question."""

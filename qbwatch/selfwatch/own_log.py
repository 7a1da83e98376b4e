"""What qbwatch writes of its own work: for people or as JSON lines, rotated, and without anything secret."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final

from alerts.secrecy import quiet_transports, scrub
from qbwatch.errors import UsageError

if TYPE_CHECKING:
    from qbwatch.selfwatch.settings import LogSettings

_LINE: Final = "%(asctime)s %(levelname)s %(message)s"


class ScrubbedFormatter(logging.Formatter):
    """Writes a line for people; scrubbed last, so that no traceback shows an address either."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return scrub(super().format(record))


class JsonFormatter(logging.Formatter):
    """Writes one JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object as one line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = {
            "time": time, "level": record.levelname.lower(), "logger": record.name, "thread": record.threadName,
            "message": scrub(record.getMessage()),
        }  # fmt: skip
        if record.exc_info:
            told["exception"] = scrub(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


def begin_log(settings: LogSettings, *, verbose: bool) -> None:
    """Write to where *settings* say from now on, in place of where it went before. Raises UsageError."""
    quiet_transports()
    handler = _handler(settings)
    handler.setFormatter(JsonFormatter() if settings.format == "json" else ScrubbedFormatter(_LINE))
    root = logging.getLogger()
    for old in [one for one in root.handlers if one.get_name() == _NAME]:
        root.removeHandler(old)
        old.close()
    handler.set_name(_NAME)
    root.addHandler(handler)
    root.setLevel((settings.level or ("info" if verbose else "warning")).upper())
    # At debug level it tells of each notice of the system, by the thousand.
    logging.getLogger("watchdog").setLevel(logging.WARNING)


_NAME: Final = "qbwatch"


def _handler(settings: LogSettings) -> logging.Handler:
    if settings.file is None:
        return logging.StreamHandler()
    try:
        settings.file.parent.mkdir(parents=True, exist_ok=True)
        return RotatingFileHandler(
            settings.file, maxBytes=settings.max_bytes, backupCount=settings.keep, encoding="utf-8"
        )  # fmt: skip
    except OSError as error:
        raise UsageError(
            f"{settings.file}: qbwatch's own log cannot be written ({error.strerror}). Name another file in [log] "
            "file, or let this user write there."
        ) from error

"""The blocks [ping], [canary], [metrics] and [log] of the configuration."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from alerts.receiver import SecretUrl
from qbwatch.secrets import SecretMissingError, expand, has_reference

if TYPE_CHECKING:
    from pathlib import Path

    from qbwatch.config_table import Table

FORMATS: Final = ("console", "json")
LEVELS: Final = ("debug", "info", "warning", "error")
_SOONEST: Final = timedelta(seconds=10)
_LATEST: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PingSettings:
    """Where the sign of life goes, and how often; without a `url` nowhere."""

    url: SecretUrl | None = None
    every: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanarySettings:
    """How often a test line is sent through the whole path."""

    enabled: bool = True
    every: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Where qbwatch writes what it does: to `file`, or to the console; the newest `keep` old files stay."""

    format: str = "console"
    level: str | None = None
    file: Path | None = None
    max_bytes: int = 10_000_000
    keep: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfWatchSettings:
    """How the watcher is watched; `listen` is host and port of the metrics."""

    ping: PingSettings = field(default_factory=PingSettings)
    canary: CanarySettings = field(default_factory=CanarySettings)
    log: LogSettings = field(default_factory=LogSettings)
    listen: tuple[str, int] | None = None


def selfwatch_of(top: Table, folder: Path, *, secrets: bool) -> SelfWatchSettings:
    """Read the blocks; what is wrong with them goes to the faults of *top*."""
    canary, log = top.table("canary"), top.table("log")
    canary.only("enabled", "every")
    enabled = canary.flag("enabled")
    return SelfWatchSettings(
        ping=_ping(top.table("ping"), folder if secrets else None),
        canary=CanarySettings(
            enabled=True if enabled is None else enabled, every=_every(canary, CanarySettings().every)
        ),
        log=_log(log, folder),
        listen=_listen(top.table("metrics")),
    )


def _ping(table: Table, folder: Path | None) -> PingSettings:
    table.only("url", "every")
    every = _every(table, PingSettings().every)
    text = table.text("url")
    if text is None:
        return PingSettings(every=every)
    if not has_reference(text):
        table.fault("url", "whoever has this URL can say that qbwatch is well. Put it into an environment variable and "
                    'write url = "${env:QBWATCH_PING_URL}"; "${file:…}" and "${keyring:…}" work too')  # fmt: skip
        return PingSettings(every=every)
    if folder is None:
        return PingSettings(url=SecretUrl(""), every=every)
    try:
        url = expand(text, folder)
    except SecretMissingError as error:
        table.fault("url", f"{error}")
        return PingSettings(every=every)
    if not url.startswith(("https://", "http://")):
        table.fault("url", "what the secret holds is no web address. It begins with https://")
    return PingSettings(url=SecretUrl(url), every=every)


def _every(table: Table, default: timedelta) -> timedelta:
    every = table.duration("every")
    if every is not None and not _SOONEST <= every <= _LATEST:
        table.fault("every", 'this is done every 10 seconds at most and every day at least: "10s" to "1d"')
        return default
    return every or default


def _log(table: Table, folder: Path) -> LogSettings:
    table.only("format", "level", "file", "max_size", "keep")
    usual = LogSettings()
    file = table.text("file")
    return LogSettings(
        format=_one_of(table, "format", FORMATS) or usual.format,
        level=_one_of(table, "level", LEVELS),
        file=folder / file if file else None,
        max_bytes=_count(table, "max_size", 1, 10_000, usual.max_bytes // 1_000_000) * 1_000_000,
        keep=_count(table, "keep", 1, 100, usual.keep),
    )


def _one_of(table: Table, key: str, known: tuple[str, ...]) -> str | None:
    text = table.text(key)
    if text is None or text in known:
        return text
    table.fault(key, f'"{text}" is not known here. Write one of: {", ".join(known)}')
    return None


def _count(table: Table, key: str, least: int, most: int, default: int) -> int:
    value = table.values.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        unit = ", in megabytes" if key == "max_size" else ""
        table.fault(key, f"{key} must be a whole number from {least} to {most}{unit}")
        return default
    return value


def _listen(table: Table) -> tuple[str, int] | None:
    table.only("listen")
    text = table.text("listen")
    if text is None:
        return None
    try:
        found = urlsplit(f"//{text}")
        host, port = found.hostname, found.port
    except ValueError:
        host = port = None
    if not host or port is None:
        table.fault("listen", f'"{text}" is no address. Write host and port: "127.0.0.1:9464"')
        return None
    if host != "localhost" and not _is_loopback(host):
        table.fault("listen", f'"{host}" can be reached from other machines, and nothing there asks for a password. '
                    'Write "127.0.0.1:9464", and let a proxy on this machine pass it on')  # fmt: skip
        return None
    return host, port


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

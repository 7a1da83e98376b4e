"""qbwatch.toml becomes typed settings; every fault is told at once, with its place and what to write instead."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.receiver import Receiver, SecretUrl
from alerts.route import Route, receivers_of
from ingest.formats import format_names, windows_events
from qbwatch.application_config import OVERDUE_AFTER, applications_of, overdue_after
from qbwatch.config_table import Faults, Table
from qbwatch.drill_config import DrillSettings, drill_of
from qbwatch.errors import UsageError
from qbwatch.format_config import formats_of
from qbwatch.history.retention import Retention
from qbwatch.message_config import MessageSettings, messages_of
from qbwatch.probe_config import ProbeSettings, probes_of
from qbwatch.report_config import ReportSettings, report_of
from qbwatch.retention_config import retention_of
from qbwatch.route_config import AlertSettings, alerts_of, root_route
from qbwatch.secrets import SecretMissingError, expand, has_reference
from qbwatch.selfwatch.settings import SelfWatchSettings, selfwatch_of
from qbwatch.this_host import host_name, host_zone
from rules.links import pages_problem

if TYPE_CHECKING:
    from ingest.line_format import LineFormat
    from rules.pulse import ConfiguredApplication


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A log to follow: a path or a glob, and how to read it; `zone` is that of its local times (None: the host's)."""

    path: str
    format: str = "auto"
    zone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of qbwatch.toml."""

    host: str
    client: str | None
    zone: ZoneInfo
    sources: tuple[Source, ...]
    store: Path
    retention: Retention = field(default_factory=Retention)
    receivers: tuple[Receiver, ...] = ()
    route: Route | None = None
    alerts: AlertSettings = field(default_factory=AlertSettings)
    messages: MessageSettings = field(default_factory=MessageSettings)
    rules: Path | None = None
    causes_url: str | None = None
    probes: ProbeSettings = field(default_factory=ProbeSettings)
    applications: tuple[ConfiguredApplication, ...] = ()
    overdue_after: int = OVERDUE_AFTER
    report: ReportSettings = field(default_factory=ReportSettings)
    drill: DrillSettings = field(default_factory=DrillSettings)
    formats: tuple[LineFormat, ...] = ()
    channels: tuple[str, ...] = ()
    selfwatch: SelfWatchSettings = field(default_factory=SelfWatchSettings)
    file: Path | None = field(default=None)


def load(path: Path, *, secrets: bool = True) -> Settings:
    """Read *path*. Raises UsageError that tells every fault with file, line and column.

    Without *secrets* the receivers' URLs are left out: only who sends needs them, and has them set.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: no such configuration. Name one with --config or QBWATCH_CONFIG; make one: qbwatch init."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the configuration cannot be read ({error}).") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = " A Windows path stands in single quotes: 'C:\\ProgramData\\…'." if "\\" in str(error) else ""
        raise UsageError(f"{_syntax_place(path, str(error))}: this is not valid TOML: {error}.{hint}") from error
    faults = Faults(path, text)
    settings = _settings(Table(values, (), faults), path, secrets=secrets)
    faults.refuse()
    return settings


def _syntax_place(path: Path, message: str) -> str:
    found = re.search(r"line (\d+), column (\d+)", message)
    return f"{path}:{found[1]}:{found[2]}" if found else str(path)


def _settings(top: Table, path: Path, *, secrets: bool) -> Settings:
    top.only(
        "host", "source", "format", "store", "receiver", "route", "rules", "probes", "alerts", "time_interval",
        "inhibit", "application", "schedule", "report", "drill", "ping", "canary", "metrics", "log",
    )  # fmt: skip
    host, store, rules = top.table("host"), top.table("store"), top.table("rules")
    host.only("name", "client", "timezone")
    store.only("path", "retention")
    rules.only("path", "causes_url")
    # Absolute, so that a log keeps its name in the store wherever qbwatch is started.
    folder = path.absolute().parent
    zone = _zone(host, default=None) or host_zone()
    receivers = _receivers(top, folder, secrets=secrets)
    formats = formats_of(top)
    sources, channels = _sources(top, folder, formats)
    return Settings(
        host=host.text("name") or host_name(),
        client=host.text("client"),
        zone=zone,
        sources=sources,
        channels=channels,
        formats=formats,
        store=folder / (store.text("path") or "qbwatch.db"),
        retention=retention_of(store),
        receivers=receivers,
        route=root_route(top, tuple(receiver.name for receiver in receivers)),
        alerts=alerts_of(top, {receiver.name for receiver in receivers}, zone),
        messages=messages_of(top.table("alerts"), folder),
        rules=folder / own if (own := rules.text("path")) else None,
        causes_url=_causes_url(rules),
        probes=probes_of(top),
        applications=applications_of(top, zone),
        overdue_after=overdue_after(top),
        selfwatch=selfwatch_of(top, folder, secrets=secrets),
        drill=drill_of(top, zone),
        report=report_of(top, folder, {receiver.name for receiver in receivers}, zone),
        file=path,
    )


def _zone(table: Table, default: ZoneInfo | None) -> ZoneInfo | None:
    name = table.text("timezone")
    if name is None:
        return default
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        table.fault("timezone", f'"{name}" is no time zone. Write an IANA name such as "America/New_York"')
        return default


def _causes_url(rules: Table) -> str | None:
    """Return where somebody's own pages about the causes lie."""
    url = rules.text("causes_url")
    problem = pages_problem(url) if url else None
    if problem:
        rules.fault("causes_url", f'"{url}" is no address of pages. {problem}')
    return url


def _sources(top: Table, folder: Path, own: tuple[LineFormat, ...]) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Return the logs and the Windows event channels to follow."""
    sources: list[Source] = []
    channels: list[str] = []
    for table in top.tables("source"):
        table.only("path", "format", "timezone", "channel")
        channel = table.text("channel")
        if channel is None:
            sources.append(_source(table, folder, own))
            continue
        for key in ("path", "format", "timezone"):
            if table.text(key) is not None:
                table.fault(key, f"a [[source]] with a channel has no {key}. Give the log a [[source]] of its own")
        channels.append(channel)
    if not sources and not channels:
        top.fault("source", "no log to follow. Add a [[source]] with its path")
    return tuple(sources), tuple(dict.fromkeys(channels))


def _source(table: Table, folder: Path, own: tuple[LineFormat, ...]) -> Source:
    path = table.text(
        "path",
        needed="the log to follow, such as 'C:\\ProgramData\\Intuit\\QBWebConnector\\log\\QWCLog*.txt'",
    )
    format_ = table.text("format") or "auto"
    followed = ("auto", *(name for name in format_names(own) if name != windows_events.NAME))
    if format_ == windows_events.NAME:
        table.fault("format", 'Windows events are followed by channel = "System" in place of path. An export of them '
                    "does not grow: give it to qbwatch scan, in one folder with the log")  # fmt: skip
    elif format_ not in followed:
        near = next(iter(get_close_matches(format_, followed, 1)), None)
        meant = f' Did you mean "{near}"?' if near else ""
        table.fault("format", f'"{format_}" is no format.{meant} Write one of: {", ".join(followed)}')
    return Source(path=_placed(path or "", folder), format=format_, zone=_zone(table, default=None))


def _placed(path: str, folder: Path) -> str:
    """Return *path*, taken from *folder* if it is relative on this system and on Windows."""
    return path if PureWindowsPath(path).is_absolute() else str(folder / path)


def _receivers(top: Table, folder: Path, *, secrets: bool) -> tuple[Receiver, ...]:
    receivers: dict[str, Receiver] = {}
    for table in top.tables("receiver"):
        table.only("name", "url", "timezone", "fallback", "at_most")
        name = table.text("name", needed="a name that routes use") or ""
        url = table.text("url", needed='where its messages go, such as "${env:OPS_TEAMS_URL}"') or ""
        if name in receivers:
            table.fault("name", f'there are two receivers "{name}". Give each its own name')
        secret = _secret_url(table, url, name, folder if secrets else None)
        receivers[name] = Receiver(name=name, url=secret, zone=_zone(table, default=None))
    return tuple(receivers.values())


def _secret_url(table: Table, url: str, name: str, folder: Path | None) -> SecretUrl:
    """Return the URL with its secrets from outside; without a *folder* to look in they are not needed."""
    if url and not has_reference(url):
        variable = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").upper() or "RECEIVER"
        table.fault("url", "this URL stands here in clear, and whoever has it can write to your team. Put it into an "
                    f'environment variable and write url = "${{env:{variable}_URL}}"; '
                    '"${file:…}" and "${keyring:…}" work too')  # fmt: skip
        return SecretUrl("")
    try:
        return SecretUrl(expand(url, folder) if folder else "")
    except SecretMissingError as error:
        table.fault("url", f"{error}")
        return SecretUrl("")


def unused_receivers(settings: Settings) -> list[str]:
    """Return the names of the receivers that no route leads to."""
    used = receivers_of(settings.route) if settings.route else set()
    used |= set(settings.alerts.policy.fallbacks.values())
    return [receiver.name for receiver in settings.receivers if receiver.name not in used]

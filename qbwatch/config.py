"""qbwatch.toml becomes typed settings; every fault is told at once, with its place and what to write instead."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

from alerts.receiver import Receiver, SecretUrl
from alerts.route import MATCHABLE, Route, receivers_of
from ingest.formats import format_names, windows_events
from qbwatch.config_table import Faults, Table
from qbwatch.errors import UsageError
from qbwatch.format_config import formats_of
from qbwatch.secrets import SecretMissingError, expand, has_reference
from qbwatch.this_host import host_name, host_zone
from rules.event import Act, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.line_format import LineFormat

_KNOWN_VALUES = {"severity": tuple(Severity), "act": tuple(Act)}
_DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


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
    receivers: tuple[Receiver, ...] = ()
    route: Route | None = None
    rules: Path | None = None
    formats: tuple[LineFormat, ...] = ()
    channels: tuple[str, ...] = ()
    file: Path | None = field(default=None)


def default_path() -> Path:
    """Return where qbwatch.toml is looked for: QBWATCH_CONFIG, else the platform's configuration folder."""
    named = os.environ.get("QBWATCH_CONFIG")
    return Path(named) if named else platformdirs.user_config_path("qbwatch", appauthor=False) / "qbwatch.toml"


def load(path: Path, *, secrets: bool = True) -> Settings:
    """Read *path*. Raises UsageError that tells every fault with file, line and column.

    Without *secrets* the receivers' URLs are left out: only who sends needs them, and has them set.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: no such configuration. Name one with --config or QBWATCH_CONFIG; "
            "the README shows one to start from."
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
    top.only("host", "source", "format", "store", "receiver", "route", "rules")
    host, store, rules = top.table("host"), top.table("store"), top.table("rules")
    host.only("name", "client", "timezone")
    store.only("path")
    rules.only("path")
    # Absolute, so that a log keeps its name in the store wherever qbwatch is started.
    folder = path.absolute().parent
    receivers = _receivers(top, folder, secrets=secrets)
    formats = formats_of(top)
    sources, channels = _sources(top, folder, formats)
    return Settings(
        host=host.text("name") or host_name(),
        client=host.text("client"),
        zone=_zone(host, default=None) or host_zone(),
        sources=sources,
        channels=channels,
        formats=formats,
        store=folder / (store.text("path") or "qbwatch.db"),
        receivers=receivers,
        route=_root_route(top, receivers),
        rules=folder / own if (own := rules.text("path")) else None,
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
        table.only("name", "url")
        name = table.text("name", needed="a name that routes use") or ""
        url = table.text("url", needed='where its messages go, such as "${env:OPS_TEAMS_URL}"') or ""
        if name in receivers:
            table.fault("name", f'there are two receivers "{name}". Give each its own name')
        receivers[name] = Receiver(name=name, url=_secret_url(table, url, name, folder if secrets else None))
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


def _root_route(top: Table, receivers: tuple[Receiver, ...]) -> Route | None:
    if "route" not in top.values:
        if receivers:
            top.fault("receiver", "no [route] says which receiver gets what. Add [route] with receiver = "
                      f'"{receivers[0].name}"')  # fmt: skip
        return None
    table = top.table("route")
    root = _route(table, {receiver.name for receiver in receivers})
    if root.receiver is None:
        table.fault("receiver", "the first [route] needs a receiver, which gets what no other route takes")
    if root.match:
        table.fault("match", "the first [route] takes everything; put match into [[route.routes]]")
    return root


def _route(table: Table, names: set[str]) -> Route:
    table.only(
        "receiver",
        "match",
        "continue",
        "group_by",
        "group_wait",
        "group_interval",
        "repeat_interval",
        "routes",
    )
    receiver = table.text("receiver")
    if receiver is not None and receiver not in names:
        # What stands there is not shown: it may be a URL.
        known = ", ".join(sorted(names)) or "none"
        table.fault("receiver", f"no [[receiver]] has this name (known: {known})")
    return Route(
        receiver=receiver,
        match=_match(table.table("match")),
        continue_=bool(table.flag("continue")),
        group_by=_group_by(table),
        group_wait=_duration(table, "group_wait"),
        group_interval=_duration(table, "group_interval"),
        repeat_interval=_duration(table, "repeat_interval"),
        routes=tuple(_route(inner, names) for inner in table.tables("routes")),
    )


def _match(table: Table) -> Mapping[str, str | tuple[str, ...]]:
    table.only(*MATCHABLE)
    match: dict[str, str | tuple[str, ...]] = {}
    for name, value in table.values.items():
        wanted = value if isinstance(value, list) else [value]
        if not wanted or not all(isinstance(one, str) for one in wanted):
            table.fault(name, f'{name} must be a text or a list of texts, such as "critical"')
            continue
        for one in wanted:
            if name in _KNOWN_VALUES and one not in _KNOWN_VALUES[name]:
                table.fault(name, f'no {name} is called "{one}". Write one of: {", ".join(_KNOWN_VALUES[name])}')
        match[name] = tuple(wanted) if isinstance(value, list) else value
    return match


def _group_by(table: Table) -> tuple[str, ...] | None:
    names = table.texts("group_by")
    for name in names or ():
        if name not in MATCHABLE:
            table.fault("group_by", f'"{name}" cannot be grouped by. Write some of: {", ".join(MATCHABLE)}')
    return names


def _duration(table: Table, key: str) -> timedelta | None:
    text: Any = table.text(key)
    if text is None:
        return None
    if not text or _DURATION.sub("", text).strip():
        table.fault(key, f'"{text}" is no length of time. Write it like "30s", "5m", "4h" or "1h30m"')
        return None
    parts = ((int(number), _UNITS[unit]) for number, unit in _DURATION.findall(text))
    return sum((timedelta(**{unit: number}) for number, unit in parts), timedelta())


def unused_receivers(settings: Settings) -> list[str]:
    """Return the names of the receivers that no route leads to."""
    used = receivers_of(settings.route) if settings.route else set()
    return [receiver.name for receiver in settings.receivers if receiver.name not in used]

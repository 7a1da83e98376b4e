"""Which logs lie on this machine: where connectors are known to write, and where somebody says."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingest.channels import ChannelError
from ingest.encoding import detect_encoding, narrow
from ingest.formats import detect
from ingest.platform import open_shared
from qbwatch.source_paths import chain_of, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ingest.channels import Channel

CHANNELS: Final = (
    "System", "Application", "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
)  # fmt: skip
"""The event channels that prove sleep, sign-out, restarts and crashes."""

# Who writes a log whose place says nothing of it.
_MADE_BY: Final = {"qbwc": "Web Connector", "qbsdk": "QuickBooks' SDK", "qbwin": "QuickBooks itself"}
_HEAD = 65_536
_MOST_FILES = 5_000
_ENDINGS = frozenset({".txt", ".log", ".clef", ".json", ".jsonl"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a log may lie; one that is not `followed` is shown and left out, since it holds little but noise."""

    pattern: str
    of: str
    followed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLog:
    """A log with its generations; `format` is None where the first bytes do not tell it."""

    pattern: str
    of: str
    files: int
    size: int
    written: datetime | None
    format: str | None
    followed: bool = True
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundChannel:
    """An event channel, and why it cannot be read."""

    name: str
    problem: str | None = None


def known_places(environment: Mapping[str, str]) -> list[Place]:
    """Return where connectors write on Windows; *environment* names its folders. None elsewhere."""
    if "PROGRAMDATA" not in environment:
        return []
    data = Path(environment["PROGRAMDATA"])
    homes = Path(environment.get("PUBLIC", r"C:\Users\Public")).parent
    programs = Path(environment.get("PROGRAMFILES(X86)", r"C:\Program Files (x86)"))
    intuit = Path("AppData", "Local", "Intuit")
    return [
        Place(pattern=str(data / "Intuit" / "QBWebConnector" / "log" / "QWCLog*.txt"), of="Web Connector"),
        Place(pattern=str(data / "Intuit" / "QuickBooks" / "qbsdk*.txt"), of="QuickBooks' SDK"),
        Place(pattern=str(homes / "*" / intuit / "QBWebConnector" / "log" / "QWCLog*.txt"),
              of="Web Connector of one user"),
        Place(pattern=str(programs / "*" / "QuickBooks-connector" / "logs" / "connector*.log"),
              of="Codat's earlier connector"),
        Place(pattern=str(homes / "*" / intuit / "QuickBooks" / "log" / "*" / "qbwin.log"), of="QuickBooks itself",
              followed=False),
    ]  # fmt: skip


def find_logs(places: Iterable[Place], named: Iterable[str] = ()) -> list[FoundLog]:
    """Return the logs at *places* and at the *named* files, patterns and folders; a folder is searched whole."""
    found = [log for place in places if (log := _at(place))]
    for path in named:
        found += _in_folder(Path(path)) if Path(path).is_dir() else [_named(path)]
    return list({log.pattern: log for log in found}.values())


def find_channels(open_channel: Callable[[str], Channel], names: Iterable[str] = CHANNELS) -> list[FoundChannel]:
    """Return how each event channel can be read."""
    return [_channel(open_channel, name) for name in names]


def _channel(open_channel: Callable[[str], Channel], name: str) -> FoundChannel:
    try:
        open_channel(name).newest()
    except ChannelError as error:
        return FoundChannel(name=name, problem=str(error))
    return FoundChannel(name=name)


def _at(place: Place) -> FoundLog | None:
    files = matches(place.pattern)
    return _log(place, files) if files else None


def _named(path: str) -> FoundLog:
    pattern = os.path.abspath(path)  # noqa: PTH100 - a pattern, not a path
    return _log(Place(pattern=pattern, of=""), matches(pattern))


def _in_folder(folder: Path) -> Iterator[FoundLog]:
    """Yield the logs of known formats below *folder*, each with its generations as one pattern."""
    chains: dict[str, list[str]] = {}
    for count, path in enumerate(sorted(folder.absolute().rglob("*"))):
        if count > _MOST_FILES:
            break
        if path.suffix.lower() in _ENDINGS and path.is_file() and _look(str(path))[0]:
            chains.setdefault(chain_of(str(path)), []).append(str(path))
    for files in chains.values():
        yield _log(Place(pattern=_pattern(files), of=""), files)


def _pattern(files: list[str]) -> str:
    """Return what names all of *files*, generations of one log in one folder, and those to come."""
    folder, names = Path(files[0]).parent, [Path(file).name for file in files]
    known = {"qwclog": "QWCLog*.txt", "qbsdk": "qbsdk*.txt"}
    for begin, pattern in known.items():
        if all(name.lower().startswith(begin) for name in names):
            return str(folder / (names[0][: len(begin)] + pattern[len(begin) :]))
    if len(names) == 1:
        return files[0]
    begin = os.path.commonprefix(names)  # noqa: RUF071 - names, not paths: letter by letter is meant
    return str(folder / f"{begin}*{Path(names[0]).suffix}")


def _log(place: Place, files: list[str]) -> FoundLog:
    stats = [Path(file).stat() for file in files if Path(file).is_file()]
    newest = max(files, key=lambda file: Path(file).stat().st_mtime, default=None)
    format_, problem = _look(newest) if newest else (None, None)
    return FoundLog(
        pattern=place.pattern, of=place.of or _MADE_BY.get(format_ or "", "a log"), files=len(files),
        size=sum(one.st_size for one in stats),
        written=datetime.fromtimestamp(max(one.st_mtime for one in stats), UTC) if stats else None, format=format_,
        followed=place.followed, problem=problem,
    )  # fmt: skip


def _look(path: str) -> tuple[str | None, str | None]:
    """Return the format of a log by its first bytes, and why it cannot be read."""
    try:
        with open_shared(Path(path)) as file:
            head = file.read(_HEAD)
    except OSError as error:
        return None, f"cannot be read ({error.strerror or error})"
    encoding = detect_encoding(head)
    return detect(bytes(narrow(head[encoding.bom :], encoding))).name, None

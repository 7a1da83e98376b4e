"""Find the logs that a scan is asked for: files, folders, archives, standard input; and tell their formats."""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
import zipfile
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from ingest.encoding import detect_encoding, narrow
from ingest.formats import detect
from ingest.platform import open_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager, ExitStack

_HEAD = 8192
_SKIPPED_FOLDERS = {".git", "__pycache__", "node_modules"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One log to scan: its name for people, how to open it, its format; `group` are the logs of one machine."""

    name: str
    group: str
    open: Callable[[], AbstractContextManager[BinaryIO]]
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A file that cannot be scanned, and why; `asked` if the user named it."""

    name: str
    why: str
    asked: bool


def find_logs(paths: list[str], format_: str, keep: ExitStack) -> Iterator[LogFile | Unusable]:
    """Yield every log under *paths*, and what was asked for but cannot be read; *keep* holds what must stay open."""
    for name in paths:
        path = Path(name)
        if name == "-":
            yield from _standard_input(format_, keep)
        elif path.is_dir():
            yield from _folder(path, format_)
        elif path.exists():
            yield from _file(path, str(path.parent), format_, asked=True)
        else:
            yield Unusable(name=name, why="no such file or folder. Check the path", asked=True)


def _folder(folder: Path, format_: str) -> Iterator[LogFile | Unusable]:
    found = False
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _SKIPPED_FOLDERS.intersection(path.parts):
            for one in _file(path, str(path.parent), format_, asked=_is_named_like_a_log(path)):
                found = found or isinstance(one, LogFile)
                yield one
    if not found:
        yield Unusable(
            name=str(folder),
            why="no log that qbwatch knows is in this folder or below. QWCLog.txt lies in "
            "C:\\ProgramData\\Intuit\\QBWebConnector\\log",
            asked=True,
        )


def _is_named_like_a_log(path: Path) -> bool:
    return path.name.lower().startswith("qwclog")


def _file(path: Path, group: str, format_: str, *, asked: bool) -> Iterator[LogFile | Unusable]:
    try:
        if path.suffix.lower() == ".zip":
            yield from _zip(path, format_)
        elif path.suffix.lower() == ".gz":
            yield _log(str(path), group, lambda: cast("BinaryIO", gzip.GzipFile(path)), format_, asked=asked)
        else:
            yield _log(str(path), group, lambda: open_shared(path), format_, asked=asked)
    except (OSError, EOFError, zipfile.BadZipFile, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield Unusable(name=str(path), why=f"cannot be read ({reason})", asked=asked)


def _zip(path: Path, format_: str) -> Iterator[LogFile | Unusable]:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
    for member in members:
        group = f"{path}!{Path(member.filename).parent}"

        @contextmanager
        def opened(name: str = member.filename) -> Iterator[BinaryIO]:
            with zipfile.ZipFile(path) as archive, archive.open(name) as file:
                yield cast("BinaryIO", file)

        yield _log(f"{path}!{member.filename}", group, opened, format_, asked=False)


def _standard_input(format_: str, keep: ExitStack) -> Iterator[LogFile | Unusable]:
    # Its first bytes are needed twice, and it cannot be rewound: keep it in a file.
    kept = keep.enter_context(tempfile.SpooledTemporaryFile(max_size=32 << 20))  # noqa: SIM115 - the stack closes it
    shutil.copyfileobj(sys.stdin.buffer, kept)

    def opened() -> AbstractContextManager[BinaryIO]:
        kept.seek(0)
        return nullcontext(cast("BinaryIO", kept))

    yield _log("-", "-", opened, format_, asked=True)


def _log(
    name: str, group: str, opened: Callable[[], AbstractContextManager[BinaryIO]], format_: str, *, asked: bool
) -> LogFile | Unusable:
    with opened() as file:
        head = file.read(_HEAD)
    encoding = detect_encoding(head)
    text = narrow(head[encoding.bom :], encoding)
    if not text.strip():
        return Unusable(name=name, why="is empty", asked=asked)
    told = format_ if format_ != "auto" else detect(text)
    if told is None:
        binary = b"\0" in text
        why = (
            "is a binary file, not a log"
            if binary
            else "is of no format that qbwatch knows. Known are QWCLog.txt (qbwc) and exported Windows events "
            "in XML (windows-events)"
        )
        return Unusable(name=name, why=why, asked=asked)
    return LogFile(name=name, group=group, open=opened, format=told)

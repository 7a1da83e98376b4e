"""Find the logs that a scan is asked for: files, folders, archives, standard input; and tell their formats."""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
import zipfile
import zlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from ingest.encoding import detect_encoding, narrow
from ingest.formats import WINDOWS_EVENTS, Detection, detect, format_names, grammar_of, looks_like
from ingest.local_time import LocalClock, day_in_name
from ingest.platform import open_shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager, ExitStack

    from ingest.grammar import Grammar
    from ingest.line_format import LineFormat

UNREADABLE = (OSError, EOFError, zlib.error, LZMAError, zipfile.BadZipFile, NotImplementedError)
"""What reading a file or a member of an archive may raise, once it could be opened."""

_HEAD = 8192
_SKIPPED_FOLDERS = {".git", "__pycache__", "node_modules"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """One log to scan: its name for people, how to open it, its format; `group` are the logs of one machine.

    One without a grammar is read whole.
    """

    name: str
    group: str
    open: Callable[[], AbstractContextManager[BinaryIO]]
    format: str
    grammar: Grammar | None
    clock: LocalClock


@dataclass(frozen=True, slots=True, kw_only=True)
class HowToRead:
    """How a scan is told to read logs: a format or "auto", the user's own formats, the zone of local times."""

    format: str = "auto"
    is_mixed: bool = False  # a folder or an archive is read, not all of which need be of that format
    own: tuple[LineFormat, ...] = ()
    clock: LocalClock = field(default_factory=LocalClock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A file that cannot be scanned, and why; `asked` if the user named it, `broken` if it cannot even be read."""

    name: str
    why: str
    asked: bool
    broken: bool = False


def find_logs(paths: list[str], how: HowToRead, keep: ExitStack) -> Iterator[LogFile | Unusable]:
    """Yield every log under *paths* once, and what was asked for but cannot be read.

    *keep* holds what must stay open.
    """
    search = _Search(how)
    for name in dict.fromkeys(paths):
        path = Path(name)
        search.how = replace(how, is_mixed=path.is_dir() or path.suffix.lower() == ".zip")
        if name == "-":
            yield _standard_input(how, keep)
        elif path.is_dir():
            yield from search.folder(path)
        elif path.exists():
            yield from search.file(path, asked=True)
        else:
            yield Unusable(name=name, why="no such file or folder. Check the path", asked=True)


def why_unreadable(error: Exception) -> str:
    """Say in words for the user what broke the opening or reading of a log."""
    if isinstance(error, NotImplementedError):
        return f"it is packed in a way that qbwatch cannot unpack ({error}); unpack it first"
    if isinstance(error, RuntimeError):
        return "it is encrypted; unpack it first"
    return getattr(error, "strerror", None) or str(error) or "it ends too early"


@dataclass(slots=True)
class _Search:
    """One look for logs, which takes each file once."""

    how: HowToRead
    taken: set[Path] = field(default_factory=set)

    def folder(self, folder: Path) -> Iterator[LogFile | Unusable]:
        """Yield what is in *folder* and below."""
        found = False
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not _SKIPPED_FOLDERS.intersection(path.parts):
                found = found or path.resolve() in self.taken
                for one in self.file(path, asked=_is_named_like_a_log(path.name)):
                    found = found or isinstance(one, LogFile)
                    yield one
        if not found:
            yield Unusable(
                name=str(folder),
                why="no log that qbwatch knows is in this folder or below. QWCLog.txt lies in "
                "C:\\ProgramData\\Intuit\\QBWebConnector\\log",
                asked=True,
            )

    def file(self, path: Path, *, asked: bool) -> Iterator[LogFile | Unusable]:
        """Yield what *path* is or, as an archive, holds; nothing if it was told before."""
        whole = path.resolve()
        if whole in self.taken:
            return
        group = str(whole.parent)
        suffix = path.suffix.lower()
        day = datetime.fromtimestamp(path.stat().st_mtime, self.how.clock.zone or UTC).date()
        if suffix == ".zip":
            found = self._zip(path, asked=asked)
        elif suffix == ".gz":
            found = iter(
                [self._look(str(path), group, lambda: cast("BinaryIO", gzip.GzipFile(path)), asked=asked, day=day)]
            )
        else:
            found = iter([self._look(str(path), group, lambda: open_shared(path), asked=asked, day=day)])
        for each in found:
            # Nobody knows what a broken archive held; it may be the log.
            one = each
            if isinstance(each, Unusable) and each.broken and suffix in {".zip", ".gz"}:
                one = replace(each, asked=True)
            # What was passed over without a word is told if it is asked for by name afterwards.
            if isinstance(one, LogFile) or one.asked:
                self.taken.add(whole)
            yield one

    def _zip(self, path: Path, *, asked: bool) -> Iterator[LogFile | Unusable]:
        try:
            with zipfile.ZipFile(path) as archive:
                members = [member for member in archive.infolist() if not member.is_dir()]
        except UNREADABLE as error:
            yield _unreadable(str(path), error, asked=asked)
            return
        told = False
        for member in members:
            one = self._member(path, member, asked=asked)
            told = told or isinstance(one, LogFile) or one.asked
            yield one
        if not told:
            yield Unusable(name=str(path), why="no log that qbwatch knows is in this archive", asked=asked)

    def _member(self, path: Path, member: zipfile.ZipInfo, *, asked: bool) -> LogFile | Unusable:
        name = member.filename

        @contextmanager
        def opened() -> Iterator[BinaryIO]:
            with zipfile.ZipFile(path) as archive, archive.open(name) as file:
                yield cast("BinaryIO", file)

        group = f"{path.resolve()}!"
        named = _is_named_like_a_log(PurePosixPath(name).name)
        one = self._look(f"{path}!{name}", group, opened, asked=named, day=_day_of(member))
        # Nobody knows what a member is that cannot be unpacked; in an archive that was asked for it may be the log.
        return replace(one, asked=asked or named) if isinstance(one, Unusable) and one.broken else one

    def _look(
        self,
        name: str,
        group: str,
        opened: Callable[[], AbstractContextManager[BinaryIO]],
        *,
        asked: bool,
        day: date | None,
    ) -> LogFile | Unusable:
        # No line is later than the last write, which tells the year of stamps without one.
        how = replace(self.how, clock=replace(self.how.clock, day=day, named_day=day_in_name(name)))
        try:
            return _log(name, group, opened, how, asked=asked)
        # An encrypted member gives a bare RuntimeError.
        except (*UNREADABLE, RuntimeError) as error:
            return _unreadable(name, error, asked=asked)


def _day_of(member: zipfile.ZipInfo) -> date | None:
    try:
        return date(*member.date_time[:3])
    except ValueError:
        return None


def _is_named_like_a_log(name: str) -> bool:
    return name.lower().startswith(("qwclog", "qbsdk"))


def _unreadable(name: str, error: Exception, *, asked: bool) -> Unusable:
    return Unusable(name=name, why=f"cannot be read ({why_unreadable(error)})", asked=asked, broken=True)


def _standard_input(how: HowToRead, keep: ExitStack) -> LogFile | Unusable:
    # Its first bytes are needed twice, and it cannot be rewound: keep it in a file.
    kept = keep.enter_context(tempfile.SpooledTemporaryFile(max_size=32 << 20))  # noqa: SIM115 - the stack closes it
    shutil.copyfileobj(sys.stdin.buffer, kept)

    def opened() -> AbstractContextManager[BinaryIO]:
        kept.seek(0)
        return nullcontext(cast("BinaryIO", kept))

    return _log("-", "-", opened, how, asked=True)


def _log(
    name: str, group: str, opened: Callable[[], AbstractContextManager[BinaryIO]], how: HowToRead, *, asked: bool
) -> LogFile | Unusable:
    with opened() as file:
        head = file.read(_HEAD)
    encoding = detect_encoding(head)
    text = narrow(head[encoding.bom :], encoding)
    if not text.strip():
        return Unusable(name=name, why="is empty", asked=asked)
    told = detect(text, how.own) if how.format == "auto" else _told(text, head, how)
    if told.name is None and how.format != "auto":
        return Unusable(name=name, why=f"holds no record of the format {how.format}", asked=asked)
    if told.name is None:
        return Unusable(name=name, why=_why_of_no_format(text, told), asked=asked or bool(told.rivals))
    grammar = None if told.name == WINDOWS_EVENTS else grammar_of(told.name, how.clock, how.own)
    return LogFile(name=name, group=group, open=opened, format=told.name, grammar=grammar, clock=how.clock)


def _told(text: bytes, head: bytes, how: HowToRead) -> Detection:
    """Hold a file against the format that was asked for; where it is none of that, its content may tell another."""
    sure = looks_like(how.format, head if how.format == WINDOWS_EVENTS else text, how.own)
    if sure > 0:
        return Detection(name=how.format, sure=sure)
    found = detect(text, how.own)
    return found if how.is_mixed else Detection(name=None, sure=0.0)


def _why_of_no_format(text: bytes, told: Detection) -> str:
    if told.rivals:
        return f"fits the formats {' and '.join(told.rivals)} equally. Name one of them with --format"
    if b"\0" in text:
        return "is a binary file, not a log"
    return f"is of no format that qbwatch knows. Known are {', '.join(format_names())}, and your own [[format]] blocks"

"""The followed files of a configuration: found by glob, known again by identity, read as they grow."""

from __future__ import annotations

import glob
import logging
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingest.encoding import detect_encoding, narrow
from ingest.follow import HEAD, Change, FollowedFile, first_sight, read_at, recognise
from ingest.formats import detect, first_time, qbwc
from ingest.platform import FileId, file_id, open_shared, quick_look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.follow import Checkpoint
    from qbwatch.config import Source

log = logging.getLogger(__name__)


_GENERATION = re.compile(r"(?:[-._]?old|[-._]\d{8}|[-._]\d{1,3})$", re.IGNORECASE)


def chain_of(path: str) -> str:
    """Return what a log and its earlier generations have in common.

    >>> chain_of("/log/QWCLog.txt") == chain_of("/log/QWCLogOld.txt") == chain_of("/log/QWCLog.txt.1")
    True
    >>> chain_of("/log/QWCLog-user2.txt") == chain_of("/log/QWCLog.txt")
    False
    """
    folder, name = os.path.split(path)
    stem = _GENERATION.sub("", name).rpartition(".")[0] or name
    return os.path.join(folder, _GENERATION.sub("", stem).lower())  # noqa: PTH118 - only compared


def is_generation(name: str) -> bool:
    """Say whether a file's name is that of an earlier generation, such as QWCLogOld.txt or QWCLog.txt.1."""
    return bool(_GENERATION.search(name) or _GENERATION.search(name.rpartition(".")[0]))


def _matches(pattern: str) -> list[str]:
    """Return the files that *pattern* names; brackets in the name of a folder that is there are no pattern."""
    folder, name = os.path.split(pattern)
    if Path(pattern).is_file():
        return [pattern]
    if Path(folder).is_dir():
        pattern = os.path.join(glob.escape(folder), name)  # noqa: PTH118 - a pattern, not a path
    return glob.glob(pattern, recursive=True)  # noqa: PTH207 - the pattern may be absolute


def _first_stamp(file: BinaryIO) -> str:
    first = first_time(read_at(file, 0, 64 * HEAD))
    return first.isoformat() if first else ""


@dataclass(slots=True)
class Reading:
    """One file that has something new, open."""

    followed: FollowedFile
    file: BinaryIO


@dataclass(slots=True)
class _Seen:
    """What a path was at the last look: enough to pass over an idle file after one stat."""

    identity: FileId
    uid: str


@dataclass(slots=True)
class Sources:
    """All files that the configuration names, and what is known of each."""

    sources: tuple[Source, ...]
    files: dict[str, FollowedFile] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)  # path -> what is wrong with it now
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _foreign: dict[str, int] = field(default_factory=dict)  # path -> size at which its format was not known

    def restore(self, checkpoints: Iterable[Checkpoint]) -> None:
        """Take up what the store knows."""
        self._seen.clear()
        self.files.clear()
        for checkpoint in checkpoints:
            self.files[checkpoint.uid] = FollowedFile(checkpoint)

    def folders(self) -> set[Path]:
        """Return the folders that hold the sources, where they exist."""
        parents = {Path(source.path).parent for source in self.sources}
        found = {Path(match) for parent in parents for match in glob.glob(str(parent))}  # noqa: PTH207 - the configured path may be absolute
        return {folder for folder in found if folder.is_dir()}

    def paths(self) -> list[Path]:
        """Return the files that match now."""
        return [Path(match) for match in sorted({match for source in self.sources for match in _matches(source.path)})]

    def reset(self, followed: Iterable[FollowedFile]) -> None:
        """Begin anew at the last checkpoint of each of *followed*."""
        for one in followed:
            self.files[one.checkpoint.uid] = FollowedFile(one.checkpoint)

    def unread(self) -> Iterator[Reading]:
        """Yield every file with something new, open: a rotated file before the one that took its place."""
        found = [(self._age(path), path) for path in self.paths() if not self._is_idle(path)]
        taken: set[str] = set()
        for _, path in sorted(found):
            reading = self._open(path, taken)
            if reading is None:
                continue
            try:
                yield reading
            finally:
                reading.file.close()

    def _is_idle(self, path: Path) -> bool:
        """Say whether one look shows that nothing changed since the last turn."""
        seen = self._seen.get(str(path))
        look = quick_look(path) if seen else None
        if seen is None or look is None or seen.identity != look[0]:
            return False
        return look[1] == self.files[seen.uid].read_up_to

    def _age(self, path: Path) -> tuple[int, str, bool]:
        """Order the files: those that moved, those that stayed, and new ones by their first stamp."""
        try:
            with open_shared(path) as file:
                seen = self._seen.get(str(path))
                if seen and seen.identity == file_id(file):
                    return (1, "", False)
                known = recognise(file, [followed.checkpoint for followed in self.files.values()])
                if known:
                    return (int(known.path == str(path)), "", False)
                return (2, _first_stamp(file), not is_generation(path.name))
        except OSError:
            return (3, "", False)

    def _open(self, path: Path, taken: set[str]) -> Reading | None:
        file: BinaryIO | None = None
        try:
            file = open_shared(path)
            followed = self._followed(path, file)
            if followed is None or followed.checkpoint.uid in taken:
                file.close()
                return None
            taken.add(followed.checkpoint.uid)
            self.problems.pop(str(path), None)
            if not followed.is_unread(file):
                file.close()
                return None
            if followed.check(file) is Change.TRUNCATED:
                log.warning("%s was truncated or filled anew; it is read from its start", path)
                followed.start_over(file)
        except OSError as error:
            if file is not None:
                file.close()
            self.trouble(path, error)
            return None
        return Reading(followed, file)

    def trouble(self, path: Path, error: OSError) -> None:
        """Note that *path* cannot be read now; it is tried again."""
        why = error.strerror or str(error)
        if self.problems.get(str(path)) != why:
            log.warning("%s cannot be read (%s); it is tried again", path, why)
        self.problems[str(path)] = why

    def _followed(self, path: Path, file: BinaryIO) -> FollowedFile | None:
        identity = file_id(file)
        seen = self._seen.get(str(path))
        if seen and seen.identity == identity:
            return self.files[seen.uid]
        if self._is_foreign(path, file):
            return None
        found = recognise(file, [followed.checkpoint for followed in self.files.values()])
        checkpoint = replace(found, path=str(path)) if found else first_sight(file, str(path))
        followed = self.files.get(checkpoint.uid)
        if followed is None:
            followed = self.files[checkpoint.uid] = FollowedFile(checkpoint)
        followed.checkpoint = checkpoint
        self._seen = {name: one for name, one in self._seen.items() if one.uid != checkpoint.uid}
        self._seen[str(path)] = _Seen(identity, checkpoint.uid)
        return followed

    def _is_foreign(self, path: Path, file: BinaryIO) -> bool:
        """Say whether the file is surely of another format; an empty or tiny one may still become a log."""
        # After a loss of power a log may begin with NULs.
        head = read_at(file, 0, 64 * HEAD).lstrip(b"\0")[: 4 * HEAD]
        encoding = detect_encoding(head)
        text = narrow(head[encoding.bom :], encoding)
        if len(head) < 64 or detect(text) == qbwc.NAME:
            return False
        if self._foreign.get(str(path)) != len(head):
            self._foreign[str(path)] = len(head)
            self.problems[str(path)] = "is not a QWCLog"
            log.warning("%s is not a Web Connector log; it is left alone", path)
        return True

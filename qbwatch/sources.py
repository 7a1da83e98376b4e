"""The followed files of a configuration: found by glob, known again by identity, read as they grow."""

from __future__ import annotations

import glob
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingest.encoding import detect_encoding, narrow
from ingest.follow import HEAD, Change, FollowedFile, first_sight, read_at, recognise
from ingest.formats import detect, qbwc
from ingest.platform import FileId, file_id, open_shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.follow import Checkpoint
    from qbwatch.config import Source

log = logging.getLogger(__name__)


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
        for checkpoint in checkpoints:
            self.files[checkpoint.uid] = FollowedFile(checkpoint)

    def folders(self) -> set[Path]:
        """Return the folders that hold the sources, where they exist."""
        parents = {Path(source.path).parent for source in self.sources}
        found = {Path(match) for parent in parents for match in glob.glob(str(parent))}  # noqa: PTH207 - the configured path may be absolute
        return {folder for folder in found if folder.is_dir()}

    def paths(self) -> list[Path]:
        """Return the files that match now."""
        matches = {match for source in self.sources for match in glob.glob(source.path, recursive=True)}  # noqa: PTH207 - as above
        return [Path(match) for match in sorted(matches)]

    def unread(self) -> Iterator[Reading]:
        """Yield every file with something new, open: a rotated file before the one that took its place."""
        fresh: list[tuple[Path, bool]] = []
        taken: set[str] = set()
        for path in self.paths():
            known = self._uid_of(path)
            fresh.append((path, known is None or Path(self.files[known].checkpoint.path) == path))
        for path, _ in sorted(fresh, key=lambda one: one[1]):
            reading = self._open(path, taken)
            if reading is None:
                continue
            try:
                yield reading
            finally:
                reading.file.close()

    def _uid_of(self, path: Path) -> str | None:
        try:
            with open_shared(path) as file:
                seen = self._seen.get(str(path))
                if seen and seen.identity == file_id(file):
                    return seen.uid
                found = recognise(file, [followed.checkpoint for followed in self.files.values()])
                return found.uid if found else None
        except OSError:
            return None

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
            self._trouble(path, error)
            return None
        return Reading(followed, file)

    def _trouble(self, path: Path, error: OSError) -> None:
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
        head = read_at(file, 0, 4 * HEAD)
        encoding = detect_encoding(head)
        text = narrow(head[encoding.bom :], encoding)
        if len(head) < 64 or detect(text) == qbwc.NAME:
            return False
        if self._foreign.get(str(path)) != len(head):
            self._foreign[str(path)] = len(head)
            self.problems[str(path)] = "is not a QWCLog"
            log.warning("%s is not a Web Connector log; it is left alone", path)
        return True

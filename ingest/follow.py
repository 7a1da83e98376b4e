"""Follow one log file: know it again, go on where reading stopped, notice truncation and rotation."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingest.blocks import BlockCutter
from ingest.encoding import Encoding, detect_encoding
from ingest.platform import file_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.blocks import Block

HEAD = 1024  # bytes at a file's start that tell it from others
MARKER = 1024  # bytes before the offset that prove that the text read is still there
CHUNK = 1 << 20
_TELLING = 4  # bytes that it takes to tell the encoding; no record is as short


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far one file was read, and by what it is known again.

    `uid` names the file in event ids and never changes; `generation` counts truncations.
    Reading goes on at `offset`, which is the start of 1-based `line`; `safe` and `safe_line` are where no run was
    open, so that open runs are rebuilt by reading from there.
    """

    uid: str
    path: str
    volume: int
    number: int
    head_length: int
    head_hash: str
    generation: int
    encoding: str
    offset: int
    line: int
    safe: int
    safe_line: int
    marker_length: int
    marker_hash: str


class Change(StrEnum):
    """What happened to the text of a file that was read."""

    SAME = "same"
    TRUNCATED = "truncated"


def hash_of(data: bytes) -> str:
    """Return a short hash of *data*."""
    return blake2b(data, digest_size=12).hexdigest()


def read_at(file: BinaryIO, offset: int, length: int) -> bytes:
    """Read up to *length* bytes at *offset*."""
    file.seek(offset)
    return file.read(length) or b""


def recognise(file: BinaryIO, known: Iterable[Checkpoint]) -> Checkpoint | None:
    """Find the checkpoint of the open *file* among the *known* ones.

    Volume and number decide, where the volume gives numbers: a file of a known number but of another head was
    truncated and filled again, and `compare` says so. Else the head decides: see `_by_head`.
    """
    listed = list(known)
    identity = file_id(file)
    head = read_at(file, 0, HEAD)
    same_number = [c for c in listed if (c.volume, c.number) == (identity.volume, identity.number)]
    same_head = [c for c in same_number if hash_of(head[: c.head_length]) == c.head_hash]
    if not identity.is_known:
        same_head = [c for c in same_head if c.head_length]
    if same_head:
        return max(same_head, key=lambda c: c.head_length)
    if same_number and identity.is_known:
        return same_number[-1]
    return _by_head(file, head, listed) if len(head) == HEAD else None


def _by_head(file: BinaryIO, head: bytes, known: list[Checkpoint]) -> Checkpoint | None:
    """Find a file of another number by its full *head*.

    If the known file is gone from its place, this is it, moved or restored. Else it is a copy, and has a name of
    its own; of a copy, what was read of the known file is not read again.
    """
    identity = file_id(file)
    found = next((c for c in known if c.head_length == HEAD and c.head_hash == hash_of(head)), None)
    if found is None and hash_of(head) not in {c.uid for c in known}:
        return None
    if found is not None and not _is_in_place(found):
        return replace(found, volume=identity.volume, number=identity.number)
    own = first_sight(file, "", hash_of(f"{identity}".encode() + head))
    if found is None or compare(file, found) is not Change.SAME:
        return own
    return replace(found, uid=own.uid, volume=own.volume, number=own.number, safe=found.offset, safe_line=found.line)


def _is_in_place(checkpoint: Checkpoint) -> bool:
    """Say whether the file of *checkpoint* still stands where it was seen last."""
    try:
        status = Path(checkpoint.path).stat()
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (checkpoint.volume, checkpoint.number)


def compare(file: BinaryIO, checkpoint: Checkpoint) -> Change:
    """Say whether *file* still holds the text that *checkpoint* says was read."""
    size = os.fstat(file.fileno()).st_size
    head = read_at(file, 0, checkpoint.head_length)
    marker = read_at(file, checkpoint.offset - checkpoint.marker_length, checkpoint.marker_length)
    intact = (
        size >= checkpoint.offset
        and hash_of(head) == checkpoint.head_hash
        and hash_of(marker) == checkpoint.marker_hash
    )
    return Change.SAME if intact else Change.TRUNCATED


def first_sight(file: BinaryIO, path: str, uid: str | None = None) -> Checkpoint:
    """Make the checkpoint of a file that was never read.

    A file with a full head is named by it, so that reading the same log again gives the same ids;
    a smaller one may still be any file, so its name comes from its number too.
    """
    identity = file_id(file)
    head = read_at(file, 0, HEAD)
    encoding = detect_encoding(head)
    name = hash_of(head) if len(head) == HEAD else hash_of(f"{identity}{path}".encode() + head)
    return Checkpoint(
        uid=uid or name, path=path, volume=identity.volume, number=identity.number,
        head_length=len(head), head_hash=hash_of(head), generation=0, encoding=encoding.name,
        offset=0, line=1, safe=0, safe_line=1, marker_length=0, marker_hash=hash_of(b""),
    )  # fmt: skip


class FollowedFile:
    """One file that is read as it grows."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Go on at *checkpoint*, from where no run was open."""
        self._go_on_at(checkpoint)

    def _go_on_at(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._encoding = Encoding(name=checkpoint.encoding, bom=0)
        self._cutter = BlockCutter(self._encoding, offset=checkpoint.safe, line=checkpoint.safe_line)
        self._read = checkpoint.safe  # how far bytes were taken from the file
        self._head = b""  # the file's first bytes, as far as they were read
        self._tail = b""  # what was read last: the held bytes, and before them the marker

    @property
    def file(self) -> str:
        """The name of this generation of the file in event ids."""
        return f"{self.checkpoint.uid}:{self.checkpoint.generation}"

    @property
    def read_up_to(self) -> int:
        """How many bytes were taken from the file."""
        return self._read

    @property
    def passed_over(self) -> int:
        """How many bytes were too long a record to be read."""
        return self._cutter.passed_over

    def read(self, file: BinaryIO) -> Iterator[Block]:
        """Read what is new, in blocks of whole records; the last record is held, since it may grow."""
        if self._read and not self._head:
            self._head = read_at(file, 0, min(HEAD, self._read))
            start = max(0, self._read - MARKER)
            self._tail = read_at(file, start, self._read - start)
        while chunk := read_at(file, self._read, CHUNK):
            if self._read == 0:
                if len(chunk) < _TELLING:
                    return
                self._begin(chunk)
            else:
                self._head = (self._head + chunk)[:HEAD] if len(self._head) < HEAD else self._head
            block = self._take(chunk)
            if block:
                yield block
        block = self._cutter.release()
        if block:
            yield block

    def _begin(self, chunk: bytes) -> None:
        """Take the encoding from the first bytes, which were not there when the file was first seen."""
        self._head = chunk[:HEAD]
        self._encoding = detect_encoding(chunk)
        self._cutter = BlockCutter(self._encoding, offset=self._encoding.bom)

    def _take(self, chunk: bytes) -> Block | None:
        block = self._cutter.feed(chunk[self._encoding.bom :] if self._read == 0 else chunk)
        self._read += len(chunk)
        self._tail = (self._tail + chunk)[-(MARKER + self._cutter.pending) :]
        return block

    def is_unread(self, file: BinaryIO) -> bool:
        """Say whether *file* holds more or less than was read of it."""
        size = os.fstat(file.fileno()).st_size
        return size != self._read and (self._read > 0 or size >= _TELLING)

    def check(self, file: BinaryIO) -> Change:
        """Say whether the text that was read is still there."""
        if os.fstat(file.fileno()).st_size < self._read:
            return Change.TRUNCATED
        return compare(file, self.checkpoint)

    def last(self) -> Block | None:
        """Return the held last record as it stands; it comes again when it has grown or is complete."""
        return self._cutter.peek()

    def finish(self) -> Block | None:
        """Return the held last record for good: the file will not grow any more."""
        return self._cutter.finish()

    def advance(self, safe: tuple[int, int] | None) -> Checkpoint:
        """Make the checkpoint for what was read; *safe* is offset and line of where no run was open (None: here).

        Head and marker are taken from the bytes that were read, never from the file as it is by now.
        """
        offset, line = self._cutter.offset, self._cutter.line
        start, start_line = safe or (offset, line)
        marker = self._tail[: len(self._tail) - self._cutter.pending][-MARKER:]
        self.checkpoint = replace(
            self.checkpoint,
            head_length=len(self._head) or self.checkpoint.head_length,
            head_hash=hash_of(self._head) if self._head else self.checkpoint.head_hash,
            encoding=self._encoding.name,
            offset=offset,
            line=line,
            safe=start,
            safe_line=start_line,
            marker_length=len(marker),
            marker_hash=hash_of(marker),
        )
        return self.checkpoint

    def start_over(self, file: BinaryIO) -> None:
        """Begin a new generation: the text that was read is gone."""
        fresh = first_sight(file, self.checkpoint.path, self.checkpoint.uid)
        self._go_on_at(replace(fresh, generation=self.checkpoint.generation + 1))

"""Know a log file again after it was renamed, copied, truncated, filled anew or restored."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar

from ingest.encoding import detect_encoding
from ingest.platform import FileId, file_id, open_shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = 1024  # bytes at a file's start that tell it from others
MARKER = 1024  # bytes before the offset that prove that the text read is still there
# A shorter head is no proof that two files are one: it may be no more than a banner.
_TELLING_HEAD = 64
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far one generation of a file was read, and by what it is known again.

    `uid` names the file in event ids and never changes; `generation` counts truncations and replacements.
    Reading goes on at `offset`, which is the start of 1-based `line`; `safe` and `safe_line` are where no run was
    open, so that open runs are rebuilt by reading from there. A `past` one is of text that was truncated away:
    no file has it but a copy that may turn up, which is then read on as this generation.
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
    format: str
    past: bool

    @property
    def file(self) -> str:
        """The name of this generation of the file in event ids."""
        return f"{self.uid}:{self.generation}"


class Change(StrEnum):
    """What happened to the text of a file that was read."""

    SAME = "same"
    TRUNCATED = "truncated"


class Sight(StrEnum):
    """What an open file turned out to be."""

    NEW = "new"
    KNOWN = "known"  # under its number, though its text may have been truncated
    MOVED = "moved"  # under another number: restored, or renamed where numbers are not kept
    REVIVED = "revived"  # a copy of text that was truncated away
    COPY = "copy"  # of a file that is still there, not all of which was read
    COVERED = "covered"  # all that it holds was read elsewhere


class Known(Protocol):
    """A file that was read: its checkpoint and, as far as it is remembered, its first bytes."""

    @property
    def checkpoint(self) -> Checkpoint:
        """How far it was read, and by what it is known again."""

    @property
    def head(self) -> bytes:
        """The first bytes that were read, empty after a restart."""


K = TypeVar("K", bound=Known)


def hash_of(data: bytes) -> str:
    """Return a short hash of *data*."""
    return blake2b(data, digest_size=12).hexdigest()


def read_at(file: BinaryIO, offset: int, length: int) -> bytes:
    """Read up to *length* bytes at *offset*."""
    file.seek(offset)
    return file.read(length) or b""


def size_of(file: BinaryIO) -> int:
    """Return the size of an open file in bytes, as its handle tells it."""
    return os.fstat(file.fileno()).st_size


def recognise(file: BinaryIO, path: str, known: Iterable[K]) -> tuple[Sight, K | None]:
    """Find the open *file*, which stands at *path*, among the *known* ones, and say what it is to the one found.

    Volume and number decide where head and number agree; where there are no numbers or they do not last, the place
    does if the text there is whole. Else the head decides: the text may have moved or been copied. A file at a known
    place, of a head that nobody knows, was truncated and filled anew or replaced; `compare` then says so.
    """
    listed = sorted(known, key=lambda one: (not one.checkpoint.past, -one.checkpoint.offset))
    identity, head = file_id(file), read_at(file, 0, HEAD)
    live = [one for one in listed if not one.checkpoint.past]
    numbered = [one for one in live if identity.is_known and _is_numbered(one.checkpoint, identity)]
    own = [one for one in numbered if has_head(head, one.checkpoint)]
    if own:
        return Sight.KNOWN, max(own, key=lambda one: one.checkpoint.head_length)
    placed = [one for one in live if one.checkpoint.path == path]
    whole = [one for one in placed if compare(file, one.checkpoint) is Change.SAME]
    whole.sort(key=lambda one: -one.checkpoint.head_length)
    telling = [one for one in whole if one.checkpoint.head_length >= _TELLING_HEAD]
    # Without numbers the file at a known place is that file, and no copy of it.
    others = [one for one in listed if identity.is_known or one not in placed]
    copied = next(_by_head(file, head, others), None) if not telling else None
    if copied and not (whole and copied[0] is Sight.COVERED):
        return copied
    replaced = [one for one in placed if one in numbered or not identity.is_known]
    found = next(iter([*telling, *whole, *replaced]), None)
    return (Sight.KNOWN, found) if found is not None else (Sight.NEW, None)


def _is_numbered(checkpoint: Checkpoint, identity: FileId) -> bool:
    return checkpoint.number == identity.number and checkpoint.volume == identity.volume


@lru_cache(maxsize=64)
def _hash_of_begin(head: bytes, length: int) -> str:
    """Return the hash of the first *length* bytes: one head is held against those of all files."""
    return hash_of(head[:length])


def has_head(head: bytes, checkpoint: Checkpoint) -> bool:
    """Say whether a file that begins with *head* begins as *checkpoint* says."""
    return _hash_of_begin(head, checkpoint.head_length) == checkpoint.head_hash


def _by_head(file: BinaryIO, head: bytes, listed: list[K]) -> Iterator[tuple[Sight, K]]:
    """Yield what *file*, which begins with *head*, is to those of the *listed* that it begins like, the surest first.

    A longer head says more. What it is to one of which it holds less than was read is not as sure: there is nothing
    before the offset to hold against it, so the head must speak for all of it.
    """
    size = size_of(file)
    alike = [one for one in listed if begins_like(head, one)]
    alike.sort(key=lambda one: (-one.checkpoint.head_length, size < one.checkpoint.offset))
    for one in alike:
        if size < one.checkpoint.offset:
            if _may_be_begin_of(file, one.checkpoint):
                yield Sight.COVERED, one
        elif _has_marker(file, one.checkpoint):
            yield _by_marker(size, one.checkpoint), one


def _may_be_begin_of(file: BinaryIO, checkpoint: Checkpoint) -> bool:
    """Say whether *file*, of the same head, may be the first part of what was read by *checkpoint*."""
    size = size_of(file)
    start = max(0, size - MARKER)
    try:
        with open_shared(Path(checkpoint.path)) as other:
            is_whole = not checkpoint.past and compare(other, checkpoint) is Change.SAME
            return not is_whole or read_at(other, start, size - start) == read_at(file, start, size - start)
    except OSError:
        return True


def begins_like(head: bytes, one: Known) -> bool:
    """Say whether a file that begins with *head*, all of it if it is short, begins like a known one, tellingly."""
    size = min(len(head), len(one.head) or one.checkpoint.head_length)
    is_alike = head[:size] == one.head[:size] if one.head else has_head(head, one.checkpoint)
    return is_alike and size >= _TELLING_HEAD


def _by_marker(size: int, checkpoint: Checkpoint) -> Sight:
    """Say what a file of *size* is that holds all the text that was read by *checkpoint*."""
    if checkpoint.past:
        return Sight.REVIVED
    other = _in_place(checkpoint)
    if other is None:
        return Sight.MOVED
    return Sight.COVERED if size <= checkpoint.offset or (other.is_whole and size > other.size) else Sight.COPY


@dataclass(frozen=True, slots=True)
class _InPlace:
    """A file that still stands where it was seen last, with its text or, truncated, without."""

    size: int
    is_whole: bool
    end: bytes


def _in_place(checkpoint: Checkpoint) -> _InPlace | None:
    """Look whether the file of *checkpoint* still stands where it was seen last."""
    try:
        with open_shared(Path(checkpoint.path)) as file:
            identity, size = file_id(file), size_of(file)
            is_whole = compare(file, checkpoint) is Change.SAME
            # Without a number nobody can tell whether another text is another file.
            if not (is_whole or not identity.is_known or _is_numbered(checkpoint, identity)):
                return None
            return _InPlace(size, is_whole, read_at(file, max(0, size - MARKER), min(size, MARKER)))
    except OSError:
        return None


def is_in_place(checkpoint: Checkpoint) -> bool:
    """Say whether the file of *checkpoint* still stands where it was seen last, with its text or without."""
    return _in_place(checkpoint) is not None


def covered_end(file: BinaryIO, checkpoint: Checkpoint) -> int:
    """Return up to where a COVERED *file* holds what is read by *checkpoint* or will be."""
    size = size_of(file)
    other = None if checkpoint.past or size <= checkpoint.offset else _in_place(checkpoint)
    if other is None or size <= other.size:
        return size
    is_longer = read_at(file, other.size - len(other.end), len(other.end)) == other.end
    return other.size if is_longer else checkpoint.offset


def compare(file: BinaryIO, checkpoint: Checkpoint) -> Change:
    """Say whether *file* still holds the text that *checkpoint* says was read."""
    head = read_at(file, 0, checkpoint.head_length)
    intact = (
        size_of(file) >= checkpoint.offset and hash_of(head) == checkpoint.head_hash and _has_marker(file, checkpoint)
    )
    return Change.SAME if intact else Change.TRUNCATED


def _has_marker(file: BinaryIO, checkpoint: Checkpoint) -> bool:
    marker = read_at(file, checkpoint.offset - checkpoint.marker_length, checkpoint.marker_length)
    return hash_of(marker) == checkpoint.marker_hash


def first_sight(file: BinaryIO, path: str, format_: str, *, taken: Iterable[str] = ()) -> Checkpoint:
    """Make the checkpoint of a file that was never read, of a name that is not *taken*.

    A file with a full head is named by it, so that reading the same log again gives the same ids;
    a smaller one may still be any file, so its name comes from its number too.
    """
    identity = file_id(file)
    head = read_at(file, 0, HEAD)
    own = hash_of(f"{identity}{path}".encode() + head)
    name = hash_of(head) if len(head) == HEAD and hash_of(head) not in set(taken) else own
    return Checkpoint(
        uid=name, path=path, volume=identity.volume, number=identity.number,
        head_length=len(head), head_hash=hash_of(head), generation=0, encoding=detect_encoding(head).name,
        offset=0, line=1, safe=0, safe_line=1, marker_length=0, marker_hash=hash_of(b""), format=format_, past=False,
    )  # fmt: skip


def behind(file: BinaryIO, fresh: Checkpoint, end: int) -> Checkpoint:
    """Return *fresh* as if every whole line of the first *end* bytes of *file* had been read."""
    width = 2 if fresh.encoding.startswith("utf-16") else 1
    newline = "\n".encode(fresh.encoding)
    offset, lines, pos = 0, 1, 0
    while pos < end and (chunk := read_at(file, pos, min(_CHUNK, end - pos))):
        found = _last_of(newline, chunk, width)
        offset = pos + found + width if found >= 0 else offset
        lines += chunk.count(newline)
        pos += len(chunk)
    marker = read_at(file, max(0, offset - MARKER), min(offset, MARKER))
    return replace(
        fresh, offset=offset, line=lines, safe=offset, safe_line=lines,
        marker_length=len(marker), marker_hash=hash_of(marker),
    )  # fmt: skip


def _last_of(newline: bytes, chunk: bytes, width: int) -> int:
    """Return where the last *newline* of characters of *width* bytes stands in *chunk*, -1 if there is none."""
    found = chunk.rfind(newline)
    while found > 0 and found % width:
        found = chunk.rfind(newline, 0, found + width - 1)
    return found

"""How an .evtx file is laid out: a header, chunks of 64 KiB, records in them; and what of that is damaged.

Parsers of the format give fewer records for a damaged or shortened file and say nothing. So the records are counted
here first, from their frames alone, and what is missing can be told.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_MAGIC = b"ElfFile\0"
FILE_HEADER = 4096
CHUNK = 65536

_CHUNK_MAGIC = b"ElfChnk\0"
_CHUNK_HEADER = 512
_RECORD_MAGIC = b"**\0\0"
# A record's frame: mark, size, number and time before its content, the size again behind it.
_FRAME = 28
_LAST_ID, _FREE_SPACE = 32, 48
_DIRTY = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A record in its chunk, by place and length; `record_id` is None for a stretch that is damaged."""

    start: int
    end: int
    record_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """What a file's header says of the file: how many bytes are missing, and whether it was being written."""

    missing: int
    is_dirty: bool
    next_record: int


def file_state(data: bytes) -> FileState:
    """Compare the size of a whole file with what its header promises."""
    head = data[:128].ljust(128, b"\0")
    next_record, promised = struct.unpack_from("<Q", head, 24)[0], struct.unpack_from("<H", head, 42)[0]
    needed = FILE_HEADER + CHUNK * promised
    rest = (len(data) - FILE_HEADER) % CHUNK
    # What a tool appended in zeros is no chunk that was cut.
    if len(data) > needed and rest and data[-rest:].strip(b"\0"):
        needed = len(data) - rest + CHUNK
    return FileState(
        missing=max(needed - len(data), 0),
        is_dirty=bool(struct.unpack_from("<I", head, 120)[0] & _DIRTY),
        next_record=next_record,
    )


def chunk_frames(chunk: bytes) -> Iterator[Frame]:
    """Find the records of *chunk* by their frames; what lies between two of them is damage."""
    limit = _limit(chunk)
    place, damaged = _CHUNK_HEADER, -1
    while place + _FRAME <= limit:
        size = _size_at(chunk, place, limit)
        if not size:
            damaged = damaged if damaged >= 0 else place
            found = chunk.find(_RECORD_MAGIC, place + 1, limit)
            place = found if found >= 0 else limit
            continue
        if damaged >= 0:
            yield Frame(start=damaged, end=place, record_id=None)
            damaged = -1
        yield Frame(start=place, end=place + size, record_id=struct.unpack_from("<Q", chunk, place + 8)[0])
        place += size
    damaged = damaged if damaged >= 0 else place
    if damaged < limit and chunk[damaged:limit].strip(b"\0"):
        yield Frame(start=damaged, end=limit, record_id=None)


def mended(chunk: bytes, frames: list[Frame]) -> bytes:
    """Return a file of this one chunk that a parser can walk from end to end, past what is damaged."""
    whole = bytearray(chunk.ljust(CHUNK, b"\0"))
    whole[:8] = _CHUNK_MAGIC
    end = max((frame.end for frame in frames if frame.record_id is not None), default=_CHUNK_HEADER)
    # No record has this number, so that none is taken for the last one too early.
    struct.pack_into("<Q", whole, _LAST_ID, 2**64 - 1)
    struct.pack_into("<I", whole, _FREE_SPACE, end)
    for frame in frames:
        size = frame.end - frame.start
        if frame.record_id is None and size >= _FRAME:
            struct.pack_into("<4sIQQ", whole, frame.start, _RECORD_MAGIC, size, 0, 0)
            struct.pack_into("<I", whole, frame.end - 4, size)
    head = struct.pack("<8sQQQIHHHH76xII", FILE_MAGIC, 0, 0, 1, 128, 1, 3, FILE_HEADER, 1, 0, 0)
    return head.ljust(FILE_HEADER, b"\0") + bytes(whole)


def is_chunk(chunk: bytes) -> bool:
    """Say whether *chunk* begins as one."""
    return chunk.startswith(_CHUNK_MAGIC)


def _limit(chunk: bytes) -> int:
    """Return where the chunk's records end; behind that may lie what an older log left."""
    free = struct.unpack_from("<I", chunk.ljust(_CHUNK_HEADER, b"\0"), _FREE_SPACE)[0]
    return min(free, len(chunk)) if _CHUNK_HEADER < free <= CHUNK else len(chunk)


def _size_at(chunk: bytes, place: int, limit: int) -> int:
    """Return the size of the record at *place*; 0 if there is none, or it is cut or overwritten."""
    if not chunk.startswith(_RECORD_MAGIC, place):
        return 0
    size: int = struct.unpack_from("<I", chunk, place + 4)[0]
    if size < _FRAME or place + size > limit:
        return 0
    return size if struct.unpack_from("<I", chunk, place + size - 4)[0] == size else 0

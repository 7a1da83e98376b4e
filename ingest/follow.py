"""Follow one generation of a log file: take what is new in blocks of whole records, hold the record that may grow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from ingest.blocks import BlockCutter
from ingest.encoding import Encoding, detect_encoding
from ingest.identity import HEAD, MARKER, Change, compare, first_sight, hash_of, read_at, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ingest.blocks import Block
    from ingest.grammar import Grammar
    from ingest.identity import Checkpoint

CHUNK = 256 << 10
_TELLING = 4  # bytes that it takes to tell the encoding; no record is as short


class FollowedFile:
    """One generation of a file that is read as it grows."""

    def __init__(self, checkpoint: Checkpoint, grammar: Grammar, seen: bytes = b"") -> None:
        """Go on at *checkpoint*, from where no run was open; *grammar* tells the records apart.

        *seen* are the first bytes of a file that is new, by which copies of it are told before it is read.
        """
        self._seen = seen
        self.checkpoint = checkpoint
        self.grammar = grammar
        self.rewind()

    def rewind(self) -> None:
        """Begin anew at the checkpoint: what was read since is not stored."""
        checkpoint, grammar = self.checkpoint, self.grammar
        self.has_more = False  # the last `read` stopped at its limit
        self._encoding = Encoding(name=checkpoint.encoding, bom=0)
        self._cutter = BlockCutter(grammar, self._encoding, offset=checkpoint.safe, line=checkpoint.safe_line)
        self._read = checkpoint.safe  # how far bytes were taken from the file
        self._head = b""  # the file's first bytes, as far as they were read
        self._tail = b""  # what was read last: the held bytes, and before them the marker

    @property
    def file(self) -> str:
        """The name of this generation of the file in event ids."""
        return self.checkpoint.file

    @property
    def head(self) -> bytes:
        """The file's first bytes as far as they were read or seen; empty after a restart, until more is read."""
        return max(self._head, self._seen, key=len)

    @property
    def read_up_to(self) -> int:
        """How many bytes were taken from the file."""
        return self._read

    @property
    def held_at(self) -> int:
        """Where in the file the last record begins, which may still grow."""
        return self._cutter.offset

    @property
    def passed(self) -> list[tuple[int, int]]:
        """Begin and end in the file of what was too long a record to be read."""
        return self._cutter.passed

    def read(self, file: BinaryIO, limit: int | None = None) -> Iterator[Block]:
        """Read what is new, or about *limit* bytes of it, in blocks of whole records.

        The last record is held, since it may grow. `has_more` then says whether the limit left something unread.
        """
        if self._read and not self._head:
            self._head = read_at(file, 0, min(HEAD, self._read))
            start = max(0, self._read - MARKER)
            self._tail = read_at(file, start, self._read - start)
        stop = None if limit is None else self._read + limit
        self.has_more = False
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
            if stop is not None and self._read >= stop:
                self.has_more = self._read < size_of(file)
                return
        block = self._cutter.release()
        if block:
            yield block

    def _begin(self, chunk: bytes) -> None:
        """Take the encoding from the first bytes, which were not there when the file was first seen."""
        self._head = chunk[:HEAD]
        self._encoding = detect_encoding(chunk)
        self._cutter = BlockCutter(self.grammar, self._encoding, offset=self._encoding.bom)

    def _take(self, chunk: bytes) -> Block | None:
        block = self._cutter.feed(chunk[self._encoding.bom :] if self._read == 0 else chunk)
        self._read += len(chunk)
        self._tail = (self._tail + chunk)[-(MARKER + self._cutter.pending) :]
        return block

    def is_unread(self, file: BinaryIO) -> bool:
        """Say whether *file* holds more or less than was read of it."""
        size = size_of(file)
        return size != self._read and (self._read > 0 or size >= _TELLING)

    def check(self, file: BinaryIO) -> Change:
        """Say whether the text that was read is still there."""
        last = self._tail[-MARKER:]
        if size_of(file) < self._read or read_at(file, self._read - len(last), len(last)) != last:
            return Change.TRUNCATED
        change = compare(file, self.checkpoint)
        if change is Change.SAME and len(self.head) < HEAD:
            self._seen = read_at(file, 0, HEAD)
        return change

    @property
    def last_time(self) -> datetime | None:
        """The time of the last record, None if none was read since the start or it has none."""
        block = self._cutter.peek()
        return block.record_at(0).time if block else None

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

    def retire(self) -> Checkpoint:
        """Note that the text that was read is gone from its file; a copy of it may still turn up."""
        self.checkpoint = replace(self.checkpoint, volume=0, number=0, past=True)
        return self.checkpoint


def next_generation(file: BinaryIO, before: Checkpoint, *, generation: int, format_: str) -> Checkpoint:
    """Make the checkpoint of the text that took the place of the one *before* in its file."""
    fresh = first_sight(file, before.path, format_)
    return replace(fresh, uid=before.uid, generation=generation)

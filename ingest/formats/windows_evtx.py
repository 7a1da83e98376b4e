"""Windows events as Windows keeps them: .evtx files, read with the `evtx` package.

The package is an extra, since it comes for few kinds of machines. It passes over what it cannot read without a word;
here each record that is lost, and a file that ends early, is told by a record of level "unparsed".
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ingest.formats.windows_chunks import (
    CHUNK,
    FILE_HEADER,
    FILE_MAGIC,
    Frame,
    chunk_frames,
    file_state,
    is_chunk,
    mended,
)
from ingest.formats.windows_record import DAMAGED, to_record, unparsed
from ingest.formats.windows_xml import read_event
from ingest.record import Record, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evtx import PyEvtxParser


class EvtxReaderError(OSError):
    """The package that reads .evtx files is not installed; the message says what to do."""


def is_evtx(head: bytes) -> bool:
    """Say whether *head*, the start of a file, is that of an .evtx file."""
    return head.startswith(FILE_MAGIC)


def records(data: bytes) -> Iterator[Record]:
    """Read every event of a whole .evtx file; a span's line is the number of the record in the file.

    Raises EvtxReaderError if the package that it needs is not there.
    """
    parser = _parser()
    line, last = 0, 0
    for start in range(FILE_HEADER, len(data), CHUNK):
        for record, record_id in _chunk(parser, data[start : start + CHUNK], start, line):
            line, last = line + 1, max(last, record_id)
            yield record
    yield from _missing(data, line, last)


def _parser() -> type[PyEvtxParser]:
    try:
        from evtx import PyEvtxParser  # noqa: PLC0415 - an extra, which few need
    except ImportError as error:
        raise EvtxReaderError(
            'reading .evtx files needs the package "evtx": pip install "qbwatch[evtx]". Where it does not exist for '
            'the machine, save the log as XML in Event Viewer ("Save All Events As...") and give that to qbwatch'
        ) from error
    return PyEvtxParser


def _chunk(parser: type[PyEvtxParser], chunk: bytes, offset: int, line: int) -> Iterator[tuple[Record, int]]:
    """Read one chunk; what it holds is found by the frames, and read by the package."""
    # Windows makes a log longer than it needs, so that empty chunks are nothing lost.
    if not chunk.strip(b"\0"):
        return
    if not is_chunk(chunk) and len(chunk) >= 8:
        yield unparsed(Span(offset=offset, length=len(chunk), line=line + 1), _NO_CHUNK), 0
        return
    frames = list(chunk_frames(chunk))
    found = _texts(parser, mended(chunk, frames), len(frames))
    for number, frame in enumerate(frames, line + 1):
        span = Span(offset=offset + frame.start, length=frame.end - frame.start, line=number)
        yield _record(frame, found, span), frame.record_id or 0


_NO_CHUNK = "A block of the event log is damaged: its start is overwritten, and its events are lost."


def _texts(parser: type[PyEvtxParser], file: bytes, count: int) -> dict[int, list[bytes]]:
    """Let the package turn the records into XML, by their numbers; those that it fails at are left out."""
    found: dict[int, list[bytes]] = {}
    try:
        reader = iter(parser(io.BytesIO(file), 1).records())
    except (RuntimeError, OSError):
        return found
    # After a failure the reader goes on; it is asked no more often than there are records, and once for each stretch.
    for _ in range(2 * count + 2):
        try:
            one = next(reader)
        except StopIteration:
            break
        except RuntimeError:
            continue
        if one is not None:
            found.setdefault(one["event_record_id"], []).append(one["data"].encode("utf-8", "replace"))
    return found


def _record(frame: Frame, found: dict[int, list[bytes]], span: Span) -> Record:
    texts = found.get(frame.record_id, []) if frame.record_id is not None else []
    event = read_event(texts.pop(0)) if texts else None
    return to_record(event, span) if event else unparsed(span, DAMAGED)


def _missing(data: bytes, line: int, last: int) -> Iterator[Record]:
    """Say what the file's header promises and the file does not hold."""
    state = file_state(data)
    span = Span(offset=len(data), length=0, line=line + 1)
    if state.missing:
        writing = " It was copied while Windows wrote to it." if state.is_dirty else ""
        yield unparsed(
            span,
            f"The event log ends early: at least {state.missing} bytes are missing at its end, and the newest events "
            f"with them.{writing} Export it again: wevtutil epl System System.evtx",
        )
    elif last and state.next_record > last + 1:
        yield unparsed(
            span,
            f"The newest events are missing from this copy of the event log: it ends with record {last}, and its "
            f"header speaks of {state.next_record - 1}. Export it again: wevtutil epl System System.evtx",
        )

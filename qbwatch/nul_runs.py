"""Runs of NULs in a log: what a power loss leaves where text was to be written, and so a sign of an unclean stop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.record import Record, Span
from qbwatch.signal import NotedSignal
from rules.absence import NUL_RUN
from rules.classify import digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ingest.blocks import Block

# A few NULs may be a program's slip; a lost write leaves sectors of them.
_RUN = re.compile(rb"\0{16,}")


def nul_runs(block: Block) -> Iterator[tuple[Span, datetime | None]]:
    """Yield where in its file *block* holds NULs in place of text, and the time of the record that they broke off."""
    if b"\0" in block.data:
        for found in _RUN.finditer(block.data):
            record = next((record for record, _, _ in block.records_at([found.start()])), None)
            yield block.span(found.start(), found.end()), record.time if record else None


def unclean_stop(
    span: Span, *, host: str, client: str | None, source: str, file: str, time: datetime | None
) -> NotedSignal:
    """Make the signal of the NULs at *span* of *file*; *time* is that of the last record before them, if known."""
    record = Record(
        format="log",
        time=time,
        component="log",
        message=f"{span.length} NUL bytes stand where text was to be written, as a loss of power leaves them.",
        span=span,
        level="warning",
        codes=(NUL_RUN,),
    )
    id_ = digest(host, file, span.offset, NUL_RUN)
    return NotedSignal(id=id_, host=host, client=client, source=source, record=record)

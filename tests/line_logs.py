"""Text logs, cut in whatever chunks, for several tests."""

from __future__ import annotations

import codecs
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ingest.blocks import Block, BlockCutter
from ingest.encoding import detect_encoding
from ingest.local_time import LocalClock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.line_format import LineFormat
    from ingest.record import Record

NEW_YORK = LocalClock(zone=ZoneInfo("America/New_York"), named_day=date(2026, 3, 4))
MARKS = {
    "utf-8": b"",
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}


def encoded(text: str, encoding: str) -> bytes:
    return MARKS[encoding] + text.encode(encoding.removesuffix("-sig"))


def blocks_of(format_: LineFormat, data: bytes, cuts: Iterable[int] = ()) -> list[Block]:
    """Cut *data* into blocks, fed in the chunks that end at *cuts*."""
    encoding = detect_encoding(data)
    cutter = BlockCutter(format_.bound(NEW_YORK), encoding, offset=encoding.bom)
    blocks = []
    pos = encoding.bom
    for cut in [*sorted(cut for cut in cuts if pos < cut < len(data)), len(data)]:
        blocks.append(cutter.feed(data[pos:cut]))
        pos = cut
    blocks.append(cutter.finish())
    return [block for block in blocks if block]


def records_of(format_: LineFormat, data: bytes, cuts: Iterable[int] = ()) -> list[Record]:
    """Read every record of *data*, fed in the chunks that end at *cuts*."""
    return [
        record for block in blocks_of(format_, data, cuts) for record, _, _ in block.records_at(range(len(block.data)))
    ]

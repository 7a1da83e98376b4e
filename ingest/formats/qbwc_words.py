"""The program's own words in a block of QWCLog.txt: its bytes without the payloads."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from ingest.search import alike

if TYPE_CHECKING:
    from ingest.formats.qbwc_layout import Layout

# Of a payload as much stays as tells that one stood there: no more than its shortest opening.
_LEFT = 5
_NEWLINE = 0x0A


class OwnWords:
    """What stands outside the payloads, as one text, and where each part of it stands in the block.

    Only payloads that every reader takes for data are left out: on lines of their own, in a record with a stamp.
    """

    def __init__(self, layout: Layout, end: int) -> None:
        """Take the words of layout.data[:end]."""
        data, payloads = layout.data, layout.payloads
        parts: list[bytes] = []
        self._begins, self._shifts = [0], [0]
        self._kept: list[int] = []
        pos = size = before = 0
        # Where records alone stand, each payload is in one; else it takes a look at what it stands in.
        is_plain = not layout.banners_before(end) and layout.starts_at(0)
        is_data = is_plain
        for start, stop in zip(payloads.starts, payloads.ends, strict=True):
            if stop > end:
                break
            if not is_plain:
                record = layout.start_before(start, before)
                # Without a start since the payload before, both stand in one record.
                is_data = not layout.is_banner(record) if record >= 0 else is_data
                before = stop
            if not is_data or data[start - 1] != _NEWLINE:
                self._kept.append(size + start - pos)
                continue
            parts.append(data[pos : start + _LEFT])
            size += start + _LEFT - pos
            self._begins.append(size)
            self._shifts.append(stop - size)
            pos = stop
        parts.append(data[pos:end])
        self.text = b"".join(parts)

    @cached_property
    def alike(self) -> bytes:
        """The text with zeros for all digits."""
        return alike(self.text)

    def place(self, pos: int) -> int:
        """Return where in the block the text's byte *pos* stands."""
        return pos + self._shifts[bisect_right(self._begins, pos) - 1]

    def has_payload(self, begin: int, end: int) -> bool:
        """Say whether a payload was kept in text[begin:end]."""
        return bool(self._kept) and bisect_left(self._kept, begin) < bisect_left(self._kept, end)

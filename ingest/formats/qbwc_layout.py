"""Where the records of a block of QWCLog.txt stand, found without reading them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.formats.qbwc_payloads import find_payloads, is_announced
from ingest.formats.qbwc_stamp import BANNER_START, BEFORE_UTC, begins_line, is_stamp, read_stamp, stamps
from ingest.formats.qbwc_words import OwnWords
from ingest.search import count, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.grammar import Words

_USUAL = b" UTC\t: "
_STAMPED_LINE = b"\n00000000.00:00:00 UTC\t: "
# Nobody takes this long over writing one record, so what is stamped later is no part of it.
_LONGEST_WRITE = timedelta(seconds=60)


class Layout:
    """Where the records of one block stand."""

    def __init__(self, data: bytes) -> None:
        """Look for payloads and banners once; records are found when they are asked for."""
        self.data = data
        self.payloads = find_payloads(data)
        self._has_hidden = bool(self.payloads.starts)
        self._banners = list(self._find_banners())

    def start_before(self, pos: int, floor: int = 0) -> int:
        """Return the start of the record that holds *pos*, -1 if none starts from *floor* to there."""
        start = pos - BEFORE_UTC
        if start >= floor and self.data.startswith(b" UTC", pos) and self.starts_at(start):
            return start
        limit = min(pos + BEFORE_UTC + 4, len(self.data))
        stamp = -1
        while (mark := self.data.rfind(b" UTC", floor, limit)) >= 0:
            start = mark - BEFORE_UTC
            if floor <= start <= pos and self.starts_at(start):
                stamp = start
                break
            limit = mark + 3
        at = bisect_right(self._banners, pos) - 1
        banner = self._banners[at] if at >= 0 else -1
        return max(stamp, banner if banner >= floor else -1)

    def next_start(self, pos: int) -> int:
        """Return the start of the first record at or after *pos*, the block's length if there is none."""
        at = bisect_left(self._banners, pos)
        limit = self._banners[at] if at < len(self._banners) else len(self.data)
        mark = self.data.find(b" UTC", pos, limit)
        while mark >= 0:
            start = mark - BEFORE_UTC
            if start >= pos and self.starts_at(start):
                return start
            mark = self.data.find(b" UTC", mark + 4, limit)
        return limit

    def starts(self) -> Iterator[int]:
        """Yield the start of every record, in order."""
        pos = self.next_start(0)
        while pos < len(self.data):
            yield pos
            pos = self.next_start(pos + 1)

    def is_banner(self, pos: int) -> bool:
        """Say whether a banner starts at *pos*."""
        at = bisect_left(self._banners, pos)
        return at < len(self._banners) and self._banners[at] == pos

    def banners_before(self, end: int) -> list[int]:
        """Return the positions of the banners before *end*."""
        return self._banners[: bisect_left(self._banners, end)]

    @property
    def awaited(self) -> bytes:
        """The tag that closes the payload that is still open, empty if none is or its tag is not known."""
        return self.payloads.closing

    @property
    def is_open(self) -> bool:
        """Whether a payload has begun that is not closed yet."""
        return self.payloads.unclosed >= 0

    def words(self, end: int) -> OwnWords:
        """Return the own words of data[:end]: all but the payloads."""
        return OwnWords(self, end)

    def count(self, end: int, words: Words) -> int:
        """Count the records in data[:end], banners among them, without reading them; *words* are its own words."""
        alike, size = words.alike, len(words.alike)
        usual = count(alike, _USUAL, 0, size)
        banners = len(self.banners_before(end))
        # As many lines begin with a stamp: so these are all. Pasted blanks, torn lines and quoted stamps break that.
        stamped = count(alike, _STAMPED_LINE, 0, size) + alike.startswith(_STAMPED_LINE[1:])
        # A banner has the word twice, and every other place of it is worth a closer look.
        is_usual = usual == stamped and count(alike, b" UTC", 0, size) == usual + 2 * banners
        if is_usual and not words.has_payload(0, len(words.text)):
            return usual + banners
        return sum(1 for start in stamps(self.data, 0, end) if not self.payloads.hides(start)) + banners

    def complete(self) -> int:
        """Return up to where the records cannot grow any more: the start of the last one.

        A payload that is not closed yet holds back the record in which it began and all that follows;
        a record that is announced as a payload stays with the one that announces it.
        """
        unclosed = self.payloads.unclosed
        return self._last_start(unclosed if unclosed >= 0 else len(self.data))

    def abandoned(self) -> int:
        """Return the start of the last record if the open payload will surely not be closed any more, else 0.

        It tells by time: records with later stamps follow, so its writer must have died over it.
        """
        unclosed = self.payloads.unclosed
        began = read_stamp(self.data, self.start_before(unclosed)) if unclosed >= 0 else None
        if began is None:
            return 0
        times = (read_stamp(self.data, start) for start in reversed(stamps(self.data, unclosed, len(self.data))))
        is_over = any(time and time - began >= _LONGEST_WRITE for time in times)
        return self._last_start(len(self.data)) if is_over else 0

    def _last_start(self, pos: int) -> int:
        start = self.start_before(pos)
        while start > 0 and is_announced(self.data, start):
            start = self.start_before(start - 1)
        return max(start, 0)

    def starts_at(self, start: int) -> bool:
        """Say whether a record with a stamp starts at *start*."""
        return is_stamp(self.data, start) and not (self._has_hidden and self.payloads.hides(start))

    def _find_banners(self) -> Iterator[int]:
        pos = find(self.data, BANNER_START, 0, len(self.data))
        while pos >= 0:
            if begins_line(self.data, pos) and not self.payloads.hides(pos):
                yield pos
            pos = find(self.data, BANNER_START, pos + 1, len(self.data))

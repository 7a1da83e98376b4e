"""Where a record of QWCLog.txt may begin: its stamp, or the banner of a new log."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

BEFORE_UTC = 17  # bytes of "20260310.02:00:09"
BANNER_START = b"Log file initialized at "
_STAMP = re.compile(rb"\d{8}\.\d\d:\d\d:\d\d UTC[ \t]{0,8}:")
NO_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_NEWLINE = 0x0A
_BOM = b"\xef\xbb\xbf"


def begins_line(data: bytes, pos: int) -> bool:
    r"""Say whether *pos* is the start of a line.

    NULs end a line too: a power loss leaves them where text was to be written.
    """
    return pos == 0 or data[pos - 1] in b"\n\r\0" or data[max(0, pos - 3) : pos] == _BOM


@lru_cache(maxsize=64)
def to_time(stamp: bytes) -> datetime | None:
    """Read the time of a *stamp*; None if there is no such day or hour.

    >>> to_time(b"20260310.02:00:09")
    datetime.datetime(2026, 3, 10, 2, 0, 9, tzinfo=datetime.timezone.utc)
    """
    try:
        # Later versions of Python take the hour 24 for the next day's first.
        return datetime.fromisoformat(stamp.decode("ascii") + "Z") if stamp[9:11] != b"24" else None
    except ValueError:
        return None


def read_stamp(data: bytes, pos: int) -> datetime | None:
    """Read the time that is stamped at *pos*, None if none is."""
    return to_time(data[pos : pos + BEFORE_UTC]) if is_stamp(data, pos) else None


def is_stamp(data: bytes, pos: int) -> bool:
    """Say whether a stamp stands at *pos*, at the start of a line."""
    is_usual = pos > 0 and data[pos - 1] == _NEWLINE
    return pos >= 0 and (is_usual or begins_line(data, pos)) and _STAMP.match(data, pos) is not None


def stamps(data: bytes, pos: int, end: int) -> list[int]:
    """Return where the stamps in data[pos:end] stand, payload or not."""
    found = []
    mark = data.find(b" UTC", pos, end)
    while mark >= 0:
        start = mark - BEFORE_UTC
        if start >= pos and is_stamp(data, start):
            found.append(start)
        mark = data.find(b" UTC", mark + 4, end)
    return found

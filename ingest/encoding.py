"""How a log's bytes become text: byte order marks, UTF-8, UTF-16 and the ANSI code page."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# What Web Connector's own text falls back to on a western Windows.
ANSI = "cp1252"


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """A log's encoding: Python's name of it and the length of its byte order mark in bytes."""

    name: str
    bom: int

    @property
    def wide(self) -> bool:
        """Whether a character takes two bytes, so that lines cannot be found byte by byte."""
        return self.name.startswith("utf-16")


def detect_encoding(head: bytes) -> Encoding:
    r"""Tell the encoding from a file's first bytes.

    Without a mark, a NUL in every second byte means UTF-16; all else is read as UTF-8
    whose records fall back to the ANSI code page one by one.

    >>> detect_encoding(b"2\x000\x002\x006\x00")
    Encoding(name='utf-16-le', bom=0)
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name=name, bom=len(mark))
    sample = head[:256]
    if len(sample) >= 4:
        odd, even = sample[1::2], sample[::2]
        if odd.count(0) > 0.9 * len(odd) and even.count(0) < 0.1 * len(even):
            return Encoding(name="utf-16-le", bom=0)
        if even.count(0) > 0.9 * len(even) and odd.count(0) < 0.1 * len(odd):
            return Encoding(name="utf-16-be", bom=0)
    return Encoding(name="utf-8", bom=0)


def decode(raw: bytes) -> str:
    """Decode one record: UTF-8 if it is that, else the ANSI code page; what fits neither becomes U+FFFD.

    A character at the end that is only half written counts as UTF-8.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return raw.decode("utf-8", errors="replace")
        return raw.decode(ANSI, errors="replace")


def narrow(raw: bytes, encoding: Encoding) -> bytes:
    """Turn bytes of a wide encoding into UTF-8, so that all that follows sees one kind of text."""
    return raw.decode(encoding.name, errors="replace").encode("utf-8") if encoding.wide else raw


def raw_length(text: bytes, wide: str | None) -> int:
    """Return how many bytes of the file stand for *text*, which is UTF-8 made from encoding *wide*."""
    return len(text.decode("utf-8").encode(wide)) if wide else len(text)

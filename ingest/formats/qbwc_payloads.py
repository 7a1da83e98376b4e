"""The XML payloads in QWCLog.txt: what lies in one is data, though a memo in it may look like records."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from ingest.formats.qbwc_stamp import stamps
from ingest.search import find

# In place of where a payload ends: not known yet, and broken off.
UNKNOWN = -2
BROKEN = -1
_PROLOGUE_WITHIN = 4096
_PROLOGUE = re.compile(rb"(?:\s|<\?[^<>\r\n]*\?>|<!--.*?-->|<!DOCTYPE[^<>]*>)*", re.DOTALL)
_ROOT = re.compile(rb"<([A-Za-z_][\w:.-]*)[^<>]*>")
_DOTS = b"......"
_CUT = re.compile(rb"\.{6}[ \t]*\r?\n")
_CUT_AFTER = range(70, 81)  # characters that DEBUG leaves of a payload: 75, and some for doubt
_PREFIX = b"Request that failed:"  # counts as payload
_CUT_WITHIN = 400  # bytes that those take at most, in any alphabet, with the dots and a line end
# `<productVersion="33.0">`: Web Connector writes so in every run, and no XML can.
_NO_XML = re.compile(rb"<[A-Za-z]\w*(?:\[\d+\])?=\"")
# A record that ends so has its value in the next record of the same method, and that is somebody's own text.
_ANNOUNCE = {
    "do_sendRequestXML": (b") : strRequestXML =", b") : HCPResponseXML="),
    "do_receiveResponseXML": (b") : response =",),
}
_ANY_ANNOUNCE = tuple(words for several in _ANNOUNCE.values() for words in several)
_LONGEST_ANNOUNCE = 40


@dataclass(frozen=True, slots=True)
class Payloads:
    """The closed payloads of a block, and where one begins that is not closed yet (-1 for none).

    `closing` is the tag that would close it, as far as it is known.
    """

    starts: list[int]
    ends: list[int]
    unclosed: int = -1
    closing: bytes = b""

    def hides(self, pos: int) -> bool:
        """Say whether *pos* lies inside a closed payload."""
        at = bisect_right(self.starts, pos) - 1
        return at >= 0 and pos < self.ends[at]


def find_payloads(data: bytes) -> Payloads:
    """Find the XML payloads of *data*; one that DEBUG cut short, or that never closes, protects nothing.

    What is said of a payload stays true when more data follows, save that an unclosed one may turn out either way.
    """
    starts: list[int] = []
    ends: list[int] = []
    pos = _opening(data, 0)
    while pos >= 0:
        left = _left_of_cut(data, pos)
        root = BROKEN if left and b"</" not in left else _root(data, pos)
        end, following = _end(data, root, left)
        if end == UNKNOWN:
            closing = b"" if isinstance(root, int) else b"</" + root[1] + b">"
            return Payloads(starts, ends, pos, closing)
        if end > 0:
            starts.append(pos)
            ends.append(end)
        if following is None:
            following = _opening(data, end if end > 0 else pos + 5)
        pos = following
    return Payloads(starts, ends)


def closed_by(data: bytes, pos: int, closing: bytes) -> int:
    """Return where in *data* the payload ends that was open at *pos*: behind its *closing* tag.

    BROKEN if a new one begins before that, or something stands there that XML cannot hold; UNKNOWN if it may come.
    """
    return _closing(data, pos, closing)[0]


def _closing(data: bytes, pos: int, closing: bytes) -> tuple[int, int | None]:
    """Return what `closed_by` does, and where the next payload begins if the one before it is closed."""
    following = _opening(data, pos)
    limit = following if following >= 0 else len(data)
    end = find(data, closing, pos, limit)
    if (end < 0 <= following) or _contradicts(data, pos, end if end >= 0 else limit):
        return BROKEN, None
    return (end + len(closing), following) if end >= 0 else (UNKNOWN, None)


def is_announced(data: bytes, start: int, method: str | None = None) -> bool:
    """Say whether the record before *start* announces that the next one, of *method* or of any, is a payload."""
    words = _ANY_ANNOUNCE if method is None else _ANNOUNCE.get(method, ())
    return words != () and data[max(0, start - _LONGEST_ANNOUNCE) : start].rstrip().endswith(words)


def _opening(data: bytes, pos: int) -> int:
    xml = find(data, b"<?xml", pos, len(data))
    bare = find(data, b"<QBXML>", pos, xml if xml >= 0 else len(data))
    return bare if bare >= 0 else xml


def _root(data: bytes, pos: int) -> re.Match[bytes] | int:
    """Return the match of the root element's tag; BROKEN if there is none, UNKNOWN if it may still come."""
    prologue = _PROLOGUE.match(data, pos, pos + _PROLOGUE_WITHIN)
    at = prologue.end() if prologue else pos
    root = _ROOT.match(data, at, at + _PROLOGUE_WITHIN)
    if root:
        return root
    rest = data[at : at + _PROLOGUE_WITHIN]
    is_comment = rest.startswith(b"<!--")
    is_broken = not is_comment and (b"<" in rest[1:] or (rest.startswith(b"<?") and b"\n" in rest))
    may_come = not rest or (rest.startswith(b"<") and not is_broken and len(rest) < _PROLOGUE_WITHIN)
    return UNKNOWN if may_come else BROKEN


def _end(data: bytes, root: re.Match[bytes] | int, left: bytes) -> tuple[int, int | None]:
    """Return where the payload with this *root* tag ends, BROKEN or UNKNOWN; *left* is what a cut left of it.

    Where the next one begins is told beside it if that is known.
    """
    if isinstance(root, int):
        return (BROKEN if left else root), None
    closing = b"</" + root[1] + b">"
    if left and closing not in left:
        return BROKEN, None
    return (root.end(), None) if root[0].endswith(b"/>") else _closing(data, root.end(), closing)


def _left_of_cut(data: bytes, pos: int) -> bytes:
    """Return what DEBUG left of the payload at *pos* if it was cut after its first characters, else nothing."""
    # Looking for words is many times as fast as for a pattern, and most payloads are whole.
    dots = data.find(_DOTS, pos, pos + _CUT_WITHIN)
    cut = _CUT.search(data, dots, pos + _CUT_WITHIN) if dots >= 0 else None
    if cut is None:
        return b""
    prefix = data.rfind(_PREFIX, max(0, pos - _CUT_WITHIN // 10), pos)
    left = data[prefix if prefix >= 0 else pos : cut.start()]
    characters = len(left.decode("utf-8", errors="replace").replace("\r\n", "\n"))
    return left if characters in _CUT_AFTER else b""


def _contradicts(data: bytes, pos: int, end: int) -> bool:
    """Say whether data[pos:end] holds a whole record line that cannot stand in XML."""
    if find(data, b" UTC", pos, end) < 0:
        return False
    for start in stamps(data, pos, end):
        line_end = data.find(b"\n", start, end)
        if line_end >= 0 and _NO_XML.search(data, start, line_end):
            return True
    return False

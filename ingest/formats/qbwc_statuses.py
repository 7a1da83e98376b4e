"""The statuses in QuickBooks' answers, read from the XML itself and never from anybody's free text.

Every element of an answer that ends in "Rs" tells by attributes what became of its request: `statusCode`,
`statusSeverity` and `statusMessage`. A memo, a comment or another attribute that looks like one is not read.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from xml.parsers import expat

from ingest.formats.qbwc_templates import short_method
from ingest.record import Status
from ingest.search import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# 0 says that all is well, and 1 that a query found nothing: neither is worth a parse.
_ATTRIBUTE_NAME = b'tatusCode="'
_NOT_WELL = re.compile(rb'tatusCode="(?![01]")')
_NOT_WELL_TEXT = re.compile(r'tatusCode="(?![01]")')
_PROLOGUE = re.compile(r"<\?xml|<QB\w*XML")
_ATTRIBUTE = r"""[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*')"""
# What is no start tag is stepped over whole, so that nothing inside it is taken for one.
_PIECE = re.compile(
    rf"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<(\w+Rs)((?:\s+{_ATTRIBUTE})*)\s*/?>", re.DOTALL
)
_VALUE = re.compile(r"""([\w:.-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
# QuickBooks quotes names and numbers of entries, which are the client's.
_QUOTED = re.compile(r'(?<![^\s(])"[^"]*"(?![^\s.,;:)])')
_HIDDEN = '"…"'
_WELL = {"", "0", "1"}
_NUMBER = re.compile(r"[0-9]{1,5}")
_REQUEST_ID = re.compile(r"[\w.-]{1,24}")
_MOST_REQUESTS = 3
_LONGEST_WORDS = 300
_SEVERITIES = {"info": None, "warn": False, "error": True}
_LOWEST_WARNING, _LOWEST_ERROR = 500, 1000
# Whose requests these are; what Web Connector asks for itself, it also deals with itself.
_OF_APPLICATION = {"do_receiveResponseXML", "ProcessRequestXML"}


class _UnsafeError(Exception):
    """The XML declares entities or a document type, which QuickBooks never does."""


def find_statuses(data: bytes, begin: int, end: int) -> list[int]:
    """Return the ascending positions in data[begin:end] at which a status may stand that is worth reading."""
    found = []
    at = find(data, _ATTRIBUTE_NAME, begin, end)
    while at >= 0:
        if _NOT_WELL.match(data, at, end):
            found.append(at)
        at = find(data, _ATTRIBUTE_NAME, at + len(_ATTRIBUTE_NAME), end)
    return found


def statuses_of(payload: str, component: str) -> tuple[Status, ...]:
    """Return what QuickBooks answers in *payload*, written by the method *component*, other than that all is well.

    Each code is given once, with how often it came; what is only information is left out.
    """
    if not _NOT_WELL_TEXT.search(payload):
        return ()
    asked = short_method(component) in _OF_APPLICATION
    # A refused batch says the same hundreds of times, so only the first of a kind is looked at closely.
    kinds: dict[tuple[str, str], list[tuple[str, Mapping[str, str]]]] = {}
    for answer, attributes in _answers(payload):
        code = attributes.get("statusCode") or attributes.get("messageSetStatusCode") or ""
        if code not in _WELL:
            kinds.setdefault((code, attributes.get("statusSeverity", "")), []).append((answer, attributes))
    found = (_status(code, severity, alike, asked=asked) for (code, severity), alike in kinds.items())
    return tuple(status for status in found if status)


def _answers(payload: str) -> Iterable[tuple[str, Mapping[str, str]]]:
    """Return the elements of *payload* that tell of a request; of a damaged one as far as start tags tell them."""
    begin = _PROLOGUE.search(payload)
    text = payload[begin.start() :] if begin else payload
    try:
        return list(_parsed(text))
    except (expat.ExpatError, _UnsafeError):
        return _from_tags(text)


def _parsed(text: str) -> Iterable[tuple[str, Mapping[str, str]]]:
    """Parse *text*. Raises ExpatError for what is no XML, _UnsafeError for what may be a trap."""
    answers: list[tuple[str, Mapping[str, str]]] = []
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.endswith("Rs") and (not path or path[-1].endswith(("MsgsRs", "XML"))):
            answers.append((name, attributes))
        path.append(name)

    def end(_: str) -> None:
        path.pop()

    def refuse(*_: object) -> None:
        raise _UnsafeError

    # The text has been decoded already, whatever its first line says.
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.Parse(text.encode("utf-8", errors="replace"), True)
    return answers


def _from_tags(text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for piece in _PIECE.finditer(text):
        if piece[1]:
            values = _VALUE.finditer(piece[2])
            yield piece[1], {value[1]: unescape(value[2] if value[2] is not None else value[3]) for value in values}


def _status(code: str, severity: str, alike: list[tuple[str, Mapping[str, str]]], *, asked: bool) -> Status | None:
    """Return what all elements that are *alike* in *code* and *severity* tell; None if that is mere information."""
    if not _NUMBER.fullmatch(code):
        return None
    number = int(code)
    guess = None if number < _LOWEST_WARNING else number >= _LOWEST_ERROR
    is_error = _SEVERITIES.get(severity.lower(), guess)
    if number <= 1 or is_error is None:
        return None
    answer, first = alike[0]
    requests = dict.fromkeys(attributes.get("requestID", "") for _, attributes in alike[:_MOST_REQUESTS])
    return Status(
        code=f"qbXML/{number}",
        is_error=is_error,
        answer=answer,
        words=_own_words(first.get("statusMessage", "")),
        count=len(alike),
        requests=tuple(request for request in requests if _REQUEST_ID.fullmatch(request)),
        of_application=asked,
    )


def _own_words(message: str) -> str:
    r"""Return QuickBooks' words without what it quotes.

    >>> _own_words('There is an invalid reference to QuickBooks Customer "Bob in use" in the Invoice.')
    'There is an invalid reference to QuickBooks Customer "…" in the Invoice.'
    """
    words = _QUOTED.sub(_HIDDEN, " ".join(message.split()))
    if words.count('"') != 2 * words.count(_HIDDEN):
        # A name that holds quotes itself: nobody can tell where it ends.
        words = f"{words[: words.index(chr(34))]}{_HIDDEN}{words[words.rindex(chr(34)) + 1 :]}"
    return words if len(words) <= _LONGEST_WORDS else words[: _LONGEST_WORDS - 1] + "…"

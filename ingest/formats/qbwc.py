"""QWCLog.txt, the log of the QuickBooks Web Connector.

A record is `YYYYMMDD.HH:MM:SS UTC<TAB>: <method> : <message>` and lasts until the next stamp or banner;
blank lines do not end it. An XML payload is written as it is, so a memo in it may look like a record:
what lies between a payload's opening and its closing tag never starts one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.encoding import decode, detect_encoding, narrow, raw_length
from ingest.formats.qbwc_layout import Layout
from ingest.formats.qbwc_payloads import is_announced
from ingest.formats.qbwc_stamp import BANNER_START, is_stamp, to_time
from ingest.formats.qbwc_statuses import statuses_of
from ingest.formats.qbwc_templates import short_method, split_values
from ingest.record import Record, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "qbwc"
BANNER = "banner"  # the component of the lines that Web Connector writes at its start and after a rollover

# A method ends in parentheses, or is left out with both of its separators kept; messages hold " : " too.
_HEAD = re.compile(
    rb"(?P<stamp>\d{8}\.\d\d:\d\d:\d\d) UTC[ \t]{0,8}: ?"
    rb"(?:\[(?P<level>\w+)\] )?"
    rb"(?:(?P<method>[\w.~`<>$-]*\([^()\r\n]*\)|) ?: ?)?"
)
_DUMPS = ("XML dump follows", "Contents of QWC file")


def looks_like(head: bytes) -> float:
    """Say from 0 to 1 how sure it is that *head*, the start of a file as UTF-8, is a QWCLog."""
    if BANNER_START in head and b"Timestamp format used: YYYYMMDD.HH:MM:SS UTC" in head:
        return 1.0
    lines = [line for line in head.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip(b" \t\0")]
    stamped = sum(1 for line in lines if is_stamp(line, 0))
    return 0.0 if not stamped else max(0.6, min(0.99, stamped / len(lines)))


def begins(head: bytes) -> bool:
    """Say whether the first line of *head*, the start of a file as UTF-8, is one of a QWCLog."""
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return is_stamp(first, 0) or first.startswith(BANNER_START)


class QwcGrammar:
    """How the records of QWCLog.txt are told apart and read; its times are UTC."""

    name = NAME

    def layout(self, data: bytes) -> Layout:
        """Look where the records of *data* stand."""
        return Layout(data)

    def parse(self, data: bytes, start: int, end: int, span: Span) -> Record:
        """Read the record that stands at data[start:end]."""
        return parse(data, start, end, span)


def records(data: bytes) -> Iterator[Record]:
    """Read every record of *data*, a whole log held in memory."""
    encoding = detect_encoding(data)
    wide = encoding.name if encoding.wide else None
    text = narrow(data[encoding.bom :], encoding)
    layout = Layout(text)
    offset, line, done = encoding.bom, 1, 0
    for start in layout.starts():
        end = layout.next_start(start + 1)
        offset += raw_length(text[done:start], wide)
        line += text.count(b"\n", done, start)
        done = start
        yield parse(text, start, end, Span(offset=offset, length=raw_length(text[start:end], wide), line=line))


def parse(data: bytes, start: int, end: int, span: Span) -> Record:
    """Read the record that stands at data[start:end]."""
    head = _HEAD.match(data, start, end)
    if head is None:
        first, _, rest = _text(data[start:end]).partition("\n")
        return Record(format=NAME, time=None, component=BANNER, message=first.strip(), body=rest.strip(), span=span)
    stamp, level, method = head.groups()
    component = method.decode("ascii", errors="replace") if method else ""
    first, _, rest = _text(data[head.end() : end]).partition("\n")
    message, body, payload = _own_words(
        first.rstrip(), rest, announced=is_announced(data, start, short_method(component))
    )
    said = message
    message, values, fields = split_values(component, message)
    return Record(
        format=NAME,
        time=to_time(stamp),
        component=component,
        message=message,
        said=said if fields else "",
        body=body,
        data=f"{values}\n{payload}" if values and payload else values or payload,
        statuses=statuses_of(payload, component) if payload else (),
        fields=fields,
        span=span,
        level=level.decode("ascii").lower() if level else None,
    )


def _text(raw: bytes) -> str:
    # A power loss leaves NULs.
    return decode(raw).replace("\r\n", "\n").replace("\0", "")


def _own_words(first: str, rest: str, *, announced: bool) -> tuple[str, str, str]:
    """Part a record's text into message, body and payload."""
    if first.startswith(_DUMPS):
        return first, "", rest.strip("\n")
    if first.lstrip().startswith("<") or (announced and first):
        return "", "", f"{first}\n{rest}".strip("\n")
    if not rest or rest.isspace():
        return first, "", ""
    own: list[str] = []
    payload: list[str] = []
    quoting = False
    lines = [line.rstrip() for line in rest.rstrip().split("\n")]
    for number, line in enumerate(lines):
        if line.startswith(("<?xml", "<QBXML")):
            payload.extend(lines[number:])
            break
        # .NET quotes the server's page between "--" and "--."
        if line in {"--", "--."}:
            quoting = line == "--"
        elif quoting or line.startswith("<"):
            payload.append(line)
        else:
            own.append(line)
    return first, "\n".join(own).strip("\n"), "\n".join(payload)

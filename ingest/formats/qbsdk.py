r"""qbsdklog.txt and qbsdkold.txt: what QuickBooks' SDK writes of every connection, whichever program makes it.

No whole line of such a log is public, so the prefix is told by a list of layouts, from the fullest to the barest,
and what stands behind it decides all else. Times are local and name no zone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.formats.qbsdk_names import part_names
from ingest.formats.qbsdk_steps import MARKERS
from ingest.level import level_of
from ingest.line_format import LineFormat, Parts

if TYPE_CHECKING:
    from ingest.local_time import LocalClock

_STAMP = (
    r"(?P<stamp>20\d\d[01]\d[0-3]\d\.[0-2]\d[0-5]\d[0-5]\d(?:[.,]\d{1,6})?"
    r"|20\d\d[01]\d[0-3]\d\.[0-2]\d:[0-5]\d:[0-5]\d(?:[.,]\d{1,6})?)"
)
_ISO = (
    r"(?P<stamp>20\d\d-[01]\d-[0-3]\d[T ][0-2]\d:[0-5]\d:[0-5]\d(?:[.,]\d{1,6})?"
    r"(?:Z| ?[+-][0-2]\d:?[0-5]\d)?)"
)
_LEVEL = r"\[?(?P<level>ERROR|WARNING|WARN|INFO|DEBUG|VERBOSE|[EWIDV])\]?:?"
_ID = r"[\[(]?(?P<process>(?:0x[0-9A-Fa-f]{1,8}|\d{1,10})(?:[:/.]\d{1,10})?)[\])]?"
_SECOND_ID = r"(?:[\[(]?\d{1,10}[\])]?[ \t]+)?"
_KNOWN = r"(?:RequestProcessor|CertVerifier|CRLInstaller|QBXMLRP2?|InstanceFinder)"
_COMPONENT = rf"(?:(?P<component>{_KNOWN}|(?!UTC\b)[A-Za-z]\w{{1,40}}(?=\t|  ))(?:[ \t]*:[ \t]*|[ \t]+))"
# A stamp followed by UTC is Web Connector's.
_NOT_UTC = r"(?:[^U\s:\0]|U[^T\s\0]|UT[^C\s\0])"


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which a record may begin: what stands before its text, and a record for example.

    No pattern may cease to match when more of its line follows: a line that is half written must not be taken for
    one of another layout.
    """

    name: str
    pattern: str
    samples: tuple[str, ...]
    weight: float = 0.95


LAYOUTS = (
    Layout(
        "levelled",
        rf"{_STAMP}[ \t]+{_LEVEL}[ \t]+(?:{_ID}[ \t]+{_SECOND_ID})?{_COMPONENT}?",
        (
            "20260310.210001\tI\t4556\tRequestProcessor\tBegin Session started...",
            "20260310.210001    I    4556    RequestProcessor    Begin Session started...",
            "20260310.21:00:01 INFO 4556 RequestProcessor Begin Session started...",
            "20260310.210001\tI\t4556\t7120\tRequestProcessor\tBegin Session started...",
            "20260310.210001 [INFO] RequestProcessor: Begin Session started...",
            "20260310.210001\tINFO\tBegin Session started...",
        ),
    ),
    Layout(
        "numbered",
        rf"{_STAMP}[ \t]+{_ID}[ \t]+{_SECOND_ID}(?:{_LEVEL}[ \t]+)?{_COMPONENT}?",
        (
            "20260310.210001\t4556\tI\tRequestProcessor\tBegin Session started...",
            "20260310.210001\t4556\tRequestProcessor\tBegin Session started...",
            "20260310.21:00:01 [4556] Begin Session started...",
        ),
    ),
    Layout(
        "named",
        rf"{_STAMP}[ \t]+{_COMPONENT}",
        ("20260310.210001\tRequestProcessor\tBegin Session started...",),
    ),
    Layout(
        "bare",
        rf"{_STAMP}[ \t]+(?P<text>{_NOT_UTC})",
        ("20260310.210001 Begin Session started...",),
        weight=0.7,
    ),
    Layout(
        # Many programs write such a date, so here the component must be one of the SDK's.
        "dated",
        rf"{_ISO}[ \t]+(?:{_LEVEL}[ \t]+)?(?:{_ID}[ \t]+{_SECOND_ID})?(?:{_LEVEL.replace('level', 'level2')}[ \t]+)?"
        rf"(?P<component>{_KNOWN})(?:[ \t]*:[ \t]*|[ \t]+)",
        (
            "2026-03-10 21:00:01\tI\t4556\tRequestProcessor\tBegin Session started...",
            "2026-03-10T21:00:01.250-05:00 4556 INFO RequestProcessor: Begin Session started...",
        ),
    ),
)
_START = re.compile("|".join(f"(?P<{one.name}>{re.sub('[?]P<.*?>', '?:', one.pattern)})" for one in LAYOUTS).encode())
_READERS = tuple(re.compile(one.pattern) for one in LAYOUTS)
_SIGNS = tuple((re.compile(one.pattern.encode()), one.weight) for one in LAYOUTS)


def _read(text: str, clock: LocalClock) -> Parts:
    found = next((found for found in (reader.match(text) for reader in _READERS) if found), None)
    prefix = {name: value for name, value in found.groupdict().items() if value} if found else {}
    told = part_names(text[found.start("text") if "text" in prefix else found.end() :] if found else text)
    stamp = prefix.get("stamp", "")
    # ISO 8601 has a T where the SDK has a dot.
    moment = clock.read(f"{stamp[:8]}T{stamp[9:]}" if stamp[8:9] == "." else stamp)
    process = {"process": prefix["process"]} if "process" in prefix else {}
    return Parts(
        time=moment.time,
        message=told.message,
        level=level_of(prefix.get("level") or prefix.get("level2") or ""),
        component=prefix.get("component", ""),
        body=told.body,
        data=told.data,
        said=told.said,
        fields={**told.fields, **process, **moment.fields},
    )


FORMAT = LineFormat(name="qbsdk", start=_START, read=_read, markers=MARKERS, signs=_SIGNS)

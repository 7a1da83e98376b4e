"""Windows events in whatever shape they were exported: .evtx, XML, CSV or JSON.

An event is known by its provider, its number and its data, never by words: those are in the machine's language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.formats import windows_csv, windows_evtx, windows_json, windows_xml
from ingest.formats.windows_record import WINDOWS_EVENTS, Cutter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from ingest.record import Record

NAME = WINDOWS_EVENTS
_HEAD = 8192


def looks_like(head: bytes) -> float:
    """Say from 0 to 1 how sure it is that *head*, the start of a file, holds Windows events.

    >>> looks_like(b"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>")
    1.0
    """
    if windows_evtx.is_evtx(head):
        return 1.0
    text = Cutter.of(head).text
    return max(windows_xml.looks_like(text), windows_csv.looks_like(text), windows_json.looks_like(text))


def records(data: bytes, zone: tzinfo | None = None) -> Iterator[Record]:
    """Read every event of *data*, a whole file; what is damaged comes as a record of level "unparsed".

    Only CSV writes local times; *zone* is that of the machine it was written on. Where it is not known, or the
    time is one that a clock change repeats or leaves out, or nobody can tell the day from the month, the record
    has no time, `time_doubt` among its fields says why, and `local_time` what stood there.
    """
    if windows_evtx.is_evtx(data):
        yield from windows_evtx.records(data)
        return
    cutter = Cutter.of(data)
    head = cutter.text[:_HEAD]
    xml, csv, json = windows_xml.looks_like(head), windows_csv.looks_like(head), windows_json.looks_like(head)
    if csv > max(xml, json):
        yield from windows_csv.records(cutter, zone)
    elif json > xml:
        yield from windows_json.records(cutter, zone)
    else:
        yield from windows_xml.records(cutter)

"""The log formats that can be read; this folder is their registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.formats import qbwc, windows_events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ingest.record import Record


# Below this a format is not taken for sure enough.
_SURE = 0.5


def detect(head: bytes) -> str | None:
    """Tell the format from a log's first bytes as UTF-8; None if none fits, or two fit equally well."""
    sure = sorted(((module.looks_like(head), module.NAME) for module in (qbwc, windows_events)), reverse=True)
    (best, name), (second, _) = sure[0], sure[1]
    return name if best >= _SURE and best > second else None


def first_time(head: bytes) -> datetime | None:
    """Return the first stamp in *head*, the start of a QWCLog, by which the files of a rollover are put in order."""
    return next((record.time for record in read_records(qbwc.NAME, head) if record.time), None)


def read_records(name: str, data: bytes) -> Iterator[Record]:
    """Read every record of a whole log held in memory, such as a rule's sample."""
    if name == qbwc.NAME:
        yield from qbwc.records(data)
    elif name == windows_events.NAME:
        yield from windows_events.records(data)
    else:
        raise ValueError(f"{name} is no format; known are {qbwc.NAME} and {windows_events.NAME}")

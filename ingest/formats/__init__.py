"""The log formats that can be read; this folder is their registry.

A module with a `FORMAT` brings a text format whose records begin at a line of a certain look; QWCLog.txt and
Windows events have readers of their own.
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from ingest.encoding import detect_encoding, narrow
from ingest.formats import qbwc
from ingest.line_format import LineFormat
from ingest.local_time import LocalClock
from ingest.record import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from types import ModuleType

    from ingest.grammar import Grammar
    from ingest.record import Record


WINDOWS_EVENTS = "windows-events"
# Below this a format is not taken for sure enough.
_SURE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What a log's first bytes tell of its format: `name` is None if none fits, or several fit equally well.

    `sure` is from 0 to 1; `rivals` are the formats that fit equally, where that is why none was taken.
    """

    name: str | None
    sure: float
    rivals: tuple[str, ...] = ()


def _windows() -> ModuleType:
    return import_module(f"{__name__}.windows_events")


@cache
def text_formats() -> Mapping[str, LineFormat]:
    """Return the text formats of this folder by name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    formats = (getattr(module, "FORMAT", None) for module in modules)
    return {one.name: one for one in formats if isinstance(one, LineFormat)}


def format_names(own: Sequence[LineFormat] = ()) -> tuple[str, ...]:
    """Return the names of all formats, those of the user's *own* last."""
    return (qbwc.NAME, WINDOWS_EVENTS, *sorted(text_formats()), *(one.name for one in own))


def looks_like(name: str, head: bytes, own: Sequence[LineFormat] = ()) -> float:
    """Say from 0 to 1 how sure it is that *head*, a log's first bytes as UTF-8, is of the format called *name*."""
    if name == qbwc.NAME:
        return qbwc.looks_like(head)
    if name == WINDOWS_EVENTS:
        sure: float = _windows().looks_like(head)
        return sure
    found = next((one for one in own if one.name == name), None) or text_formats()[name]
    return found.looks_like(head)


def detect(head: bytes, own: Sequence[LineFormat] = ()) -> Detection:
    """Tell the format from a log's first bytes as UTF-8; the user's *own* formats are surer than ours of that look."""
    stamped = qbwc.looks_like(head)
    if not own and qbwc.begins(head):
        # Nobody else begins a log so, and the other formats are many to load.
        return Detection(name=qbwc.NAME, sure=stamped)
    lines = (*own, *(one for one in text_formats().values() if not one.is_opt_in))
    sure = {qbwc.NAME: stamped, WINDOWS_EVENTS: _windows().looks_like(head)}
    sure |= {one.name: one.looks_like(head) for one in lines}
    best = max(sure.values())
    if best < _SURE:
        return Detection(name=None, sure=best)
    fitting = tuple(sorted(name for name, weight in sure.items() if weight == best))
    return Detection(name=fitting[0] if len(fitting) == 1 else None, sure=best, rivals=fitting[1:] and fitting)


def grammar_of(name: str, clock: LocalClock, own: Sequence[LineFormat] = ()) -> Grammar:
    """Return how the log of format *name* is cut into records. Raises ValueError if it is not one that grows."""
    if name == qbwc.NAME:
        return qbwc.QwcGrammar()
    found = next((one for one in own if one.name == name), None) or text_formats().get(name)
    if found is None:
        raise ValueError(f"{name} is no text format; known are {', '.join(format_names(own))}")
    return found.bound(clock)


def first_time(head: bytes, grammar: Grammar) -> datetime | None:
    """Return the first stamp in *head*, the start of a log, by which the files of a rollover are put in order."""
    encoding = detect_encoding(head)
    text = narrow(head[encoding.bom :], encoding)
    layout = grammar.layout(text)
    start = layout.next_start(0)
    while start < len(text):
        end = layout.next_start(start + 1)
        record = grammar.parse(text, start, end, Span(offset=start, length=end - start, line=1))
        if record.time:
            return record.time
        start = end
    return None


def read_records(name: str, data: bytes, clock: LocalClock | None = None) -> Iterator[Record]:
    """Read every record of a whole log held in memory, such as a rule's sample."""
    clock = clock or LocalClock()
    if name == qbwc.NAME:
        yield from qbwc.records(data)
    elif name == WINDOWS_EVENTS:
        yield from _windows().records(data, clock.zone)
    elif name in text_formats():
        yield from text_formats()[name].records(data, clock)
    else:
        raise ValueError(f"{name} is no format; known are {', '.join(format_names())}")

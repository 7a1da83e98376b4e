"""A record's words as they are kept with a finding: redacted, and no longer than a person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.redact import redact

if TYPE_CHECKING:
    from ingest.record import Record

_LONGEST_LINE = 400
_MOST_LINES = 8


def line_of(text: str) -> str:
    """Return the first line of *text*, redacted and cut."""
    first = redact(text.strip().partition("\n")[0])
    return first if len(first) <= _LONGEST_LINE else first[: _LONGEST_LINE - 1] + "…"


def evidence_of(record: Record) -> tuple[str, ...]:
    """Return the first lines of *record*, redacted and cut."""
    first = record.said or record.message
    lines = [line for line in (first, *record.body.splitlines()) if line.strip()]
    return tuple(line_of(line) for line in lines[:_MOST_LINES])

"""Which format a followed file is read by: the one that its source names, else what its content tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingest.encoding import detect_encoding, narrow
from ingest.formats import detect, grammar_of
from ingest.identity import HEAD, read_at
from ingest.local_time import LocalClock, day_in_name
from qbwatch.source_state import Standing

if TYPE_CHECKING:
    from ingest.grammar import Grammar
    from ingest.line_format import LineFormat
    from qbwatch.config import Source

# Below this a file may still become anything.
_TELLING = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How to read a file; without a grammar `standing` and `problem` say why not. `sure` is from 0 to 1."""

    grammar: Grammar | None
    sure: float | None = None
    standing: Standing = Standing.FOLLOWED
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatChooser:
    """Chooses by the formats that ship and the user's `own`; local times are those of `zone`."""

    zone: tzinfo
    own: tuple[LineFormat, ...] = ()

    def choose(self, file: BinaryIO, path: str, source: Source) -> Choice:
        """Return how to read the open *file*, which stands at *path*, of *source*."""
        if source.format != "auto":
            return Choice(grammar=self.grammar(source.format, path, source), sure=1.0)
        # After a loss of power a log may begin with NULs.
        head = read_at(file, 0, 64 * HEAD).lstrip(b"\0")[: 4 * HEAD]
        encoding = detect_encoding(head)
        told = detect(narrow(head[encoding.bom :], encoding), self.own)
        if told.name == "windows-events":
            return Choice(grammar=None, sure=told.sure, standing=Standing.FOREIGN, problem=_EXPORT)
        if told.name:
            return Choice(grammar=self.grammar(told.name, path, source), sure=told.sure)
        if told.rivals:
            return Choice(grammar=None, sure=told.sure, standing=Standing.FOREIGN, problem=_tie(told.rivals))
        if len(head) < _TELLING:
            return Choice(grammar=None, standing=Standing.WAITING)
        return Choice(grammar=None, sure=told.sure, standing=Standing.FOREIGN, problem=_FOREIGN)

    def grammar(self, name: str, path: str, source: Source | None) -> Grammar:
        """Return the grammar of format *name* for the file at *path*. Raises ValueError if there is no such format."""
        zone = (source.zone if source else None) or self.zone
        return grammar_of(name, LocalClock(zone=zone, day=_last_day(path, zone), named_day=day_in_name(path)), self.own)


def _last_day(path: str, zone: tzinfo) -> date | None:
    """Return the day of the last write: no line of the log is later, which tells the year of stamps without one."""
    try:
        return datetime.fromtimestamp(Path(path).stat().st_mtime, UTC).astimezone(zone).date()
    except OSError:
        return None


_FOREIGN = "is of no format that qbwatch knows. Name one with format in its [[source]], or describe it in a [[format]]"
_EXPORT = "is an export of Windows events, which does not grow. Give it to qbwatch scan, in one folder with the log"


def _tie(rivals: tuple[str, ...]) -> str:
    return f"fits the formats {' and '.join(rivals)} equally. Name one of them with format in its [[source]]"

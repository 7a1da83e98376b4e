"""A log that knows no runs on its way to events: the SDK's log, a connector's own, whatever lies beside QWCLog.txt."""

from __future__ import annotations

from heapq import merge
from typing import TYPE_CHECKING

from ingest.line_format import LineGrammar
from ingest.sdk_sessions import HUNG, SdkSessions, Told
from qbwatch.neighbours import Aside
from qbwatch.rule_stream import RuleStream
from qbwatch.stream import Batch, is_between
from rules.classify import Where

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.blocks import Block
    from ingest.grammar import Grammar
    from ingest.record import Record
    from qbwatch.neighbours import Neighbours
    from rules.catalogue import Catalogue
    from rules.gate import Gate


_SDK = "qbsdk"
# As many as may still be answered.
_MOST_HUNG = 200


class SideStream(RuleStream):
    """Classifies the records of one log and gives its findings to the machine's runs, or to nobody's."""

    def __init__(
        self,
        catalogue: Catalogue,
        gate: Gate,
        neighbours: Neighbours,
        *,
        host: str,
        client: str | None,
        grammar: Grammar,
    ) -> None:
        """Classify by *catalogue*, whose literals *gate* must know, a log of *grammar*."""
        super().__init__(catalogue, gate)
        self._neighbours = neighbours
        self._host, self._client = host, client
        self._markers = grammar.format.markers if isinstance(grammar, LineGrammar) else None
        self._sessions = SdkSessions() if grammar.name == _SDK else None
        self._last: tuple[str, int, str] | None = None
        self._where: dict[str, Where] = {}
        self._hung: dict[tuple[str, int], str] = {}  # file and offset of a session that was given up -> event id

    def take(self, block: Block, *, file: str, source: str) -> None:
        """Classify the records of *block* of *file*, the name of its generation; *source* is its path for people."""
        self._where[file] = Where(host=self._host, client=self._client, source=source, file=file)
        text = block.words.text
        hits = self._gate.hits(text)
        marks = [found.start() for found in self._markers.finditer(text)] if self._markers else []
        # Where words may be written in escapes, the gate does not see them: what is marked as bad is worth a parse.
        suspects = hits if self._sessions else sorted([*hits, *marks])
        for record, start, stop in block.records_at(merge(hits, marks)):
            self._feed(record, file, suspect=is_between(suspects, start, stop))

    def _feed(self, record: Record, file: str, *, suspect: bool) -> None:
        before, self._last = self._last, (file, record.span.offset, record.text)
        if before == self._last:
            return
        told = self._sessions.feed(record, file) if self._sessions else [Told(record=record, file=file)]
        for one in told:
            if one.is_taken_back:
                self._neighbours.drop(self._hung.pop((one.file, one.record.span.offset), ""))
            elif suspect or one.record.span != record.span:
                self._find(one)

    def _find(self, told: Told) -> None:
        record = told.record
        draft = self._findings.draft(record, self._where[told.file], None)
        if draft is not None:
            place = (record.span.offset, record.span.line)
            self._neighbours.add(Aside(draft=draft, file=told.file, place=place, session=told.session))
            if record.message == HUNG:
                self._hung[told.file, record.span.offset] = draft.event.id
                while len(self._hung) > _MOST_HUNG:
                    del self._hung[next(iter(self._hung))]

    def review(self, now: datetime | None = None) -> None:
        """Give up on sessions that ended without a word before *now*; without it the log itself tells the time."""
        for one in self._sessions.overdue(now) if self._sessions and now else ():
            self._find(one)

    def finish(self) -> None:
        """Take it that the log ends here."""
        for one in self._sessions.finish() if self._sessions else ():
            self._find(one)

    def safe(self, file: str) -> tuple[int, int] | None:
        """Return offset and line in *file* from which what is open or held can be rebuilt; None if nothing is."""
        held = self._neighbours.first_held(file)
        opened = self._sessions.open_in(file) if self._sessions else None
        return min((place for place in (held, opened) if place), default=None)

    def take_batch(self) -> Batch:
        """Return nothing: what is found goes to the machine's runs, and what they do not want is told with them."""
        return Batch()

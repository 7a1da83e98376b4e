"""The stream of a scan: most runs look like runs before them, and are taken whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.formats.qbwc_stamp import stamps
from ingest.formats.qbwc_statuses import find_statuses
from ingest.plain_runs import PlainRuns, leaks
from ingest.stencils import Stencils
from qbwatch.stream import LogStream, Sign, facts_in, is_turn, statuses_in
from rules.classify import Where, digest
from rules.draft import moved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ingest.blocks import Block
    from ingest.record import Record, Span
    from ingest.runs import OpenRun
    from ingest.schedule_facts import ScheduleFact
    from ingest.stencils import Sight, Stencil
    from qbwatch.neighbours import Neighbours
    from rules.catalogue import Catalogue
    from rules.classify import Draft
    from rules.gate import Gate


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What becomes of a run: how its joining ended, whether a turn began it, and what was found in which record."""

    run: OpenRun
    is_turn: bool
    found: tuple[tuple[int, Draft], ...]


class ScanStream(LogStream):
    """A stream of a log that does not grow, faster than reading every run record by record, and the same in effect."""

    def __init__(
        self,
        catalogue: Catalogue,
        gate: Gate,
        *,
        host: str,
        client: str | None,
        neighbours: Neighbours | None = None,
        on_sign: Callable[[Sign], None] | None = None,
        on_fact: Callable[[ScheduleFact], None] | None = None,
    ) -> None:
        """Classify by *catalogue*, whose literals *gate* must know; *on_sign* hears of a run's first and last line."""
        super().__init__(
            catalogue, gate, host=host, client=client, live=False, neighbours=neighbours, on_sign=on_sign,
            on_fact=on_fact,
        )  # fmt: skip
        self._catalogue = catalogue
        self._plain = PlainRuns(gate.finds, gate.literals)
        self._stencils: Stencils[_Learnt] = Stencils(gate.finds, gate.literals)

    def take(self, block: Block, *, file: str, source: str) -> None:
        """Classify the records of *block* of *file*, the name of its generation; *source* is its path for people."""
        where = Where(host=self._host, client=self._client, source=source, file=file)
        words = block.words
        has_payloads = len(words.text) < len(block.data) or words.has_payload(0, len(words.text))
        refusals = has_payloads and find_statuses(block.data, 0, len(block.data))
        facts = facts_in(block, 0, len(block.words.text))
        for begin, end, is_run in self._plain.cut(block):
            # What QuickBooks refused stands in payloads, and no look of a run's own words tells of it.
            may_be_known = is_run and self._joiner.is_free and not (refusals and statuses_in(block, begin, end))
            # A delay is of one run, however much others look like it.
            may_be_known = may_be_known and not (facts and facts_in(block, begin, end))
            if may_be_known and self._take_alike(block, where, (begin, end)):
                continue
            rest = self._take_plain(block, where, begin, end) if may_be_known else begin
            if rest < end:
                self._read(block, where, rest, end)

    def _take_plain(self, block: Block, where: Where, begin: int, end: int) -> int:
        """Take the run that stands in the own words text[begin:end] if its records are known; return what is done."""
        upto = self._plain.before_summary(block, begin, end)
        whole = self._plain.recognise(block, begin, upto)
        if whole is None:
            return begin
        run = whole.open_run(digest(where.host, where.file, whole.first.offset, "run"), where.source)
        self._take_whole(run, where, whole.last, is_turn=whole.is_turn)
        return upto

    def _take_alike(self, block: Block, where: Where, part: tuple[int, int]) -> bool:
        """Take the run that the own words text[begin:end] of *block* hold, if one that looks so is known."""
        sight = self._stencils.sight(block, *part)
        if sight is None:
            return False
        stencil = self._stencils.known(sight)
        if stencil is None and self._stencils.is_worth_learning(sight):
            stencil = self._learn(block, where, part, sight)
        times = stencil.times(sight) if stencil else None
        if stencil is None or times is None:
            return False
        learnt, begin = stencil.learnt, part[0]
        first, file = stencil.span(block, begin, 0), where.file
        run = learnt.run.again(
            digest(where.host, file, first.offset, "run"), where.source, first, times, sight.ticket.decode("ascii")
        )  # fmt: skip
        drafts = [
            moved(draft, where, stencil.span(block, begin, number), stencil.time(sight, number), run.id)
            for number, draft in learnt.found
        ]
        self._take_whole(run, where, stencil.span(block, begin, -1), drafts, is_turn=learnt.is_turn)
        return True

    def _learn(self, block: Block, where: Where, part: tuple[int, int], sight: Sight) -> Stencil[_Learnt] | None:
        alone = _Alone(self._catalogue, self._gate, host=self._host, client=self._client, live=False)
        alone.read(block, where, part)
        begins = {
            block.span(block.words.place(part[0] + at), part[0]).offset: at
            for at in stamps(sight.words, 0, len(sight.words))
        }
        told = [begins.get(record.span.offset, -1) for record, _ in alone.fed]
        learnt = alone.learnt(sight.ticket.decode("ascii"))
        return self._stencils.learn(sight, told, learnt, self._gate.hits(sight.words))

    def _take_whole(
        self, run: OpenRun, where: Where, last: Span, found: Iterable[Draft] = (), *, is_turn: bool
    ) -> None:
        """Take *run*, whose records up to *last* need not be read; *found* is what rules say of them."""
        first = run.first
        self._joiner.take_whole(run)
        self._safe = {where.file: (first.offset, first.line)}
        self._where[run.id] = where
        self._last = None
        for draft in found:
            self._findings.take(draft)
        if run.started and run.last:
            self._sign(Sign(run.started, where, first, is_turn))
            self._sign(Sign(run.last, where, last, is_turn=False))
        for ended in self._joiner.take_ended():
            self._close(ended)


class _Alone(LogStream):
    """Reads one run by itself, to learn what becomes of it."""

    def read(self, block: Block, where: Where, part: tuple[int, int]) -> None:
        """Read the records of a run, and keep them with the run each was joined to."""
        self.fed: list[tuple[Record, OpenRun | None]] = []
        self._read(block, where, *part)

    def learnt(self, ticket: str) -> _Learnt | None:
        """Return what became of the run whose *ticket* this is; None if not all records belong to the first one's."""
        records = [record for record, _ in self.fed]
        run = self.fed[0][1] if self.fed else None
        if (
            run is None
            or run.started is None
            or any(other is not run for _, other in self.fed)
            or run.ticket not in {None, "", ticket}
        ):
            return None
        if ticket and any(leaks(record, ticket) for record in records):
            return None
        drafts = self._findings.found_alone(run.id)
        if drafts is None or any(record.statuses or record.time is None for record in records):
            return None
        numbers = {record.span.offset: number for number, record in enumerate(records)}
        return _Learnt(run, is_turn(records[0]), tuple((numbers[draft.event.offset], draft) for draft in drafts))

    def _feed(self, record: Record, where: Where, *, suspect: bool) -> None:
        super()._feed(record, where, suspect=suspect)
        self.fed.append((record, self._last.run if self._last else None))

    def _close(self, ended: OpenRun) -> None:
        """Leave it as it is: what was found in it is wanted."""

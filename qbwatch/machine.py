"""What one machine did over time: the turns of its schedule, what Windows noted, and the gaps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from qbwatch.stream import Batch, Sign
from rules.absence import Gap, explain, is_gap, turn_of
from rules.classify import Findings, Where, digest
from rules.event import Event, Role

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.record import Record
    from rules.catalogue import Catalogue


class MachineTimeline:
    """Collects one machine's signs of life and signals, and tells why there were gaps."""

    def __init__(self, catalogue: Catalogue, *, host: str, client: str | None) -> None:
        self._catalogue = catalogue
        self._findings = Findings(catalogue)
        self._host, self._client = host, client
        self._signals: list[Record] = []
        self._last_sign: Sign | None = None
        self._last_turn: Sign | None = None
        self._intervals: list[float] = []
        self._quiet: list[tuple[Sign, Sign]] = []
        self._batch = Batch()

    @property
    def last(self) -> datetime | None:
        """The time of the last sign of life."""
        return self._last_sign.time if self._last_sign else None

    def signal(self, record: Record, where: Where) -> None:
        """Take an event of Windows: evidence for a gap, and perhaps a finding in its own right."""
        if record.time is None:
            return
        self._signals.append(record)
        for event in self._findings.add(record, where, None):
            self._batch.events[event.id] = event

    def sign(self, sign: Sign) -> None:
        """Take a sign of life; signs come in the order of the log."""
        before, self._last_sign = self._last_sign, sign
        # Without signals no gap can be explained, so none need be kept.
        if self._signals and before and is_gap(sign.time - before.time, timedelta()):
            self._quiet.append((before, sign))
        if sign.is_turn:
            if self._last_turn and sign.time >= self._last_turn.time:
                self._intervals.append((sign.time - self._last_turn.time).total_seconds())
            self._last_turn = sign

    def take_batch(self) -> Batch:
        """Judge the gaps and return all findings."""
        turn = turn_of(self._intervals)
        for before, after in self._quiet if turn else ():
            if turn and is_gap(after.time - before.time, turn):
                self._judge(Gap(begins=before.time, ends=after.time, turn=turn), after)
        batch, self._batch, self._quiet = self._batch, Batch(), []
        return batch

    def _judge(self, gap: Gap, after: Sign) -> None:
        verdict = explain(gap, self._signals)
        if verdict is None:
            return
        cause = self._catalogue.causes[verdict.cause]
        filled = cause.filled({"host": self._host})
        event = Event(
            id=digest(self._host, after.where.file, after.span.offset, "absence"), time=gap.begins, host=self._host,
            client=self._client, source=after.where.source, format="qbwc", line=after.span.line,
            offset=after.span.offset, application=None, company_file=None, run=None, cause=cause.name,
            rule=f"absence.{cause.name}", severity=cause.severity, role=Role.ROOT, confidence=verdict.confidence,
            act=cause.act, codes=(), message=verdict.evidence[0], evidence=verdict.evidence, title=cause.title,
            explanation=filled.explanation, steps=filled.steps, links=filled.links,
        )  # fmt: skip
        self._batch.events[event.id] = event

"""Run the samples of rules through the real readers: each must match its rule, each never must not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from ingest.blocks import BlockCutter
from ingest.encoding import detect_encoding
from ingest.formats import qbwc, read_records
from ingest.local_time import LocalClock
from qbwatch.stream import LogStream
from rules.classify import Findings, Where
from rules.gate import Gate, literals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ingest.line_format import LineFormat
    from ingest.record import Record
    from rules.catalogue import Catalogue, Place, Rule, Sample
    from rules.event import Event

_HOST = "this-machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFault:
    """A sample that does not do what its rule says."""

    rule: str
    place: Place
    problem: str


def check_samples(catalogue: Catalogue, own: Sequence[LineFormat] = ()) -> Iterator[SampleFault]:
    """Yield every sample that its rule does not win, every expectation that fails, every never that matches.

    *own* are the user's formats.
    """
    check = _Check(catalogue, {one.name: one for one in own})
    for rule in catalogue.rules:
        for sample in rule.samples:
            for problem in check.of_sample(rule, sample):
                yield SampleFault(rule=rule.name, place=sample.place, problem=problem)
        for never in rule.nevers:
            if check.claims(rule, never):
                problem = "this never matches the rule. Narrow its when"
                yield SampleFault(rule=rule.name, place=never.place, problem=problem)


def records_of(sample: Sample, own: Mapping[str, LineFormat]) -> list[Record]:
    """Read the records of *sample*, which may be of one of the user's *own* formats."""
    data = sample.text.encode()
    found = own.get(sample.format)
    # A count of "3 times in 30m" needs times; in which zone is all the same for a sample.
    clock = LocalClock(zone=UTC)
    return list(found.records(data, clock) if found else read_records(sample.format, data, clock))


@dataclass(frozen=True)
class _Check:
    catalogue: Catalogue
    own: Mapping[str, LineFormat] = field(default_factory=dict)

    @cached_property
    def gate(self) -> Gate:
        return Gate(literals_of(self.catalogue))

    def of_sample(self, rule: Rule, sample: Sample) -> Iterator[str]:
        records = records_of(sample, self.own)
        if not records:
            yield f"this is no record of format {sample.format}. Paste a whole line of the log, with its stamp"
        elif _needs_more(rule, sample):
            yield from self._of_several(rule, sample)
        else:
            yield from self._of_one(rule, sample, records[0])

    def claims(self, rule: Rule, never: Sample) -> bool:
        """Say whether *rule* finds something in *never*."""
        if _needs_more(rule, never):
            return any(event.rule == rule.name for event in self._events(never))
        records = records_of(never, self.own)
        return bool(records) and any(m.rule.name == rule.name for m in self.catalogue.matches(records[0], None))

    def _of_one(self, rule: Rule, sample: Sample, record: Record) -> Iterator[str]:
        match = self.catalogue.match(record, record.fields.get("application"))
        if match is None:
            yield "no rule matches this sample. Widen its when"
        elif match.rule.name != rule.name:
            yield f"rule {match.rule.name} wins this sample. Make one of the two more specific, or give a priority"
        else:
            known = {**match.captures, "codes": ", ".join(match.codes), "cause": match.rule.cause}
            yield from _unmet(sample, known)

    def _of_several(self, rule: Rule, sample: Sample) -> Iterator[str]:
        events = self._events(sample)
        won = [event for event in events if event.rule == rule.name]
        if won:
            last = won[-1]
            known = {"codes": ", ".join(last.codes), "cause": last.cause, "role": last.role, "events": str(len(won)),
                     "application": last.application or "", "company_file": last.company_file or ""}  # fmt: skip
            yield from _unmet(sample, known)
        elif events:
            yield f"the rule finds nothing here, where {events[0].rule} does. Widen its when, or give a priority"
        else:
            yield "no rule finds anything in this sample. Widen its when"

    def _events(self, sample: Sample) -> list[Event]:
        """Return what is found in *sample*, taken as the whole log of a machine."""
        where = Where(host=_HOST, client=None, source="sample", file="sample")
        if sample.format != qbwc.NAME:
            findings = Findings(self.catalogue)
            return list(chain(*(findings.add(record, where, None) for record in records_of(sample, self.own))))
        stream = LogStream(self.catalogue, self.gate, host=_HOST, client=None, live=False)
        data = sample.text.encode()
        cutter = BlockCutter(qbwc.QwcGrammar(), detect_encoding(data), offset=0)
        for block in (cutter.feed(data), cutter.finish()):
            if block:
                stream.take(block, file=where.file, source=where.source)
        stream.finish()
        return sorted(stream.take_batch().events.values(), key=lambda event: event.offset)


def _needs_more(rule: Rule, sample: Sample) -> bool:
    """Say whether one record alone does not tell what *rule* makes of *sample*."""
    return sample.several or rule.condition.is_late or rule.condition.threshold is not None


def _unmet(sample: Sample, known: Mapping[str, str]) -> Iterator[str]:
    for name, wanted in sample.expect.items():
        if known.get(name) != wanted:
            yield f"expected {name} = {wanted}, and it is {known.get(name) or 'missing'}"

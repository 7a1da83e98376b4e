"""Run the samples of rules through the real readers: each must match its rule, each never must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.formats import read_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.record import Record
    from rules.catalogue import Catalogue, Place, Rule, Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFault:
    """A sample that does not do what its rule says."""

    rule: str
    place: Place
    problem: str


def check_samples(catalogue: Catalogue) -> Iterator[SampleFault]:
    """Yield every sample that its rule does not win, every expectation that fails, every never that matches."""
    for rule in catalogue.rules:
        for sample in rule.samples:
            yield from _check_sample(catalogue, rule, sample)
        for never in rule.nevers:
            record = _record(never)
            if record and any(match.rule.name == rule.name for match in catalogue.matches(record, None)):
                yield SampleFault(
                    rule=rule.name, place=never.place, problem="this never matches the rule. Narrow its when"
                )


def _check_sample(catalogue: Catalogue, rule: Rule, sample: Sample) -> Iterator[SampleFault]:
    record = _record(sample)
    if record is None:
        yield SampleFault(
            rule=rule.name, place=sample.place,
            problem=f"this is no record of format {sample.format}. Paste a whole line of the log, with its stamp",
        )  # fmt: skip
        return
    match = catalogue.match(record, record.fields.get("application"))
    if match is None:
        yield SampleFault(rule=rule.name, place=sample.place, problem="no rule matches this sample. Widen its when")
        return
    if match.rule.name != rule.name:
        yield SampleFault(
            rule=rule.name, place=sample.place,
            problem=f"rule {match.rule.name} wins this sample. Make one of the two more specific, or give a priority",
        )  # fmt: skip
        return
    known = {**match.captures, "codes": ", ".join(match.codes), "cause": match.rule.cause}
    for name, wanted in sample.expect.items():
        if known.get(name) != wanted:
            problem = f"expected {name} = {wanted}, and it is {known.get(name) or 'missing'}"
            yield SampleFault(rule=rule.name, place=sample.place, problem=problem)


def _record(sample: Sample) -> Record | None:
    return next(iter(read_records(sample.format, sample.text.encode())), None)

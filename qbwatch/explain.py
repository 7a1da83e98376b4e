"""What is known of a code, of pasted lines or of a whole log: causes, the likeliest first."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ingest.formats import detect, qbwc, text_formats
from ingest.formats import read_records as read_known
from ingest.record import Record, Span
from qbwatch.code_readings import known_codes, readings
from qbwatch.scan_once import look_through
from rules.alternatives import usual_others
from rules.catalogue import Match
from rules.event import Confidence, Role, Severity
from rules.quote import line_of
from rules.statuses import records_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ingest.line_format import LineFormat
    from qbwatch.scan import Summary
    from qbwatch.scan_files import HowToRead
    from rules.catalogue import Catalogue
    from rules.condition import Condition
    from rules.event import Act, Alternative, Event

# What .NET says of a failed call is known by rules only where Web Connector quotes it.
_FAILED_CALL = "QBWC1012"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One cause, and where in what was asked it shows: `count` findings, `seen` is the first one's place and words."""

    cause: str
    rule: str
    codes: tuple[str, ...]
    title: str
    severity: Severity
    act: Act
    confidence: Confidence
    explanation: str
    steps: tuple[str, ...]
    verify: tuple[str, ...]
    client: str
    links: tuple[str, ...]
    count: int = 1
    seen: str = ""
    is_sidelight: bool = False  # only a summary, or another reading of what a surer rule knows
    only_if: str = ""  # what must come together besides the line itself
    others: tuple[Alternative, ...] = ()  # what it may be instead

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {
            "cause": self.cause, "rule": self.rule, "codes": list(self.codes), "title": self.title,
            "severity": self.severity, "act": self.act, "confidence": self.confidence,
            "explanation": self.explanation, "steps": list(self.steps), "verify": list(self.verify),
            "client": self.client or None, "links": list(self.links), "count": self.count, "seen": self.seen or None,
            "others": [asdict(other) for other in self.others],
            "only_if": self.only_if or None,
        }  # fmt: skip


def explain_code(catalogue: Catalogue, text: str) -> list[Answer] | None:
    """Return what *text* means if it is nothing but a code, in any form; None if it is something else."""
    read_as = readings(text, known_codes(catalogue))
    if not read_as:
        return None
    return _merged(answer for words in read_as for answer in _of_words(catalogue, words))


def explain_cause(catalogue: Catalogue, text: str) -> Answer | None:
    """Return the cause that *text* is the name of, None if it is none's."""
    cause = catalogue.causes.get(text.strip())
    if cause is None:
        return None
    filled = cause.filled({})
    codes = {code for rule in catalogue.rules if rule.cause == cause.name for code in rule.condition.codes}
    return Answer(
        cause=cause.name, rule="", codes=tuple(sorted(codes)), title=cause.title, severity=cause.severity,
        act=cause.act, confidence=Confidence.PROOF, explanation=filled.explanation, steps=filled.steps,
        verify=filled.verify, client=filled.client, links=filled.links,
    )  # fmt: skip


def explain_lines(catalogue: Catalogue, text: str, own: Sequence[LineFormat] = ()) -> list[Answer]:
    """Return what *text*, one or more lines of a log or anybody's words, tells."""
    records = list(_records(text, own))
    if not records:
        return _merged(_of_words(catalogue, text))
    found = _merged(answer for record in records for answer in _answers(catalogue, record))
    if len(records) > 1 and any(not one.is_sidelight for one in found):
        # Of many lines the other readings of each would be a crowd.
        found = [one for one in found if not one.is_sidelight]
    return found


def explain_log(catalogue: Catalogue, path: Path, how: HowToRead) -> tuple[list[Answer], Summary] | str:
    """Return the causes that the log at *path* shows, the worst first, or why it cannot be read as a log."""
    looked = look_through(path, catalogue, how)
    if not looked.summary.files and not looked.broken:
        return looked.unusable[0].why if looked.unusable else "nothing is in it"
    if looked.broken:
        return looked.broken[0][1]
    roots = [event for event in looked.events if event.role is Role.ROOT]
    found = _merged(_of_event(catalogue, event) for event in roots)
    return sorted(found, key=lambda one: (-one.severity.rank, -one.count)), looked.summary


def _records(text: str, own: Sequence[LineFormat]) -> Iterator[Record]:
    data = text.encode("utf-8", errors="replace")
    name = detect(data, own).name or qbwc.NAME
    mine = next((one for one in own if one.name == name), None)
    if mine is not None and name not in text_formats():
        yield from mine.records(data)
    else:
        yield from read_known(name, data)


def _bare(text: str) -> Record:
    """Take *text* for the words of Web Connector."""
    message, _, body = text.strip().partition("\n")
    span = Span(offset=0, length=len(text), line=1)
    return Record(format=qbwc.NAME, time=None, component="", message=message, body=body, span=span)


def _of_words(catalogue: Catalogue, words: str) -> list[Answer]:
    """Return what *words* without a record around them mean; a failed call's own words, as the call that wraps them."""
    found = list(_answers(catalogue, _bare(words)))
    if found:
        return found
    wrapper = {match.rule.name for match in catalogue.matches(_bare(_FAILED_CALL), None)}
    wrapped = _answers(catalogue, _bare(f"{_FAILED_CALL}: {words}"))
    return [replace(one, codes=()) for one in wrapped if one.rule not in wrapper]


def _answers(catalogue: Catalogue, record: Record) -> Iterator[Answer]:
    """Yield what the rules make of *record* and of each status in it: the best reading, then the others."""
    for one in (record, *(own for _, own in records_of(record))):
        study = catalogue.study(one, None)
        alone = [match for match in study.matches if match.rule.condition.threshold is None]
        for place, match in enumerate(alone):
            yield _of_match(catalogue, match, one, is_sidelight=place > 0 or match.rule.role is Role.ECHO)
        more = [match for match in study.matches if match.rule.condition.threshold is not None]
        more += [Match(rule=rule, captures={}, codes=study.subject.codes) for rule in study.late]
        for match in sorted(more, key=lambda match: match.order, reverse=True):
            answer = _of_match(catalogue, match, one, is_sidelight=True)
            yield replace(answer, only_if=_only_if(match.rule.condition))


def _only_if(condition: Condition) -> str:
    """Say what must come together besides the line itself."""
    times = (f"it comes {condition.threshold}",) if condition.threshold else ()
    return "; ".join((*condition.asks, *times))


def _of_match(catalogue: Catalogue, match: Match, record: Record, *, is_sidelight: bool) -> Answer:
    cause = catalogue.causes[match.rule.cause]
    filled = cause.filled({**record.fields, **match.captures}, rule=match.rule)
    return Answer(
        cause=cause.name, rule=match.rule.name, codes=match.codes, title=cause.title, severity=cause.severity,
        act=cause.act, confidence=match.rule.confidence, explanation=filled.explanation, steps=filled.steps,
        verify=filled.verify, client=filled.client, links=filled.links, is_sidelight=is_sidelight,
        seen=line_of(record.said or record.text) if record.time else "",
        others=usual_others(match.rule.name, catalogue),
    )  # fmt: skip


def _of_event(catalogue: Catalogue, event: Event) -> Answer:
    names = {"host": event.host, "application": event.application, "company_file": event.company_file}
    filled = catalogue.causes[event.cause].filled(names)
    return Answer(
        cause=event.cause, rule=event.rule, codes=event.codes, title=event.title, severity=event.severity,
        act=event.act, confidence=event.confidence, explanation=event.explanation, steps=event.steps,
        verify=filled.verify, client=filled.client, links=event.links,
        seen=f"{event.source}:{event.line}: {event.message}", others=event.others,
    )  # fmt: skip


def _merged(answers: Iterable[Answer]) -> list[Answer]:
    """Return each cause once, with how often it came: what is sure of itself before what is only another reading."""
    by_cause: dict[str, Answer] = {}
    for one in answers:
        before = by_cause.get(one.cause)
        if before is None:
            by_cause[one.cause] = one
        elif (before.is_sidelight and not one.is_sidelight) or (before.only_if and not one.only_if):
            by_cause[one.cause] = replace(one, codes=_joined(one.codes, before.codes))
        elif before.is_sidelight == one.is_sidelight:
            by_cause[one.cause] = replace(before, count=before.count + 1, codes=_joined(before.codes, one.codes))
    return sorted(by_cause.values(), key=lambda one: (one.is_sidelight, bool(one.only_if)))


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))

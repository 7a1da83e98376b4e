"""What rules made of a record's words is remembered, and what a rule that throws changes is not missed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qwclog import START

from ingest.record import Record, Span
from rules.catalogue import Catalogue
from rules.condition import Condition
from rules.load import load

if TYPE_CHECKING:
    from rules.condition import Subject

SHIPPED = load()
POPUP = SHIPPED.by_name["qbwc.modal_dialog"]
ASKED: list[str] = []


class Counting(Condition):
    """Notes what it was asked about."""

    def parse(self, subject: Subject) -> dict[str, str] | None:
        ASKED.append(subject.text)
        return Condition.parse(self, subject)


class Throwing(Condition):
    """Throws when it is asked for the second time."""

    def parse(self, subject: Subject) -> dict[str, str] | None:
        ASKED.append(subject.text)
        if len(ASKED) > 1:
            raise ValueError("twice")
        return Condition.parse(self, subject)


def catalogue(kind: type[Condition]) -> Catalogue:
    ASKED.clear()
    plain = POPUP.condition
    rule = replace(POPUP, condition=kind(plain.expression, plain.needs, 9, plain.codes))
    return Catalogue(SHIPPED.causes, (rule,))


def record(words: str, offset: int = 0) -> Record:
    return Record(format="qbwc", time=START, component="x()", message=words, span=Span(offset=offset, length=1, line=1))


def test_the_same_words_are_parsed_once_wherever_they_stand() -> None:
    known = catalogue(Counting)
    found = [known.match(record("QBWC1053: a pop-up", offset), None) for offset in range(5)]
    assert [match.rule.name for match in found if match] == ["qbwc.modal_dialog"] * 5
    assert len(ASKED) == 1


def test_other_words_and_another_application_are_parsed_anew() -> None:
    known = catalogue(Counting)
    for words, application in (("QBWC1053: one", None), ("QBWC1053: two", None), ("QBWC1053: one", "Contoso")):
        assert known.match(record(words), application)
    assert len(ASKED) == 3


def test_a_rule_that_throws_is_left_out_also_for_words_that_it_knew() -> None:
    known = catalogue(Throwing)
    assert known.match(record("QBWC1053: one"), None)
    assert known.match(record("QBWC1053: two"), None) is None
    assert known.match(record("QBWC1053: one"), None) is None


def test_what_is_remembered_stays_small() -> None:
    known = catalogue(Counting)
    for number in range(3000):
        known.match(record(f"QBWC1053: {number}"), None)
    known.match(record("QBWC1053 " + "x" * 100_000), None)
    assert len(known._studied) <= 500
    assert max(len(subject.text) for subject, _ in known._studied) < 3000

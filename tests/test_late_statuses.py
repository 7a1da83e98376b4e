"""QuickBooks' answers under rules that ask for a run's outcome, for its other records, or for a count."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest
from qwclog import BANNER, SOAP, Session, blocks_of, line

from qbwatch.scan_stream import ScanStream
from qbwatch.stream import LogStream
from rules.catalogue import Catalogue
from rules.gate import Gate, literals_of
from rules.load import load, parse

if TYPE_CHECKING:
    from rules.event import Event

LOCKED = "The transaction could not be locked.  It is in use by another user."
WHENS = {
    "spoiled": "code is qbXML/3175 and outcome is failed",
    "explained": 'code is qbXML/3140 and within run (text contains "tray open")',
    "beside": 'text contains "paper lost" and within run (code is qbXML/3180)',
    "often": "code is qbXML/3200 3 times per run",
    "daily": "code is qbXML/3100 3 times in 1h per application",
}
RULE = """\
rule ours.{name}
    cause     quickbooks_busy
    in        qbwc
    when      {when}
    priority  50
    sample    20260310.02:00:09 UTC\t: X.update() : jam
"""


def ours() -> Catalogue:
    parsed, shipped = parse("".join(RULE.format(name=name, when=when) for name, when in WHENS.items()), "x"), load()
    assert parsed.faults == []
    return Catalogue(shipped.causes, (*shipped.rules, *parsed.rules.values()), pack="ours")


Kind: TypeAlias = type[LogStream | ScanStream]

RULES = ours()
GATE = Gate(literals_of(RULES))


def answered(code: int, times: int = 1, at: int = 0) -> str:
    one = f'<InvoiceAddRs requestID="1" statusCode="{code}" statusSeverity="Error" statusMessage="{LOCKED}" />\n'
    xml = f'<?xml version="1.0" ?>\n<QBXML>\n<QBXMLMsgsRs>\n{one * times}</QBXMLMsgsRs>\n</QBXML>\n'
    return line(f"{SOAP}do_receiveResponseXML()", f"XML dump follows: -\n\n{xml}", at)


def said(text: str, at: int = 0) -> str:
    return line(f"{SOAP}ProcessRequestXML()", text, at)


def among(lines: list[str], *more: str) -> list[str]:
    return [*lines[:-3], *more, *lines[-3:]]


@pytest.fixture(params=[LogStream, ScanStream])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def events(kind: Kind, *lines: str) -> list[Event]:
    stream = kind(RULES, GATE, host="srv-01", client=None)
    for block in blocks_of((BANNER + "".join(lines)).encode()):
        stream.take(block, file="f:0", source="QWCLog.txt")
    stream.finish()
    return [event for event in stream.take_batch().events.values() if event.cause != "run_summary"]


def rules_of(kind: Kind, *lines: str) -> list[str]:
    return [event.rule for event in events(kind, *lines)]


def test_the_outcome_of_the_run_decides_about_an_answer(kind: Kind) -> None:
    assert "ours.spoiled" in rules_of(kind, *among(Session().refused(), answered(3175)))
    assert rules_of(kind, *among(Session().ok(), answered(3175))) == ["qbxml.entry_locked"]


def test_what_the_run_decides_about_an_answer_keeps_its_count_and_words(
    kind: Kind,
) -> None:
    lines = among(Session().refused(), answered(3175, 4), answered(3175, 2, at=1))
    [one] = [event for event in events(kind, *lines) if "qbXML/3175" in event.codes]
    assert (one.rule, one.message) == ("ours.spoiled", f"qbXML/3175, 6 times: {' '.join(LOCKED.split())}")


def test_an_answer_is_explained_by_another_record_and_explains_one(kind: Kind) -> None:
    explained = rules_of(kind, *among(Session().ok(), answered(3140), said("the tray open")))
    assert "ours.explained" in explained
    assert "ours.explained" not in rules_of(kind, *among(Session().ok(), answered(3140)))
    assert "ours.beside" in rules_of(kind, *among(Session().ok(), said("paper lost"), answered(3180)))
    assert "ours.beside" not in rules_of(kind, *among(Session().ok(), said("paper lost")))


def test_each_refusal_of_an_answer_counts(kind: Kind) -> None:
    assert rules_of(kind, *among(Session().ok(), answered(3200, 2))) == ["qbxml.changed_meanwhile"]
    assert rules_of(kind, *among(Session().ok(), answered(3200, 3))) == ["ours.often"]
    assert rules_of(kind, *among(Session().ok(), answered(3200, 2), answered(3200, 1, at=1))) == ["ours.often"]


def test_a_count_goes_on_from_run_to_run_of_one_application(kind: Kind) -> None:
    first, second = (among(Session(at=at).ok(), answered(3100, times, at)) for at, times in ((0, 1), (600, 2)))
    assert rules_of(kind, *first, *second) == ["qbxml.name_taken", "ours.daily"]
    late = among(Session(at=4200).ok(), answered(3100, 2, 4200))
    assert rules_of(kind, *first, *late) == ["qbxml.name_taken", "qbxml.name_taken"]


def test_a_status_with_other_words_stays_what_it_was_when_it_came_first(kind: Kind) -> None:
    other = answered(3180).replace(LOCKED, "The posting account is invalid.")
    assert rules_of(kind, *among(Session().ok(), answered(3180), other)) == ["qbxml.entry_locked"]
    assert rules_of(kind, *among(Session().ok(), other, answered(3180))) == ["qbxml.saving_failed"]

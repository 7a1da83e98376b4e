"""One root for each failed run; what follows from it is kept as echoes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from qwclog import Session

from ingest.formats import read_records
from ingest.record import Outcome, Record, Run, Span, Trigger
from rules.catalogue import Catalogue
from rules.classify import Findings, Where
from rules.condition import Condition, code
from rules.event import Role

START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
WHERE = Where(host="srv-01", client=None, source="QWCLog.txt", file="f:0")
FAILED = Run(
    id="run-1", format="qbwc", source="QWCLog.txt", first=Span(offset=0, length=10, line=1), application="Contoso Sync",
    company_file=None, user=None, url=None, product_version=None, trigger=Trigger.SCHEDULED, started=START,
    ended=START + timedelta(minutes=1), outcome=Outcome.FAILED,
)  # fmt: skip
OPEN = replace(FAILED, ended=None, outcome=Outcome.UNFINISHED)


def record(text: str, offset: int, at: datetime = START) -> Record:
    message, _, body = text.partition("\n")
    span = Span(offset=offset, length=10, line=offset)
    return Record(format="qbwc", time=at, component="X.update()", message=message, body=body, span=span)


def roles(findings: Findings, run: Run = FAILED) -> list[tuple[str, Role]]:
    return [(event.cause, event.role) for event in findings.close(run, WHERE)]


@pytest.fixture
def findings(catalogue: Catalogue) -> Findings:
    return Findings(catalogue)


def test_the_first_finding_is_the_root_and_the_rest_are_echoes(findings: Findings) -> None:
    findings.add(record("QBWC1053: dialog", 10), WHERE, OPEN)
    findings.add(record("HRESULT = 0x80040410", 20), WHERE, OPEN)
    assert roles(findings) == [("popup_blocked", Role.ROOT), ("single_user_mode", Role.ECHO)]


def test_a_specific_finding_goes_before_an_earlier_wrapper(findings: Findings) -> None:
    findings.add(record("QBWC1013: Error connecting to QuickBooks.", 10), WHERE, OPEN)
    findings.add(record("QBWC1053: dialog", 20), WHERE, OPEN)
    assert roles(findings) == [("unclassified", Role.ECHO), ("popup_blocked", Role.ROOT)]


def test_an_error_goes_before_an_earlier_warning(findings: Findings) -> None:
    findings.add(record("HRESULT = 0x80040400", 10), WHERE, OPEN)
    findings.add(record("QBWC1053: dialog", 20), WHERE, OPEN)
    assert roles(findings) == [("data_error", Role.ECHO), ("popup_blocked", Role.ROOT)]


def test_a_healthy_run_has_no_root(findings: Findings) -> None:
    findings.add(record("QBWC1053: dialog", 10), WHERE, OPEN)
    findings.add(record("QBWC1031: Update completed with some error.", 20), WHERE, OPEN)
    healthy = replace(FAILED, outcome=Outcome.NO_WORK)
    assert roles(findings, healthy) == [("popup_blocked", Role.ECHO), ("run_summary", Role.ECHO)]


def test_a_run_that_a_live_one_turned_away_has_no_root(findings: Findings) -> None:
    findings.add(record("UpdateLock = TRUE", 10), WHERE, OPEN)
    assert roles(findings, replace(OPEN, blocked_by="run-0"))[0][1] is Role.ECHO


def test_a_failed_run_that_no_line_explains_is_unclassified(findings: Findings) -> None:
    findings.add(record("QBWC1031: Update completed with some error.", 20), WHERE, OPEN)
    assert roles(findings) == [("run_summary", Role.ECHO), ("unclassified", Role.ROOT)]


def test_an_echo_that_names_a_cause_is_a_better_guess_than_none(findings: Findings) -> None:
    said = "Actual error received from web service for serverVersion call: <The remote name could not be resolved: 'x'>"
    findings.add(record(said, 20), WHERE, OPEN)
    assert roles(findings) == [("web_service_unreachable", Role.ROOT)]


def test_an_unknown_code_is_kept_as_unclassified(findings: Findings) -> None:
    findings.add(record("QBWC1999: Something new", 20), WHERE, OPEN)
    [event] = findings.close(FAILED, WHERE)
    assert (event.cause, event.codes, event.message) == ("unclassified", ("QBWC1999",), "QBWC1999: Something new")


def test_a_record_that_has_grown_keeps_its_event(findings: Findings) -> None:
    [young] = findings.add(record("QBWC1012: Authentication failed due to following error message.", 10), WHERE, OPEN)
    grown = (
        "QBWC1012: Authentication failed due to following error message.\nThe remote name could not be resolved: 'x'"
    )
    findings.add(record(grown, 10), WHERE, OPEN)
    [event] = findings.close(FAILED, WHERE)
    assert (young.cause, event.cause) == ("web_service_error", "web_service_unreachable")
    assert young.id == event.id


def test_outside_a_run_the_same_trouble_again_is_an_echo_for_half_an_hour(findings: Findings) -> None:
    moments = [0, 10, 35, 80]
    events = [
        findings.add(record("QBWC1053: dialog", 10 + at, START + timedelta(minutes=at)), WHERE, None)[0]
        for at in moments
    ]
    assert [event.role for event in events] == [Role.ROOT, Role.ECHO, Role.ECHO, Role.ROOT]


def test_what_is_kept_is_redacted(findings: Findings) -> None:
    text = 'QBWC1041: failed for wcTicket="{6a994c63-87ef-12f1-0beb-1fe0bbce7787}" https://x.example.com/?sig=SECRET'
    [event] = findings.add(record(text, 10), WHERE, OPEN)
    assert "6a994c63" not in event.message + "".join(event.evidence)
    assert "SECRET" not in event.message + "".join(event.evidence)


def test_a_rule_that_throws_stops_no_other_and_is_told(catalogue: Catalogue) -> None:
    class Thrower(Condition):
        def parse(self, subject: object) -> dict[str, str] | None:
            raise RecursionError(f"too deep for {type(subject).__name__}")

    good = next(rule for rule in catalogue.rules if rule.name == "qbwc.modal_dialog")
    plain = code(["QBWC1053"])
    bad = replace(good, name="bad", priority=9, condition=Thrower(plain.expression, plain.needs, 9, plain.codes))
    mixed = Catalogue(catalogue.causes, (bad, good))
    [blocked] = [r for r in read_records("qbwc", "".join(Session().blocked()).encode()) if "QBWC1053" in r.message]
    match = mixed.match(blocked, None)
    assert match is not None
    assert match.rule.name == "qbwc.modal_dialog"
    assert mixed.broken == {"bad": "RecursionError: too deep for Subject"}

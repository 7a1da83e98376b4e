"""The shipped catalogue: every rule does what its samples say, and every known code reaches its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from code_truth import CODES

from ingest.record import Record, Span
from qbwatch.rule_check import check_samples
from rules.event import Role
from rules.load import load

if TYPE_CHECKING:
    from rules.catalogue import Catalogue

CATALOGUE = load()


def test_every_sample_is_won_by_its_rule_and_no_never_matches() -> None:
    assert [f"{fault.place} {fault.rule}: {fault.problem}" for fault in check_samples(CATALOGUE)] == []


@pytest.mark.parametrize("rule", CATALOGUE.rules, ids=lambda rule: rule.name)
def test_every_rule_has_a_sample_and_a_never(rule: object) -> None:
    assert rule.samples  # type: ignore[attr-defined]
    assert rule.nevers  # type: ignore[attr-defined]


def record_of(text: str) -> Record:
    return Record(format="qbwc", time=None, component="", message=text, span=Span(offset=0, length=0, line=1))


def causes_of(catalogue: Catalogue, text: str) -> str | None:
    match = catalogue.match(record_of(text), None)
    return match.rule.cause if match else None


def forms(code: str) -> list[str]:
    if not code.startswith("0x"):
        return [code]
    number = int(code, 16)
    return [f"0x{number:08X}", f"0x{number:08x}", str(number - (1 << 32))]


@pytest.mark.parametrize(("code", "cause"), [(form, cause) for code, cause in CODES.items() for form in forms(code)])
def test_every_known_code_reaches_its_cause(code: str, cause: str) -> None:
    assert causes_of(CATALOGUE, f"Sending error message back to application:\nHRESULT = {code}\nMessage: x") == cause


def test_summaries_are_never_a_root() -> None:
    for text in ("QBWC1031: Update completed with some error.", "QBWC1017: The following applications could not be"):
        match = CATALOGUE.match(record_of(text), None)
        assert match is not None
        assert match.rule.role is Role.ECHO


def test_what_absence_names_is_in_the_catalogue() -> None:
    named = {"run_summary", "machine_asleep", "session_logged_out", "machine_restarted", "power_lost", "unclassified"}
    assert named <= set(CATALOGUE.causes)


@pytest.mark.parametrize("cause", CATALOGUE.causes.values(), ids=lambda cause: cause.name)
def test_a_cause_reads_well_whether_names_are_known_or_not(cause: object) -> None:
    known = dict.fromkeys(("host", "application", "company_file", "user", "url", "machine", "detail"), "X1")
    for values in (known, {}):
        filled = cause.filled(values)  # type: ignore[attr-defined]
        for text in (filled.explanation, *filled.steps):
            assert "{" not in text
            assert text[0].isupper() or text.startswith("X1"), text
            assert text.endswith((".", ")", "?")), text
    assert len(cause.title) <= 60  # type: ignore[attr-defined]
    assert 2 <= len(cause.steps) <= 7  # type: ignore[attr-defined]

"""The shipped catalogue: every rule does what its samples say, and every known code and text reaches its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from code_truth import CODES, UNSURE
from hypothesis import given
from hypothesis import strategies as st
from text_truth import TEXTS
from wrapped_truth import HEALTHY_SDK, NET, SDK

from ingest.formats import format_names, read_records
from ingest.record import Record, Span
from qbwatch.rule_check import check_samples
from rules import build
from rules.event import Confidence, Role
from rules.gate import Gate, literals_of
from rules.load import load

if TYPE_CHECKING:
    from rules.catalogue import Cause, Match, Rule

CATALOGUE = load()
# Ours, and one that a user describes in the configuration.
FORMATS = ("qbwc", "qbsdk", "serilog", "nlog", "log4net", "clef", "ms-console", "qbwin", "fabrikam-log")
PLACEHOLDERS = ("host", "application", "company_file", "user", "url", "machine", "detail")


def match(text: str, format_: str = "qbwc") -> Match | None:
    message, _, body = text.partition("\n")
    span = Span(offset=0, length=0, line=1)
    return CATALOGUE.match(Record(format=format_, time=None, component="", message=message, body=body, span=span), None)


def cause_of(text: str, format_: str = "qbwc") -> str | None:
    found = match(text, format_)
    return found.rule.cause if found else None


def test_every_sample_is_won_by_its_rule_and_no_never_matches() -> None:
    assert [f"{fault.place} {fault.rule}: {fault.problem}" for fault in check_samples(CATALOGUE)] == []


@pytest.mark.parametrize("rule", CATALOGUE.rules, ids=lambda rule: rule.name)
def test_every_rule_has_a_sample_and_a_never(rule: Rule) -> None:
    assert rule.samples
    assert rule.nevers


def test_no_sample_is_claimed_by_two_rules_of_equal_rank() -> None:
    for rule in CATALOGUE.rules:
        for sample in rule.samples:
            record = next(iter(read_records(sample.format, sample.text.encode())))
            ranks = [one.rank for one in CATALOGUE.matches(record, record.fields.get("application"))]
            assert ranks.count(ranks[0]) == 1, sample.place


def forms(code: str) -> list[str]:
    if code.startswith("qbXML"):
        number = code.removeprefix("qbXML/")
        return [f'x statusCode="{number}" statusSeverity="Error"'] + [f"status code {number}"] * (number != "500")
    if not code.startswith("0x"):
        return [f"Error {code}: x", f"The codes are ({code})"]
    number = int(code, 16)
    written = (f"0x{number:08X}", f"0x{number:08x}", str(number - (1 << 32)), str(number), f"{number:08X}")
    # As Web Connector writes it, and as an exception of .NET does.
    return [f"Sending error message back to application:\nHRESULT = {one}\nMessage: x" for one in written] + [
        f"Upload failed\nSystem.Runtime.InteropServices.COMException ({written[0]}): x"
    ]


@pytest.mark.parametrize("code", CODES)
def test_every_known_code_reaches_its_cause_in_every_form_and_in_every_log(code: str) -> None:
    for text in forms(code):
        assert {cause_of(text, format_) for format_ in FORMATS} == {CODES[code]}, text


@pytest.mark.parametrize(("text", "cause"), TEXTS)
def test_every_known_text_reaches_its_cause(text: str, cause: str | None) -> None:
    assert cause_of(text) == cause


@pytest.mark.parametrize(("text", "cause"), [one for one in TEXTS if one[1] != "update_lock_stuck"])
def test_a_connectors_own_log_says_the_same(text: str, cause: str | None) -> None:
    if "WSManager" not in text:
        assert cause_of(text, "fabrikam-log") == cause


@pytest.mark.parametrize("code", sorted(UNSURE))
def test_a_code_without_a_trusted_meaning_is_no_more_than_likely(code: str) -> None:
    found = match(forms(code)[0])
    assert found is not None
    assert found.rule.confidence in {Confidence.LIKELY, Confidence.WEAK}


@pytest.mark.parametrize("code", ["QBWC1012", "QBWC1036", "QBWC1041", "QBWC1042", "QBWC1044"])
def test_a_failed_call_is_told_apart_by_what_it_wraps(code: str) -> None:
    wrong = {said: cause_of(f"{code}: The call failed.\n{said}") for said, cause in NET}
    assert {said: cause for said, cause in NET if wrong[said] != cause} == {}


@pytest.mark.parametrize(("text", "cause"), SDK)
def test_every_text_of_the_sdk_log_reaches_its_cause(text: str, cause: str) -> None:
    assert cause_of(text, "qbsdk") == cause


def test_waits_and_retries_in_the_sdk_log_are_no_root() -> None:
    for text in ("waiting for modal dialog to be dismissed...", "Failed to launch QB, trying again..."):
        found = match(text, "qbsdk")
        assert found is not None
        assert found.rule.role is Role.ECHO


@pytest.mark.parametrize("text", HEALTHY_SDK)
def test_a_good_session_in_the_sdk_log_is_silent(text: str) -> None:
    assert cause_of(text, "qbsdk") is None


def test_a_code_in_an_event_of_windows_is_not_taken_for_the_syncs() -> None:
    for code in CODES:
        for text in forms(code):
            assert cause_of(text, "windows-events") is None, text


def test_summaries_are_never_a_root() -> None:
    for text in ("QBWC1031: Update completed with some error.", "QBWC1017: The following applications could not be"):
        found = match(text)
        assert found is not None
        assert found.rule.role is Role.ECHO


def test_a_rule_may_name_every_format_that_can_be_read() -> None:
    assert set(build.FORMATS) == set(format_names())


def test_what_absence_names_is_in_the_catalogue() -> None:
    named = {
        "antivirus_or_policy_blocked", "auto_run_off", "blue_screen", "connector_crashed", "connector_hung",
        "connector_not_running", "machine_asleep", "machine_paused", "machine_restarted", "machine_shut_down",
        "missed_schedule", "no_work_offered", "power_lost", "quickbooks_crashed", "run_summary", "session_logged_out",
        "source_never_seen", "source_quiet", "unclassified",
    }  # fmt: skip
    assert named <= set(CATALOGUE.causes)


@pytest.mark.parametrize("cause", CATALOGUE.causes.values(), ids=lambda cause: cause.name)
def test_a_cause_reads_well_whether_names_are_known_or_not(cause: Cause) -> None:
    for values in (dict.fromkeys(PLACEHOLDERS, "X1"), {}):
        filled = cause.filled(values)
        for text in (filled.explanation, *filled.steps, *filled.verify, filled.client):
            assert "{" not in text
            assert text[0].isupper() or text.startswith(("X1", "qbwatch ")), text
            assert text.endswith((".", ")", "?")), text
    assert len(cause.title) <= 60
    assert 2 <= len(cause.steps) <= 7
    assert 1 <= len(cause.verify) <= 4


# Words that the people at the client do not use.
JARGON = ("QBWC", "HRESULT", "0x8", "SDK", "DNS", "TLS", "Task Manager", "regedit", "qbXML", "SOAP", "Auto-Run", ".qwc")


@pytest.mark.parametrize("cause", CATALOGUE.causes.values(), ids=lambda cause: cause.name)
def test_what_the_client_hears_is_short_and_free_of_jargon(cause: Cause) -> None:
    assert 40 <= len(cause.client) <= 280
    assert [word for word in JARGON if word in cause.client] == []


@pytest.mark.parametrize(
    "rule", [rule for rule in CATALOGUE.rules if rule.steps or rule.note], ids=lambda rule: rule.name
)
def test_a_reading_of_its_own_reads_well_too(rule: Rule) -> None:
    filled = CATALOGUE.causes[rule.cause].filled({}, rule=rule)
    for text in (filled.explanation, *filled.steps):
        assert "{" not in text
        assert text.endswith((".", ")", "?")), text


COM_EXCEPTION = "System.Runtime.InteropServices.COMException (0x80040414): A modal dialog box is showing"
SAME_FAULT = {
    "qbwc": "20260310.02:00:13 UTC\t: QBWebConnector.SOAPWebService.ConnectToQB() : QBWC1013: HRESULT = 0x80040414",
    "qbsdk": "20260310.020013\tE\t4556\tRequestProcessor\tBegin Session error = jam HRESULT=0x80040414",
    "serilog": f"2026-03-10 02:00:13.481 -05:00 [ERR] C:\\a.qbw failed\n{COM_EXCEPTION}",
    "nlog": f"2026-03-10 02:00:13.4813|ERROR|QbSync.Worker|BeginSession failed|{COM_EXCEPTION}",
    "log4net": f"2026-03-10 02:00:13,481 [7] ERROR QbSync.Worker - BeginSession failed\n{COM_EXCEPTION}\n   at A.B()",
    "clef": f'{{"@t":"2026-03-10T07:00:13.4813512Z","@mt":"BeginSession failed","@l":"Error","@x":"{COM_EXCEPTION}"}}',
    "ms-console": f"fail: QbSync.Worker[0]\n      BeginSession failed\n      {COM_EXCEPTION}",
}


@pytest.mark.parametrize("format_", SAME_FAULT)
def test_the_same_fault_is_known_in_the_lines_of_every_format(format_: str) -> None:
    [record] = read_records(format_, SAME_FAULT[format_].encode())
    found = CATALOGUE.match(record, None)
    assert found is not None
    assert found.rule.name == "qbwc.modal_dialog"
    assert "0x80040414" in found.codes


NAMES = ("Contoso", "Fabrikam Ltd.", "Q4-2026", r"\\SRV-02\Books", r"C:\Data\ab.qbw", "17", "3140", "(2)", "«Müller»")
WORDS = st.lists(st.sampled_from((*NAMES, "the", "while", "[x]", "=", ";", "::", "\t")), max_size=6).map(" ".join)


@given(st.sampled_from(sorted(CODES)), WORDS, WORDS, st.data())
def test_other_words_around_a_code_do_not_change_its_cause(
    code: str, before: str, after: str, data: st.DataObject
) -> None:
    text = data.draw(st.sampled_from(forms(code)))
    assert cause_of(f"{before} {text.replace(': x', f': {after}')}") == CODES[code]
    assert cause_of(text.replace("\n", "\r\n   ")) == CODES[code]


def test_every_sample_of_every_format_passes_the_gate() -> None:
    gate = Gate(literals_of(CATALOGUE))
    samples = [sample for rule in CATALOGUE.rules for sample in rule.samples]
    assert [sample.place for sample in samples if not gate.hits(sample.text.encode())] == []


# Words of ordinary entries, such as stand in the payloads of every sync.
ORDINARY = (
    "Savings account, closing balance; objects enabled. Authentication established, an instance aborted: Possible"
)


def test_ordinary_words_do_not_cost_a_look() -> None:
    assert Gate(literals_of(CATALOGUE)).hits(ORDINARY.encode()) == []

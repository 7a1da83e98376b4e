"""QuickBooks' answers to single requests: read from the XML, counted by run, and never taken from anybody's words."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qwclog import SOAP, Session, blocks_of, line

from ingest.formats.qbwc_statuses import find_statuses, statuses_of
from ingest.record import Status
from qbwatch.__main__ import main
from qbwatch.stream import LogStream
from rules.event import Role, Severity
from rules.gate import Gate, literals_of

if TYPE_CHECKING:
    from pathlib import Path

    from rules.catalogue import Catalogue
    from rules.event import Event

RECEIVE = f"{SOAP}do_receiveResponseXML()"
LOCKED = "The transaction could not be locked.  It is in use by another user."


def answer(*elements: str) -> str:
    return f'<?xml version="1.0" ?>\n<QBXML>\n<QBXMLMsgsRs>\n{"".join(elements)}</QBXMLMsgsRs>\n</QBXML>\n'


def refused(code: int, message: str = "", severity: str = "Error", request: str = "1") -> str:
    told = f'statusCode="{code}" statusSeverity="{severity}" statusMessage="{message}"'
    return f'<InvoiceAddRs requestID="{request}" {told} />\n'


def codes(payload: str) -> list[tuple[str, bool, int]]:
    return [(one.code, one.is_error, one.count) for one in statuses_of(payload, RECEIVE)]


def test_a_status_tells_its_code_its_severity_and_quickbooks_words_without_the_names_it_quotes() -> None:
    message = "There is an invalid reference to QuickBooks Customer &quot;Contoso in use&quot; in the Invoice."
    assert statuses_of(answer(refused(3140, message)), RECEIVE) == (
        Status(
            code="qbXML/3140", is_error=True, answer="InvoiceAddRs",
            words='There is an invalid reference to QuickBooks Customer "…" in the Invoice.',
            count=1, requests=("1",), of_application=True,
        ),
    )  # fmt: skip


def test_a_name_that_holds_quotes_itself_hides_all_between_the_first_and_the_last() -> None:
    message = "Customer &quot;Bob &quot;the lock&quot; is in use&quot; cannot be saved."
    [status] = statuses_of(answer(refused(3180, message)), RECEIVE)
    assert status.words == 'Customer "…" cannot be saved.'


def test_each_code_comes_once_with_how_often_it_came() -> None:
    several = answer(refused(3140), refused(3180), refused(3140, request="2"), refused(500, severity="Warn"))
    assert codes(several) == [("qbXML/3140", True, 2), ("qbXML/3180", True, 1), ("qbXML/500", False, 1)]


def test_success_and_information_are_no_statuses_worth_telling() -> None:
    assert codes(answer(refused(0, severity="Info"), refused(1, severity="Info"), refused(530, severity="Info"))) == []


def test_a_severity_that_is_missing_follows_from_the_number() -> None:
    bare = answer('<A1Rs statusCode="3100"/>', '<A2Rs statusCode="530"/>', '<A3Rs statusCode="10"/>')
    assert codes(bare) == [("qbXML/3100", True, 1), ("qbXML/530", False, 1)]
    assert codes('<QBXML><QBXMLMsgsRs messageSetStatusCode="9002"></QBXMLMsgsRs></QBXML>') == [("qbXML/9002", True, 1)]


LOOKALIKES = [
    '<Memo>&lt;InvoiceAddRs statusCode="3140" statusSeverity="Error"&gt;</Memo>',
    '<Memo><![CDATA[<InvoiceAddRs statusCode="3140" statusSeverity="Error">]]></Memo>',
    '<!-- <InvoiceAddRs statusCode="3140" statusSeverity="Error"/> -->',
    '<Memo note=\'&lt;InvoiceAddRs statusCode="3140" statusSeverity="Error"\'/>',
    '<Memo statusCode="3140" statusSeverity="Error">text</Memo>',
    'statusCode="3140" statusSeverity="Error"',
]


@pytest.mark.parametrize("lookalike", LOOKALIKES)
@pytest.mark.parametrize("cut", [False, True])
def test_what_only_looks_like_a_status_is_none_in_whole_and_in_damaged_xml(lookalike: str, cut: bool) -> None:  # noqa: FBT001 - pytest's parameter
    payload = answer(f'<InvoiceQueryRs statusCode="0"><InvoiceRet>{lookalike}</InvoiceRet></InvoiceQueryRs>')
    assert codes(payload[: payload.rindex("</QBXMLMsgsRs")] if cut else payload) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda xml: xml[: xml.index("</QBXMLMsgsRs>")],
        lambda xml: f"{xml}......",
        lambda xml: xml.replace("<QBXML>", "<QBXML attribute>"),
        lambda xml: xml.replace("<QBXML>", "<QBXML>\x01"),
        lambda xml: xml.replace('<?xml version="1.0" ?>', '<?xml version="1.0" encoding="utf-16" ?>'),
        lambda xml: f"Request that failed:\n\n{xml}",
    ],
)
def test_a_damaged_answer_is_read_by_its_start_tags(damage: object) -> None:
    assert callable(damage)
    assert codes(damage(answer(refused(3140), refused(3180)))) == [("qbXML/3140", True, 1), ("qbXML/3180", True, 1)]


def test_xml_that_declares_entities_is_not_expanded() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE QBXML [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    payload = answer(refused(3140, "&b;")).replace('<?xml version="1.0" ?>', bomb)
    [status] = statuses_of(payload, RECEIVE)
    assert (status.code, status.words) == ("qbXML/3140", "&b;")


@given(st.text(alphabet=string.printable, max_size=300), st.integers(0, 300))
def test_any_text_is_read_without_a_fault(text: str, at: int) -> None:
    payload = answer(refused(3140))
    statuses_of(payload[:at] + text + payload[at:], RECEIVE)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='<&"'), max_size=80))
def test_words_around_a_status_change_neither_code_nor_count(words: str) -> None:
    assert codes(answer(f"<Memo>{words}</Memo>", refused(3140, words))) == [("qbXML/3140", True, 1)]


def test_the_search_finds_what_is_worth_a_parse_and_passes_over_the_rest() -> None:
    data = answer(refused(0), refused(1), refused(3140), refused(500)).encode()
    assert [data[at : at + 15] for at in find_statuses(data, 0, len(data))] == [b'tatusCode="3140', b'tatusCode="500"']


def told(catalogue: Catalogue, text: str, *, live: bool = False) -> tuple[list[Event], list[tuple[str, str | None]]]:
    """Return what came of a log: its events but for summaries, and of each run the outcome and the cause."""
    stream = LogStream(catalogue, Gate(literals_of(catalogue)), host="srv-01", client=None, live=live)
    for block in blocks_of(text.encode()):
        stream.take(block, file="f", source="QWCLog.txt")
    stream.finish()
    batch = stream.take_batch()
    events = [event for event in batch.events.values() if event.cause != "run_summary"]
    return events, [(done.run.outcome.value, done.cause) for done in batch.runs.values()]


def session(*payloads: str, method: str = RECEIVE, lines: list[str] | None = None, at_s: int = 0) -> str:
    """Return a run with *payloads* dumped before its last answer, *at_s* seconds after the start."""
    records = list(lines or Session().ok())
    at = next(number for number, text in enumerate(records) if "hresult=" in text or "ConnectToQB" in text)
    records[at:at] = [line(method, f"XML dump follows: -\r\n\r\n{xml}\r\n", at_s) for xml in payloads]
    return "".join(records)


@pytest.mark.parametrize("live", [False, True])
def test_a_run_tells_each_status_once_with_its_count(catalogue: Catalogue, live: bool) -> None:  # noqa: FBT001 - pytest's parameter
    payloads = [answer(refused(3140, "An invalid reference.", request=str(n))) for n in range(40)]
    events, runs = told(catalogue, session(*payloads), live=live)
    [event] = events
    assert runs == [("ok", "data_error")]
    assert (event.role, event.severity, event.codes) == (Role.ROOT, Severity.WARNING, ("qbXML/3140",))
    assert event.message == "qbXML/3140, 40 times: An invalid reference."
    assert event.evidence == (
        "40 times: error qbXML/3140 in InvoiceAddRs, request 0 and others",
        "An invalid reference.",
    )


def test_lock_wording_is_told_apart_from_data_errors(catalogue: Catalogue) -> None:
    for payload, cause in (
        (refused(3175, LOCKED), "quickbooks_busy"),
        (refused(3180, "There was an error when saving a Bill. The list element is in use."), "quickbooks_busy"),
        (refused(3180, "There was an error when saving a Bill. The posting account is invalid."), "data_error"),
        (refused(3180, "There was an error when saving a Bill &quot;in use&quot;."), "data_error"),
        (refused(3260, "Insufficient permission level to perform this action"), "permission_missing"),
        (refused(3250, "This feature is not enabled."), "version_mismatch"),
        (refused(3999, "Something new."), "data_error"),
    ):
        assert told(catalogue, session(answer(payload)))[1] == [("ok", cause)]


def test_a_good_run_is_never_worse_than_a_warning_for_what_was_refused_in_it(catalogue: Catalogue) -> None:
    [event], _ = told(catalogue, session(answer(refused(3260, "Insufficient permission level"))))
    assert event.severity is Severity.WARNING


def test_warnings_are_notices_and_no_reason(catalogue: Catalogue) -> None:
    warned = answer(refused(500, severity="Warn"), refused(570, severity="Warn"))
    events, runs = told(catalogue, session(warned))
    assert [(event.severity, event.role) for event in events] == [(Severity.NOTICE, Role.ECHO)] * 2
    assert runs == [("ok", None)]


def test_what_web_connector_asks_for_itself_is_no_reason(catalogue: Catalogue) -> None:
    own = session(answer(refused(3260)), method="QBWebConnector.CompanyFileLock.Send_DataExtModRqXML()")
    [event], runs = told(catalogue, own)
    assert (event.role, runs) == (Role.ECHO, [("ok", None)])


def test_of_a_failed_run_the_failure_itself_stays_the_root(catalogue: Catalogue) -> None:
    events, runs = told(catalogue, session(answer(refused(3140)), lines=Session().blocked()))
    assert runs == [("failed", "popup_blocked")]
    assert [(event.cause, event.role) for event in events] == [
        ("data_error", Role.ECHO),
        ("popup_blocked", Role.ROOT),
    ]


def test_an_answer_that_is_complete_only_later_is_counted_once(catalogue: Catalogue) -> None:
    text = session(answer(refused(3140), refused(3140, request="2"))).encode()
    cut = text.index(b'requestID="2"')
    stream = LogStream(catalogue, Gate(literals_of(catalogue)), host="srv-01", client=None)
    for part in (text[:cut], text):
        for block in blocks_of(part):
            stream.take(block, file="f", source="QWCLog.txt")
    stream.finish()
    messages = {event.message for event in stream.take_batch().events.values() if "qbXML/3140" in event.codes}
    assert messages == {"qbXML/3140, 2 times: QuickBooks does not say why."}


def test_a_run_like_many_before_it_is_not_passed_over_when_its_payload_tells_a_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = answer(refused(0, severity="Info")), answer(refused(3140, "An invalid reference."))
    runs = [session(bad if n == 9 else good, lines=Session(at=900 * n).ok(), at_s=900 * n) for n in range(12)]
    (tmp_path / "QWCLog.txt").write_bytes("".join(runs).encode())
    assert main(["scan", "--json", str(tmp_path / "QWCLog.txt")]) == 1
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert [one["cause"] for one in lines if one["kind"] == "run"] == [None] * 9 + ["data_error"] + [None] * 2
    assert [one["codes"] for one in lines if one["kind"] == "event"] == [["qbXML/3140"]]

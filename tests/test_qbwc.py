from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qwclog import BANNER, SOAP, line, records_of

from ingest.formats import detect, qbwc, read_records
from ingest.formats.qbwc_templates import split_values
from ingest.record import Record, Span

STAMP = "20260310.02:00:09 UTC"
TIME = datetime(2026, 3, 10, 2, 0, 9, tzinfo=UTC)


def read(text: str) -> list[Record]:
    return list(read_records("qbwc", text.encode()))


def read_one(text: str) -> Record:
    (record,) = read(text)
    return record


def record(text: str, **parts: Any) -> Record:
    """Return the record that all of *text* is, at TIME unless *parts* say otherwise."""
    span = Span(offset=0, length=len(text.encode()), line=1)
    defaults: dict[str, Any] = {"format": "qbwc", "time": TIME, "component": "", "message": "", "span": span}
    return Record(**defaults | parts)


@pytest.mark.parametrize(
    ("text", "component", "message"),
    [
        (
            "\t: QBWebConnector.SOAPWebService.update() : update completed.",
            f"{SOAP}update()",
            "update completed.",
        ),
        (
            "\t: UpdateThisScheduledApp() : Password management - Started",
            "UpdateThisScheduledApp()",
            "Password management - Started",
        ),
        (
            "\t: QBWebConnector.WebServiceManager.ReadQWC(QWCReader QWC) : Parsing : a file",
            "QBWebConnector.WebServiceManager.ReadQWC(QWCReader QWC)",
            "Parsing : a file",
        ),
        ("\t:  : ~SingleInstanceHandler() - Returning.", "", "~SingleInstanceHandler() - Returning."),
        ("\t: QBWebConnector.SOAPWebService.do_sendRequestXML() : ", f"{SOAP}do_sendRequestXML()", ""),
        ("\t: QBWebConnector.SOAPWebService.do_sendRequestXML() :", f"{SOAP}do_sendRequestXML()", ""),
        ("\t: StartQBWC() : ends with blanks  \t ", "StartQBWC()", "ends with blanks"),
        ("    : StartQBWC() : pasted blanks", "StartQBWC()", "pasted blanks"),
        (" : StartQBWC() : one blank", "StartQBWC()", "one blank"),
        ("\t: Foo.<Bar>b__1() : of a lambda", "Foo.<Bar>b__1()", "of a lambda"),
        ("\t: Foo..ctor() : of a constructor", "Foo..ctor()", "of a constructor"),
        ("\t: Error message: no method here", "", "Error message: no method here"),
        ("\t: Error: no method here", "", "Error: no method here"),
        ("\t: called f(x) and then: nothing", "", "called f(x) and then: nothing"),
        ("\t:", "", ""),
        ("\t: update() : torn\0\0\0 by a power loss\0\0", "update()", "torn by a power loss"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r\n\r\n\r\n"])
def test_a_record_is_stamp_method_and_message(text: str, component: str, message: str, end: str) -> None:
    text = f"{STAMP}{text}{end}"
    assert read_one(text) == record(text, component=component, message=message)


def test_a_level_before_the_method_is_the_records_level() -> None:
    text = f"{STAMP}\t: [INFO] StartQBWC() : fine\r\n"
    assert read_one(text) == record(text, component="StartQBWC()", message="fine", level="info")


@pytest.mark.parametrize("stamp", ["20261310.02:00:09", "20260230.02:00:09", "20260310.24:00:00", "00000000.00:00:00"])
def test_a_day_or_hour_that_does_not_exist_is_no_time_and_no_loss(stamp: str) -> None:
    text = f"{stamp} UTC\t: StartQBWC() : here\r\n"
    assert read_one(text) == record(text, time=None, component="StartQBWC()", message="here")


@pytest.mark.parametrize(
    "text", ["2026031.02:00:09 UTC\t: a() : b", " 20260310.02:00:09 UTC\t: a() : b", "20260310 02:00:09 UTC\t: a() : b"]
)
def test_what_is_not_quite_a_stamp_begins_no_record(text: str) -> None:
    assert read(text) == []
    first = f"{STAMP}\t: a() : b\r\n"
    assert read_one(first + text).body.strip() == text.strip()


def test_blank_lines_do_not_end_a_record_but_the_next_stamp_does() -> None:
    text = f"{STAMP}\t: QBWebConnector_Load() : \r\nQuickBooks Web Connector 33.0 has started.\r\n\r\nMonday\r\n"
    first, second = read(text + line("StartQBWC()", "next"))
    assert first == record(
        text,
        component="QBWebConnector_Load()",
        body="QuickBooks Web Connector 33.0 has started.\n\nMonday",
    )
    assert (second.message, second.span) == ("next", Span(offset=len(text), length=44, line=5))


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_any_line_end_ends_a_record(end: str) -> None:
    text = "".join(f"{STAMP}\t: StartQBWC() : {word}{end}" for word in ("one", "two", "three"))
    assert [r.message for r in read(text)] == ["one", "two", "three"]


def test_line_ends_may_be_mixed() -> None:
    text = f"{STAMP}\t: Foo() : one\r\ntwo\nthree\r\n"
    assert read_one(text).text == "one\ntwo\nthree"


def test_nuls_that_a_power_loss_left_cost_no_record_behind_them() -> None:
    one, two, three = (line("StartQBWC()", word) for word in ("one", "two", "three"))
    assert [r.message for r in read(one + "\0" * 3000 + two + three)] == ["one", "two", "three"]


def test_a_banner_in_the_midst_of_a_file_is_a_record_of_its_own() -> None:
    one, two = line("StartQBWC()", "one"), line("StartQBWC()", "two")
    first, banner, last = read(one + BANNER + two)
    assert (first.message, first.body, last.message) == ("one", "", "two")
    at = len(one) + 4
    assert banner == Record(
        format="qbwc",
        time=None,
        component="banner",
        message="Log file initialized at Tuesday, March 10, 2026 - 2:00 AM UTC",
        body=BANNER.strip().replace("\r\n", "\n").split("\n", 1)[1],
        span=Span(offset=at, length=len(BANNER) - 4, line=4),
    )


def test_a_banner_in_the_words_of_another_windows_is_one_too() -> None:
    text = "\r\n\r\nLog file initialized at Dienstag, 10. März 2026 - 02:00 UTC  \r\n" + BANNER.split("UTC  \r\n")[1]
    assert [r.component for r in read(text)] == ["banner"]


def test_what_stands_before_the_first_record_is_the_end_of_a_lost_one() -> None:
    assert [r.message for r in read("</QBXML>\r\n\r\n" + line("StartQBWC()", "one"))] == ["one"]


def test_an_error_of_dot_net_is_message_and_body_in_any_language() -> None:
    text = (
        f"{STAMP}\t: {SOAP}do_authenticate() : QBWC1012: Authentication failed due to following error message.\r\n"
        "Невозможно соединиться с удаленным сервером\r\n"
        "More info:\r\n"
        "StackTrace =    в System.Net.HttpWebRequest.GetRequestStream()\r\n"
        "   в QBWebConnector.WS.authenticate(String strUserName)\r\n"
        "Source = System\r\n"
    )
    assert read_one(text) == record(
        text,
        component=f"{SOAP}do_authenticate()",
        message="QBWC1012: Authentication failed due to following error message.",
        body="Невозможно соединиться с удаленным сервером\nMore info:\n"
        "StackTrace =    в System.Net.HttpWebRequest.GetRequestStream()\n"
        "   в QBWebConnector.WS.authenticate(String strUserName)\nSource = System",
    )


def test_a_page_that_dot_net_quotes_is_data() -> None:
    text = (
        f"{STAMP}\t: {SOAP}do_authenticate() : QBWC1012: Authentication failed due to following error message.\r\n"
        "The request failed with the error message:\r\n--\r\n"
        "<html><head><title>QBWC1053</title></head>\r\n0x80040414 is shown\r\n</html>\r\n--.\r\n"
        "More info:\r\nStackTrace =    at Foo()\r\n"
    )
    found = read_one(text)
    assert found.body == "The request failed with the error message:\nMore info:\nStackTrace =    at Foo()"
    assert found.data == "<html><head><title>QBWC1053</title></head>\n0x80040414 is shown\n</html>"


def test_a_refusal_of_quickbooks_is_body() -> None:
    text = (
        f"{STAMP}\t: {SOAP}ProcessRequestXML() : Sending error message back to application:\r\n"
        "HRESULT = 0x80040400\r\nMessage: QuickBooks found an error when parsing the provided XML text stream.\r\n"
    )
    assert read_one(text) == record(
        text,
        component=f"{SOAP}ProcessRequestXML()",
        message="Sending error message back to application:",
        body="HRESULT = 0x80040400\nMessage: QuickBooks found an error when parsing the provided XML text stream.",
    )


DUMP = f"{STAMP}\t: {SOAP}do_receiveResponseXML() : XML dump follows: -\r\n\r\n"
XML = '<?xml version="1.0" ?>\n<QBXML>\n\t<Memo>QBWC1053</Memo>\n\n</QBXML>'


@pytest.mark.parametrize(
    ("text", "message", "data"),
    [
        (f"{DUMP}{XML}\n\r\n\r\n", "XML dump follows: -", XML),
        (f"{DUMP}{XML}\r\n", "XML dump follows: -", XML),
        (
            f"{DUMP}Request that failed:\r\n\r\n{XML}\r\n",
            "XML dump follows: -",
            f"Request that failed:\n\n{XML}",
        ),
        (
            f'{DUMP}<?xml version="1.0"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="s......\r\n\r\n',
            "XML dump follows: -",
            '<?xml version="1.0"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="s......',
        ),
        (
            f"{STAMP}\t: QWCReader.ParseQWC() : Contents of QWC file: -\r\n<?xml version='1.0'?>\r\n<QBWCXML/>\r\n",
            "Contents of QWC file: -",
            "<?xml version='1.0'?>\n<QBWCXML/>",
        ),
        (
            f"{STAMP}\t: {SOAP}do_sendRequestXML() : <QBXML><Memo>QBWC1053</Memo>\n</QBXML>\r\n",
            "",
            "<QBXML><Memo>QBWC1053</Memo>\n</QBXML>",
        ),
        (f"{STAMP}\t: Foo() : It said:\r\n{XML}\r\n", "It said:", XML),
    ],
)
def test_a_payload_is_data_and_no_words_of_the_program(text: str, message: str, data: str) -> None:
    found = read_one(text)
    assert (found.message, found.body, found.data) == (message, "", data)


def test_a_request_that_is_no_xml_is_data_because_it_was_announced() -> None:
    text = (
        line(f"{SOAP}do_sendRequestXML()", "strRequestXML =")
        + line(f"{SOAP}do_sendRequestXML()", "QBWC1053: no XML at all\r\nbut two lines")
        + line(f"{SOAP}do_sendRequestXML()", "Request xml received.")
    )
    assert [(r.message, r.body, r.data) for r in read(text)] == [
        ("strRequestXML =", "", ""),
        ("", "", "QBWC1053: no XML at all\nbut two lines"),
        ("Request xml received.", "", ""),
    ]


def test_an_announced_payload_that_comes_as_a_dump_keeps_its_words() -> None:
    text = line(f"{SOAP}do_receiveResponseXML()", "response =") + DUMP + XML
    assert [(r.message, r.data) for r in read(text)] == [("response =", ""), ("XML dump follows: -", XML)]


FAKE = (
    line("UpdateThisScheduledApp()", "QBWC1030: Password is not available for application named 'x'.")
    + line(f"{SOAP}do_clientVersion()", 'following parameter:&lt;productVersion="33.0"&gt;')
    + "HRESULT = 0x80040414\r\n"
    + BANNER
)


@pytest.mark.parametrize(
    "payload",
    [
        f'<?xml version="1.0" ?>\n<QBXML>\n<Notes>{FAKE}</Notes>\n</QBXML>\n',
        f'<?xml version="1.0"?><?qbxml version="13.0"?><QBXML><Notes>\r\n{FAKE}</Notes></QBXML>\n',
        f"<QBXML>\n<Notes>\n{FAKE}</Notes></QBXML>\n",
        f'<?xml version="1.0"?>\n<!-- <QBXML> -->\n<!DOCTYPE html>\n<html lang="en">\n{FAKE}</html>\n',
        f'<?xml version="1.0" ?>\n<QBXML>\n<Notes>wait......\n{FAKE}</Notes>\n<Name>{"x" * 60}</Name></QBXML>\n',
    ],
)
def test_what_looks_like_records_in_a_payload_is_none(payload: str) -> None:
    following = line(f"{SOAP}do_receiveResponseXML()", 'hresult=""', at=9)
    assert [r.message for r in read(DUMP + payload + following)] == ["XML dump follows: -", 'hresult=""']


@pytest.mark.parametrize(
    "opening",
    [
        '<?xml version="1.0"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="s......\r\n',
        '<?xml version="1.0" encoding="utf-8"?>\n<?qbxml version="13.0"?>\n<QBXMLMsgsR......\r\n',
        '<?xml version="1.0" ?>\r\n<QBXML>\r\n<Имя>Ёжик из Ростова-на-Дону</Имя>\r\n<Ещё>1234......\r\n',
        '<?xml version="1.0" ?>\n<QBXML/>\n',
        '<?xml version="1.0" ?>\n<QBXML>\n<Notes>never closed\r\n',
        "<?xml is only a word here\r\n",
        '<?xml version="1.0"',
        "<?xml?><!-- never ends\r\n" * 500,
    ],
)
def test_a_payload_that_was_cut_or_never_closes_hides_nothing_behind_it(opening: str) -> None:
    following = line("StartQBWC()", "one", at=9) + DUMP + XML + "\r\n" + line("StartQBWC()", "two", at=10)
    found = [r.message for r in read(DUMP + opening + "\r\n" + following)]
    assert found == ["XML dump follows: -", "one", "XML dump follows: -", "two"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_log_is_read_in_each_encoding_that_windows_writes(encoding: str) -> None:
    text = line("UpdateThisScheduledApp()", "Performing SCHEDULED UPDATE for application = Crédit Café – Zürich")
    found = records_of((text * 3).encode(encoding))
    assert [r.fields for r in found] == [{"application": "Crédit Café – Zürich"}] * 3


def test_records_of_two_encodings_in_one_file_are_each_read_in_their_own() -> None:
    text = line("StartQBWC()", "Größe")
    assert [r.message for r in read_records("qbwc", text.encode() + text.encode("cp1252"))] == ["Größe", "Größe"]


@pytest.mark.parametrize(
    ("method", "message", "words", "fields"),
    [
        (
            "UpdateThisScheduledApp()",
            "Performing SCHEDULED UPDATE for application = QBWC1053 modal",
            "Performing SCHEDULED UPDATE for application = ",
            {"application": "QBWC1053 modal"},
        ),
        (
            "WebServiceManager.DoUpdateSelected()",
            """updateWS() for application = 'Bob's "0x80040414" Shop' has STARTED""",
            "updateWS() for application = '' has STARTED",
            {"application": """Bob's "0x80040414" Shop"""},
        ),
        (
            "UpdateThisScheduledApp()",
            "QBWC1030: Password is not available for application named 'A. Please set B'. Please set password.",
            "QBWC1030: Password is not available for application named ''. Please set password.",
            {"application": "A. Please set B"},
        ),
        (
            f"{SOAP}do_authenticate()",
            "Authenticating to application 'a', username = 'b', username = 'c'",
            "Authenticating to application '', username = ''",
            {"application": "a', username = 'b", "user": "c"},
        ),
        (
            f"{SOAP}updateWS()",
            'Received from authenticate() following parameters:<authRet[0]="{1}"><authRet[1]="NVU"><authRet[2]="">',
            'Received from authenticate() following parameters:<authRet[0]=""><authRet[1]="">',
            {"ticket": "{1}", "answer": "NVU", "server_text": '<authRet[2]="">'},
        ),
        (
            f"{SOAP}do_receiveResponseXML()",
            'hresult="0x80040410"',
            'hresult="0x80040410"',
            {},
        ),
        (f"{SOAP}do_receiveResponseXML()", 'more="-101">', 'more="">', {"more": "-101"}),
        (
            f"{SOAP}do_sendRequestXML()",
            r'cfn="\\SRV\Books\Contoso.QBW"',
            'cfn=""',
            {"company_file": r"\\SRV\Books\Contoso.QBW"},
        ),
        (f"{SOAP}update()", "update completed.", "update completed.", {}),
    ],
)
def test_somebody_elses_words_are_parted_from_those_of_the_program(
    method: str, message: str, words: str, fields: dict[str, str]
) -> None:
    assert split_values(method, message) == (words, "\n".join(v for v in fields.values() if v), fields)


@pytest.mark.parametrize(
    ("head", "sure"),
    [
        (BANNER, 1.0),
        (line("StartQBWC()", "one"), 0.99),
        (line("StartQBWC()", "one") + "a\nb\nc\n", 0.6),
        ("2026-03-10 02:00:09 [INF] started\n", 0.0),
        ("", 0.0),
        ("\0" * 99, 0.0),
    ],
)
def test_looks_like_says_how_sure_it_is(head: str, sure: float) -> None:
    assert qbwc.looks_like(head.encode()) == sure


def test_the_format_of_a_log_is_told_by_its_head() -> None:
    told = [detect(head).name for head in (BANNER.encode(), b"hello", b"<Events>")]
    assert told == ["qbwc", None, "windows-events"]


def test_a_format_that_nobody_knows_is_named() -> None:
    with pytest.raises(ValueError, match="syslog is no format; known are qbwc, windows-events, "):
        list(read_records("syslog", b""))


@given(st.text(max_size=60), st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_message_makes_it_fail(method: str, message: str) -> None:
    for found in read_records("qbwc", f"{STAMP}\t: {method} : {message}\r\n".encode("utf-8", "replace")):
        assert found.format == "qbwc"

"""`qbwatch explain` as a colleague is asked: a code in any form, words, lines, a log; and what nobody knows."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SAMPLES
from hypothesis import given
from hypothesis import strategies as st
from qwclog import Session

from qbwatch.__main__ import main
from qbwatch.code_readings import nearest_codes, readings

if TYPE_CHECKING:
    from pathlib import Path

POPUP = "popup_blocked"
KNOWN = ["QBWC1012", "QBWC1013", "QBWC1053", "0x80040414", "0x80040408", "qbXML/3140", "qbXML/3100", "-6123, 0"]


def asked(capsys: pytest.CaptureFixture[str], *what: str) -> list[dict[str, Any]]:
    main(["explain", "--json", *what])
    return [json.loads(text) for text in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        ("0x80040414", POPUP),
        ("0X80040414", POPUP),
        ("80040414", POPUP),
        ("-2147220460", POPUP),
        ("2147746836", POPUP),
        ("(0x80040414)", POPUP),
        ("HRESULT = 0x80040414", POPUP),
        ("QBWC1053", POPUP),
        ("qbwc-1053", POPUP),
        ("1053", POPUP),
        ("error 1053", POPUP),
        ("qbXML/3140", "data_error"),
        ("3140", "data_error"),
        ("status code 3175", "quickbooks_busy"),
        ("3260", "permission_missing"),
        ("H202", "multiuser_hosting_broken"),
        ("-6123", "multiuser_hosting_broken"),
        ("6123", "multiuser_hosting_broken"),
        ("407", "web_service_unreachable"),
        ("HTTP 404", "web_service_error"),
        ("HTTP Error 404: Not Found", "web_service_error"),
        ("The remote name could not be resolved: 'sync.example.com'", "web_service_unreachable"),
        ("The remote server returned an error: (500) Internal Server Error.", "web_service_error"),
        ("A modal dialog box is showing", POPUP),
        ('<InvoiceAddRs statusCode="3175" statusSeverity="Error">', "quickbooks_busy"),
        ("20260310.02:00:09 UTC\t: X.handleModalDialogError() : It failed: <QBWC1053: A modal dialog box>", POPUP),
        ("20260310.020009\tE\t4556\tRequestProcessor\tProcess Request error = status code 3140", "data_error"),
        ("2026-03-10 02:00:09.123 +00:00 [ERR] Sync failed. HRESULT: 0x80040410", "single_user_mode"),
    ],
)
def test_every_form_reaches_its_cause(what: str, cause: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(capsys, what)[0]["cause"] == cause


LINES = (
    "20260310.02:00:01 UTC\t: X.ConnectToQB() : Connecting to QuickBooks...\r\n"
    "20260310.02:00:05 UTC\t: X.handleModalDialogError() : QBWC1053: A modal dialog box is showing\r\n"
    "20260310.02:15:05 UTC\t: X.handleModalDialogError() : QBWC1053: A modal dialog box is showing\r\n"
    "20260310.02:30:05 UTC\t: X.ConnectToQB() : QBWC1013: Error.\r\nHRESULT = 0x80040410\r\n"
    "20260310.02:30:06 UTC\t: UpdateThisScheduledApp() : QBWC1031: Update completed with some error.\r\n"
)


def test_pasted_lines_are_answered_by_cause_with_how_often_it_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LINES.encode())))
    assert main(["explain", "-"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("A QuickBooks pop-up is blocking the sync\nQBWC1053: popup_blocked, error, for ops to mend;")
    assert ", seen 2 times\n" in said
    assert "\n\nAlso: " in said
    assert "0x80040410: single_user_mode" in said
    assert "run_summary" not in said


def test_healthy_lines_are_told_to_be_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(Session().no_work()[:6])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    assert main(["explain", "-"]) == 1
    assert "Nothing in these 6 lines says that a sync failed." in capsys.readouterr().out


def test_a_log_is_answered_by_what_its_runs_failed_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(SAMPLES / "popup/login_box/QWCLog.txt")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "6 runs; 1 kind of trouble, the worst first. A QuickBooks pop-up is blocking the sync" in said
    assert ", seen 4 times first: " in said
    [answer] = asked(capsys, str(SAMPLES / "popup/login_box/QWCLog.txt"))
    assert (answer["cause"], answer["count"]) == (POPUP, 4)
    assert answer["explanation"].startswith("QuickBooks shows a dialog on the machine, and nobody")


def test_what_quickbooks_refused_in_a_log_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    [answer] = asked(capsys, str(SAMPLES / "request/entries_refused/QWCLog.txt"))
    assert (answer["cause"], answer["codes"]) == ("data_error", ["qbXML/3140"])


def test_a_healthy_log_is_told_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "QWCLog.txt").write_bytes("".join(Session().no_work()).encode())
    assert main(["explain", str(tmp_path / "QWCLog.txt")]) == 0
    assert "1 run. Nothing in it says that a sync failed." in " ".join(capsys.readouterr().out.split())


def test_a_file_of_mere_words_is_read_as_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The client says: HRESULT 0x80040414 again\n")
    assert asked(capsys, str(note))[0]["cause"] == POPUP


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("QBWC1052", "No rule knows QBWC1052. It is one of Web Connector's own messages. Nearest known: QBWC1051 (The"),
        ("0x80040441", "No rule knows 0x80040441. It is of the kind that QuickBooks itself gives to a program"),
        ("0x80070020", "It wraps Windows' own error 32: on any Windows machine, net helpmsg 32"),
        ("3999", "No rule knows qbXML/3999. It is QuickBooks' answer to one request"),
        ("frobnicate the gizmo", "No rule matches this. Give the whole line"),
    ],
)
def test_what_nobody_knows_is_said_so_with_what_is_near(
    what: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", what]) == 1
    assert says in " ".join(capsys.readouterr().out.split())
    assert asked(capsys, what) == []


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ([], "nothing to explain. Write a code, such as QBWC1012"),
        ([""], "nothing to explain"),
        (["no-such.log"], "no-such.log: there is no such file"),
        ([r"C:\Program Files\QWC Log.txt"], "there is no such file"),
    ],
)
def test_nothing_to_explain_is_wrong_usage(what: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *what]) == 2
    assert says in capsys.readouterr().err


def test_a_binary_file_and_a_folder_without_logs_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photo.log").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    assert main(["explain", str(tmp_path / "photo.log")]) == 2
    assert "photo.log: " in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["explain", str(tmp_path / "empty")]) == 2
    assert "empty: " in capsys.readouterr().err


def test_own_rules_answer_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ours.rules").write_text(
        "rule ours.teapot\n    cause  popup_blocked\n    in  logs\n    when  code is QBWC1998\n"
        "    sample  20260310.02:00:09 UTC\t: X.update() : QBWC1998: I am a teapot\n"
    )
    assert asked(capsys, "QBWC1998") == []
    assert asked(capsys, "QBWC1998", "--rules", str(tmp_path))[0]["rule"] == "ours.teapot"


def test_a_slip_of_one_digit_or_two_that_changed_places_is_near() -> None:
    assert nearest_codes("QBWC1035", KNOWN) == ["QBWC1053"]
    assert nearest_codes("0x80040444", KNOWN) == ["0x80040414"]
    assert nearest_codes("qbXML/3410", KNOWN) == ["qbXML/3140"]
    assert nearest_codes("QBWC1500", KNOWN) == []


def test_a_number_alone_may_be_several_codes() -> None:
    assert readings("1030", KNOWN) == ["qbXML/1030", "QBWC1030", "QuickBooks error 1030"]
    assert readings("6123", KNOWN) == ["-6123, 0"]
    assert readings("hello", KNOWN) == []


@given(st.text(max_size=40))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    for code in readings(text, KNOWN):
        nearest_codes(code, KNOWN)


def test_a_pasted_line_may_be_longer_than_any_file_name(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"20260310.02:00:09 UTC\t: X.handleModalDialogError() : {'QuickBooks said ' * 30} <QBWC1053: A modal dialog>"
    assert [one["cause"] for one in asked(capsys, line)] == [POPUP]
    assert main(["explain", "x" * 600]) == 1


RULE_OF_A_RUN = """\
rule ours.jam_{at}
    cause    quickbooks_busy
    in       qbwc
    when     text contains "{words}" {more}
    sample   20260310.02:00:09 UTC\t: X.update() : {words}
"""
OF_RUNS = {
    "paper jam": ("3 times in 30m per application", "it comes 3 times in 30m per application"),
    "paper lost": ("2 times per run", "it comes 2 times per run"),
    "tray open": ("and outcome is failed", "the outcome of its run is failed"),
    "tray gone": ("and not outcome in (ok, no_work)", "it is not so that the outcome of its run is ok or no_work"),
    "no paper": (
        'and within run (text contains "tray open")',
        'another record of its run fulfils: text contains "tray open"',
    ),
    "ink low": (
        "and outcome is failed 2 times in 1h per host",
        "the outcome of its run is failed; it comes 2 times in 1h per host",
    ),
}


@pytest.fixture
def of_runs(tmp_path: Path) -> str:
    rules = (
        RULE_OF_A_RUN.format(at=at, words=words, more=more) for at, (words, (more, _)) in enumerate(OF_RUNS.items())
    )
    (tmp_path / "ours.rules").write_text("".join(rules), encoding="utf-8")
    return str(tmp_path)


@pytest.mark.parametrize("words", OF_RUNS)
def test_a_rule_that_asks_for_more_than_the_line_is_named_with_what_it_asks(
    of_runs: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    [found] = asked(capsys, "--rules", of_runs, f"20260310.02:00:09 UTC\t: X.update() : {words}")
    assert (found["cause"], found["only_if"]) == ("quickbooks_busy", OF_RUNS[words][1])
    assert main(["explain", "--rules", of_runs, words]) == 0
    assert f"Only if {OF_RUNS[words][1]}." in " ".join(capsys.readouterr().out.split())


def test_what_the_line_itself_says_goes_before_what_its_run_may_add(
    of_runs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "20260310.02:00:09 UTC\t: X.update() : QBWC1053: A modal dialog box. paper jam"
    found = asked(capsys, "--rules", of_runs, line)
    assert [(one["cause"], one["only_if"] is None) for one in found] == [(POPUP, True), ("quickbooks_busy", False)]
    main(["explain", "--rules", of_runs, line])
    assert "\nOr: QuickBooks was busy" in capsys.readouterr().out

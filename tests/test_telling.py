"""Unknown failures behind a wrapper: told apart, and drafted, by what is wrapped."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from qwclog import SOAP, Session, line

from ingest.formats import read_records
from qbwatch.__main__ import main
from qbwatch.telling import WRAPPERS, only_wraps, told_by
from rules.draft import Drafter, Where
from rules.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from rules.event import Event

WRAPPED = "QBWC1013: Error connecting to QuickBooks. Returning error message to application."
GIZMO = f"{WRAPPED}\r\nHRESULT = 0x80049999\r\nMessage: The gizmo {{n}} could not be frobbed."
LEDGER = f"{WRAPPED}\r\nMessage: The ledger {{n}} is not where it was."
NOTHING = WRAPPED


def log_of(*messages: str) -> str:
    text = ""
    for number, message in enumerate(messages):
        records = Session(at=900 * number).ok()
        at = next(place for place, one in enumerate(records) if "ConnectToQB" in one)
        records[at : at + 2] = [line(f"{SOAP}ProcessRequestXML()", message.format(n=number), 900 * number)]
        text += "".join(records)
    return text


@pytest.fixture
def store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    (tmp_path / "QWCLog.txt").write_bytes(log_of(GIZMO, LEDGER, NOTHING, GIZMO, LEDGER).encode())
    main(["scan", str(tmp_path / "QWCLog.txt"), "--host", "srv-01", "--db", str(tmp_path / "qbwatch.db")])
    capsys.readouterr()
    return tmp_path / "qbwatch.db"


def ids_by_template(store: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[int, str]]:
    main(["unknown", "--db", str(store), "--json"])
    found = map(json.loads, capsys.readouterr().out.splitlines())
    return {one["template"]: (one["count"], one["id"]) for one in found}


def test_what_a_wrapper_passes_on_makes_the_groups(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {template: count for template, (count, _) in ids_by_template(store, capsys).items()} == {
        "The gizmo <*> could not be frobbed.": 2,
        "The ledger <*> is not where it was.": 2,
        WRAPPED: 1,
    }


def when_of(draft: str) -> str:
    return next(line.split("when", 1)[1].strip() for line in draft.splitlines() if line.startswith("    when"))


def test_a_draft_asks_for_the_wrapped_words_and_not_for_the_wrapper(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conditions = {}
    for template, (_, id_) in ids_by_template(store, capsys).items():
        if template != WRAPPED:
            assert main(["rules", "draft", id_, "--db", str(store)]) == 0
            conditions[template[:10]] = when_of(capsys.readouterr().out)
    assert conditions == {"The gizmo ": "code is 0x80049999", "The ledger": 'text contains "is not where it was"'}


def test_a_drafted_rule_takes_nothing_from_the_shipped_ones(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = store.parent / "ours" / "ours.rules"
    file.parent.mkdir()
    ledger = next(id_ for template, (_, id_) in ids_by_template(store, capsys).items() if "ledger" in template)
    main(["rules", "draft", ledger, "--db", str(store), "-o", str(file)])
    values = {"title": "A title", "explain": "Why.", "step": "Click.", "link": "https://example.com/help"}
    text = file.read_text(encoding="utf-8")
    for key, value in values.items():
        text = re.sub(rf"^(    {key}) +$", rf"\1  {value}", text, flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")
    assert main(["rules", "test", str(file.parent)]) == 0


def test_an_empty_wrapper_has_no_draft(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    id_ = ids_by_template(store, capsys)[WRAPPED][1]
    assert main(["rules", "draft", id_, "--db", str(store)]) == 2
    assert "QBWC1013 only passes on what went wrong, and here nothing stands behind it." in capsys.readouterr().err


def event_of(text: str) -> Event:
    catalogue = load()
    (record,) = read_records("qbwc", f"20260310.02:00:05 UTC\t: {SOAP}X() : {text}\r\n".encode())
    where = Where(host="srv-01", client=None, source="QWCLog.txt", file="f")
    draft = Drafter(catalogue).of(catalogue.match(record, None), record, where, None)
    assert draft is not None
    return draft.event


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("QBWC1041: SendRequestXML failed due to error message: The mill stands still.", "The mill stands still."),
        ("QBWC1008: Unable to connect to QuickBooks. Task could not be completed. Reason: No mill.", "No mill."),
        ("Sending error message back to application:\r\nHRESULT = 0x80049999\r\nMessage: No mill.", "No mill."),
        (f"{WRAPPED}\r\nHRESULT = 0x80049999\r\nNo mill.\r\nStackTrace =    at X.Y(Z)\r\nSource = System", "No mill."),
        ("QBWC1999: The mill stands still.", "QBWC1999: The mill stands still."),
        ("HRESULT = 0x80049999", "HRESULT = 0x80049999"),
    ],
)
def test_the_telling_line_is_found_in_any_wrapper(text: str, told: str) -> None:
    assert told_by(event_of(text)) == told


@pytest.mark.parametrize("code", sorted(WRAPPERS))
def test_a_wrapper_with_a_code_alone_tells_nothing(code: str) -> None:
    assert only_wraps(event_of(f"{code}: The call failed.\r\nHRESULT = 0x80049999"))

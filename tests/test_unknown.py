"""Failures that no rule knows: grouped, shown, and the beginning of a rule."""

from __future__ import annotations

import io
import json
import re
import shutil
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qwclog import SOAP, Session, line

from qbwatch.__main__ import main
from qbwatch.templates import WILD, Miner, words_of

if TYPE_CHECKING:
    from pathlib import Path

GIZMO = "Unhandled exception in module Sync{n}: the gizmo at 192.0.2.{n} is gone.\r\nStackTrace =    at X.Y({n})"
WIDGET = "QBWC1999: The widget {n} of 'Contoso {n}' did not answer within {n}0 seconds."
DRAWER = "HRESULT = 0x80049999\r\nMessage: QuickBooks hid the ledger of bob{n}@example.com in a drawer."


def failing(message: str, number: int) -> str:
    records = Session(at=900 * number).ok()
    at = next(place for place, text in enumerate(records) if "ConnectToQB" in text)
    records[at : at + 2] = [line(f"{SOAP}ProcessRequestXML()", message.format(n=number), 900 * number)]
    return "".join(records)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two machines' logs leave: nine failures of three kinds on each, and a run that nothing explains."""
    folder = tmp_path_factory.mktemp("stored")
    silent = Session(at=9000)
    unexplained = [*silent.tick(), *silent.lock(), *silent.connect(), *silent.authenticate(), *silent.unlock()]
    unexplained += [line("QBWebConnector.WebServiceManager.DoUpdate()", "Update completed with errors.", 9000)]
    text = "".join(failing((GIZMO, WIDGET, DRAWER)[number % 3], number) for number in range(9))
    (folder / "QWCLog.txt").write_bytes((text + "".join([*unexplained, *silent.summary()])).encode())
    for host in ("srv-01", "srv-02"):
        with redirect_stdout(io.StringIO()):
            main(["scan", str(folder / "QWCLog.txt"), "--host", host, "--db", str(folder / "qbwatch.db")])
    return folder


@pytest.fixture
def store(stored: Path, tmp_path: Path) -> Path:
    """Copy that store, and the log that it is from."""
    shutil.copytree(stored, tmp_path, dirs_exist_ok=True)
    return tmp_path / "qbwatch.db"


def unknown(store: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    main(["unknown", "--db", str(store), "--json", *arguments])
    return [json.loads(text) for text in capsys.readouterr().out.splitlines()]


def test_unknown_failures_are_grouped_by_what_they_say(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {one["template"]: one for one in unknown(store, capsys)}
    assert {template: (one["count"], one["codes"]) for template, one in found.items()} == {
        f"QuickBooks hid the ledger of {WILD} in a drawer.": (6, ["0x80049999"]),
        f"QBWC1999: The widget {WILD} of {WILD} did not answer within {WILD} seconds.": (6, ["QBWC1999"]),
        f"Unhandled exception in module Sync{WILD}: the gizmo at {WILD} is gone.": (6, []),
        "The run failed, and no line of the log says why.": (2, []),
    }
    gizmo = found[f"Unhandled exception in module Sync{WILD}: the gizmo at {WILD} is gone."]
    assert gizmo["hosts"] == {"srv-01": 3, "srv-02": 3}
    assert (gizmo["first_at"], gizmo["last_at"]) == ("2026-03-10T02:00:00Z", "2026-03-10T03:30:00Z")
    assert [one["message"][-12:] for one in gizmo["examples"]] == ["2.0 is gone.", "2.3 is gone.", "2.6 is gone."]


def test_the_list_tells_counts_hosts_times_and_lines(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unknown", "--db", str(store)]) == 1
    said = capsys.readouterr().out
    assert "6 times on srv-01, srv-02, QBWC1999\n    first 2026-03-10 02:15Z, last 2026-03-10 03:45Z; Contoso" in said
    assert "QWCLog.txt:" in said
    assert "No line of the log says why." in said
    assert re.search(r"20 unknown failures of 4 kinds\. Begin a rule: qbwatch rules draft \w{8}\n$", said)
    assert "bob2@example.com" not in said


def test_since_leaves_out_what_was_not_seen_again(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = unknown(store, capsys, "--since", "2026-03-10T04:15")
    assert [one["has_line"] for one in late] == [False]
    assert main(["unknown", "--db", str(store), "--since", "2026-03-11"]) == 0
    assert capsys.readouterr().out == "Nothing unknown: every failure in the store has a rule that knows it.\n"
    assert main(["unknown", "--db", str(store), "--since", "soon"]) == 2
    assert '--since: "soon" is no time.' in capsys.readouterr().err


def test_ids_stay_when_more_of_the_same_comes(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {one["id"] for one in unknown(store, capsys)}
    main(["scan", str(store.parent / "QWCLog.txt"), "--host", "srv-03", "--db", str(store)])
    capsys.readouterr()
    after = unknown(store, capsys)
    assert {one["id"] for one in after} == before
    assert sum(one["count"] for one in after) == 30


def filled(draft: str) -> str:
    """Fill in what the draft leaves empty, as a person would."""
    values = {"title": "A title", "explain": "Why.", "step": "Click.", "link": "https://example.com/help"}
    for key, value in values.items():
        draft = re.sub(rf"^(    {key}) +$", rf"\1  {value}", draft, flags=re.MULTILINE)
    return draft


def test_a_draft_tells_what_to_fill_in_and_then_recognises_its_lines(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [one["id"] for one in unknown(store, capsys) if one["has_line"]]
    assert len(ids) == 3
    for id_ in ids:
        folder = store.parent / id_
        folder.mkdir()
        file = folder / "ours.rules"
        assert main(["rules", "draft", id_[:6], "--db", str(store), "-o", str(file)]) == 0
        assert main(["rules", "check", str(folder)]) == 2
        complaints = capsys.readouterr().err
        assert all(f'"{key}" says nothing' in complaints for key in ("title", "explain", "step", "link"))
        file.write_text(filled(file.read_text(encoding="utf-8")), encoding="utf-8")
        assert main(["rules", "check", str(folder)]) == 0
        assert main(["rules", "test", str(folder)]) == 0
        log = store.parent / "QWCLog.txt"
        capsys.readouterr()
        main(["scan", str(log), "--rules", str(folder), "--json"])
        lines = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
        assert sum(one.get("rule", "").startswith("ours.") for one in lines) == 3


def test_a_draft_holds_no_secret_and_no_name(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [drawer] = [one["id"] for one in unknown(store, capsys) if one["codes"] == ["0x80049999"]]
    assert main(["rules", "draft", drawer, "--db", str(store)]) == 0
    said = capsys.readouterr().out
    assert "[email]" in said
    assert "example.com" not in said
    assert "cause quickbooks_hid_the_ledger\n" in said
    assert "    when        code is 0x80049999\n" in said


@pytest.mark.parametrize(
    ("id_", "says"),
    [("zzz", "zzz: no unknown failure has that id. Known are "), ("", ": several begin with that. Known are ")],
)
def test_a_draft_of_what_is_not_there_is_refused(
    store: Path, id_: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "draft", id_, "--db", str(store)]) == 2
    assert says in capsys.readouterr().err


def test_a_run_that_no_line_explains_has_no_draft(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [silent] = [one["id"] for one in unknown(store, capsys) if not one["has_line"]]
    assert main(["rules", "draft", silent, "--db", str(store)]) == 2
    assert "no line of the log says why" in capsys.readouterr().err


def test_a_draft_overwrites_nothing(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [gizmo] = [one["id"] for one in unknown(store, capsys) if "gizmo" in one["template"]]
    file = store.parent / "mine.rules"
    file.write_text("# mine\n")
    assert main(["rules", "draft", gizmo, "--db", str(store), "-o", str(file)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert file.read_text() == "# mine\n"
    assert main(["rules", "draft", gizmo, "--db", str(store), "-o", str(store.parent / "mine.txt")]) == 2
    assert "rule files end in .rules" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unknown", "--db", str(tmp_path / "no.db")]) == 2
    assert "there is no such store" in capsys.readouterr().err
    assert not (tmp_path / "no.db").exists()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("0x80040414 and 0x1F at 12:30:05", "0x80040414 and <*> at <*>"),
        (r"C:\Books\Contoso Ltd.qbw is gone", "<*> is gone"),
        (r"\\SRV\Books\a.qbw is gone", "<*> is gone"),
        ("error -6000, -83 for [email]", "error -<*>, -<*> for <*>"),
        ("{71a4d29a-319d-ca4b-678c-cccf1243396a} v13.0", "<*> v<*>"),
        ("it can't be 'done' here", "it can't be <*> here"),
    ],
)
def test_names_and_numbers_are_masked_and_codes_stay(text: str, masked: str) -> None:
    assert " ".join(words_of(text)) == masked


def test_lines_of_another_kind_or_length_share_no_group() -> None:
    miner = Miner()
    ids = {miner.put(text, kind).id for text, kind in (("a b c", ""), ("a b c", "QBWC1999"), ("a b c d", ""))}
    assert len(ids) == 3


@given(st.lists(st.text(max_size=60), max_size=20))
def test_any_lines_are_grouped_the_same_each_time(lines: list[str]) -> None:
    one, other = Miner(), Miner()
    assert [one.put(text).id for text in lines] == [other.put(text).id for text in lines]

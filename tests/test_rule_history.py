"""Stored findings that other rules would name otherwise: shown before a rule goes live, and changed on demand."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SAMPLES
from qwclog import BANNER, SOAP, Session, line

from qbwatch.__main__ import main
from qbwatch.clock import utc_now
from qbwatch.history import reclassified
from qbwatch.history.store import Store
from qbwatch.reclassify import Reclassifier
from rules.load import load

if TYPE_CHECKING:
    from pathlib import Path

RULES = """\
cause label_printer_busy
    title     The label printer holds QuickBooks up
    severity  error
    act       client
    explain   QuickBooks on {host} waits for the label printer.
    step      Switch the printer off and on, then start {application} again.
    link      https://example.com/label-printer

rule ours.label_printer
    cause   label_printer_busy
    in      qbwc
    when    text contains "label printer" and component contains "ProcessRequestXML"
    sample  20260310.02:00:09 UTC\t: X.ProcessRequestXML() : QBWC1999: the label printer LP-7 is offline
"""
OTHER = "QBWC1998: the label printer is new"
KNOWN = "QBWC1999: the label printer LP-7 is offline"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "ours.rules").write_text(RULES, encoding="utf-8")
    return folder


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A store with a run of two failures that no rule knows, and one that a pop-up blocked."""
    said = [line(f"{SOAP}{method}()", text, 10) for method, text in (("update", OTHER), ("ProcessRequestXML", KNOWN))]
    lines = [one for one in Session(at=10).blocked() if "QBWC1053" not in one]
    text = [BANNER, *lines[:-4], *said, *lines[-4:], *Session(at=900).blocked()]
    (tmp_path / "QWCLog.txt").write_text("".join(text), newline="")
    path = tmp_path / "history.db"
    main(["scan", str(tmp_path / "QWCLog.txt"), "--db", str(path), "--host", "srv-01", "--json"])
    return path


def rows(db: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(db)) as connection:
        return connection.execute(query).fetchall()


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    code = main(["rules", *arguments, "--json"])
    return code, [json.loads(one) for one in capsys.readouterr().out.splitlines()]


def test_every_finding_keeps_the_rule_pack_that_made_it(db: Path) -> None:
    assert rows(db, "SELECT DISTINCT rule_pack FROM events") == [(load().pack,)]


def test_diff_tells_what_would_move_by_cause_host_and_client(
    db: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows(db, "SELECT * FROM events ORDER BY id")
    code, (move, summary) = answer(capsys, "diff", "shipped", str(rules), "--db", str(db))
    assert code == 1
    assert (move["from"], move["to"], move["events"]) == ("unclassified", "label_printer_busy", 1)
    assert (move["hosts"], move["clients"]) == ({"srv-01": 1}, [{"client": None, "events": 1}])
    assert move["example"]["message"] == KNOWN
    assert (summary["moved"], summary["seen"], summary["kept"]) == (1, len(before), {})
    assert rows(db, "SELECT * FROM events ORDER BY id") == before


def test_diff_of_the_same_rules_moves_nothing(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "diff", "shipped", "shipped", "--db", str(db)]) == 0
    assert "\n0 of " in "\n" + capsys.readouterr().out.partition("findings")[0].splitlines()[-1]


def test_diff_back_moves_back(db: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "apply", str(rules), "--db", str(db)]) == 0
    code, (move, _) = answer(capsys, "diff", str(rules), "shipped", "--db", str(db))
    assert (code, move["from"], move["to"]) == (1, "label_printer_busy", "unclassified")


def test_a_dry_run_changes_nothing(db: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = rows(db, "SELECT * FROM events ORDER BY id")
    assert main(["rules", "apply", str(rules), "--db", str(db), "--dry-run"]) == 0
    assert "1  " in capsys.readouterr().out
    assert rows(db, "SELECT * FROM events ORDER BY id") == before


def test_apply_changes_cause_texts_rule_pack_and_what_explains_the_run(
    db: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rows(db, "SELECT message FROM events WHERE role = 'root' ORDER BY time LIMIT 1") == [(OTHER,)]
    told = rows(db, "SELECT id, told, changed_at FROM events ORDER BY id")
    code, (_, summary) = answer(capsys, "apply", str(rules), "--db", str(db))
    assert (code, summary["moved"]) == (0, 1)
    made = rows(
        db, "SELECT cause, rule, role, severity, message, steps, rule_pack FROM events WHERE message LIKE '%LP-7%'"
    )
    pack = load([rules]).pack
    steps = json.dumps(["Switch the printer off and on, then start Contoso Sync again."])
    assert made == [("label_printer_busy", "ours.label_printer", "root", "error", KNOWN, steps, pack)]
    assert rows(db, "SELECT DISTINCT rule_pack FROM events") == [(pack,)]
    assert rows(db, "SELECT cause FROM runs ORDER BY started") == [("label_printer_busy",), ("popup_blocked",)]
    assert rows(db, "SELECT count(*) FROM events WHERE role = 'root' AND run IS NOT NULL") == [(2,)]
    assert rows(db, "SELECT id, told, changed_at FROM events ORDER BY id") == told
    assert rows(db, "SELECT rule_pack, seen, moved, kept, ended_at IS NULL FROM reclassifications") == [
        (pack, len(told), 1, 0, 0)
    ]
    assert answer(capsys, "apply", str(rules), "--db", str(db))[1][-1]["seen"] == 0


def test_what_was_broken_off_goes_on_where_it_stopped(
    db: Path, rules: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reclassified, "_BATCH", 2)
    count = rows(db, "SELECT count(*) FROM events")[0][0]
    store, new = Store(db), load([rules])
    with closing(store):
        batch = next(reclassified.batches(store.connection, new.pack))
        verdicts = [Reclassifier(load(), new).judge(event, run) for event, run in batch]
        with store.transaction() as connection:
            reclassified.put(connection, verdicts, new, utc_now())
        assert reclassified.upto(store.connection, new.pack) == batch[-1][0].id
    _, lines = answer(capsys, "apply", str(rules), "--db", str(db))
    assert lines[-1]["seen"] == count - 2
    assert rows(db, "SELECT seen, moved, ended_at IS NULL FROM reclassifications") == [(count, 1, 0)]


def test_what_the_store_cannot_tell_is_left_alone_and_counted(
    db: Path, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(db)) as connection:
        # As a store of before, which kept no component; and a finding of another set of rules.
        connection.execute("UPDATE events SET component = NULL, rule_pack = NULL")
        connection.execute("UPDATE events SET rule = 'theirs.gone' WHERE cause = 'popup_blocked'")
        connection.commit()
    code, (summary,) = answer(capsys, "diff", "shipped", str(rules), "--db", str(db))
    assert (code, summary["moved"], summary["kept"]) == (0, 0, {"no_record": 1})


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["diff", "shipped", "nowhere", "--db", "{db}"], "nowhere: no such folder of rules."),
        (["diff", "shipped", "shipped", "--db", "none.db"], "none.db: there is no such store."),
        (["apply", "shipped"], "Name one with --db FILE."),
    ],
)
def test_what_is_not_there_is_told(
    db: Path, arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QBWATCH_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(db.parent))
    assert main(["rules", *(one.format(db=db) for one in arguments)]) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("case", ["cannot_start_crashing", "cannot_start_signing_out", "cannot_start"])
def test_a_cause_that_was_weighed_by_what_lay_near_stays(
    tmp_path: Path, rules: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    db = tmp_path / "weighed.db"
    main(["scan", str(SAMPLES / "quickbooks" / case), "--db", str(db), "--host", "srv-01", "--json"])
    before = rows(db, "SELECT id, cause, explanation, evidence FROM events ORDER BY id")
    assert before
    for action in (["diff", "shipped", str(rules)], ["apply", str(rules)]):
        code, lines = answer(capsys, *action, "--db", str(db))
        assert (code, [one for one in lines if one.get("kind") == "move"]) == (0, [])
    assert rows(db, "SELECT id, cause, explanation, evidence FROM events ORDER BY id") == before

"""Rule files that change while a watcher runs, on real files and a real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from qwclog import BANNER, SOAP, Session, line

from alerts.receiver import Receiver, SecretUrl
from alerts.route import Route
from qbwatch.config import Settings, Source
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store
from qbwatch.history.times import ALWAYS
from qbwatch.pipeline import Pipeline
from qbwatch.rule_reload import RuleReloader
from rules.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from rules.catalogue import Catalogue

RULES = """\
cause label_printer_busy
    title     The label printer holds QuickBooks up
    severity  error
    act       client
    explain   QuickBooks on {host} waits for the label printer.
    step      Switch the printer off and on.
    link      https://example.com/label-printer

rule ours.label_printer
    cause   label_printer_busy
    in      qbwc
    when    text contains "label printer"
    sample  20260310.02:00:09 UTC\t: X.update() : label printer
"""
PRINTER = "QBWC1999: the label printer is offline"


class Watcher:
    """A watcher whose user edits the rules; each look is two seconds and more after the one before."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.now_s = folder, datetime(2026, 3, 10, 3, 0, tzinfo=UTC), 0.0
        self.rules = folder / "mine"
        self.rules.mkdir()
        self.log = folder / "QWCLog.txt"
        self.start()

    def start(self) -> None:
        self.store = Store(self.folder / "history.db")
        settings = Settings(
            host="srv-01", client=None, zone=ZoneInfo("UTC"), sources=(Source(path=str(self.log)),),
            store=self.folder / "history.db", receivers=(Receiver(name="ops", url=SecretUrl("")),),
            route=Route(receiver="ops"), rules=self.rules,
        )  # fmt: skip
        self.pipeline = Pipeline(
            settings=settings, catalogue=load([self.rules]), store=self.store,
            alerts=AlertStore(self.store.connection, ZoneInfo("UTC")), clock=lambda: self.now, tell_from=ALWAYS,
        )  # fmt: skip

    def restart(self) -> None:
        self.store.close()
        self.start()

    def edit(self, text: str, name: str = "ours.rules") -> None:
        (self.rules / name).write_text(text, encoding="utf-8")
        for _ in range(4):
            self.turn()

    def write(self, *lines: str) -> None:
        with self.log.open("ab") as file:
            file.write("".join(lines).encode())

    def turn(self) -> None:
        self.now += timedelta(seconds=3)
        self.now_s += 3
        self.pipeline.turn(self.now_s)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.store.connection.execute(query)]

    def incidents(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT cause, state FROM incidents ORDER BY opened_at, id")


def reloader(watcher: Watcher, loaded: Catalogue) -> RuleReloader:
    return RuleReloader(
        catalogue=loaded, path=watcher.rules, formats=(), host="srv-01", client=None, clock=lambda: watcher.now
    )  # fmt: skip


@pytest.fixture
def watcher(tmp_path: Path) -> Any:
    one = Watcher(tmp_path)
    yield one
    one.store.close()


def test_a_new_rule_is_asked_from_the_next_record_on_and_open_runs_stay(watcher: Watcher) -> None:
    lines = [one for one in Session(at=3000).blocked() if "QBWC1053" not in one]
    watcher.write(BANNER, *lines[:-4], line(f"{SOAP}update()", "QBWC1998: the label printer is slow", 3000))
    watcher.turn()
    watcher.edit(RULES)
    watcher.write(line(f"{SOAP}update()", PRINTER, 3001), *lines[-4:])
    watcher.turn()
    watcher.turn()
    # What was found before stays as it was; the run has not fallen apart.
    found = watcher.rows(
        "SELECT message, cause, run IS NOT NULL FROM events WHERE message LIKE '%printer%' ORDER BY offset"
    )
    assert found == [
        ("QBWC1998: the label printer is slow", "unclassified", 1),
        (PRINTER, "label_printer_busy", 1),
    ]
    assert watcher.rows("SELECT count(*), min(outcome), min(cause) FROM runs") == [(1, "failed", "label_printer_busy")]
    assert watcher.rows("SELECT DISTINCT rule_pack FROM events WHERE cause = 'label_printer_busy'") == [
        (load([watcher.rules]).pack,)
    ]


def test_a_bad_file_leaves_the_last_good_rules_and_opens_an_incident_that_shows_the_place(watcher: Watcher) -> None:
    watcher.write(BANNER)
    watcher.edit(RULES)
    watcher.edit(RULES.replace("severity  error", "severity  eror"))
    told = watcher.rows("SELECT cause, source, line, message, evidence, role FROM events")
    path = f"{watcher.rules}/ours.rules"
    problem = f'{path}:3:15: "eror" is no severity. Did you mean "error"?'
    evidence = f'["{problem}", "        severity  eror", "                  ^"]'
    assert [row[:4] for row in told] == [("rules_not_loaded", path, 3, problem)]
    assert told[0][4].replace('\\"', '"') == evidence
    assert watcher.incidents() == [("rules_not_loaded", "open")]
    watcher.write(line("X.y()", PRINTER, 3600))
    watcher.turn()
    watcher.turn()
    assert watcher.rows("SELECT cause FROM events WHERE format = 'qbwc'") == [("label_printer_busy",)]


def test_the_incident_of_a_bad_file_is_resolved_when_the_file_is_good_again(watcher: Watcher) -> None:
    watcher.write(BANNER)
    watcher.edit("cause nothing\n")
    assert watcher.incidents() == [("rules_not_loaded", "open")]
    watcher.edit(RULES)
    assert watcher.incidents() == [("rules_not_loaded", "resolved")]
    assert "ours.label_printer" in watcher.pipeline.catalogue.by_name


def test_a_change_while_the_watcher_starts_is_not_missed(watcher: Watcher) -> None:
    watcher.write(BANNER)
    old = load([watcher.rules])
    (watcher.rules / "ours.rules").write_text(RULES, encoding="utf-8")
    watcher.pipeline.rules = reloader(watcher, old)
    for _ in range(3):
        watcher.turn()
    assert "ours.label_printer" in watcher.pipeline.catalogue.by_name


def test_what_an_earlier_watcher_told_is_resolved_by_one_that_starts_with_good_rules(watcher: Watcher) -> None:
    watcher.write(BANNER)
    watcher.edit("cause nothing\n")
    (watcher.rules / "ours.rules").unlink()
    watcher.restart()
    watcher.turn()
    assert watcher.incidents() == [("rules_not_loaded", "resolved")]


def test_a_rule_that_goes_is_gone_and_a_folder_that_goes_is_told(watcher: Watcher) -> None:
    watcher.write(BANNER)
    watcher.edit(RULES)
    (watcher.rules / "ours.rules").unlink()
    watcher.edit("", "other.rules")
    assert "ours.label_printer" not in watcher.pipeline.catalogue.by_name
    (watcher.rules / "other.rules").unlink()
    watcher.rules.rmdir()
    for _ in range(4):
        watcher.turn()
    assert watcher.incidents() == [("rules_not_loaded", "open")]


def test_a_rule_that_throws_is_told_once_and_resolved_by_changed_rules(watcher: Watcher) -> None:
    watcher.edit(RULES)
    rule = watcher.pipeline.catalogue.by_name["ours.label_printer"]
    # No text in our language makes a condition throw; this one stands for what nobody thought of.
    object.__setattr__(rule.condition, "expression", None)
    watcher.write(BANNER, line("X.y()", PRINTER, 3600))
    for _ in range(4):
        watcher.turn()
    told = watcher.rows("SELECT cause, message FROM events WHERE format = ''")
    assert [cause for cause, _ in told] == ["rule_quarantined"]
    assert told[0][1].startswith(f"{watcher.rules}/ours.rules:9:1: rule ours.label_printer is left out: ")
    assert ("rule_quarantined", "open") in watcher.incidents()
    watcher.edit(RULES + "# mended\n")
    assert ("rule_quarantined", "resolved") in watcher.incidents()
    watcher.write(line("X.y()", PRINTER, 3700))
    watcher.turn()
    watcher.turn()
    assert watcher.rows("SELECT count(*) FROM events WHERE cause = 'label_printer_busy'") == [(1,)]

"""The smaller commands, as a user types them."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from qwclog import BANNER, Session
from test_watch_command import RECEIVER, now_seconds

from qbwatch.__main__ import main
from qbwatch.cli import build_parser, full_parser
from qbwatch.cli.parser import COMMANDS
from qbwatch.cli.settings import load_catalogue, load_settings
from qbwatch.cli.watch import _greet
from qbwatch.clock import utc_now
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store
from qbwatch.history.times import ALWAYS
from qbwatch.install import check_packages
from qbwatch.pipeline import Pipeline


@pytest.mark.parametrize(
    ("what", "title"),
    [
        (["QBWC1053"], "A QuickBooks pop-up is blocking the sync"),
        (["0x80040414"], "A QuickBooks pop-up is blocking the sync"),
        (["0x8004040a"], "Another company file is open in QuickBooks"),
        (["-2147220460"], "A QuickBooks pop-up is blocking the sync"),
        (["Not", "a", "valid", "username", "and", "password.", "Job", "ending."], None),
        (["20260310.02:00:09 UTC : X.SOAPWebService.y() : QBWC1053: A modal dialog box"], None),
    ],
)
def test_explain_answers_for_codes_and_lines(
    what: list[str], title: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *what]) == 0
    said = capsys.readouterr().out
    assert said.startswith(title or "")
    assert "What to do:\n1. " in said
    assert "https://" in said


@pytest.mark.parametrize("code", ["80040414", "2147746836"])
def test_explain_takes_a_code_in_any_form_that_people_type(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", code]) == 0
    assert "0x80040414: popup_blocked" in capsys.readouterr().out


def test_explain_tells_how_to_verify_and_what_to_tell_the_client(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "QBWC1053"]) == 0
    said = capsys.readouterr().out
    assert "\n\nIt is mended when:\n- In Web Connector click Update Selected" in said
    assert "\n\nTo tell the client:\nQuickBooks on the machine is showing a message" in said
    assert main(["explain", "--json", "QBWC1053"]) == 0
    [told] = map(json.loads, capsys.readouterr().out.splitlines())
    assert len(told["verify"]) == 2
    assert told["client"].startswith("QuickBooks on the machine is showing a message")


def test_explain_reads_a_line_of_the_sdk_log(capsys: pytest.CaptureFixture[str]) -> None:
    line = "20260310.020009\tW\t4556\tRequestProcessor\tPerforming QB Launch Retries"
    assert main(["explain", line]) == 0
    assert "quickbooks_cannot_start" in capsys.readouterr().out


def test_explain_takes_a_negative_number_for_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--json", "-2147220458"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["cause"] == "company_file_not_found"


def test_explain_says_when_no_rule_knows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "QBWC1999"]) == 1
    assert "No rule knows QBWC1999." in capsys.readouterr().out


def test_rules_list_names_every_rule_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "list"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"popup_blocked +qbwc\.modal_dialog +error +proof +rules/catalog/dialogs\.rules:\d+:1", said)
    assert main(["rules", "list", "--json"]) == 0
    assert all(json.loads(line)["place"] for line in capsys.readouterr().out.splitlines())


def test_rules_check_and_test_pass_for_the_shipped_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check"]) == 0
    assert "no fault" in capsys.readouterr().out
    assert main(["rules", "test"]) == 0
    assert ", 0 failed" in capsys.readouterr().out


def test_rules_test_tells_a_sample_that_another_rule_wins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.rules").write_text(
        "rule ours.vague\n    cause  popup_blocked\n    in  qbwc\n"
        '    when  text contains "dialog box is"\n'
        "    sample  20260310.02:00:09 UTC\t: X() : QBWC1053: A modal dialog box is showing\n"
    )
    assert main(["rules", "test", str(tmp_path)]) == 1
    assert "rule ours.vague: rule qbwc.modal_dialog wins this sample" in capsys.readouterr().out


def test_rules_check_tells_faults_with_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.rules").write_text("rule x\n")
    assert main(["rules", "check", str(tmp_path)]) == 2
    assert "mine.rules:1:1: rule x has no cause, in, when, sample." in capsys.readouterr().err


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with one open incident, and the configuration that names it."""
    monkeypatch.setenv("OPS", "json://127.0.0.1:1/")
    path = tmp_path / "qbwatch.toml"
    log = tmp_path / "QWCLog.txt"
    receiver = RECEIVER.format(name="ops", variable="OPS")
    path.write_text(f'[host]\nname = "srv-01"\n[[source]]\npath = "{log}"\n{receiver}[route]\nreceiver = "ops"\n')
    log.write_text("".join([BANNER, *Session(at=now_seconds(5)).blocked()]), newline="")
    watched_once(path)
    return path


def watched_once(path: Path) -> None:
    settings = load_settings(path)
    store = Store(settings.store)
    # A last record may still grow; the alerts hear of it at a later turn.
    times = iter(utc_now() + timedelta(seconds=number) for number in count())
    pipeline = Pipeline(
        settings=settings, catalogue=load_catalogue(None), store=store,
        alerts=AlertStore(store.connection, settings.zone), clock=lambda: next(times),
        tell_from=ALWAYS,
    )  # fmt: skip
    for _ in range(3):
        pipeline.turn()
    store.close()


def test_incidents_are_listed_shown_acknowledged_and_resolved(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    qbwatch = ["--config", str(config), "incidents"]
    assert main([*qbwatch, "list", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["host"], one["application"], one["cause"], one["state"]) for one in listed] == [
        ("srv-01", "Contoso Sync", "popup_blocked", "open")
    ]
    id_ = listed[0]["id"]
    assert main([*qbwatch, "show", id_[:6]]) == 0
    assert "A QuickBooks pop-up is blocking the sync" in capsys.readouterr().out
    assert main([*qbwatch, "ack", id_]) == 0
    assert "is acknowledged" in capsys.readouterr().out
    assert main([*qbwatch, "resolve", id_]) == 0
    assert main(qbwatch) == 0
    assert "No open incident." in capsys.readouterr().out


def test_an_incident_that_is_not_there_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(config), "incidents", "show", "zzz"]) == 2
    assert "no one incident whose id begins with 'zzz'" in capsys.readouterr().err


def test_a_change_is_printed_as_json(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    qbwatch = ["--config", str(config), "incidents"]
    main([*qbwatch, "list", "--json"])
    id_ = json.loads(capsys.readouterr().out)["id"]
    for action, state in (("ack", "acknowledged"), ("resolve", "resolved"), ("show", "resolved")):
        assert main([*qbwatch, action, id_, "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert (shown["id"], shown["state"]) == (id_, state)


def test_a_list_that_is_cut_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    qbwatch = ["--config", str(config), "incidents", "list"]
    assert main(qbwatch) == 0
    assert capsys.readouterr().err == ""
    with closing(sqlite3.connect(config.parent / "qbwatch.db")) as connection, connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(incidents)")]
        others = ", ".join(f'"{name}"' for name in names if name != "id")
        connection.execute(f"INSERT INTO incidents (id, {others}) SELECT 'another', {others} FROM incidents")  # noqa: S608
    assert main([*qbwatch, "--limit", "1"]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2
    assert printed.err == "qbwatch: these are the newest 1 incidents; there are more. See them with --limit N.\n"


@pytest.mark.parametrize("limit", ["0", "-3", "many"])
def test_a_limit_is_a_count(config: Path, capsys: pytest.CaptureFixture[str], limit: str) -> None:
    with pytest.raises(SystemExit):
        main(["--config", str(config), "deliveries", "--limit", limit])
    assert f"{limit} is no count: write a whole number of 1 or more" in capsys.readouterr().err


def test_a_store_that_another_program_holds_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--config", str(config), "incidents", "list", "--json"])
    id_ = json.loads(capsys.readouterr().out)["id"]
    store = config.parent / "qbwatch.db"
    with closing(sqlite3.connect(store, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert main(["--config", str(config), "incidents", "ack", id_]) == 2
    assert capsys.readouterr().err == (
        f"qbwatch: {store}: the store cannot be used (database is locked). "
        "Another program holds it; try again when that is done.\n"
    )


@pytest.mark.parametrize("command", ["incidents", "deliveries"])
def test_a_store_that_is_damaged_is_told(config: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    with closing(sqlite3.connect(config.parent / "qbwatch.db")) as connection, connection:
        connection.execute(f"DROP TABLE {command}")
    assert main(["--config", str(config), command]) == 2
    assert f"the store cannot be used (no such table: {command})" in capsys.readouterr().err


def test_watch_says_what_it_looks_for_in_vain_and_whom_it_never_tells(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(
        config.read_text() + '[[source]]\npath = "later/QWCLog*.txt"\n' + RECEIVER.format(name="nobody", variable="OPS")
    )
    _greet(load_settings(config))
    assert capsys.readouterr().out.splitlines() == [
        f"qbwatch watches 1 log(s) on srv-01; what it finds goes to {config.parent / 'qbwatch.db'}.",
        'No route leads to the receiver "nobody"; it is told nothing.',
        f"Nothing matches {config.parent / 'later' / 'QWCLog*.txt'} yet; it is looked for again and again.",
    ]


def test_deliveries_before_anything_was_sent(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(config), "deliveries"]) == 0
    assert "Nothing was sent yet." in capsys.readouterr().out


def test_a_command_that_needs_a_store_says_that_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "qbwatch.toml"
    path.write_text('[[source]]\npath = "QWCLog.txt"\n')
    assert main(["--config", str(path), "incidents"]) == 2
    assert "there is no store yet" in capsys.readouterr().err


def test_the_demo_tells_a_stranger_what_is_wrong_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    said = capsys.readouterr().out
    assert "A QuickBooks pop-up is blocking the sync" in said
    assert "What to do:" in said
    assert "Solved:" in said
    assert "TS-01" not in said, "a healthy machine is silent"
    assert max(len(line) for line in said.splitlines() if "https://" not in line) <= 120


def loaded_by(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom qbwatch.__main__ import main\n"
        f"try:\n    main({list(arguments)!r})\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


HEAVY = {"pandas", "numpy", "sqlite_utils", "apprise", "matplotlib", "requests"}


LIGHT = {"ingest", "rules", "alerts", "pyparsing", "watchdog", "smtplib", "jinja2", "importlib.metadata"}


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_help_loads_no_command(arguments: list[str]) -> None:
    loaded = loaded_by(*arguments)
    assert loaded & (HEAVY | LIGHT) == set()
    assert {name for name in loaded if name.startswith("qbwatch.")} == {
        "qbwatch.__main__", "qbwatch.cli", "qbwatch.cli.parser", "qbwatch.errors",
    }  # fmt: skip


def test_the_version_reads_the_rule_files_and_loads_no_grammar() -> None:
    assert loaded_by("--version") & (HEAVY | LIGHT) == {"rules"}


def test_a_command_loads_no_other(samples: Path) -> None:
    loaded = loaded_by("scan", str(samples / "healthy" / "scheduled_run"))
    assert {name.rpartition(".")[2] for name in loaded if name.startswith("qbwatch.cli.")} & set(COMMANDS) == {"scan"}


def test_every_command_has_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert [name for name, told in COMMANDS.items() if f"{name} {told}" not in said] == []
    commands = full_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert list(commands) == list(COMMANDS)
    assert [name for name, parser in commands.items() if parser.get_default("run") is None] == (  # type: ignore[union-attr]
        ["rules", "report", "history"]  # which need an action
    )


@pytest.mark.parametrize("arguments", [["--help"], ["scan", "--help"], ["rules", "list"], ["explain", "QBWC1053"]])
def test_nothing_heavy_is_loaded_without_need(arguments: list[str]) -> None:
    assert loaded_by(*arguments) & HEAVY == set()


def test_a_scan_loads_nothing_heavy(samples: Path) -> None:
    assert loaded_by("scan", str(samples / "healthy" / "scheduled_run")) & HEAVY == set()


def test_a_store_that_is_up_to_date_is_opened_without_sqlite_utils(config: Path) -> None:
    assert loaded_by("--config", str(config), "incidents") & HEAVY == set()


def test_every_command_is_in_the_readme() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    commands = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert [name for name in commands if not re.search(rf"qbwatch (--config \S+ )?{name}\b", readme)] == []


def test_a_foreign_package_of_our_name_is_refused_with_what_to_do() -> None:
    said = check_packages({"rules": ["django-rules", "qbwatch"], "ingest": ["qbwatch"]})
    assert said is not None
    assert "'django-rules' is installed in the same environment and owns the name 'rules'" in said
    assert check_packages({"rules": ["qbwatch"], "ingest": [], "alerts": ["qbwatch"]}) is None


def test_a_foreign_package_beside_us_stops_every_command_but_not_the_help(tmp_path: Path) -> None:
    (tmp_path / "django_rules-3.0.dist-info").mkdir()
    (tmp_path / "django_rules-3.0.dist-info" / "METADATA").write_text("Name: django-rules\nVersion: 3.0\n")
    (tmp_path / "django_rules-3.0.dist-info" / "top_level.txt").write_text("rules\n")
    done = {}
    for arguments in (["--help"], ["rules", "list"]):
        done[arguments[0]] = subprocess.run(
            [sys.executable, "-m", "qbwatch", *arguments], capture_output=True, text=True, check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        )  # fmt: skip
    assert done["--help"].returncode == 0
    assert done["rules"].returncode == 2
    assert "The package 'django-rules' is installed in the same environment" in done["rules"].stderr


def test_a_reader_that_goes_away_is_no_error(samples: Path) -> None:
    code = f"import sys; from qbwatch.__main__ import main; sys.exit(main(['scan', {str(samples)!r}, '--json']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""

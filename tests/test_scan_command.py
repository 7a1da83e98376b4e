from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zipfile
from typing import TYPE_CHECKING

import pytest

from qbwatch.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

POPUP = "popup/update_offer/QWCLog.txt"
HEALTHY = "healthy/scheduled_run/QWCLog.txt"


def scan(*arguments: str) -> int:
    return main(["scan", *map(str, arguments)])


def test_exit_code_0_when_nothing_failed(samples: Path) -> None:
    assert scan(str(samples / HEALTHY)) == 0


def test_exit_code_1_when_something_failed(samples: Path) -> None:
    assert scan(str(samples / POPUP)) == 1


def test_the_summary_counts_what_was_printed(samples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan(str(samples / POPUP), "--json")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    summary = lines[-1]
    events = [line for line in lines if line["kind"] == "event"]
    assert summary["kind"] == "summary"
    assert summary["files"] == 1
    assert summary["bytes"] == (samples / POPUP).stat().st_size
    assert summary["runs"] == sum(line["kind"] == "run" for line in lines)
    assert summary["events"] == len(events)
    assert summary["root_events"] == sum(event["role"] == "root" for event in events)


def bad_input(folder: Path) -> dict[str, Path]:
    files = {
        "no such file or folder": folder / "missing.txt",
        "no log that qbwatch knows": folder / "empty folder",
        "is a binary file": folder / "QWCLog.bin",
        "is of no format that qbwatch knows": folder / "access.log",
        "is empty": folder / "QWCLog.txt",
        "cannot be read": folder / "broken.zip",
    }
    files["no log that qbwatch knows"].mkdir()
    files["is a binary file"].write_bytes(bytes(range(256)) * 40)
    files["is of no format that qbwatch knows"].write_text("GET / 200\n" * 20)
    files["is empty"].write_text("")
    files["cannot be read"].write_bytes(b"PK\3\4 and nothing else")
    return files


@pytest.mark.parametrize(
    "said",
    [
        "no such file or folder",
        "no log that qbwatch knows",
        "is a binary file",
        "is of no format that qbwatch knows",
        "is empty",
        "cannot be read",
    ],
)
def test_bad_input_is_told_with_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], said: str) -> None:
    path = bad_input(tmp_path)[said]
    assert scan(str(path)) == 2
    told = capsys.readouterr().err
    assert f"qbwatch: {path}: " in told
    assert said in told
    assert "Traceback" not in told


def test_one_bad_file_does_not_stop_the_others(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(str(tmp_path / "missing.txt"), str(samples / POPUP), "--json") == 2
    printed = capsys.readouterr()
    assert '"cause": "popup_blocked"' in printed.out
    assert "missing.txt: no such file" in printed.err


def test_archives_and_standard_input_give_what_the_file_gives(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (samples / POPUP).read_bytes()
    (tmp_path / "QWCLog.txt.gz").write_bytes(gzip.compress(data))
    with zipfile.ZipFile(tmp_path / "client.zip", "w") as archive:
        archive.writestr("log/QWCLog.txt", data)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    found = []
    for path in (str(samples / POPUP), str(tmp_path / "QWCLog.txt.gz"), str(tmp_path / "client.zip"), "-"):
        assert scan(path, "--json", "--host", "srv-01") == 1
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        found.append([{**line, "source": None} for line in lines if line["kind"] != "summary"])
    assert found[0] == found[1] == found[2] == found[3]


def test_scanning_into_a_store_twice_adds_nothing(samples: Path, tmp_path: Path) -> None:
    store = tmp_path / "history.db"
    counts = []
    for _ in range(2):
        scan(str(samples / POPUP), "--db", str(store), "--host", "srv-01")
        with sqlite3.connect(store) as connection:
            counts.append(
                [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("events", "runs")]  # noqa: S608
            )
    assert counts[0] == counts[1]
    assert min(counts[0]) > 0


def test_a_store_of_a_newer_program_is_refused(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "history.db"
    with sqlite3.connect(store) as connection:
        connection.execute("PRAGMA user_version = 999")
    assert scan(str(samples / POPUP), "--db", str(store)) == 2
    assert "written by a newer qbwatch" in capsys.readouterr().err


def test_your_own_rules_add_to_the_shipped_ones(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.rules").write_text(
        "cause our_popup\n"
        "    title     Our own words for a pop-up\n"
        "    severity  warning\n"
        "    act       client\n"
        "    explain   QuickBooks shows a dialog.\n"
        "    step      Close it.\n"
        "    link      https://example.com/popup\n"
        "rule ours.popup\n"
        "    cause     our_popup\n"
        "    in        qbwc\n"
        '    when      text contains "modal dialog box is showing"\n'
        "    priority  100\n"
        "    sample    20260310.02:00:09 UTC\t: QBWebConnector.SOAPWebService.handleModalDialogError() : "
        "A modal dialog box is showing.\n"
    )
    scan(str(samples / POPUP), "--json", "--rules", str(tmp_path))
    assert '"cause": "our_popup"' in capsys.readouterr().out


def test_faults_in_your_own_rules_are_told(samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.rules").write_text("cause x\n    titel  wrong\n")
    assert scan(str(samples / POPUP), "--rules", str(tmp_path)) == 2
    assert "mine.rules" in capsys.readouterr().err

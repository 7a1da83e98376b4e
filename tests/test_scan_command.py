from __future__ import annotations

import gzip
import io
import json
import os
import random
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from qwclog import BANNER, Session

from qbwatch.__main__ import main
from qbwatch.clock import utc_now
from qbwatch.history.store import Store

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


def archive_of(path: Path, members: dict[str, bytes], *, packed: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def scrambled(path: Path, after: bytes) -> None:
    """Overwrite a stretch of what follows *after*, far enough behind it that the first bytes are still whole."""
    data = bytearray(path.read_bytes())
    begin = data.index(after) + len(after) + 4000
    data[begin : begin + 400] = bytes(400)
    path.write_bytes(data)


def unpackable(path: Path, data: bytes) -> None:
    """Make an archive whose second member is packed by a method that Python does not know."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/QWCLog.txt", data)
        archive.writestr("b/old.log", data)
        archive.getinfo("b/old.log").compress_type = 9


def encrypted(path: Path, data: bytes) -> None:
    archive_of(path, {"a/QWCLog.txt": data, "b/old.log": data}, packed=zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        raw[raw.rindex(mark) + flags] |= 1
    path.write_bytes(raw)


def broken_off(path: Path, data: bytes) -> None:
    noise = random.Random(7).randbytes(1 << 16).hex().encode()  # noqa: S311 - bytes that do not pack well
    archive_of(path, {"a/QWCLog.txt": data, "b/QWCLog.txt": data + b"\n" + noise})
    scrambled(path, b"b/QWCLog.txt")


def test_a_member_that_cannot_be_unpacked_is_told_and_the_others_are_read(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (samples / POPUP).read_bytes()
    for make, told in (
        (unpackable, "b/old.log: cannot be read (it is packed in a way that qbwatch cannot unpack"),
        (encrypted, "b/old.log: cannot be read (it is encrypted; unpack it first)"),
        (broken_off, "b/QWCLog.txt: reading broke off"),
    ):
        path = tmp_path / "client.zip"
        make(path, data)
        assert scan(str(path)) == 2, make
        printed = capsys.readouterr()
        assert f"qbwatch: {path}!{told}" in printed.err
        assert "client.zip!a/QWCLog.txt:" in printed.out


def test_a_gz_that_breaks_off_is_told_and_the_others_are_read(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (samples / POPUP).read_bytes()
    packed = bytearray(gzip.compress(data, mtime=0))
    packed[12:40] = b"\xff" * 28
    (tmp_path / "QWCLog-mangled.gz").write_bytes(packed)
    (tmp_path / "QWCLog-short.gz").write_bytes(gzip.compress(data)[:-40])
    (tmp_path / "QWCLog.txt").write_bytes(data)
    assert scan(str(tmp_path)) == 2
    printed = capsys.readouterr()
    assert "QWCLog-mangled.gz: cannot be read (Error -3" in printed.err
    assert "QWCLog-short.gz: reading broke off (Compressed file ended" in printed.err
    assert "popup_blocked" in printed.out


def test_an_archive_without_a_log_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = archive_of(tmp_path / "photos.zip", {"readme.txt": b"nothing here"})
    assert scan(str(path)) == 2
    assert f"{path}: no log that qbwatch knows is in this archive" in capsys.readouterr().err


def events_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [{**line, "source": None, "seconds": None} for line in lines]


def test_a_subfolder_between_two_files_does_not_split_a_machine(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = samples / "logged_out" / "overnight"
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        for name in ("QWCLog.txt", "System.xml"):
            (folder / name).write_bytes((case / name).read_bytes())
    scan(str(tmp_path / "one"), "--json")
    alone = [line for line in events_of(capsys) if line["kind"] == "event"]
    (tmp_path / "two" / "Saved").mkdir()
    (tmp_path / "two" / "Saved" / "QWCLog.txt").write_bytes((samples / HEALTHY).read_bytes())
    scan(str(tmp_path / "two"), "--json")
    beside = [line for line in events_of(capsys) if line["kind"] == "event"]
    assert "session_logged_out" in {line["cause"] for line in alone}
    assert beside == alone


def test_a_log_that_is_named_twice_is_read_once(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "QWCLog.txt"
    log.write_bytes((samples / POPUP).read_bytes())
    monkeypatch.chdir(tmp_path)
    found = []
    for paths in ([log], [log, log], [tmp_path, log], [log, tmp_path], ["QWCLog.txt", log], [tmp_path, "."]):
        assert scan(*map(str, paths), "--json") == 1
        found.append(events_of(capsys))
    assert all(one == found[0] for one in found)


def test_what_a_folder_passes_over_is_told_when_it_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("nothing here")
    assert scan(str(tmp_path), str(tmp_path / "notes.txt")) == 2
    assert "notes.txt: is of no format that qbwatch knows" in capsys.readouterr().err


@pytest.mark.parametrize("json_wanted", [True, False])
def test_foreign_letters_never_stop_the_printing(tmp_path: Path, *, json_wanted: bool) -> None:
    log = tmp_path / "QWCLog.txt"
    log.write_text("".join([BANNER, *Session(application="Склад").blocked()]), encoding="utf-8", newline="")
    done = subprocess.run(
        [sys.executable, "-m", "qbwatch", "scan", str(log), *(["--json"] if json_wanted else [])],
        env=os.environ | {"PYTHONIOENCODING": "cp1252"}, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, b"")
    if json_wanted:
        assert json.loads(done.stdout.decode("utf-8").splitlines()[0])["application"] == "Склад"
    else:
        assert "  ?????  " in done.stdout.decode("cp1252")


def test_a_store_that_cannot_be_written_is_told(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "history.db"
    assert scan(str(samples / HEALTHY), "--db", str(store)) == 0
    with sqlite3.connect(store) as connection:
        connection.execute("DROP TABLE runs")
    assert scan(str(samples / POPUP), "--db", str(store)) == 2
    assert f"qbwatch: {store}: the store cannot be used (no such table: " in capsys.readouterr().err


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


def test_what_a_scan_stores_alerts_nobody(samples: Path, tmp_path: Path) -> None:
    scan(str(samples / POPUP), "--db", str(tmp_path / "history.db"))
    with closing(Store(tmp_path / "history.db")) as store:
        assert store.untold(utc_now() + timedelta(days=1))[1:] == ([], [])


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

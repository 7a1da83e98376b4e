"""What lies together is one machine's: its logs are joined, told once, and what is wrong with one is said."""

from __future__ import annotations

import gzip
import json
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from qbwatch.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

BEHIND = "sdk_log/popup_behind_80040408"
NEW_YORK = ("--timezone", "America/New_York")


def roots(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    main(["scan", *arguments, "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line["cause"] for line in lines if line["kind"] == "event" and line["role"] == "root"]


def test_a_zip_from_a_client_is_one_machine_whatever_its_folders(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "client.zip", "w") as archive:
        archive.write(samples / BEHIND / "QWCLog.txt", "QBWebConnector/log/QWCLog.txt")
        archive.write(samples / BEHIND / "qbsdklog.txt", "QuickBooks/qbsdklog.txt")
    assert roots(capsys, str(tmp_path / "client.zip"), *NEW_YORK) == ["popup_blocked"] * 2


def test_logs_of_one_machine_in_two_folders_are_joined_when_that_is_said(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, name in (("connector", "QWCLog.txt"), ("sdk", "qbsdklog.txt")):
        (tmp_path / folder).mkdir()
        shutil.copy(samples / BEHIND / name, tmp_path / folder / name)
    assert roots(capsys, str(tmp_path), *NEW_YORK, "--together") == ["popup_blocked"] * 2
    assert "quickbooks_cannot_start" in roots(capsys, str(tmp_path), *NEW_YORK)


def test_a_copy_and_a_packed_copy_are_read_once(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (samples / "popup/update_offer/QWCLog.txt").read_bytes()
    (tmp_path / "QWCLog.txt").write_bytes(data)
    alone = roots(capsys, str(tmp_path))
    (tmp_path / "QWCLog - Copy.txt").write_bytes(data)
    (tmp_path / "QWCLog.txt.gz").write_bytes(gzip.compress(data))
    assert roots(capsys, str(tmp_path)) == alone
    main(["scan", str(tmp_path)])
    assert capsys.readouterr().err.count("holds the same as") == 2


def test_local_times_without_a_zone_are_left_out_and_that_is_said(
    samples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["scan", str(samples / BEHIND / "qbsdklog.txt"), "--json"])
    printed = capsys.readouterr()
    times = {line["time"] for line in map(json.loads, printed.out.splitlines()) if line["kind"] == "event"}
    assert times == {None}
    assert "Name it, such as --timezone America/New_York" in printed.err


@pytest.mark.parametrize("shape", ["System.xml", "System.evtx", "Events.json", "System.csv"])
def test_a_damaged_export_of_windows_events_is_told(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], shape: str
) -> None:
    whole = next((path for path in sorted(samples.rglob(shape))), None)
    if whole is None:
        whole = next(path for path in sorted(samples.rglob(f"*{shape[-5:]}")) if "windows_events" in str(path))
    data = whole.read_bytes()
    (tmp_path / shape).write_bytes(data[: len(data) * 2 // 3])
    main(["scan", str(tmp_path / shape)])
    assert shape in capsys.readouterr().err


@pytest.mark.parametrize(
    ("case", "format_"),
    [
        ("popup/update_offer/QWCLog.txt", "qbsdk"),
        ("popup/update_offer/QWCLog.txt", "windows-events"),
        (f"{BEHIND}/qbsdklog.txt", "qbwc"),
    ],
)
def test_a_log_that_holds_no_record_of_the_named_format_is_told(
    samples: Path, capsys: pytest.CaptureFixture[str], case: str, format_: str
) -> None:
    assert main(["scan", str(samples / case), "--format", format_]) == 2
    assert f"holds no record of the format {format_}" in capsys.readouterr().err


def test_a_format_named_for_a_folder_is_that_of_the_logs_that_fit_it(
    samples: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert roots(capsys, str(samples / BEHIND), "--format", "qbsdk", *NEW_YORK) == ["popup_blocked"] * 2


def test_a_broken_archive_in_a_folder_is_told_and_the_log_beside_it_is_read(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(samples / "popup/update_offer/QWCLog.txt", tmp_path)
    (tmp_path / "client.zip").write_bytes(b"PK\3\4 and nothing else")
    assert main(["scan", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert "client.zip: cannot be read" in printed.err
    assert "A QuickBooks pop-up is blocking the sync" in printed.out

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ingest.probes import Limit
from qbwatch.config import load
from qbwatch.errors import UsageError
from qbwatch.probe_config import ProbeSettings

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, probes: str) -> Path:
    path = folder / "qbwatch.toml"
    path.write_text(f'[[source]]\npath = "QWCLog.txt"\n{probes}')
    return path


def test_without_the_block_everybody_and_the_usual_programs_are_looked_for(tmp_path: Path) -> None:
    probes = load(written(tmp_path, "")).probes
    assert probes == ProbeSettings()
    names = ("qbwebconnector.exe", "QBW.EXE", "QBW32.EXE", "qbw32enterprise.exe", "QBWEnterprise24.exe", "QBDBMgrN.exe")
    assert [probes.wants(name) for name in names] == [True] * 5 + [False]


def test_the_whole_block_is_read(tmp_path: Path) -> None:
    block = """
[probes]
windows_user = 'SRV-01\\qbsync'
processes = ["Contoso.Sync.exe", "Fabrikam*.exe"]
disk_low = "5%"
every = "30s"
"""
    probes = load(written(tmp_path, block)).probes
    assert probes == ProbeSettings(
        windows_user="SRV-01\\qbsync", processes=("Contoso.Sync.exe", "Fabrikam*.exe"), disk_low=Limit(share=0.05),
        every=timedelta(seconds=30),
    )  # fmt: skip
    assert probes.wants("fabrikamagent.EXE")
    assert probes.expected == ("Contoso.Sync.exe",)


def test_the_probes_can_be_switched_off(tmp_path: Path) -> None:
    assert load(written(tmp_path, "[probes]\nenabled = false\n")).probes == ProbeSettings(enabled=False)


FAULTS = {
    '[probes]\nwindows-user = "x"\n': '[probes] has no key "windows-user". Did you mean "windows_user"?',
    '[probes]\nwindows_user = "qbsync@example.com"\n': (
        '"qbsync@example.com" is no name of a Windows user. Write it as `whoami` prints it, such as '
        "'SRV-01\\qbsync', or without the part before the backslash."
    ),
    "[probes]\nprocesses = ['C:\\Tools\\Sync.exe']\n": (
        '"C:\\Tools\\Sync.exe" is no file name of a program. Write what Task Manager > Details shows, such as '
        '"Contoso.Sync.exe", without its folder.'
    ),
    '[probes]\ndisk_low = "two"\n': '"two" is no amount of room. Write it like "500 MB", "2 GB" or "5%".',
    '[probes]\nevery = "5m"\n': (
        'the machine is looked at every second at most and every minute at least: "1s" to "1m".'
    ),
    '[probes]\nevery = "often"\n': '"often" is no length of time. Write it like "30s", "5m", "4h" or "1h30m".',
}  # fmt: skip


@pytest.mark.parametrize("block", FAULTS)
def test_what_is_wrong_is_told_with_its_place_and_what_to_write(tmp_path: Path, block: str) -> None:
    path = written(tmp_path, block)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert f"{caught.value}".partition("\n")[0] == f"{path}:4:1: {FAULTS[block]}"

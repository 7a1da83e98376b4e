"""`qbwatch service`: the task and the unit that are written, and what the system is told."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from windows_fake import WindowsFake

from ingest.platform import PlatformError
from qbwatch.__main__ import main
from qbwatch.service import Job, ServiceError, ServiceState, job_of, keeper_of
from qbwatch.service.session import warnings_of
from qbwatch.service.systemd import FILE
from qbwatch.service.systemd_unit import unit
from qbwatch.service.task_xml import account_of, as_file, task_xml

if TYPE_CHECKING:
    from collections.abc import Sequence

TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
CONFIG = PureWindowsPath(r"C:\ProgramData\qbwatch\qbwatch.toml")


def windows_job(**changes: object) -> Job:
    values = {
        "program": r"C:\Program Files\qbwatch\python.exe",
        "arguments": ("-m", "qbwatch", "--config", r"C:\ProgramData\my qbwatch\qbwatch.toml", "watch"),
        "config": CONFIG, "writes": (CONFIG.parent,),
    }  # fmt: skip
    return Job(**(values | changes))  # type: ignore[arg-type]


def linux_job(**changes: object) -> Job:
    values = {
        "program": "/opt/qbwatch/bin/python", "arguments": ("-m", "qbwatch", "--config", "/etc/qb watch.toml", "watch"),
        "config": Path("/etc/qb watch.toml"), "writes": (Path("/var/lib/qbwatch"),),
    }  # fmt: skip
    return Job(**(values | changes))  # type: ignore[arg-type]


@dataclass
class SystemFake:
    """Notes what it is told; it refuses the commands that begin with one of `refuses`."""

    told: list[str] = field(default_factory=list)
    written: dict[str, bytes] = field(default_factory=dict)
    prints: dict[str, str] = field(default_factory=dict)
    refuses: tuple[str, ...] = ()
    root: bool = True

    def run(self, command: Sequence[str]) -> str:
        line = " ".join(command)
        self.told.append(line)
        if line.startswith(self.refuses or ("nothing",)):
            raise PlatformError(f"{command[0]} ended with 1 ERROR: Access is denied.")
        return next((text for begins, text in self.prints.items() if line.startswith(begins)), "")

    def write(self, path: Path, data: bytes) -> None:
        self.written[path.name] = data

    def remove(self, path: Path) -> None:
        self.told.append(f"remove {path}")

    def owner(self, path: Path) -> str | None:
        return f"owner of {path.name}"

    def may_install(self) -> bool:
        return self.root


def read(xml: str) -> ET.Element:
    return ET.fromstring(xml.split("\n", 1)[1])  # noqa: S314 - made by us


def values_of(task: ET.Element, place: str) -> dict[str, str | None]:
    found = task.find("/".join(f"{TASK}{name}" for name in place.split("/")))
    assert found is not None, place
    return {child.tag.removeprefix(TASK): child.text for child in found if not len(child)}


def test_the_task_starts_with_the_machine_and_nothing_ends_it() -> None:
    task = read(task_xml(windows_job()))
    assert [child.tag.removeprefix(TASK) for child in task] == [
        "RegistrationInfo", "Triggers", "Principals", "Settings", "Actions",
    ]  # fmt: skip
    settings = values_of(task, "Settings")
    assert {name: settings[name] for name in (
        "ExecutionTimeLimit", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries", "StartWhenAvailable",
        "MultipleInstancesPolicy", "RunOnlyIfIdle", "Enabled",
    )} == {
        "ExecutionTimeLimit": "PT0S", "DisallowStartIfOnBatteries": "false", "StopIfGoingOnBatteries": "false",
        "StartWhenAvailable": "true", "MultipleInstancesPolicy": "IgnoreNew", "RunOnlyIfIdle": "false",
        "Enabled": "true",
    }  # fmt: skip
    assert values_of(task, "Settings/RestartOnFailure") == {"Interval": "PT1M", "Count": "255"}
    assert values_of(task, "Triggers/BootTrigger") == {"Enabled": "true"}
    assert values_of(task, "Triggers/TimeTrigger/Repetition") == {"Interval": "PT10M", "StopAtDurationEnd": "false"}


def test_the_elements_of_a_trigger_stand_in_the_order_of_microsofts_schema() -> None:
    trigger = read(task_xml(windows_job())).find(f"{TASK}Triggers/{TASK}TimeTrigger")
    assert trigger is not None
    assert [child.tag.removeprefix(TASK) for child in trigger] == ["Enabled", "StartBoundary", "Repetition"]


def test_the_task_runs_this_python_with_a_full_path_to_the_configuration() -> None:
    assert values_of(read(task_xml(windows_job())), "Actions/Exec") == {
        "Command": r"C:\Program Files\qbwatch\python.exe",
        "Arguments": r'-m qbwatch --config "C:\ProgramData\my qbwatch\qbwatch.toml" watch',
        "WorkingDirectory": r"C:\ProgramData\qbwatch",
    }


@pytest.mark.parametrize(
    ("account", "principal"),
    [
        (None, {"UserId": "S-1-5-18", "RunLevel": "HighestAvailable"}),
        ("local service", {"UserId": "S-1-5-19", "RunLevel": "LeastPrivilege"}),
        (r"SRV-01\qbwatch", {"UserId": r"SRV-01\qbwatch", "LogonType": "S4U", "RunLevel": "LeastPrivilege"}),
    ],
)
def test_the_task_runs_as_system_or_as_a_named_account_without_a_password(
    account: str | None, principal: dict[str, str]
) -> None:
    assert values_of(read(task_xml(windows_job(account=account))), "Principals/Principal") == principal


def test_without_rights_it_starts_at_logon_in_the_users_own_session() -> None:
    task = read(task_xml(windows_job(account=r"SRV-01\anna", at_logon=True)))
    assert values_of(task, "Triggers/LogonTrigger") == {"Enabled": "true", "UserId": r"SRV-01\anna"}
    assert values_of(task, "Principals/Principal")["LogonType"] == "InteractiveToken"


def test_hostile_names_stay_text_and_the_file_is_utf_16_with_its_mark() -> None:
    data = as_file(task_xml(windows_job(account='A&B <"x">', program="C:\\Ünï\\python.exe")))
    assert data[:2] == b"\xff\xfe"
    task = read(data.decode("utf-16"))
    assert values_of(task, "Principals/Principal")["UserId"] == 'A&B <"x">'
    assert values_of(task, "Actions/Exec")["Command"] == "C:\\Ünï\\python.exe"


def test_windows_is_told_to_make_the_task_and_to_start_it() -> None:
    system = SystemFake()
    keeper_of(system, "win32").install(windows_job())
    assert [line.split(" /XML ")[0] for line in system.told] == [
        "schtasks.exe /Create /TN qbwatch", "schtasks.exe /End /TN qbwatch", "schtasks.exe /Run /TN qbwatch",
    ]  # fmt: skip
    assert list(system.written) == ["qbwatch.xml"]


def test_a_task_that_does_not_run_is_started_and_removed_all_the_same() -> None:
    system = SystemFake(refuses=("schtasks.exe /End",))
    keeper = keeper_of(system, "win32")
    keeper.install(windows_job())
    assert keeper.remove() is True
    assert [line for line in system.told if "/Run" in line or "/Delete" in line] == [
        "schtasks.exe /Run /TN qbwatch", "schtasks.exe /Delete /TN qbwatch /F",
    ]  # fmt: skip


def test_windows_without_rights_refuses_with_what_to_do() -> None:
    with pytest.raises(ServiceError, match=r"Run as administrator.*--at-logon"):
        keeper_of(SystemFake(refuses=("schtasks.exe /Create",)), "win32").install(windows_job())


def test_the_task_tells_as_whom_it_runs_and_is_removed() -> None:
    system = SystemFake(prints={"schtasks.exe /Query": task_xml(windows_job())})
    keeper = keeper_of(system, "win32")
    assert keeper.state() == ServiceState(kind="scheduled task", installed=True, starts_at_boot=True, account="SYSTEM")
    assert keeper.remove() is True
    assert system.told[-2:] == ["schtasks.exe /End /TN qbwatch", "schtasks.exe /Delete /TN qbwatch /F"]
    assert account_of("<UserId></UserId>") is None


def test_what_is_not_there_is_not_removed() -> None:
    system = SystemFake(refuses=("schtasks.exe /Query",))
    assert keeper_of(system, "win32").remove() is False


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd's own checker")
@pytest.mark.parametrize(
    "changes", [{}, {"account": "root", "writes": (Path("/srv/with space/100%"), Path("/var/log"))}]
)
def test_systemd_itself_finds_nothing_wrong_with_the_unit(tmp_path: Path, changes: dict[str, object]) -> None:
    file = tmp_path / "qbwatch.service"
    file.write_text(unit(linux_job(program=sys.executable, **changes)))
    done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_starts_again_however_it_ends_and_may_write_its_own_folder_alone() -> None:
    lines = unit(linux_job(account="qbwatch")).splitlines()
    for wanted in (
        'ExecStart=/opt/qbwatch/bin/python -m qbwatch --config "/etc/qb watch.toml" watch', "User=qbwatch",
        "Restart=always", "StartLimitIntervalSec=0", "ProtectSystem=strict", "ReadWritePaths=/var/lib/qbwatch",
        "NoNewPrivileges=yes", "PrivateTmp=yes", "WantedBy=multi-user.target",
    ):  # fmt: skip
        assert wanted in lines


def test_a_unit_whose_files_lie_in_tmp_keeps_everybodys_tmp() -> None:
    assert "PrivateTmp" not in unit(linux_job(writes=(Path("/tmp/store"),)))


def test_linux_is_told_to_enable_and_to_start_the_unit_as_the_owner_of_the_configuration() -> None:
    system = SystemFake()
    keeper_of(system, "linux").install(linux_job())
    assert system.told == [
        "systemctl daemon-reload", "systemctl enable qbwatch.service", "systemctl restart qbwatch.service",
    ]  # fmt: skip
    assert b"User=owner of qb watch.toml\n" in system.written["qbwatch.service"]


def test_linux_without_root_refuses_with_what_to_do() -> None:
    with pytest.raises(ServiceError, match="sudo"):
        keeper_of(SystemFake(root=False), "linux").install(linux_job())


def test_the_unit_tells_how_it_stands_and_is_removed() -> None:
    system = SystemFake(
        prints={"systemctl show": "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nUser=qbwatch\n"}
    )
    keeper = keeper_of(system, "linux")
    assert keeper.state() == ServiceState(
        kind="systemd unit", installed=True, running=True, starts_at_boot=True, account="qbwatch"
    )
    assert keeper.remove() is True
    assert system.told[-3:] == [
        "systemctl disable --now qbwatch.service", f"remove {FILE}", "systemctl daemon-reload",
    ]  # fmt: skip


def test_a_system_without_known_services_says_what_to_start() -> None:
    with pytest.raises(ServiceError, match="qbwatch --config FILE watch"):
        keeper_of(SystemFake(), "plan9")


def test_it_warns_of_the_connectors_own_logon_session_and_says_why() -> None:
    machine = WindowsFake()
    machine.starts("QBWebConnector.exe", session=machine.signs_in("qbsync"), user="SYNC-PC-01\\qbsync")
    [warning] = warnings_of(windows_job(account="qbsync", at_logon=True), machine)
    assert "runs now as SYNC-PC-01\\qbsync" in warning
    assert "when that user signs out, and so would qbwatch" in warning


def test_it_warns_of_the_connectors_own_account() -> None:
    machine = WindowsFake()
    machine.starts("QBWebConnector.exe", session=machine.signs_in("qbsync"), user="SYNC-PC-01\\qbsync")
    assert len(list(warnings_of(windows_job(account="QBSYNC"), machine))) == 1
    assert list(warnings_of(windows_job(account="qbwatch"), machine)) == []
    assert list(warnings_of(windows_job(), machine)) == []


def test_print_shows_what_would_be_installed_and_warns_of_secrets_that_a_service_does_not_see(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "qbwatch.toml"
    file.write_text(
        '[[source]]\npath = "a.txt"\n[[receiver]]\nname = "a"\nurl = "${env:A_URL}"\n[route]\nreceiver = "a"\n'
    )
    assert main(["--config", str(file), "service", "install", "--print"]) == 0
    said = capsys.readouterr()
    job = job_of(file, [tmp_path / "qbwatch.db", tmp_path / "qbwatch.log"])
    assert f"ExecStart={sys.executable} -m qbwatch --config {file} watch" in said.out
    assert "takes A_URL from the environment" in said.err
    assert (job.config, job.writes) == (file, (tmp_path,))


def test_status_says_that_nothing_is_installed_and_nothing_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "qbwatch.toml"
    file.write_text('[[source]]\npath = "a.txt"\n')
    assert main(["--config", str(file), "service"]) == 1
    assert "not installed as a systemd unit" in capsys.readouterr().out
    assert main(["--config", str(file), "service", "status", "--json"]) == 1
    assert '"installed": false' in capsys.readouterr().out

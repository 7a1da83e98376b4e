"""`qbwatch doctor`: each check finds its own fault, and is content where there is none."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from receivers import TEAMS_URL, Answer, HttpsServer, make_event
from test_check import state
from test_service import SystemFake, windows_job
from windows_fake import WindowsFake
from windows_prints import HIVES, SID

from ingest.channels import Channel, ChannelError
from qbwatch.__main__ import main
from qbwatch.clock import utc_now
from qbwatch.doctor import CHECKS, Check, Finding, Installation, Verdict, examine, open_installation
from qbwatch.doctor.sources import is_held
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.machine_rows import put_machine
from qbwatch.history.store import Store
from qbwatch.machine import MachineWatch
from qbwatch.machine_state import state_of
from qbwatch.one_watcher import alone_on
from qbwatch.service import keeper_of
from qbwatch.service.task_xml import task_xml
from qbwatch.source_state import Standing
from rules.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rules.catalogue import Catalogue

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

CONFIG = """
[host]
name = "srv-01"
timezone = "{zone}"
[[source]]
path = "QWCLog*.txt"
"""
RECEIVER = """
[[receiver]]
name = "ops"
url = "${env:OPS_URL}"
[route]
receiver = "ops"
"""
HEAD = "QBWebConnector 2.2 has been initialized with its logging status to level = {level}.\r\n"
KEY = r"Software\Intuit\QBWebConnector"
MINUTE = timedelta(minutes=1)


class Machine:
    """A folder with a configuration, a log and a store, on a Windows machine that answers."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.folder, self.opened = folder, opened
        self.file, self.log, self.store = (folder / name for name in ("qbwatch.toml", "QWCLog.txt", "qbwatch.db"))
        self.windows = WindowsFake(room={"\\": (80 << 30, 256 << 30)})
        self.system = SystemFake(prints={"schtasks.exe /Query": task_xml(windows_job())})
        self.configure()
        self.logs_at("DEBUG")

    def configure(self, more: str = "", zone: str = "UTC") -> None:
        self.file.write_text(CONFIG.format(zone=zone) + more)

    def logs_at(self, level: str) -> None:
        self.log.write_text(HEAD.format(level=level))

    def stored(self, *, seen: datetime | None = None, **changes: Any) -> Store:
        """Make the store as a watcher leaves it, and leave it open for more."""
        store = self.opened.enter_context(closing(Store(self.store)))
        at = seen or utc_now()
        with store.transaction():
            store.put_states([state(at, path=str(self.log), source=str(self.log), **changes)], at)
        return store

    def examined(self) -> Installation:
        keeper = keeper_of(self.system, "win32")
        return self.opened.enter_context(open_installation(self.file, self.windows, keeper, utc_now))

    def found(self, name: str, installation: Installation | None = None) -> list[Finding]:
        [check] = [one for one in CHECKS if one.name == name]
        return list(check.look(installation or self.examined()))

    def verdicts(self, name: str, installation: Installation | None = None) -> list[str]:
        return [str(one.verdict) for one in self.found(name, installation)]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with ExitStack() as opened:
        yield Machine(tmp_path, opened)


def test_a_configuration_that_can_be_used_is_fine(machine: Machine) -> None:
    assert machine.verdicts("configuration") == ["fine"]


def test_a_broken_configuration_is_a_fault_with_its_place_and_stops_no_other_check(machine: Machine) -> None:
    machine.configure("[stroe]\n")
    [finding] = machine.found("configuration")
    assert finding.verdict is Verdict.FAULT
    assert (f"{machine.file}:7:" in finding.what, 'Did you mean "store"?' in finding.what) == (True, True)
    assert machine.verdicts("versions") == ["fine"]


def test_a_secret_that_is_missing_is_a_fault_and_the_rest_is_still_looked_at(machine: Machine) -> None:
    machine.configure(RECEIVER)
    installation = machine.examined()
    assert "OPS_URL is not set" in machine.found("configuration", installation)[0].what
    assert [one.what for one in machine.found("receivers", installation)] == ["ops: its URL is not known"]
    assert machine.verdicts("logs", installation) == ["fine"]


@pytest.mark.parametrize(("mode", "verdict"), [(0o600, "fine"), (0o644, "warning")])
def test_a_secret_file_that_others_can_read_is_a_warning(machine: Machine, mode: int, verdict: str) -> None:
    secret = machine.folder / "ops.url"
    secret.write_text(TEAMS_URL)
    secret.chmod(mode)
    machine.configure(RECEIVER.replace("${env:OPS_URL}", "${file:ops.url}"))
    assert machine.verdicts("secrets") == [verdict]


def test_rules_that_cannot_be_read_are_a_fault(machine: Machine) -> None:
    assert machine.verdicts("rules") == ["fine"]
    (machine.folder / "own").mkdir()
    machine.configure('[rules]\npath = "own"\n')
    (machine.folder / "own" / "a.rules").write_text("rule x\n")
    [finding] = machine.found("rules")
    assert (finding.verdict, "a.rules:1" in finding.what) == (Verdict.FAULT, True)
    machine.configure('[rules]\npath = "gone"\n')
    assert "no such folder of rules" in machine.found("rules")[0].what


def test_a_store_that_is_whole_is_fine_and_one_that_is_not_there_is_a_warning(machine: Machine) -> None:
    assert machine.verdicts("store") == ["warning"]
    machine.stored()
    [finding] = machine.found("store")
    assert (finding.verdict, "whole and writable" in finding.what) == (Verdict.FINE, True)


def test_a_damaged_store_is_a_fault(machine: Machine) -> None:
    machine.stored().close()
    size = machine.store.stat().st_size
    with machine.store.open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(size - 8192))
    assert machine.verdicts("store") == ["fault"]


def test_a_file_that_is_no_store_and_the_store_of_a_newer_program_are_faults(machine: Machine) -> None:
    machine.store.write_bytes(b"no database at all " * 100)
    assert machine.verdicts("store") == ["fault"]
    machine.store.unlink()
    with closing(sqlite3.connect(machine.store)) as db:
        db.execute("PRAGMA user_version = 999")
    assert "newer qbwatch" in machine.found("store")[0].what


def test_a_store_that_another_program_holds_is_a_fault(machine: Machine) -> None:
    machine.stored().close()
    installation = machine.examined()
    assert installation.store is not None
    installation.store.connection.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(machine.store)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "database is locked" in machine.found("store", installation)[0].what


def test_a_store_on_a_network_is_a_fault(machine: Machine) -> None:
    machine.configure('[store]\npath = "//srv-02/share/qbwatch.db"\n')
    assert "must be on a local disk" in machine.found("store")[0].what


@pytest.mark.parametrize(("free", "verdict"), [(80 << 30, "fine"), (500 << 20, "warning"), (50 << 20, "fault")])
def test_little_room_is_a_warning_and_none_a_fault(machine: Machine, free: int, verdict: str) -> None:
    machine.windows.room = {"\\": (free, 256 << 30)}
    assert machine.verdicts("disk") == [verdict]


def test_a_watcher_that_is_silent_or_never_ran_is_a_fault(machine: Machine) -> None:
    store = machine.stored()
    assert machine.verdicts("watcher") == ["fine"]
    with store.transaction():
        store.connection.execute("UPDATE sources SET updated_at = ?", ((utc_now() - 10 * MINUTE).isoformat(),))
    assert machine.verdicts("watcher") == ["fault"]
    with store.transaction():
        store.connection.execute("DELETE FROM sources")
    assert machine.verdicts("watcher") == ["fault"]


def test_a_watcher_that_ended_just_now_is_a_fault_at_once(machine: Machine) -> None:
    machine.stored()
    with alone_on(machine.store):
        assert machine.verdicts("watcher") == ["fine"]
    assert machine.found("watcher")[0].what.startswith("no watcher runs; it was last alive at")


def test_a_watcher_that_hangs_is_told_from_one_that_is_gone(machine: Machine) -> None:
    machine.stored(seen=utc_now() - 10 * MINUTE)
    with alone_on(machine.store):
        assert machine.found("watcher")[0].what.startswith("a watcher runs and does nothing; it was last alive at")


def test_what_nobody_starts_after_a_restart_is_a_warning(machine: Machine) -> None:
    assert machine.verdicts("service") == ["fine"]
    machine.system.refuses = ("schtasks.exe /Query",)
    assert machine.verdicts("service") == ["warning"]


def test_what_starts_with_a_users_session_is_a_fault(machine: Machine) -> None:
    machine.system.prints = {"schtasks.exe /Query": task_xml(windows_job(account="anna", at_logon=True))}
    [finding] = machine.found("service")
    assert (finding.verdict, "sign-out, the commonest fault" in finding.means) == (Verdict.FAULT, True)


def test_a_service_whose_account_cannot_read_its_secrets_is_a_fault(machine: Machine) -> None:
    machine.configure(RECEIVER.replace("${env:OPS_URL}", "${file:ops.url}"))
    (machine.folder / "ops.url").write_text(TEAMS_URL)
    (machine.folder / "ops.url").chmod(0o600)
    machine.folder.chmod(0o777)
    shown = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nUser={}\n"
    machine.system.prints = {"systemctl show": shown.format("qbwatch")}
    installation = machine.examined()
    installation.keeper = keeper_of(machine.system, "linux")
    assert [one.do for one in machine.found("account", installation)] == [f"chown qbwatch {machine.folder / 'ops.url'}"]
    machine.system.prints = {"systemctl show": shown.format(machine.file.owner())}
    assert machine.verdicts("account", installation) == ["fine"]


def test_a_log_that_another_program_keeps_to_itself_is_told_apart() -> None:
    class SharingViolationError(PermissionError):
        winerror = 32

    assert (is_held(SharingViolationError()), is_held(PermissionError())) == (True, False)


def test_the_connectors_own_account_is_a_warning(machine: Machine) -> None:
    session = machine.windows.signs_in("qbsync")
    machine.windows.starts("QBWebConnector.exe", session=session, user="SYNC-PC-01\\qbsync")
    machine.system.prints = {"schtasks.exe /Query": task_xml(windows_job(account="qbsync"))}
    assert machine.verdicts("service") == ["fine", "warning"]


def test_a_watcher_in_the_connectors_session_is_a_fault(machine: Machine) -> None:
    session = machine.windows.signs_in("qbsync")
    machine.windows.starts("QBWebConnector.exe", session=session, user="SYNC-PC-01\\qbsync")
    machine.windows.starts("qbwatch.exe")
    assert machine.verdicts("session") == ["fine"]
    machine.windows.starts("qbwatch.exe", session=session)
    assert machine.verdicts("session") == ["fault"]


def test_a_connector_that_does_not_run_is_a_warning_on_windows(machine: Machine) -> None:
    installation = machine.examined()
    assert machine.verdicts("session", installation) == []
    installation.system = "win32"
    assert machine.verdicts("session", installation) == ["warning"]


def test_a_log_that_is_not_there_is_a_fault_and_a_quiet_one_a_warning(machine: Machine) -> None:
    assert machine.verdicts("logs") == ["fine"]
    long_ago = (utc_now() - timedelta(days=3)).timestamp()
    os.utime(machine.log, (long_ago, long_ago))
    [finding] = machine.found("logs")
    assert (finding.verdict, "last written 3 days ago" in finding.what) == (Verdict.WARNING, True)
    machine.log.unlink()
    assert machine.verdicts("logs") == ["fault"]


def test_a_log_that_cannot_be_read_is_a_fault(machine: Machine) -> None:
    # A folder of that name cannot be read by anybody, root neither.
    machine.configure('[[source]]\npath = "connector?.log"\n')
    (machine.folder / "connector1.log").mkdir()
    found = machine.found("logs")
    assert [str(one.verdict) for one in found] == ["fine", "fault"]
    assert "connector1.log cannot be read" in found[1].what


@pytest.mark.parametrize(
    ("changes", "verdicts"),
    [
        ({}, ["fine"]),
        ({"standing": Standing.UNREADABLE, "problem": "access denied"}, ["fault"]),
        ({"standing": Standing.FOREIGN}, ["warning"]),
        ({"standing": Standing.BEHIND, "behind_since": utc_now() - 9 * MINUTE}, ["warning", "fine"]),
    ],
)
def test_what_the_watcher_tells_of_its_logs_is_told(
    machine: Machine, changes: dict[str, Any], verdicts: list[str]
) -> None:
    machine.stored(**changes)
    assert machine.verdicts("following") == verdicts


def test_an_event_channel_that_cannot_be_read_is_a_fault_with_the_right_that_lacks(machine: Machine) -> None:
    machine.configure('[[source]]\nchannel = "System"\n')
    installation = machine.examined()

    def denied(_: object) -> bytes:
        raise ChannelError("the account may not read it. Add it to Event Log Readers")

    installation.open_channel = lambda name: Channel(name=name, run=denied)
    [finding] = machine.found("event channels", installation)
    assert (finding.verdict, finding.do) == (Verdict.FAULT, "The account may not read it. Add it to Event Log Readers")
    installation.open_channel = lambda name: Channel(name=name, run=lambda _: b"")
    assert machine.verdicts("event channels", installation) == ["fine"]


@pytest.mark.parametrize(
    ("level", "verdict", "says"),
    [
        ("NONE", "fault", "writes nothing"),
        ("DEBUG", "fine", "set VERBOSE"),
        ("VERBOSE", "fine", "your client's data"),
        ("CRITICAL", "warning", "not known to hold"),
    ],
)
def test_the_log_level_is_told_with_what_it_hides(machine: Machine, level: str, verdict: str, says: str) -> None:
    machine.logs_at(level)
    [finding] = machine.found("log level")
    assert (str(finding.verdict), says in finding.means) == (verdict, True)


def test_a_log_level_of_none_in_a_users_registry_is_a_fault_though_the_log_tells_of_another(machine: Machine) -> None:
    machine.windows.prints = {
        "reg.exe query HKU\\S": f"\r\nHKEY_USERS\\{SID}\\{KEY}\r\n    Level    REG_SZ    None\r\n",
        "reg.exe query HKU": HIVES,
    }
    assert machine.verdicts("log level") == ["fine", "fault"]


def test_a_schedule_that_nobody_knows_and_an_application_that_never_runs_are_warnings(machine: Machine) -> None:
    store = machine.stored()
    with store.transaction():
        store.connection.execute(
            "INSERT INTO runs (id, host, application, started, outcome, format) VALUES "
            "('r1', 'srv-01', 'Contoso Sync', ?, 'ok', 'qbwc')", (utc_now().isoformat(),),
        )  # fmt: skip
    [finding] = machine.found("schedule")
    assert (finding.verdict, "Contoso Sync: how often it should run is not known" in finding.what) == (
        Verdict.WARNING, True,
    )  # fmt: skip
    machine.configure('[[application]]\nname = "Fabrikam Sync"\nevery = "15m"\n')
    assert [one.what.split(" ")[0] for one in machine.found("schedule")] == ["Contoso", "Fabrikam"]
    assert "did not run in the last two weeks" in machine.found("schedule")[1].what


def test_a_schedule_that_the_watcher_knows_is_told_with_its_origin(machine: Machine, catalogue: Catalogue) -> None:
    store, now = machine.stored(), utc_now()
    watch = MachineWatch(catalogue, host="srv-01", client=None)
    watch.pulses["Contoso Sync"] = Pulse(
        application="Contoso Sync", first=now, last=now, scheduled=True, qwc=timedelta(minutes=15)
    )
    with store.transaction() as db:
        put_machine(db, "srv-01", state_of(watch), now)
        db.execute(
            "INSERT INTO runs (id, host, application, started, outcome) VALUES ('r', 'srv-01', ?, ?, 'ok')",
            ("Contoso Sync", now.isoformat()),
        )
    [finding] = machine.found("schedule")
    assert (finding.verdict, finding.what) == (
        Verdict.FINE, "Contoso Sync is expected every 15 min, by its .qwc file",
    )  # fmt: skip
    machine.configure('[[application]]\nname = "Contoso Sync"\nevery = "1h"\n')
    assert [one.what for one in machine.found("schedule")] == [
        "Contoso Sync is expected every 1 h, by the configuration"
    ]


def test_a_time_zone_that_the_machines_clock_does_not_show_is_a_warning(machine: Machine) -> None:
    here = datetime.now().astimezone().utcoffset()
    zones = {timedelta(): "UTC"}
    if here in zones:
        assert machine.verdicts("time zone") == ["fine"]
    machine.configure(zone="Asia/Kathmandu")
    assert machine.verdicts("time zone") == ["warning"]


def test_a_clock_that_was_set_back_is_a_fault(machine: Machine) -> None:
    machine.stored()
    assert machine.verdicts("clock") == ["fine"]
    machine.store.unlink()
    machine.stored(seen=utc_now() + timedelta(hours=20))
    assert machine.verdicts("clock") == ["fault"]


@pytest.mark.parametrize(
    ("ahead", "do"),
    [
        (timedelta(hours=5), "Write timezone in its [[source]]"),
        (timedelta(minutes=7), "Set both clocks by the same time server"),
    ],
)
def test_a_log_that_is_dated_ahead_tells_a_wrong_zone_from_a_wrong_clock(
    machine: Machine, ahead: timedelta, do: str
) -> None:
    machine.stored(last_record=utc_now() + ahead)
    [finding] = machine.found("clock")
    assert (finding.verdict, finding.do) == (Verdict.WARNING, do)


def test_routes_that_lead_nowhere_are_warnings(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_URL", TEAMS_URL)
    assert machine.verdicts("routes") == ["warning"]
    machine.configure(RECEIVER)
    assert machine.verdicts("routes") == ["fine"]
    machine.configure('[[receiver]]\nname = "lost"\nurl = "${env:OPS_URL}"\n' + RECEIVER)
    assert machine.verdicts("routes") == ["warning", "fine"]


@pytest.mark.parametrize(("answer", "verdict"), [(200, "fine"), (404, "fault")])
def test_sending_shows_whether_a_receiver_takes_a_message(
    machine: Machine, far_side: HttpsServer, monkeypatch: pytest.MonkeyPatch, answer: int, verdict: str
) -> None:
    monkeypatch.setenv("OPS_URL", f"jsons://localhost:{far_side.port}/hooks/SECRET")
    machine.configure(RECEIVER)
    far_side.answers = [Answer(status=answer, body=b"")]
    installation = machine.examined()
    installation.sends = True
    [finding] = machine.found("receivers", installation)
    assert (str(finding.verdict), "SECRET" in repr(finding)) == (verdict, False)


def test_a_receiver_that_cannot_be_used_is_a_fault_with_what_to_do(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.configure(RECEIVER)
    monkeypatch.setenv("OPS_URL", "https://contoso.webhook.office.com/webhookb2/abc")
    installation = machine.examined()
    installation.asks_network = False
    assert machine.verdicts("receivers", installation)[0] == "fault"
    monkeypatch.setenv("OPS_URL", TEAMS_URL)
    installation = machine.examined()
    installation.asks_network = False
    assert machine.verdicts("receivers", installation) == ["fine"]


def test_messages_that_wait_are_a_warning(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_URL", TEAMS_URL)
    machine.configure(RECEIVER)
    store = machine.stored()
    assert machine.verdicts("deliveries") == ["fine"]
    installation = machine.examined()
    assert installation.settings
    assert installation.settings.route
    then = utc_now() - timedelta(hours=1)
    alerts = AlertStore(store.connection, UTC)
    with store.transaction():
        alerts.apply([make_event(time=then)], (), then)
        alerts.plan(installation.settings.route, then)
        alerts.plan(installation.settings.route, then + MINUTE)
    [finding] = machine.found("deliveries")
    assert (finding.verdict, "ops: 1 message waiting" in finding.what) == (Verdict.WARNING, True)


def test_a_watcher_whose_death_nobody_would_notice_is_a_warning(
    machine: Machine, far_side: HttpsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert machine.verdicts("ping") == ["warning"]
    machine.configure('[ping]\nurl = "${env:PING_URL}"\n')
    assert machine.verdicts("ping") == ["fault"]
    monkeypatch.setenv("PING_URL", f"https://localhost:{far_side.port}/0a1b")
    assert machine.verdicts("ping") == ["fine"]
    monkeypatch.setenv("PING_URL", "https://localhost:1/0a1b")
    assert machine.verdicts("ping") == ["fault"]
    assert far_side.requests == []


def test_what_will_stop_a_sync_is_a_warning_and_a_log_that_is_not_shared_a_fault(machine: Machine) -> None:
    from windows_prints import SLEEPS_AFTER_30_MIN  # noqa: PLC0415 - long

    machine.stored()
    assert machine.verdicts("preventive") == ["fine"]
    machine.windows.prints = {"reg.exe query HKU": HIVES, "powercfg.exe /q": SLEEPS_AFTER_30_MIN}
    found = machine.found("preventive")
    assert any("after 30 min without a user" in one.what for one in found)
    assert {one.verdict for one in found} == {Verdict.WARNING}


def test_a_second_windows_user_who_may_not_write_the_log_is_a_fault(machine: Machine) -> None:
    store = machine.stored()
    with store.transaction():
        for number, user in enumerate(("SRV-01\\anna", "SRV-01\\bert")):
            store.connection.execute(
                "INSERT INTO signals (id, host, time, code, fields, source, format, message) "
                "VALUES (?, 'srv-01', ?, 'probe/process', ?, 's', 'probe', 'm')",
                (str(number), utc_now().isoformat(), json.dumps({"Name": "QBWebConnector.exe", "User": user})),
            )
    assert machine.found("log permission") == []
    machine.windows.prints = {
        "reg.exe query HKU": HIVES,
        "icacls.exe": f"{machine.log} SRV-01\\anna:(F)\r\n   BUILTIN\\Users:(RX)\r\n\r\nSuccessfully processed\r\n",
    }
    [finding] = machine.found("log permission")
    assert (finding.verdict, "bert" in finding.what) == (Verdict.FAULT, True)


def test_foreign_packages_are_a_fault(machine: Machine) -> None:
    installation = machine.examined()
    assert machine.verdicts("versions", installation) == ["fine"]
    installation.foreign_packages = lambda: "The package 'rules' owns the name 'rules'. Install qbwatch apart."
    assert machine.verdicts("versions", installation) == ["fault", "fine"]


@pytest.mark.parametrize(("version", "verdict"), [("34.0.10018.94", "fine"), ("2.1.0.30", "warning")])
def test_an_old_connector_is_a_warning(machine: Machine, version: str, verdict: str) -> None:
    store = machine.stored()
    assert machine.verdicts("connector") == []
    with store.transaction():
        store.connection.execute(
            "INSERT INTO runs (id, host, product_version, started, outcome) VALUES ('r', 'srv-01', ?, ?, 'ok')",
            (version, utc_now().isoformat()),
        )
    assert machine.verdicts("connector") == [verdict]


def test_a_check_that_fails_says_so_and_stops_no_other(machine: Machine) -> None:
    def broken(_: Installation) -> Iterator[Finding]:
        raise ZeroDivisionError("of its own")

    fine = Finding(verdict=Verdict.FINE, what="all well")
    found = list(examine(machine.examined(), [Check("broken", broken), Check("other", lambda _: iter([fine]))]))
    assert [(name, str(one.verdict)) for name, one in found] == [("broken", "fault"), ("other", "fine")]
    assert "ZeroDivisionError: of its own" in found[0][1].what


def test_every_fault_and_warning_says_what_it_means_and_what_to_do(machine: Machine) -> None:
    machine.log.unlink()
    machine.system.refuses = ("schtasks.exe",)
    found = [one for _, one in examine(machine.examined()) if one.verdict is not Verdict.FINE]
    assert len(found) >= 4
    assert [one for one in found if not (one.means and one.do)] == []
    assert [one for one in found if one.what.endswith(".") or one.means.endswith(".") or one.do.endswith(".")] == []


def test_the_command_ends_with_1_on_a_fault_and_0_on_warnings(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    command: Callable[..., int] = lambda *more: main(["--config", str(machine.file), "doctor", "--offline", *more])  # noqa: E731
    assert command() == 0
    assert "0 faults, " in capsys.readouterr().out
    machine.log.unlink()
    assert command("--json") == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {tuple(row) for row in rows} == {("check", "verdict", "what", "means", "do")}
    assert [row["check"] for row in rows if row["verdict"] == "fault"] == ["logs"]


def test_without_a_configuration_it_says_how_to_make_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--config", str(tmp_path / "no.toml"), "doctor"]) == 2
    assert "qbwatch init" in capsys.readouterr().err

"""The loop over real files and a real store, on a clock of its own."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from qwclog import BANNER, Session, line

from alerts.receiver import Receiver, SecretUrl
from alerts.route import Route
from ingest.follow import FollowedFile
from qbwatch.config import Settings, Source
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store
from qbwatch.history.times import ALWAYS
from qbwatch.pipeline import Pipeline
from qbwatch.source_format import FormatChooser
from qbwatch.sources import Sources
from rules.pulse import ConfiguredApplication

if TYPE_CHECKING:
    from pathlib import Path

    from rules.catalogue import Catalogue

START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
CALL_FAILED = "QBWC1012: Authentication failed due to following error message."


@dataclass
class World:
    """A log folder, a store, and a pipeline that can be killed and started again."""

    folder: Path
    catalogue: Catalogue
    now: datetime = START + timedelta(minutes=1)
    applications: tuple[ConfiguredApplication, ...] = ()
    store: Store = field(init=False)
    pipeline: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "log").mkdir()
        self.start()

    def start(self) -> None:
        self.store = Store(self.folder / "history.db")
        settings = Settings(
            host="srv-01",
            client="Acme Accounting",
            zone=ZoneInfo("UTC"),
            sources=(Source(path=str(self.folder / "log" / "QWCLog*.txt")),),
            store=self.folder / "history.db",
            receivers=(Receiver(name="ops", url=SecretUrl("")),),
            route=Route(receiver="ops", group_wait=timedelta(seconds=30)),
            applications=self.applications,
        )
        self.pipeline = Pipeline(
            settings=settings,
            catalogue=self.catalogue,
            store=self.store,
            alerts=AlertStore(self.store.connection, ZoneInfo("UTC")),
            clock=lambda: self.now,
            tell_from=ALWAYS,
        )

    def restart(self) -> None:
        self.store.close()
        self.start()

    @property
    def log(self) -> Path:
        return self.folder / "log" / "QWCLog.txt"

    def write(self, *lines: str) -> None:
        with self.log.open("ab") as file:
            file.write("".join(lines).encode())

    def turn(self, seconds: float = 0) -> None:
        self.now += timedelta(seconds=seconds)
        self.pipeline.turn()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.store.connection.execute(query)]

    def failed(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT application FROM runs WHERE outcome = 'failed' ORDER BY started")]

    def roots(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT cause FROM events WHERE role = 'root' ORDER BY time, offset")]


@pytest.fixture
def world(tmp_path: Path, catalogue: Catalogue) -> Any:
    one = World(tmp_path, catalogue)
    yield one
    one.store.close()
    gc.collect()


def test_a_failure_is_stored_at_once_and_told_after_the_wait(world: World) -> None:
    world.write(BANNER, *Session().blocked())
    world.turn()
    assert world.roots() == ["popup_blocked"]
    world.turn(2)
    assert world.rows("SELECT state FROM incidents") == [("open",)]
    world.turn(10)
    assert world.rows("SELECT count(*) FROM deliveries") == [(0,)]
    world.turn(30)
    assert world.rows("SELECT kind, receiver FROM deliveries") == [("opened", "ops")]
    world.turn(3600)
    assert world.rows("SELECT count(*) FROM deliveries") == [(1,)]


def test_a_good_run_resolves_and_is_told(world: World) -> None:
    world.write(BANNER, *Session().blocked())
    for _ in range(3):
        world.turn(30)
    world.write(*Session(at=600).ok())
    for _ in range(3):
        world.turn(30)
    assert world.rows("SELECT state FROM incidents") == [("resolved",)]
    kinds = [row[0] for row in world.rows("SELECT kind FROM notifications ORDER BY created_at")]
    assert kinds == ["opened", "resolved"]


def test_a_run_that_did_nothing_wrong_says_nothing(world: World) -> None:
    world.write(BANNER, *Session().no_work(), *Session(at=60).ok(), *Session(at=120).no_work())
    for _ in range(4):
        world.turn(60)
    assert world.roots() == []
    assert world.rows("SELECT count(*) FROM deliveries") == [(0,)]
    assert [row[0] for row in world.rows("SELECT outcome FROM runs ORDER BY started")] == ["no_work", "ok", "no_work"]


def test_a_restart_reads_nothing_twice(world: World) -> None:
    world.write(BANNER, *Session(application="A").blocked())
    world.turn()
    before = world.rows("SELECT id, role FROM events"), world.rows("SELECT id, outcome FROM runs")
    for _ in range(3):
        world.restart()
        world.turn(5)
    assert (world.rows("SELECT id, role FROM events"), world.rows("SELECT id, outcome FROM runs")) == before
    assert world.rows("SELECT count(*) FROM incidents") == [(1,)]


@pytest.mark.parametrize("cut", range(1, 24))
def test_a_restart_in_the_midst_of_a_run_leaves_one_run_with_one_root(world: World, cut: int) -> None:
    lines = Session(application="A").blocked()
    world.write(BANNER, *Session(application="B", at=-600).ok(), *lines[:cut])
    world.turn()
    world.restart()
    world.turn(5)
    world.write(*lines[cut:])
    world.turn(5)
    assert world.failed() == ["A"]
    assert world.roots() == ["popup_blocked"]
    assert world.rows("SELECT count(*) FROM runs") == [(2,)]


def test_a_log_that_is_cleared_in_place_is_read_from_its_start(world: World) -> None:
    world.write(BANNER, *Session(application="A").blocked(), *Session(application="B", at=60).ok())
    world.turn()
    world.log.write_bytes("".join([BANNER, *Session(application="C", at=120).blocked()]).encode())
    world.turn(5)
    assert world.failed() == ["A", "C"]
    assert world.rows("SELECT generation, past FROM files ORDER BY 1") == [(0, 1), (1, 0)]


def test_a_log_that_was_filled_anew_while_qbwatch_was_off_is_read_from_its_start(world: World) -> None:
    world.write(BANNER, *Session(application="A").blocked())
    world.turn()
    world.store.close()
    text = [BANNER, *Session(application="C", at=120).blocked(), *Session(application="D", at=180).blocked()]
    world.log.write_bytes("".join(text).encode())
    world.start()
    world.turn(5)
    assert world.failed() == ["A", "C", "D"]


def test_a_rolled_over_log_is_finished_before_the_new_one_begins(world: World) -> None:
    lines = Session(application="A").blocked()
    world.write(BANNER, *lines[:10])
    world.turn()
    world.write(*lines[10:18])
    world.log.rename(world.folder / "log" / "QWCLogOld.txt")
    world.write(BANNER, *lines[18:])
    world.turn(5)
    assert world.failed() == ["A"]
    assert world.roots() == ["popup_blocked"]
    assert world.rows("SELECT count(*) FROM runs") == [(1,)]


def test_half_a_line_is_read_when_it_is_whole(world: World) -> None:
    text = "".join(Session(application="A").blocked())
    for begin in range(0, len(text), 37):
        world.write(text[begin : begin + 37])
        world.turn(0.1)
    assert world.failed() == ["A"]
    assert world.roots() == ["popup_blocked"]


def test_an_error_whose_lines_come_one_by_one_is_told_by_its_whole_text(world: World) -> None:
    lines = Session(application="A").blocked()
    head = [one for one in lines[:12] if "handleModal" not in one]
    world.write(BANNER, *head, line("QBWebConnector.SOAPWebService.do_authenticate()", CALL_FAILED))
    world.turn()
    assert world.roots() == ["web_service_error"]
    world.write("The remote name could not be resolved: 'sync.example.com'\r\nMore info:\r\n")
    world.turn(0.2)
    assert world.roots() == ["web_service_unreachable"]
    world.turn(5)
    assert world.rows("SELECT cause FROM incidents") == [("web_service_unreachable",)]


def test_a_file_that_is_no_log_is_left_alone_and_the_others_go_on(world: World) -> None:
    (world.folder / "log" / "QWCLog-notes.txt").write_text("These are notes of a person, and no log of anything.\n" * 5)
    (world.folder / "log" / "QWCLog-gone.txt").symlink_to(world.folder / "nowhere")
    world.write(BANNER, *Session(application="A").blocked())
    world.turn()
    assert world.failed() == ["A"]
    states = {state.path.rpartition("/")[2]: (state.standing, state.problem) for state in world.store.states()}
    assert states["QWCLog-gone.txt"] == ("unreadable", "No such file or directory")
    assert states["QWCLog-notes.txt"][0] == "foreign"
    assert states["QWCLog.txt"] == ("followed", None)


def test_what_was_too_young_to_be_told_is_told_after_a_restart(world: World) -> None:
    world.write(BANNER, *Session(application="A").blocked())
    world.turn()
    world.restart()
    world.turn(5)
    assert world.rows("SELECT application, cause FROM incidents") == [("A", "popup_blocked")]
    world.write(*Session(application="A", at=600).ok())
    world.turn(600)
    world.restart()
    world.turn(5)
    assert world.rows("SELECT state FROM incidents") == [("resolved",)]


def test_one_file_that_is_written_tells_nothing_of_another_too_early(world: World) -> None:
    head = Session(application="A").blocked()[:11]
    call = line("QBWebConnector.SOAPWebService.do_authenticate()", CALL_FAILED)
    world.write(BANNER, *head, call)
    world.turn()
    (world.folder / "log" / "QWCLog-user2.txt").write_text("".join(Session(application="B").blocked()))
    world.turn(0.1)
    assert world.rows("SELECT count(*) FROM incidents") == [(0,)]


def test_a_run_that_spans_a_rollover_keeps_its_outcome_after_a_restart(world: World) -> None:
    lines = Session(application="A").ok()
    world.write(BANNER, *lines[:14])
    world.turn()
    world.log.rename(world.folder / "log" / "QWCLogOld.txt")
    world.write(BANNER, *lines[14:], *Session(application="A", at=600).ok())
    world.turn(5)
    before = world.rows("SELECT id, outcome, closed FROM runs ORDER BY started")
    assert [row[1] for row in before] == ["ok", "ok"]
    for _ in range(2):
        world.restart()
        world.turn(5)
        assert world.rows("SELECT id, outcome, closed FROM runs ORDER BY started") == before


def test_at_the_first_start_the_older_generation_is_read_first(world: World) -> None:
    lines = Session(application="A").blocked()
    (world.folder / "log" / "QWCLogOld.txt").write_bytes("".join([BANNER, *lines[:16]]).encode())
    world.write(BANNER, *lines[16:])
    world.turn()
    assert world.rows("SELECT application, outcome FROM runs") == [("A", "failed")]


def test_two_logs_of_one_folder_do_not_mix_their_runs(world: World) -> None:
    one, two = Session(application="A").blocked(), Session(application="A", at=1, ticket="{other}").ok()
    other = world.folder / "log" / "QWCLog-user2.txt"
    for begin in range(0, 40, 5):
        world.write(*one[begin : begin + 5])
        with other.open("ab") as file:
            file.write("".join(two[begin : begin + 5]).encode())
        world.turn(1)
    world.write(*Session(application="Z", at=900).no_work())
    world.turn(1)
    assert world.rows("SELECT application, outcome FROM runs WHERE application = 'A' ORDER BY started") == [
        ("A", "failed"),
        ("A", "ok"),
    ]


def test_a_source_that_cannot_be_read_stops_no_other_and_is_taken_up_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = world.folder / "log" / "QWCLog-bad.txt"
    bad.write_text("".join(Session(application="BAD").blocked()))
    world.write(BANNER, *Session(application="A").blocked())
    read = FollowedFile.read

    def failing(self: FollowedFile, file: Any, limit: int | None = None) -> Any:
        if self.checkpoint.path == str(bad):
            raise OSError(5, "Input/output error")
        return read(self, file, limit)

    with monkeypatch.context() as broken:
        broken.setattr(FollowedFile, "read", failing)
        world.turn()
    assert world.failed() == ["A"]
    assert world.pipeline.sources.seen[str(bad)].problem == "Input/output error"
    world.turn(1)
    assert sorted(world.failed()) == ["A", "BAD"]
    assert world.pipeline.sources.seen[str(bad)].problem is None


def test_a_store_that_another_program_holds_is_tried_again_and_nothing_is_lost(world: World) -> None:
    world.store.connection.execute("PRAGMA busy_timeout = 10")
    world.write(BANNER, *Session(application="A").blocked())
    with closing(sqlite3.connect(world.folder / "history.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        world.pipeline._turn_or_wait(0)
        other.execute("ROLLBACK")
    assert world.failed() == []
    world.pipeline._turn_or_wait(0)
    assert world.failed() == ["A"]


def test_a_folder_with_brackets_and_a_log_that_begins_with_nuls_are_followed(tmp_path: Path) -> None:
    folder = tmp_path / "logs [old]"
    folder.mkdir()
    log = folder / "QWCLog.txt"
    log.write_bytes(b"\0" * 9000 + "".join(Session(application="A").blocked()).encode())
    sources = Sources(
        (Source(path=str(folder / "QWCLog*.txt")),), FormatChooser(zone=ZoneInfo("UTC")), clock=lambda: START
    )
    assert list(sources.paths()) == [str(log)]
    found = [block.data for reading in sources.unread() for block in reading.followed.read(reading.file)]
    assert b"QBWC1053" in b"".join(found)


def test_an_idle_log_is_not_opened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(BANNER, *Session(application="A").ok())
    world.turn()
    opened: list[Path] = []
    monkeypatch.setattr("qbwatch.sources.open_shared", opened.append)
    world.turn(1)
    assert opened == []


def quarter_hours(begins: int, ends: int) -> list[str]:
    """Return a run each quarter of an hour, from *begins* to *ends* in hours after the start."""
    return [text for at in range(begins * 3600, ends * 3600, 900) for text in Session(at=at).ok()]


def test_a_first_start_finds_the_silences_of_all_the_past_and_tells_nobody(world: World) -> None:
    night = timedelta(days=9)
    world.pipeline.tell_from = world.now = START + night
    world.write(BANNER, *quarter_hours(0, 48), BANNER, *quarter_hours(56, 9 * 24))
    for seconds in (0, 2, 60):
        world.turn(seconds)
    assert world.roots() == ["session_logged_out"]
    assert world.rows("SELECT id FROM incidents") == []
    assert world.rows("SELECT * FROM notifications") == []


def test_a_machine_that_always_writes_is_judged_all_the_same(world: World) -> None:
    every = ConfiguredApplication(name="Fabrikam Ledger", every=timedelta(minutes=5))
    world.applications = (every,)
    world.restart()
    world.now = START
    for minute in range(30):
        # A turn in which nothing was read never comes.
        world.write(*Session(at=minute * 60).no_work())
        world.turn(30)
        world.write(line("RegistryManager.getUpdateLock()", "UpdateLock = FALSE", minute * 60 + 30))
        world.turn(30)
    assert world.rows("SELECT cause, application FROM incidents") == [("auto_run_off", "Fabrikam Ledger")]


def test_a_silence_that_gets_another_name_at_its_end_is_one_incident(world: World) -> None:
    world.applications = (ConfiguredApplication(name="Contoso Sync", every=timedelta(minutes=15)),)
    world.restart()
    world.now = START
    for hour in range(2):
        world.write(*quarter_hours(hour, hour + 1))
        world.turn(3600)
    for _ in range(3):
        world.turn(1800)
    assert world.rows("SELECT cause, state FROM incidents") == [("missed_schedule", "open")]
    world.write(BANNER, *quarter_hours(8, 9))
    world.now = START + timedelta(hours=9)
    for seconds in (0, 2, 60):
        world.turn(seconds)
    assert world.rows("SELECT cause, state, withdrawn FROM incidents") == [("session_logged_out", "resolved", 0)]
    told = world.rows("SELECT kind FROM notifications ORDER BY rowid")
    assert told == [("opened",), ("resolved",)]

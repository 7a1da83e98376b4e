"""`qbwatch sources`, as a user sees it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from ingest.ledger import Fate, LedgerEntry
from qbwatch.__main__ import main
from qbwatch.cli.sources import look_at, page
from qbwatch.clock import utc_now
from qbwatch.config import Settings, Source
from qbwatch.history.store import Store
from qbwatch.source_state import SourceState, Standing
from qbwatch.stream import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
LOGS = r"C:\ProgramData\Intuit\QBWebConnector\log\QWCLog*.txt"
CONNECTOR = r"C:\Users\sync\AppData\Roaming\Contoso\Connector\logs\connector-20260310.log"
FOLLOWED = SourceState(
    source=LOGS, path=LOGS.replace("*", ""), format="qbwc", sure=1.0, standing=Standing.FOLLOWED, file="aa:0",
    generation=0, offset=1_249_999, size=1_249_999, behind_since=None, last_record=NOW - timedelta(minutes=5),
    drops=0, missed=0, polled_only=False, problem=None, problem_since=None, looked_at=NOW,
)  # fmt: skip
BEHIND = replace(
    FOLLOWED, source=CONNECTOR, path=CONNECTOR, standing=Standing.BEHIND, generation=2, offset=52_400_000,
    size=104_857_600, behind_since=NOW - timedelta(minutes=90), drops=3, missed=14, polled_only=True,
)  # fmt: skip
DENIED = replace(
    FOLLOWED, path=LOGS.replace("*", "Old"), standing=Standing.UNREADABLE, format=None, generation=None, offset=None,
    size=None, last_record=None, problem="Permission denied", problem_since=NOW - timedelta(days=2),
)  # fmt: skip
CHANNEL = replace(
    FOLLOWED, source="System", path="System", format="windows-events", file=None, generation=None, offset=81_234,
    size=None,
)  # fmt: skip


def settings(store: Path, *sources: str) -> Settings:
    return Settings(
        host="srv-01", client=None, zone=ZoneInfo("America/New_York"), store=store,
        sources=tuple(Source(path=path) for path in sources),
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "qbwatch.db")) as opened:
        yield opened


def put(store: Store, *states: SourceState, at: datetime = NOW) -> None:
    with store.transaction():
        store.put_states(states, at)


def shown(store: Store, *sources: str, now: datetime = NOW, width: int = 80) -> str:
    known = settings(store.path, *sources)
    return page(look_at(store, known, now), known, width)


GOLDEN = r"""
PATH                         STATE       READ           LAG     LAST RECORD
C:\Progra…or\log\QWCLog.txt  followed    1.2/1.2 MB     0 s     2026-03-10 03:55
C:\Progra…log\QWCLogOld.txt  unreadable  -              -       -
    Permission denied, since 2026-03-08 04:00
C:\…\connector-20260310.log  behind      52.4/104.8 MB  5400 s  2026-03-10 03:55
    generation 2, 3 dropped, 14 found by polling alone, polled only
System                       followed    event 81234    0 s     2026-03-10 03:55
D:\qb\QBSDKLog.txt           never seen  -              -       -
    nothing that matches it was seen
Times are of America/New_York.
"""


def test_every_path_has_a_line_of_at_most_80_columns(store: Store) -> None:
    put(store, FOLLOWED, BEHIND, DENIED, CHANNEL)
    said = shown(store, LOGS, CONNECTOR, "System", r"D:\qb\QBSDKLog.txt")
    assert said.splitlines() == GOLDEN.strip().splitlines()
    assert max(map(len, said.splitlines())) <= 80


def test_on_a_wide_terminal_paths_are_whole(store: Store) -> None:
    put(store, BEHIND)
    assert CONNECTOR in shown(store, CONNECTOR, width=200)


def test_a_watcher_that_is_silent_is_told(store: Store) -> None:
    put(store, FOLLOWED)
    assert "watcher" not in shown(store, LOGS, now=NOW + timedelta(minutes=2))
    for later, length in (
        (timedelta(seconds=150), "2 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=9), "9 days"),
    ):
        assert shown(store, LOGS, now=NOW + later).splitlines()[0] == (
            f"The watcher last looked {length} ago. To start it again: qbwatch watch"
        )


def test_before_any_watcher_looked_every_source_was_never_seen(store: Store) -> None:
    first, *lines = shown(store, LOGS).splitlines()
    assert first == "No watcher has looked at the sources yet. Start it: qbwatch watch"
    assert "never seen" in lines[1]


def test_a_source_that_was_taken_out_of_the_configuration_is_not_shown(store: Store) -> None:
    put(store, replace(BEHIND, looked_at=NOW - timedelta(hours=1)), FOLLOWED)
    assert [state.path for state in look_at(store, settings(store.path, LOGS), NOW).states] == [FOLLOWED.path]


def test_a_source_that_matches_at_last_is_no_longer_never_seen(store: Store) -> None:
    put(store, replace(FOLLOWED, path=LOGS, standing=Standing.NEVER_SEEN))
    put(store, FOLLOWED)
    assert store.states() == [FOLLOWED]


def test_states_come_back_as_they_were_written_the_newest_for_each_path(store: Store) -> None:
    put(store, FOLLOWED, BEHIND, DENIED)
    put(store, replace(BEHIND, offset=60_000_000), at=NOW + timedelta(seconds=5))
    assert store.states() == [FOLLOWED, DENIED, replace(BEHIND, offset=60_000_000)]
    assert store.watched_at() == NOW + timedelta(seconds=5)


def test_a_file_name_cannot_steer_the_terminal(store: Store) -> None:
    put(store, replace(FOLLOWED, path="/log/\x1b[2Jx\n.txt", problem="bad \x07 name"))
    said = shown(store, LOGS, width=120)
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "/log/?[2Jx?.txt" in said


def test_only_a_terminal_sees_colours(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, FOLLOWED, DENIED)
    assert "\033" not in shown(store, LOGS)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    coloured = [line for line in shown(store, LOGS).splitlines() if line.startswith("\033[31m")]
    assert [line.split()[1] for line in coloured] == ["unreadable"]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in shown(store, LOGS)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "80")
    path = tmp_path / "qbwatch.toml"
    path.write_text(f"[host]\ntimezone = 'UTC'\n[[source]]\npath = '{LOGS}'\n")
    return path


def lately(state: SourceState, **others: Any) -> SourceState:
    """Move a state's times to the present, to which the command looks."""
    moved = utc_now().replace(microsecond=0) - NOW
    times = {name: value + moved for name in ("behind_since", "last_record", "problem_since", "looked_at")
             if (value := getattr(state, name))}  # fmt: skip
    return replace(state, **times | others)


def lost(at: datetime, path: str = "/log/QWCLog.txt", fate: Fate = Fate.LOST) -> LedgerEntry:
    return LedgerEntry(
        file="aa:0", path=path, fate=fate, begin=1024, end=None, reason="truncated before it was read",
        since=at - timedelta(hours=1), at=at,
    )  # fmt: skip


def run(config: Path, *arguments: str) -> int:
    return main(["--config", str(config), "sources", *arguments])


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (FOLLOWED, 0),
        (replace(FOLLOWED, standing=Standing.GONE), 0),
        (replace(FOLLOWED, standing=Standing.COPY), 0),
        (replace(FOLLOWED, standing=Standing.BEHIND, behind_since=NOW - timedelta(seconds=290)), 0),
        (replace(FOLLOWED, standing=Standing.BEHIND, behind_since=NOW - timedelta(seconds=310)), 1),
        (replace(DENIED, behind_since=None), 1),
        (replace(FOLLOWED, path=LOGS, standing=Standing.NEVER_SEEN), 1),
    ],
)
def test_the_exit_code_says_whether_all_is_read(config: Path, store: Store, state: SourceState, code: int) -> None:
    put(store, lately(state), at=utc_now())
    assert run(config) == code


def keep(store: Store, *entries: LedgerEntry) -> None:
    with store.transaction():
        store.put(Batch(), (), utc_now(), ledger=entries)


def test_what_was_lost_in_the_last_day_is_told(config: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    put(store, lately(FOLLOWED), at=utc_now())
    keep(store, lost(utc_now() - timedelta(hours=25)))
    assert run(config) == 0
    keep(store, lost(utc_now() - timedelta(hours=23), "/log/other.txt"), lost(utc_now(), fate=Fate.SKIPPED))
    capsys.readouterr()
    assert run(config) == 1
    assert capsys.readouterr().out.splitlines()[0] == (
        "Byte ranges lost in the last day: 1. See which: qbwatch sources --ledger"
    )


def test_a_silent_watcher_is_something_wrong(config: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    put(store, lately(FOLLOWED), at=utc_now() - timedelta(minutes=3))
    assert run(config, "--json") == 1
    said = capsys.readouterr()
    assert said.err.startswith("qbwatch: The watcher last looked 3 min ago.")
    assert len(said.out.splitlines()) == 1


def test_json_is_one_object_a_path(config: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    behind = lately(BEHIND, source=LOGS)
    at = utc_now().replace(microsecond=0)
    put(store, behind, lately(DENIED), at=at)
    assert run(config, "--json") == 1
    second, first = map(json.loads, capsys.readouterr().out.splitlines())
    assert 5400 <= first.pop("lag_s") < 5460
    assert first == {
        "source": LOGS, "path": BEHIND.path, "format": "qbwc", "sure": 1.0, "standing": "behind", "file": "aa:0",
        "generation": 2, "offset": 52_400_000, "size": 104_857_600, "behind_since": text(behind.behind_since),
        "last_record": text(behind.last_record), "drops": 3, "missed": 14, "polled_only": True, "problem": None,
        "problem_since": None, "looked_at": text(behind.looked_at), "watched_at": text(at),
    }  # fmt: skip
    assert (second["standing"], second["problem"], second["lag_s"]) == ("unreadable", "Permission denied", None)


def text(time: datetime | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


def test_the_ledger_is_listed_the_newest_first(config: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    long = r"C:\ProgramData\Intuit\QBWebConnector\log\QWCLog.txt"
    read = LedgerEntry(file="aa:0", path=long, fate=Fate.READ, begin=0, end=1_249_999, reason="", since=NOW, at=NOW)
    keep(store, read, lost(NOW + timedelta(minutes=1), long))
    assert run(config, "--ledger") == 0
    assert capsys.readouterr().out.splitlines() == [
        r"2026-03-10 08:01  lost     1,024 to ?  C:\ProgramData…ebConnector\log\QWCLog.txt",
        "    truncated before it was read, since 2026-03-10 07:01",
        r"2026-03-10 08:00  read     0 to 1,249,999  C:\ProgramDat…onnector\log\QWCLog.txt",
        "Times are of UTC.",
    ]
    assert run(config, "--ledger", "--json", "--limit", "1", "--path", "qwclog") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "file": "aa:0", "path": long, "fate": "lost", "begin": 1024, "end": None,
        "reason": "truncated before it was read", "since": "2026-03-10T07:01:00Z", "at": "2026-03-10T08:01:00Z",
    }  # fmt: skip
    assert said.err == "qbwatch: these are the newest 1 entries; there are more. See them with --limit N.\n"


def test_an_empty_ledger_says_so(config: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert store.ledger() == []
    assert run(config, "--ledger") == 0
    assert run(config, "--ledger", "--path", "x") == 0
    assert capsys.readouterr().out.splitlines() == [
        "The ledger is empty: nothing was read yet.",
        "The ledger has no such entry.",
    ]


def test_only_the_paths_asked_for_are_shown_and_judged(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    put(store, lately(FOLLOWED), lately(DENIED), at=utc_now())
    keep(store, lost(utc_now(), "/log/other.txt"))
    assert run(config, "--path", "qwclog.txt") == 0
    assert "unreadable" not in capsys.readouterr().out
    assert run(config, "--path", "nowhere") == 0
    assert capsys.readouterr().out == "No source has such a path.\n"


def test_without_a_store_it_says_how_to_get_one(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config) == 2
    assert "there is no store yet" in capsys.readouterr().err


def test_the_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["sources", "--help"])
    assert "Exit codes: 0 all is read; 1 a source is unreadable" in " ".join(capsys.readouterr().out.split())


def test_it_writes_nothing_and_loads_nothing_heavy(config: Path, store: Store) -> None:
    put(store, lately(FOLLOWED), at=utc_now())
    before = store.connection.execute("PRAGMA data_version").fetchone()[0]
    for arguments in ([], ["--ledger"], ["--json"]):
        command = [sys.executable, "-X", "importtime", "-m", "qbwatch", "--config", str(config), "sources", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert set(re.findall(r"\| +(pandas|numpy|apprise|sqlite_utils|jinja2)$", done.stderr, re.MULTILINE)) == set()
        assert "qbwatch.cli.source_table" in done.stderr
    assert store.connection.execute("PRAGMA data_version").fetchone()[0] == before

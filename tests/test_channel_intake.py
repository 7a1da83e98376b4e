"""Windows event channels on their way to the store, from a Windows that answers as the real one does."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from windows_channels import POWER, Windows, event

from ingest.channels import Channel
from qbwatch.channel_intake import ChannelIntake
from qbwatch.history.store import Store
from qbwatch.history.times import NEVER
from qbwatch.source_state import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.catalogue import Catalogue

NOW = datetime(2026, 4, 14, 22, 0, tzinfo=UTC)
DEFENDER = "Microsoft-Windows-Windows Defender"
OPERATIONAL = f"{DEFENDER}/Operational"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "history.db")) as opened:
        yield opened


def intake(store: Store, catalogue: Catalogue, windows: Windows, *names: str) -> ChannelIntake:
    return ChannelIntake(
        names=names or ("System",), catalogue=catalogue, store=store, host="srv-01", client=None, clock=lambda: NOW,
        open_channel=lambda name: Channel(name=name, run=windows, batch=3),
    )  # fmt: skip


def kept(store: Store) -> list[tuple[str, str]]:
    return [tuple(row) for row in store.connection.execute("SELECT source, code FROM signals ORDER BY rowid")]


def test_what_windows_noted_is_kept_once_and_reading_goes_on_after_a_restart(
    store: Store, catalogue: Catalogue
) -> None:
    windows = Windows({"System": [event(number) for number in range(1, 9)]})
    intake(store, catalogue, windows).turn(0, NEVER)
    assert kept(store) == [("System", f"{POWER}/42")] * 8
    windows.logs["System"].append(event(9))
    again = intake(store, catalogue, windows)
    again.turn(0, NEVER)
    assert (len(kept(store)), store.bookmarks()) == (9, {"System": 9})


def test_a_channel_is_asked_now_and_then(store: Store, catalogue: Catalogue) -> None:
    windows = Windows({"System": [event(1)]})
    one = intake(store, catalogue, windows)
    asked = []
    for second in range(0, 32, 5):
        one.turn(second, NEVER)
        asked.append(len(windows.asked))
    assert [after - before for before, after in pairwise(asked)] == [0, 0, 1, 0, 0, 1]


def test_a_log_that_was_cleared_is_read_from_its_start_and_its_numbers_mean_other_events(
    store: Store, catalogue: Catalogue
) -> None:
    windows = Windows({"System": [event(number) for number in range(1, 6)]})
    one = intake(store, catalogue, windows)
    one.turn(0, NEVER)
    later = event(1).replace("2026-04-14T21", "2026-04-14T23")
    windows.logs["System"] = [later]
    one.turn(60, NEVER)
    assert (len(kept(store)), store.bookmarks()) == (6, {"System": 1})
    assert [(state.standing, state.offset, state.drops) for state in one.states()] == [(Standing.FOLLOWED, 1, 1)]


def test_a_channel_that_refuses_stops_no_other_and_says_why(store: Store, catalogue: Catalogue) -> None:
    windows = Windows({"System": [event(1)]}, refused={"Security": 5})
    one = intake(store, catalogue, windows, "Security", "System")
    one.turn(0, NEVER)
    assert kept(store) == [("System", f"{POWER}/42")]
    states = {state.path: state for state in one.states()}
    assert states["Security"].standing is Standing.UNREADABLE
    assert "Security" in (states["Security"].problem or "")
    windows.refused.clear()
    windows.logs["Security"] = [event(1)]
    one.turn(60, NEVER)
    assert {state.standing for state in one.states()} == {Standing.FOLLOWED}


def test_what_a_rule_knows_becomes_a_finding_and_the_past_is_told_to_nobody(store: Store, catalogue: Catalogue) -> None:
    blocked = event(1, DEFENDER, 1117).replace(
        "<Data Name='TargetState'>4</Data>",
        "<Data Name='Path'>file:_C:\\Program Files (x86)\\Intuit\\QBWebConnector.exe</Data>",
    )
    windows = Windows({OPERATIONAL: [blocked]})
    one = intake(store, catalogue, windows, OPERATIONAL)
    assert one.turn(0, NEVER) == 1
    found = store.connection.execute("SELECT cause, source, told FROM events").fetchall()
    assert [tuple(row) for row in found] == [("antivirus_or_policy_blocked", OPERATIONAL, None)]
    windows.logs[OPERATIONAL].append(blocked.replace("<EventRecordID>1<", "<EventRecordID>2<"))
    assert one.turn(60, NEVER) == 1
    assert [row[0] for row in store.connection.execute("SELECT told FROM events ORDER BY rowid")] == [None, 0]

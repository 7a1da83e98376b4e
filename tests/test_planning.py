"""When the loop asks anew what is due: by its own findings, by a command in another process, by the clock."""

from __future__ import annotations

import gc
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from qwclog import BANNER, Session
from test_pipeline import World

from alerts.matcher import read_matcher
from alerts.silence import Silence
from qbwatch.history import silence_rows
from qbwatch.history.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from rules.catalogue import Catalogue

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path, catalogue: Catalogue) -> Any:
    one = World(tmp_path, catalogue)
    yield one
    one.store.close()
    gc.collect()


def kinds(world: World) -> list[str]:
    return [row[0] for row in world.rows("SELECT kind FROM notifications ORDER BY rowid")]


def silenced(world: World, **changes: Any) -> Silence:
    values: dict[str, Any] = {
        "id": "s1", "matchers": (read_matcher("cause=popup_blocked"),), "author": "sam", "reason": "patching",
        "starts_at": world.now, "ends_at": world.now + 2 * HOUR,
    }  # fmt: skip
    one = Silence(**(values | changes))
    with closing(Store(world.folder / "history.db")) as other, other.transaction():
        silence_rows.put(other.connection, one)
    return one


def test_a_silence_that_somebody_ends_is_over_at_the_next_turn(world: World) -> None:
    world.turn()
    silence = silenced(world)
    world.write(BANNER, *Session().blocked())
    for _ in range(3):
        world.turn(40)
    assert kinds(world) == []
    silenced(world, starts_at=silence.starts_at, ended_at=world.now)
    world.turn(1)
    assert kinds(world) == ["opened"]


def test_a_silence_that_begins_while_nothing_else_happens_is_warned_of_before_its_end(world: World) -> None:
    world.write(BANNER, *Session().blocked())
    world.turn()
    for _ in range(3):
        world.turn(40)
        world.store.connection.execute("UPDATE deliveries SET state = 'sent', next_at = NULL")
    assert kinds(world) == ["opened"]
    silenced(world)
    world.turn(1)
    world.turn(109 * 60)
    assert kinds(world) == ["opened", "digest"]


def test_while_nothing_happens_nothing_is_planned(world: World) -> None:
    world.turn()
    planned_at = world.pipeline._planned_at
    for _ in range(3):
        world.turn(60)
    assert world.pipeline._planned_at == planned_at


def test_after_the_clock_was_set_back_a_reminder_comes_when_it_is_due_by_the_new_time(world: World) -> None:
    world.now += timedelta(days=400)
    world.write(BANNER, *Session(at=400 * 86400).blocked())
    world.turn()
    for _ in range(3):
        world.turn(40)
        world.store.connection.execute("UPDATE deliveries SET state = 'sent', next_at = NULL")
    assert kinds(world) == ["opened"]
    world.now -= timedelta(days=400)
    world.turn()
    world.turn(4 * 3600 + 60)
    assert kinds(world) == ["opened", "reminder"]

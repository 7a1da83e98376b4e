"""The machine that the tests run on, asked for real; what only Windows has stands behind the same questions."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from live_watch import poll

from ingest.platform import PlatformError, this_machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.platform import Process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="what it starts and stops is of Linux")
# Longer than the kernel keeps a name.
PROGRAM = "QBWebConnector.exe"


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    path = folder / PROGRAM
    shutil.copy(shutil.which("sleep") or "/bin/sleep", path)
    process = subprocess.Popen([str(path), "60"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def seen(pid: int) -> Process | None:
    found = this_machine().processes(lambda name: name == PROGRAM)
    return next((one for one in found if one.pid == pid), None)


def test_clocks_go_on_and_never_apart_while_the_machine_is_awake() -> None:
    machine = this_machine()
    before, after = machine.clocks(), machine.clocks()
    assert after.awake_s >= before.awake_s
    assert after.alive_s - before.alive_s == pytest.approx(after.awake_s - before.awake_s, abs=0.5)
    assert (before.boot, before.wall.tzinfo) == (after.boot, UTC)
    assert this_machine().clocks().boot == before.boot


def test_the_machine_was_started_before_now() -> None:
    assert this_machine().booted() < datetime.now(UTC)


def test_a_running_program_is_found_with_its_start_and_its_user_until_it_ends(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        assert poll(lambda: seen(process.pid) is not None)
        found = seen(process.pid)
        assert found
        assert (found.name, found.hung, bool(found.user)) == (PROGRAM, False, True)
        assert found.started is not None
        assert abs(found.started - datetime.now(UTC)) < timedelta(minutes=5)
    assert seen(process.pid) is None


def test_a_program_that_is_stopped_hangs(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        os.kill(process.pid, signal.SIGSTOP)
        assert poll(lambda: (one := seen(process.pid)) is not None and one.hung)
        os.kill(process.pid, signal.SIGCONT)
        assert poll(lambda: (one := seen(process.pid)) is not None and not one.hung)


def test_who_is_signed_in_can_be_asked() -> None:
    assert all(one.user for one in this_machine().sessions())


def test_the_room_on_a_volume_is_told_and_none_where_nothing_is(tmp_path: Path) -> None:
    space = this_machine().disk(tmp_path)
    assert space
    assert 0 < space.free <= space.total
    assert os.path.ismount(space.volume)
    assert this_machine().disk(tmp_path / "nothing") is None


def test_a_program_of_the_system_tells_or_says_why_not() -> None:
    machine = this_machine()
    assert machine.run(["echo", "one"]) == "one\n"
    with pytest.raises(PlatformError, match="false ended with 1"):
        machine.run(["false"])
    with pytest.raises(PlatformError, match="no-such-program cannot be run"):
        machine.run(["no-such-program"])

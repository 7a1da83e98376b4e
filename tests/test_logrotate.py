"""The real `logrotate`, each second, under a steady writer: what is not stored once, the ledger names as lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from live_watch import configured, failing, poll, stored, stored_numbers, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

LOGROTATE = shutil.which("logrotate", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
pytestmark = pytest.mark.skipif(LOGROTATE is None, reason="logrotate is not installed (apt-get install logrotate)")

ROTATION = """\
"{log}" {{
    size 1
    rotate 100
    nocompress
    missingok
    {more}
}}
"""
EVERY_S = 1 / 80


@dataclass(slots=True)
class Writer:
    """Appends numbered records as a service does that opens its log anew once it was rotated."""

    log: Path
    written: list[tuple[datetime, datetime]] = field(default_factory=list)  # by number: before and after
    _stopping: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        file = self.log.open("ab", buffering=0)
        while not self._stopping.wait(EVERY_S):
            file = self._anew(file)
            before = datetime.now(UTC)
            file.write(failing(len(self.written)))
            self.written.append((before, datetime.now(UTC)))
        file.close()

    def _anew(self, file: BinaryIO) -> BinaryIO:
        try:
            if os.path.samestat(self.log.stat(), os.fstat(file.fileno())):
                return file
        except FileNotFoundError:
            return file  # moved away, and the new one is not made yet
        file.close()
        return self.log.open("ab", buffering=0)

    @contextmanager
    def writing(self) -> Iterator[None]:
        thread = threading.Thread(target=self.write)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join()


def rotate_each_second(folder: Path, seconds: int, *more: str) -> int:
    """Run logrotate *seconds* times; return how many generations there are at the end."""
    assert LOGROTATE
    settings, state = folder / "logrotate.conf", folder / "logrotate.state"
    settings.write_text(ROTATION.format(log=folder / "log" / "QWCLog.txt", more="\n    ".join(more)))
    settings.chmod(0o644)
    tick = threading.Event()
    for _ in range(seconds):
        tick.wait(1)
        subprocess.run([LOGROTATE, "--state", str(state), str(settings)], check=True)
    tick.wait(0.5)
    return len(list((folder / "log").iterdir()))


def rotated(folder: Path, seconds: int, *more: str) -> Writer:
    """Watch, write and rotate for *seconds*; return what was written once nothing more comes."""
    config = configured(folder)
    writer = Writer(folder / "log" / "QWCLog.txt")
    with watching(config):
        with writer.writing():
            assert rotate_each_second(folder, seconds, *more) > seconds * 0.8
        last = len(writer.written) - 1
        assert poll(lambda: last in stored_numbers(folder)), f"{last} is not stored"
        poll(lambda: len(stored_numbers(folder)) > last, timeout_s=3)
    return writer


def lost_windows(folder: Path) -> list[tuple[datetime, datetime]]:
    found = stored(folder, "SELECT since, at FROM ledger WHERE fate = 'lost' AND path LIKE '%/QWCLog.txt%'")
    # The ledger tells whole seconds.
    return [(datetime.fromisoformat(since), datetime.fromisoformat(at) + timedelta(seconds=1)) for since, at in found]


def stored_twice(numbers: list[int]) -> list[int]:
    return sorted({number for number, after in pairwise(numbers) if number == after})


def check_create(folder: Path, seconds: int, *more: str) -> None:
    writer = rotated(folder, seconds, "create", *more)
    assert stored_numbers(folder) == list(range(len(writer.written)))
    assert lost_windows(folder) == []


def check_copytruncate(folder: Path, seconds: int, *more: str) -> None:
    writer = rotated(folder, seconds, "copytruncate", *more)
    numbers, windows = stored_numbers(folder), lost_windows(folder)
    assert stored_twice(numbers) == []
    missing = set(range(len(writer.written))) - set(numbers)
    unnamed = [
        (number, writer.written[number])
        for number in sorted(missing)
        if not any(since <= writer.written[number][1] and writer.written[number][0] <= at for since, at in windows)
    ]
    assert unnamed == [], windows
    assert len(missing) < len(writer.written) / 10


def test_logrotate_with_create_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    check_create(tmp_path, 12)


def test_logrotate_with_copytruncate_loses_only_what_the_ledger_names(tmp_path: Path) -> None:
    check_copytruncate(tmp_path, 12)


DATED = ("dateext", "dateformat -%Y%m%d-%s")


def test_logrotate_with_dated_names_loses_nothing(tmp_path: Path) -> None:
    check_create(tmp_path, 5, *DATED)


@pytest.mark.soak
@pytest.mark.timeout(180)
@pytest.mark.parametrize("dated", [(), DATED], ids=["numbered", "dated"])
@pytest.mark.parametrize("check", [check_create, check_copytruncate], ids=["create", "copytruncate"])
def test_a_minute_of_logrotate_loses_only_what_the_ledger_names(
    tmp_path: Path, check: object, dated: tuple[str, ...]
) -> None:
    assert callable(check)
    check(tmp_path, 60, *dated)

"""Whatever happens to the logs and to qbwatch: nothing is stored twice, and nothing lost that the ledger does not name.

`pytest -m soak tests/test_follow_machine.py` runs it for long.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from fragile_store import CrashError, FragileStore, busy, empty_store, rules
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from log_folder import MARKS, NUMBER, START, LogFolder
from qwclog import Session

import ingest.platform.files
from ingest.identity import Change, compare
from ingest.ledger import Fate
from ingest.platform import FileId, open_shared
from qbwatch.config import Settings, Source
from qbwatch.history.alert_store import AlertStore
from qbwatch.pipeline import Pipeline
from qbwatch.source_paths import chain_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from ingest.ledger import LedgerEntry
    from qbwatch.source_looks import Seen

COUNTS = st.integers(1, 8)
WIDTHS = st.integers(1, 200)
ENCODINGS = st.sampled_from(sorted(MARKS))


class Following(RuleBasedStateMachine):
    """Logs that are written, rolled over, cleared and replaced while the real loop follows them."""

    identity: Callable[[os.stat_result], FileId] | None = None  # what the volume says of a file, if not the truth

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="follow"))
        self.logs = LogFolder(self.folder / "log")
        self.logs.folder.mkdir()
        (self.folder / "store").mkdir()
        (self.folder / "store" / "history.db").write_bytes(empty_store())
        self.log = self.path("QWCLog.txt")
        self.user = self.path("QWCLog-user2.txt")
        self.blocked: set[Path] = set()
        self.told: set[str] = set()
        self.now_s = 0.0
        self.patch = pytest.MonkeyPatch()
        for place in ("ingest.identity", "qbwatch.sources"):
            self.patch.setattr(f"{place}.open_shared", self.open)
        if self.identity:
            self.patch.setattr(ingest.platform.files, "_identity", self.identity)
        self.start()

    def path(self, name: str) -> Path:
        return self.logs.folder / name

    def open(self, path: Path) -> Any:
        if path in self.blocked:
            raise PermissionError(13, "The process cannot access the file", str(path))
        return open_shared(path)

    def start(self) -> None:
        self.store = FragileStore(self.folder / "store" / "history.db")
        self.pipeline = Pipeline(
            settings=Settings(
                host="srv-01",
                client=None,
                zone=ZoneInfo("UTC"),
                sources=(Source(path=str(self.path("QWCLog*.txt"))),),
                store=self.store.path,
            ),
            catalogue=rules(),
            store=self.store,
            alerts=AlertStore(self.store.connection, ZoneInfo("UTC")),
            clock=lambda: self.logs.now,
            listens=False,
        )

    def teardown(self) -> None:
        try:
            self.blocked.clear()
            for path in list(self.logs.halves):
                self.logs.tear(path)
            for seconds in (0, 3, 3):
                self.turn(seconds)
            self.all_is_stored_or_named_lost()
            self.every_byte_is_accounted_for()
        finally:
            self.patch.undo()
            self.store.close()
            self.logs.close()
            shutil.rmtree(self.folder)

    # what happens to the logs

    @rule(count=COUNTS, width=WIDTHS, lines=st.integers(0, 3))
    def write(self, count: int, width: int, lines: int) -> None:
        self.logs.write(self.log, count, width=width, lines=lines)

    @rule(cut=st.integers(1, 200), width=WIDTHS)
    def write_half_a_line(self, cut: int, width: int) -> None:
        self.logs.write(self.log, 1, width=width, cut=cut)

    @rule(steps=st.integers(1, 30))
    def write_a_run(self, steps: int) -> None:
        at = int((self.logs.now - START).total_seconds())
        self.logs.text(self.log, "".join(Session(at=at).ok()[:steps]))

    @rule(count=COUNTS)
    def write_to_another_log(self, count: int) -> None:
        self.logs.write(self.user, count)

    @rule(count=st.integers(8, 2000))
    def lose_power(self, count: int) -> None:
        if self.log.exists() and self.log.stat().st_size:
            self.logs.nuls(self.log, count)

    @rule(encoding=ENCODINGS, banner=st.booleans(), begins=st.booleans())
    def roll_over(self, encoding: str, *, banner: bool, begins: bool) -> None:
        self.logs.rename(self.log, self.path("QWCLogOld.txt"))
        if begins:
            self.logs.begin(self.log, encoding, banner=banner)

    @rule(encoding=ENCODINGS)
    def rotate_by_number(self, encoding: str) -> None:
        if self.log.exists():
            self.logs.rename(self.path("QWCLog.txt.1"), self.path("QWCLog.txt.2"))
            self.logs.rename(self.log, self.path("QWCLog.txt.1"))
            self.logs.begin(self.log, encoding)

    @rule(day=st.integers(1, 3))
    def rotate_by_date(self, day: int) -> None:
        self.logs.rename(self.log, self.path(f"QWCLog-2026030{day}.txt"))

    @rule(to=st.sampled_from(["QWCLogOld.txt", "QWCLog.txt.1"]), late=st.integers(0, 3), turns=st.booleans())
    def copy_and_truncate(self, to: str, late: int, *, turns: bool) -> None:
        if not self.log.exists():
            return
        if to.endswith(".1"):
            self.logs.rename(self.path(to), self.path("QWCLog.txt.2"))
        self.logs.copy(self.log, self.path(to))
        if late:
            self.logs.write(self.log, late)
        if turns:
            self.turn(1)
        self.logs.begin(self.log, self.logs.encodings.get(self.log, "utf-8"))

    @rule(count=st.integers(0, 12), width=WIDTHS, encoding=ENCODINGS)
    def clear_and_refill(self, count: int, width: int, encoding: str) -> None:
        self.logs.begin(self.log, encoding)
        if count:
            self.logs.write(self.log, count, width=width)

    @rule()
    def clear_and_refill_with_as_many_bytes(self) -> None:
        if self.log.exists() and (size := self.log.stat().st_size) > 300:
            self.logs.begin(self.log)
            self.logs.write(self.log, 1)
            rest = size - self.log.stat().st_size
            self.logs.append(self.log, b"x" * (rest - 1) + b"\n")

    @rule(count=st.integers(0, 8))
    def delete_and_make_anew(self, count: int) -> None:
        self.logs.delete(self.log)
        if count:
            self.logs.write(self.log, count)

    @rule(share=st.floats(0, 1), turns=st.booleans(), count=st.integers(0, 12))
    def lose_the_end_and_grow(self, share: float, count: int, *, turns: bool) -> None:
        if self.log.exists():
            self.logs.shorten(self.log, int(share * self.log.stat().st_size))
            if turns:
                self.turn(1)
            self.logs.write(self.log, count)

    @rule()
    def swap_two_logs(self) -> None:
        if self.log.exists() and self.user.exists():
            self.logs.rename(self.log, self.path("swap.tmp"))
            self.logs.rename(self.user, self.log)
            self.logs.rename(self.path("swap.tmp"), self.user)

    @rule(name=st.sampled_from(["QWCLog - Copy.txt", "QWCLogOld.txt"]))
    def copy_beside(self, name: str) -> None:
        self.logs.copy(self.log, self.path(name))

    @rule(name=st.sampled_from(["one.txt", "two.txt"]), count=COUNTS)
    def move_the_link(self, name: str, count: int) -> None:
        real = self.path("real") / name
        real.parent.mkdir(exist_ok=True)
        self.logs.write(real, count)
        link = self.path("QWCLog-link.txt")
        link.unlink(missing_ok=True)
        link.symlink_to(real)

    # what happens to qbwatch

    @rule(seconds=st.sampled_from([0, 1, 3, 20]))
    def turn(self, seconds: float) -> None:
        self.wait(seconds)
        self.pipeline.turn(self.now_s)
        self.look_around()

    @rule(seconds=st.sampled_from([0, 1, 6]))
    def poll(self, seconds: float) -> None:
        self.wait(seconds)
        self.pipeline.turn(self.now_s, set())
        self.look_around()

    @rule(names=st.sets(st.sampled_from(["QWCLog.txt", "QWCLogOld.txt", "QWCLog.txt.1", "QWCLog-user2.txt"])))
    def turn_with_hints_only(self, names: set[str]) -> None:
        self.pipeline.turn(self.now_s, {str(self.path(name)) for name in names})
        self.look_around()

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.logs.tick()
        self.start()

    @rule(times=st.integers(1, 3))
    def crash_before_commit(self, times: int) -> None:
        self.store.failures = [CrashError() for _ in range(times)]
        with suppress(CrashError):
            self.pipeline.turn(self.now_s)
        self.restart()

    @rule()
    def find_the_store_busy(self) -> None:
        self.store.failures = [busy()]
        self.pipeline._turn_or_wait(self.now_s)
        self.store.failures = []
        self.nothing_is_doubled()
        self.no_checkpoint_is_ahead()

    @rule(hours=st.sampled_from([1, 24]))
    def jump(self, hours: int) -> None:
        self.logs.tick(3600 * hours)

    @rule(names=st.sets(st.sampled_from(["QWCLog.txt", "QWCLogOld.txt", "QWCLog.txt.1"])))
    def lock_some(self, names: set[str]) -> None:
        self.blocked = {self.path(name) for name in names}

    def wait(self, seconds: float) -> None:
        self.logs.tick(seconds)
        self.now_s += seconds

    # what must be true

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.store.connection.execute(query)]

    def stored(self) -> dict[int, list[tuple[Any, ...]]]:
        found: dict[int, list[tuple[Any, ...]]] = {}
        for id_, source, offset, message in self.rows("SELECT id, source, offset, message FROM events"):
            for number in NUMBER.findall(message):
                found.setdefault(int(number), []).append((source, offset, id_))
        return found

    def look_around(self) -> None:
        looked = self.pipeline.sources.seen.items()
        self.logs.seen(
            {Path(path): seen.glance.size for path, seen in looked if seen.glance and self._is_it(path, seen)}
        )
        self.nothing_is_doubled()
        self.no_checkpoint_is_ahead()

    def _is_it(self, path: str, seen: Seen) -> bool:
        """Say whether what stands at *path* was looked at, and not only what stood there before."""
        if seen.followed is None or seen.glance is None or not Path(path).exists():
            return False
        return self.identity is not None or Path(path).stat().st_ino == seen.glance.identity.number

    def nothing_is_doubled(self) -> None:
        stored = self.stored().items()
        doubled = {
            number: places
            for number, places in stored
            if len(places) > 1 and not self.logs.faults[number].may_be_doubled
        }
        assert not doubled

    def no_checkpoint_is_ahead(self) -> None:
        stored = self.stored().keys()
        told = [entry for entry in self.store.ledger(limit=100_000) if entry.reason.startswith("a copy of")]
        for checkpoint in self.store.checkpoints():
            path = Path(checkpoint.path)
            if checkpoint.past or not path.exists():
                continue
            with open_shared(path) as file:
                is_whole = compare(file, checkpoint) is Change.SAME
            if is_whole:
                copied = max((entry.end or 0 for entry in told if entry.file == checkpoint.file), default=0)
                passed = set(self.logs.numbers_in(path, checkpoint.offset))
                assert passed <= stored | set(self.logs.numbers_in(path, copied)), checkpoint

    def all_is_stored_or_named_lost(self) -> None:
        stored = self.stored().keys()
        self.logs.note_gone()
        lost = [entry for entry in self.store.ledger(limit=100_000) if entry.fate is Fate.LOST]
        named = [path for path in self.logs.folder.glob("QWCLog*.txt") if path.exists()]
        standing = {number for path in named for number in self.logs.numbers_in(path)}
        for fault in self.logs.faults.values():
            if fault.number in stored or fault.is_torn or fault.is_out_of_sight or not fault.could_be_known:
                continue
            assert fault.number not in standing, fault
            assert self.identity or any(names(entry, fault) for entry in lost), (fault, lost)

    def every_byte_is_accounted_for(self) -> None:
        told = self.store.ledger(limit=100_000)
        for checkpoint in self.store.checkpoints():
            if checkpoint.past:
                continue
            ranges = sorted((one.begin, one.end or 0) for one in told if one.file == checkpoint.file)
            end = 0
            for begin, stop in ranges:
                end = max(end, stop) if begin <= end else end
            assert end >= checkpoint.offset, (checkpoint, ranges)


def names(entry: LedgerEntry, fault: Any) -> bool:
    """Say whether *entry* tells that *fault* may be lost: it stood there and was gone by then."""
    in_time = (fault.gone is None or entry.since <= fault.gone) and fault.written <= entry.at
    return in_time and chain_of(entry.path) in {chain_of(str(path)) for path in fault.paths}


class FollowingWithoutNumbers(Following):
    """The same on FAT or a share that gives no numbers to files."""

    # A text that was cut and grew on is told from its copies by the file's number alone.
    lose_the_end_and_grow = None  # type: ignore[assignment]

    @staticmethod
    def identity(status: os.stat_result) -> FileId:
        return FileId(volume=status.st_dev, number=0)


class FollowingWithPassingNumbers(Following):
    """The same on a share that gives a file another number each time."""

    lose_the_end_and_grow = None  # type: ignore[assignment]

    given_out = itertools.count(1)

    @classmethod
    def identity(cls, status: os.stat_result) -> FileId:
        return FileId(volume=status.st_dev, number=next(cls.given_out))


MACHINES = (Following, FollowingWithoutNumbers, FollowingWithPassingNumbers)
QUICK = settings(
    max_examples=50, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
LONG = settings(QUICK, max_examples=3000, stateful_step_count=60, derandomize=False)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: one.__name__)
def test_nothing_is_doubled_and_nothing_lost_that_the_ledger_does_not_name(machine: type[Following]) -> None:
    run_state_machine_as_test(machine, settings=QUICK)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: one.__name__)
def test_nothing_is_doubled_or_lost_however_long_it_goes_on(machine: type[Following]) -> None:
    run_state_machine_as_test(machine, settings=LONG)

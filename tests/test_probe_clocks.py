"""What the clocks tell: asleep, stopped, not running, set, started anew; alone and in any order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from windows_fake import MORNING, WindowsFake

from ingest.platform import Clocks
from ingest.probes import ClockWatch, Heartbeat

if TYPE_CHECKING:
    from ingest.record import Record


def watched(machine: WindowsFake) -> ClockWatch:
    watch = ClockWatch()
    assert watch.begin(None, machine.clocks()) == []
    return watch


def told(records: list[Record]) -> list[tuple[str, dict[str, str]]]:
    return [(record.codes[0], dict(record.fields)) for record in records]


def test_while_it_is_looked_at_now_and_then_nothing_is_told() -> None:
    machine = WindowsFake()
    watch = watched(machine)
    for _ in range(100):
        machine.passes(15)
        assert watch.look(machine.clocks()) == []


def test_a_sleep_is_told_with_its_times() -> None:
    machine = WindowsFake()
    watch = watched(machine)
    machine.sleeps(8 * 3600)
    machine.passes(2)
    [record] = watch.look(machine.clocks())
    assert told([record]) == [
        ("probe/slept", {"SleepTime": "2026-04-14T08:00:02.000Z", "WakeTime": "2026-04-14T16:00:02.000Z"})
    ]
    assert record.message == "The machine slept from 2026-04-14 08:00:02 UTC to 2026-04-14 16:00:02 UTC."


def test_a_watcher_that_was_stopped_is_no_sleep() -> None:
    machine = WindowsFake()
    watch = watched(machine)
    machine.passes(600)
    assert told(watch.look(machine.clocks())) == [
        ("probe/away", {"LastSeen": "2026-04-14T08:00:00.000Z", "SeenAgain": "2026-04-14T08:10:00.000Z",
                        "Why": "stopped"}),
    ]  # fmt: skip


def test_where_a_sleep_was_is_not_made_up_when_nobody_watched_for_long_before_or_after_it() -> None:
    machine = WindowsFake()
    watch = watched(machine)
    machine.passes(3600)
    machine.sleeps(7200)
    assert told(watch.look(machine.clocks())) == [
        ("probe/away", {"LastSeen": "2026-04-14T08:00:00.000Z", "SeenAgain": "2026-04-14T11:00:00.000Z",
                        "Why": "stopped", "SleptSeconds": "7200"}),
    ]  # fmt: skip


def test_a_clock_that_is_set_is_told_with_both_times() -> None:
    machine = WindowsFake()
    watch = watched(machine)
    machine.passes(10)
    machine.clock_is_set(-3600)
    assert told(watch.look(machine.clocks())) == [
        ("probe/clock-step", {"OldTime": "2026-04-14T08:00:10.000Z", "NewTime": "2026-04-14T07:00:10.000Z"}),
    ]


def test_a_virtual_machine_that_its_host_suspended_shows_as_a_step_forward() -> None:
    machine = WindowsFake()
    watch = watched(machine)
    machine.is_paused(5400)
    machine.passes(1)
    assert told(watch.look(machine.clocks())) == [
        ("probe/clock-step", {"OldTime": "2026-04-14T08:00:01.000Z", "NewTime": "2026-04-14T09:30:01.000Z"}),
    ]


def test_small_corrections_of_the_clock_are_no_news() -> None:
    machine = WindowsFake()
    watch = watched(machine)
    machine.clock_is_set(1.5)
    assert watch.look(machine.clocks()) == []
    machine.sleeps(86400)
    # A day's drift of a cheap clock.
    machine.clock_is_set(20)
    assert [record.codes[0] for record in watch.look(machine.clocks())] == ["probe/slept"]


def test_a_watcher_that_is_killed_and_starts_again_tells_for_how_long_it_did_not_run() -> None:
    machine = WindowsFake()
    last = Heartbeat.of(machine.clocks())
    machine.passes(900)
    assert told(ClockWatch().begin(last, machine.clocks())) == [
        ("probe/away", {"LastSeen": "2026-04-14T08:00:00.000Z", "SeenAgain": "2026-04-14T08:15:00.000Z",
                        "Why": "not_running"}),
    ]  # fmt: skip


def test_a_quick_restart_of_the_watcher_is_no_news() -> None:
    machine = WindowsFake()
    last = Heartbeat.of(machine.clocks())
    machine.passes(20)
    assert ClockWatch().begin(last, machine.clocks()) == []


def test_a_machine_that_was_started_anew_is_told_with_its_last_moment() -> None:
    machine = WindowsFake()
    last = Heartbeat.of(machine.clocks())
    machine.starts_anew(600)
    records = ClockWatch().begin(last, machine.clocks())
    assert told(records) == [
        ("probe/boot", {"LastSeen": "2026-04-14T08:00:00.000Z", "BootTime": "2026-04-14T08:09:40.000Z"}),
        ("probe/away", {"LastSeen": "2026-04-14T08:00:00.000Z", "SeenAgain": "2026-04-14T08:10:00.000Z",
                        "Why": "not_running"}),
    ]  # fmt: skip


def test_where_the_system_names_no_boot_the_clocks_tell_a_new_one() -> None:
    def at(hours: float, up_hours: float) -> Clocks:
        wall = MORNING + timedelta(hours=hours)
        return Clocks(wall=wall, awake_s=up_hours * 3600, alive_s=up_hours * 3600, boot=None)

    def codes(before: Clocks, now: Clocks) -> list[str]:
        return [record.codes[0] for record in ClockWatch().begin(Heartbeat.of(before), now)]

    assert codes(at(0, 50), at(1, 51)) == ["probe/away"]
    assert codes(at(0, 50), at(1, 0.5)) == ["probe/boot", "probe/away"]
    # Up for longer than at the last heartbeat, and yet since a later moment.
    assert codes(at(0, 1), at(100, 20)) == ["probe/boot", "probe/away"]


class AnyOrder(RuleBasedStateMachine):
    """Sleep, steps, stops, kills and restarts between looks, against sums that the model keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = WindowsFake()
        self.watch: ClockWatch | None = watched(self.machine)
        self._looked()

    def _looked(self) -> None:
        self.beat = Heartbeat.of(self.machine.clocks())
        self.asleep = self.awake = self.stepped = 0.0
        self.is_anew = False

    @rule(seconds=st.floats(0.1, 40))
    def passes(self, seconds: float) -> None:
        self.machine.passes(seconds)
        self.awake += seconds

    @rule(seconds=st.floats(400, 50_000))
    def gets_no_time(self, seconds: float) -> None:
        self.passes(seconds)

    @rule(seconds=st.floats(60, 50_000))
    def sleeps(self, seconds: float) -> None:
        self.machine.sleeps(seconds)
        self.asleep += seconds

    @rule(seconds=st.floats(300, 9000), back=st.booleans())
    def clock_is_set(self, seconds: float, *, back: bool) -> None:
        self.machine.clock_is_set(-seconds if back else seconds)
        self.stepped += -seconds if back else seconds

    @precondition(lambda self: self.watch is not None)
    @rule()
    def is_killed(self) -> None:
        self.watch = None

    @rule(off_s=st.floats(30, 50_000))
    def starts_anew(self, off_s: float) -> None:
        self.machine.starts_anew(off_s)
        self.watch, self.is_anew = None, True

    @precondition(lambda self: self.watch is not None)
    @rule()
    def looks(self) -> None:
        assert self.watch
        self._compare(self.watch.look(self.machine.clocks()), "stopped")

    @precondition(lambda self: self.watch is None)
    @rule()
    def begins(self) -> None:
        self.watch = ClockWatch()
        self._compare(self.watch.begin(self.beat, self.machine.clocks()), "not_running")

    def _compare(self, records: list[Record], why: str) -> None:
        expected = self._after_a_boot() if self.is_anew else self._in_one_boot(why)
        assert [(record.codes[0], record.fields.get("Why")) for record in records] == expected
        for record in records:
            assert record.time == self.machine.wall
            if record.codes == ("probe/slept",):
                assert f"{record.fields['WakeTime'][:19]}" == f"{self.machine.wall:%Y-%m-%dT%H:%M:%S}"
        self._looked()

    def _after_a_boot(self) -> list[tuple[str, str | None]]:
        gap = (self.machine.wall - self.beat.wall).total_seconds()
        away: list[tuple[str, str | None]] = [("probe/away", "not_running")] if gap >= 60 else []
        return [("probe/boot", None), *away]

    def _in_one_boot(self, why: str) -> list[tuple[str, str | None]]:
        passed = self.asleep + self.awake
        tolerance = 5 + passed * 0.0005
        return [
            *([("probe/clock-step", None)] if abs(self.stepped) >= tolerance else []),
            *([("probe/away", why)] if self.awake >= 60 else []),
            *([("probe/slept", None)] if self.asleep >= tolerance and self.awake <= 300 else []),
        ]  # fmt: skip


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)

"""What did not happen on a machine, on a virtual clock: found in time, explained later, told once, and over."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ingest.record import Outcome, Record, Run, Span, Trigger
from ingest.schedule_facts import ScheduleFact
from qbwatch.judgement import Mended
from qbwatch.machine import MachineWatch
from qbwatch.machine_state import restore, state_of
from qbwatch.stream import FinishedRun, Sign
from rules.classify import Where
from rules.event import Role
from rules.pulse import ConfiguredApplication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules.catalogue import Catalogue
    from rules.event import Event

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ORDERS, LEDGER = "Contoso Orders", "Fabrikam Ledger"
WHERE = Where(host="srv-01", client=None, source="QWCLog.txt", file="log:0")


@dataclass
class Clock:
    """A machine on a virtual clock, its connector, and the one who watches it."""

    catalogue: Catalogue
    expected: Sequence[ConfiguredApplication] = ()
    now: datetime = START
    offset: int = 0
    stored: dict[str, Event] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)
    mended: list[Mended] = field(default_factory=list)
    given_up: list[Mended] = field(default_factory=list)
    signals: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch = self.fresh()

    def fresh(self) -> MachineWatch:
        return MachineWatch(self.catalogue, host="srv-01", client="Contoso", expected=self.expected)

    def restart(self) -> None:
        state = json.loads(json.dumps(state_of(self.watch)))
        self.watch = self.fresh()
        restore(self.watch, state, self.signals)

    def sign(self, *, starts: bool = False) -> Span:
        self.offset += 100
        span = Span(offset=self.offset, length=80, line=self.offset // 100)
        self.watch.sign(Sign(self.now, WHERE, span, is_turn=True, starts=starts))
        return span

    def run(
        self, name: str = ORDERS, outcome: Outcome = Outcome.NO_WORK, *, starts: bool = False, ends: bool = True,
        trigger: Trigger = Trigger.SCHEDULED,
    ) -> None:  # fmt: skip
        """Let *name* run for two seconds, or begin to."""
        first, began = self.sign(starts=starts), self.now
        self.now += timedelta(seconds=2)
        self.sign()
        run = Run(
            id=f"run-{first.offset}", format="qbwc", source="QWCLog.txt", first=first, application=name,
            company_file=None, user=None, url=None, product_version=None, trigger=trigger, started=began,
            ended=self.now if ends else None, outcome=outcome if ends else Outcome.UNFINISHED,
        )  # fmt: skip
        self.watch.run(FinishedRun(run=run, host="srv-01", client="Contoso", cause=None, closed=ends))

    def signal(self, code: str, **fields: str) -> None:
        record = Record(
            format="windows-events", time=self.now, component=code.rpartition("/")[0], message="", codes=(code,),
            fields=fields, span=Span(offset=0, length=0, line=1),
        )  # fmt: skip
        self.signals.append(record)
        self.watch.signal(record)

    def judge(self) -> None:
        judgement = self.watch.judge(self.now)
        self.stored |= judgement.events
        self.told += judgement.events.values()
        self.mended += judgement.mended
        self.given_up += judgement.given_up

    def wait(self, length: timedelta) -> None:
        """Judge every minute for so long, while nothing is written."""
        until = self.now + length
        while self.now < until:
            self.now = min(self.now + MINUTE, until)
            self.judge()

    def go_on(self, length: timedelta, *names: str, every: timedelta = 15 * MINUTE) -> None:
        """Let *names* run *every* so often for *length*."""
        until = self.now + length
        while self.now < until:
            for name in names or (ORDERS,):
                self.run(name)
            self.judge()
            self.now += every
        self.now = until

    def roots(self) -> list[tuple[str, str | None, datetime | None]]:
        found = [event for event in self.stored.values() if event.role is Role.ROOT]
        return [(event.cause, event.application, event.time) for event in found]


@pytest.fixture
def clock(catalogue: Catalogue) -> Clock:
    return Clock(catalogue)


def asleep(clock: Clock, length: timedelta) -> None:
    """Let the machine sleep, and its watcher with it; what tells of it can be read when it wakes."""
    slept = clock.now
    clock.now += length
    times = {"SleepTime": f"{slept:%Y-%m-%dT%H:%M:%S}.1Z", "WakeTime": f"{clock.now:%Y-%m-%dT%H:%M:%S}.2Z"}
    clock.now += timedelta(seconds=3)
    clock.signal("Microsoft-Windows-Power-Troubleshooter/1", **times, TargetState="4", EffectiveState="4")


def test_a_silence_is_found_when_three_turns_were_missed_and_over_with_the_next_line(clock: Clock) -> None:
    clock.go_on(3 * DAY)
    last = clock.watch.last
    clock.wait(30 * MINUTE)
    assert clock.roots() == []
    clock.wait(15 * MINUTE)
    assert clock.roots() == [("missed_schedule", None, last)]
    clock.wait(3 * HOUR)
    assert clock.mended == []
    resumed = clock.now
    clock.run(starts=True)
    clock.judge()
    ((cause, application, begins),) = clock.roots()
    assert (application, begins) == (None, last)
    assert clock.mended == [Mended(cause=cause, application=None, at=resumed)]
    assert "about 15 scheduled runs missed (Contoso Orders)" in clock.told[-2].message


def test_signals_that_come_late_revise_the_verdict_under_the_same_id(clock: Clock) -> None:
    clock.go_on(3 * DAY)
    last = clock.watch.last
    clock.wait(6 * HOUR)
    clock.run()
    clock.judge()
    (before,) = {id_ for id_, event in clock.stored.items() if event.role is Role.ROOT}
    told, slept, woke = len(clock.told), last or START, clock.now
    clock.go_on(HOUR)
    clock.signal(
        "Microsoft-Windows-Power-Troubleshooter/1", SleepTime=f"{slept:%Y-%m-%dT%H:%M:%S}.1Z",
        WakeTime=f"{woke:%Y-%m-%dT%H:%M:%S}.2Z", TargetState="4", EffectiveState="4",
    )  # fmt: skip
    clock.judge()
    assert clock.roots() == [("machine_asleep", None, last)]
    assert clock.stored[before].cause == "machine_asleep"
    assert {event.role for event in clock.told[told:]} == {Role.ROOT, Role.ECHO}
    assert clock.mended[-1].cause == "machine_asleep"


@pytest.mark.parametrize("restarts", [False, True])
def test_a_restart_neither_forgets_nor_repeats(clock: Clock, *, restarts: bool) -> None:
    def restart() -> None:
        if restarts:
            clock.restart()

    clock.go_on(3 * DAY, ORDERS, LEDGER)
    restart()
    last = clock.watch.last
    clock.wait(HOUR)
    restart()
    clock.wait(HOUR)
    restart()
    clock.run(ORDERS, starts=True)
    clock.run(LEDGER)
    clock.judge()
    restart()
    clock.judge()
    assert [begins for _, _, begins in clock.roots()] == [last]
    assert [(event.application, event.role) for event in clock.told] == [
        (None, Role.ROOT), (ORDERS, Role.ECHO), (LEDGER, Role.ECHO),
    ] * 2  # fmt: skip
    assert len(clock.mended) == 1


def test_a_machine_that_slept_holds_back_what_its_applications_missed(clock: Clock) -> None:
    clock.go_on(2 * HOUR, ORDERS, LEDGER)
    last = clock.watch.last
    asleep(clock, 8 * HOUR)
    clock.run(ORDERS)
    clock.run(LEDGER)
    clock.judge()
    assert clock.roots() == [("machine_asleep", None, last)]
    held = [event for event in clock.stored.values() if event.role is Role.ECHO]
    assert [(event.application, event.cause) for event in held] == [
        (ORDERS, "machine_asleep"), (LEDGER, "machine_asleep"),
    ]  # fmt: skip
    assert held[0].message == (
        "Contoso Orders: about 32 scheduled runs missed from 2026-03-02 01:45 UTC to 2026-03-02 10:00 UTC, since the "
        "whole machine was silent."
    )


def test_an_application_whose_auto_run_is_off_is_told_while_another_one_runs(clock: Clock) -> None:
    clock.go_on(3 * DAY, LEDGER, ORDERS)
    off = clock.now
    clock.go_on(6 * HOUR, ORDERS)
    ((cause, application, begins),) = clock.roots()
    assert (cause, application) == ("auto_run_off", LEDGER)
    assert begins
    assert off - 20 * MINUTE < begins < off
    asleep(clock, 5 * HOUR)
    clock.go_on(2 * HOUR, ORDERS)
    assert [cause for cause, _, _ in clock.roots()] == ["auto_run_off", "machine_asleep"]
    clock.run(LEDGER)
    clock.judge()
    assert [(one.cause, one.application) for one in clock.mended] == [
        ("machine_asleep", None),
        ("auto_run_off", LEDGER),
    ]
    assert len(clock.roots()) == 2


def test_nothing_is_said_in_the_first_days_where_only_the_silence_speaks_for_it(clock: Clock) -> None:
    clock.go_on(12 * HOUR, ORDERS, LEDGER)
    clock.go_on(12 * HOUR, ORDERS)
    clock.wait(DAY / 2)
    assert clock.roots() == []


def test_a_pause_at_the_same_time_of_every_day_is_a_habit(clock: Clock) -> None:
    for _ in range(5):
        clock.go_on(12 * HOUR, LEDGER, ORDERS)
        clock.go_on(12 * HOUR, ORDERS)
    # The first days are for learning; of the third pause two were known.
    assert clock.roots() == []
    clock.go_on(4 * HOUR, ORDERS)
    assert [(cause, application) for cause, application, _ in clock.roots()] == [("auto_run_off", LEDGER)]


def test_the_nights_of_a_year_are_a_habit_in_a_log_that_is_read_after_the_fact(clock: Clock) -> None:
    for _ in range(100):
        for _ in range(7):
            clock.run(outcome=Outcome.OK)
            clock.now += 2 * HOUR
        clock.now += 10 * HOUR
    assert clock.watch.judge(None).events == {}


def test_an_application_that_was_taken_out_for_good_is_given_up_after_two_weeks(clock: Clock) -> None:
    clock.go_on(3 * DAY, LEDGER, ORDERS)
    clock.go_on(15 * DAY, ORDERS)
    assert ("auto_run_off", LEDGER) in [(cause, application) for cause, application, _ in clock.roots()]
    assert [(one.cause, one.application) for one in clock.given_up] == [("auto_run_off", LEDGER)]
    assert list(clock.watch.pulses) == [ORDERS]


def test_a_machine_that_is_off_for_weeks_keeps_all_its_applications(clock: Clock) -> None:
    clock.go_on(3 * DAY, LEDGER, ORDERS)
    clock.now += 30 * DAY
    clock.go_on(DAY, ORDERS, LEDGER)
    assert set(clock.watch.pulses) == {LEDGER, ORDERS}


def test_what_was_put_off_is_not_missed(clock: Clock) -> None:
    clock.go_on(3 * DAY)
    clock.run()
    clock.watch.schedule(ScheduleFact(time=clock.now, application=ORDERS, postponed=3 * HOUR))
    clock.wait(3 * HOUR + 30 * MINUTE)
    assert clock.roots() == []
    clock.wait(20 * MINUTE)
    assert len(clock.roots()) == 1


def test_a_run_that_was_put_off_for_good_reason_and_came_is_fine(clock: Clock) -> None:
    for _ in range(30):
        clock.go_on(2 * HOUR)
        clock.watch.schedule(ScheduleFact(time=clock.now - 15 * MINUTE, application=ORDERS, postponed=2 * HOUR))
        clock.wait(2 * HOUR)
    assert clock.roots() == []


def test_a_configured_application_is_expected_from_the_first_sign_of_life_on(catalogue: Catalogue) -> None:
    clock = Clock(catalogue, [ConfiguredApplication(name=LEDGER, every=10 * MINUTE)])
    clock.go_on(2 * HOUR, ORDERS)
    assert [(cause, application) for cause, application, _ in clock.roots()] == [("auto_run_off", LEDGER)]


def test_a_configured_interval_of_seconds_is_overdue_after_seconds(catalogue: Catalogue) -> None:
    clock = Clock(catalogue, [ConfiguredApplication(name=ORDERS, every=timedelta(seconds=5))])
    clock.run()
    last = clock.now
    for _ in range(25):
        clock.now += timedelta(seconds=1)
        clock.judge()
    assert clock.roots() == [("missed_schedule", None, last)]


def test_a_qwc_file_is_believed_until_the_runs_tell_otherwise(clock: Clock) -> None:
    clock.watch.schedule(ScheduleFact(time=clock.now, application=ORDERS, every=15 * MINUTE))
    clock.wait(DAY)
    assert clock.roots() == []
    clock.go_on(3 * DAY, every=HOUR)
    clock.wait(2 * HOUR)
    assert clock.roots() == []
    clock.wait(2 * HOUR)
    assert len(clock.roots()) == 1


def test_a_run_that_began_and_never_ended_is_given_time_and_then_named(clock: Clock) -> None:
    clock.go_on(3 * DAY, every=2 * MINUTE)
    clock.run(ends=False)
    last = clock.now
    clock.wait(29 * MINUTE)
    assert clock.roots() == []
    clock.wait(5 * MINUTE)
    assert clock.roots() == [("connector_hung", None, last)]


def test_lines_that_come_late_take_a_finding_back(clock: Clock) -> None:
    clock.go_on(3 * DAY)
    silent = clock.now
    clock.wait(HOUR)
    assert len(clock.roots()) == 1
    now, clock.now = clock.now, silent
    clock.go_on(HOUR)
    clock.now = now
    clock.judge()
    assert clock.roots() == []
    assert clock.told[-1].message.startswith("Taken back")


def test_a_clock_that_ran_ahead_and_was_set_right_leaves_nothing_behind(clock: Clock) -> None:
    clock.go_on(3 * DAY)
    right = clock.now
    clock.now += 40 * DAY
    clock.sign()
    clock.now = right + MINUTE
    clock.go_on(3 * HOUR)
    assert clock.roots() == []


def test_a_clock_that_was_set_forward_is_no_silence(clock: Clock) -> None:
    clock.go_on(3 * DAY)
    clock.run()
    old, clock.now = clock.now, clock.now + 5 * HOUR
    clock.signal("probe/clock-step", OldTime=old.isoformat(), NewTime=clock.now.isoformat())
    clock.judge()
    clock.now += 14 * MINUTE
    clock.go_on(2 * HOUR)
    assert clock.roots() == []


def test_a_line_of_another_log_shows_that_the_machine_was_not_silent(clock: Clock) -> None:
    clock.go_on(3 * DAY)
    silent = clock.now
    clock.now += 10 * HOUR
    clock.run()
    other = Where(host="srv-01", client=None, source="D:/other/QWCLog.txt", file="other:0")
    for minutes in range(0, 600, 20):
        span = Span(offset=minutes, length=80, line=minutes)
        clock.watch.sign(Sign(silent + minutes * MINUTE, other, span, is_turn=False))
    clock.judge()
    assert [(cause, application) for cause, application, _ in clock.roots()] == [("missed_schedule", ORDERS)]


def test_an_application_without_work_for_a_week_is_a_notice_once(clock: Clock) -> None:
    clock.go_on(6 * DAY)
    assert clock.stored == {}
    clock.go_on(3 * DAY)
    clock.restart()
    clock.go_on(DAY)
    assert [(event.cause, event.application, event.severity) for event in clock.told] == [
        ("no_work_offered", ORDERS, "notice"),
    ]  # fmt: skip
    clock.run(outcome=Outcome.OK)
    clock.go_on(6 * DAY)
    assert len(clock.told) == 1


def test_the_state_stays_small_and_old_findings_are_dropped(clock: Clock) -> None:
    clock.go_on(HOUR, ORDERS, LEDGER)
    for _ in range(20):
        clock.go_on(12 * HOUR, ORDERS, LEDGER)
        asleep(clock, 11 * HOUR)
    assert [cause for cause, _, _ in clock.roots()].count("machine_asleep") == 19
    assert len(json.dumps(state_of(clock.watch))) < 64 << 10
    assert len(clock.watch.signals) < 8

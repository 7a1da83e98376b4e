"""When the weekly report is due, and that a timer sends it once, late if it must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbwatch.reports.schedule import Schedule, read_schedule, reported_week
from qbwatch.weekly_timer import WeeklyTimer

NEW_YORK = ZoneInfo("America/New_York")
MONDAY_SEVEN = Schedule(weekday=0, hour=7, minute=0, zone=NEW_YORK)


@pytest.mark.parametrize(
    ("text", "weekday", "hour", "minute", "zone"),
    [
        ("Mon 07:00", 0, 7, 0, "America/New_York"),
        ("friday 16:30 Europe/Berlin", 4, 16, 30, "Europe/Berlin"),
        ("0 7 * * 1", 0, 7, 0, "America/New_York"),
        ("15 22 * * 0 UTC", 6, 22, 15, "UTC"),
        ("30 6 * * sat", 5, 6, 30, "America/New_York"),
    ],
)
def test_a_schedule_is_a_weekday_and_a_time(text: str, weekday: int, hour: int, minute: int, zone: str) -> None:
    assert read_schedule(text, NEW_YORK) == Schedule(weekday=weekday, hour=hour, minute=minute, zone=ZoneInfo(zone))


@pytest.mark.parametrize("text", ["", "Monday", "Mon 25:00", "Someday 07:00", "T 07:00", "0 7 1 * 1", "Mon 07:00 Mars"])
def test_what_is_no_schedule_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="Mon 07:00"):
        read_schedule(text, NEW_YORK)


def test_the_time_is_that_of_the_zone_before_and_after_the_clocks_change() -> None:
    assert MONDAY_SEVEN.last_due(datetime(2026, 10, 26, 12, tzinfo=UTC)) == datetime(2026, 10, 26, 11, tzinfo=UTC)
    assert MONDAY_SEVEN.next_due(datetime(2026, 10, 26, 12, tzinfo=UTC)) == datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_the_report_tells_of_the_week_that_is_over() -> None:
    assert reported_week(datetime(2026, 11, 23, 12, tzinfo=UTC), NEW_YORK).name == "2026-W47"
    assert reported_week(datetime(2026, 11, 22, 12, tzinfo=UTC), NEW_YORK).name == "2026-W46"


@given(st.integers(0, 6 * 365 * 1440), st.integers(0, 6), st.integers(0, 23))
def test_the_last_due_moment_is_the_newest_that_is_over(minute: int, weekday: int, hour: int) -> None:
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    schedule = Schedule(weekday=weekday, hour=hour, minute=30, zone=NEW_YORK)
    due, following = schedule.last_due(moment), schedule.next_due(moment)
    assert due <= moment < following
    assert timedelta(days=6, hours=22) < following - due < timedelta(days=7, hours=2)
    assert due.astimezone(NEW_YORK).weekday() == weekday
    assert schedule.last_due(due) == due


class Watched:
    def __init__(self, *answers: bool) -> None:
        self.now = datetime(2026, 11, 23, 11, 59, tzinfo=UTC)
        self.sent: list[datetime] = []
        self._answers = list(answers)
        self.timer = WeeklyTimer(schedule=MONDAY_SEVEN, clock=lambda: self.now, act=self._send)

    def _send(self) -> bool:
        self.sent.append(self.now)
        return self._answers.pop(0) if self._answers else True

    def pass_time(self, length: timedelta, step: timedelta = timedelta(minutes=1)) -> None:
        ends = self.now + length
        while self.now < ends:
            self.timer.turn()
            self.now += step


def test_what_was_due_while_nobody_watched_is_due_at_once_and_then_once_a_week() -> None:
    watched = Watched()
    watched.pass_time(timedelta(days=15), timedelta(minutes=20))
    assert [f"{at:%m-%d %H:%M}" for at in watched.sent] == ["11-23 11:59", "11-23 12:19", "11-30 12:19", "12-07 12:19"]


def test_what_was_not_sent_is_tried_again_with_longer_and_longer_waits() -> None:
    watched = Watched(False, False, False, True)
    watched.now += timedelta(minutes=1)
    began = watched.now
    watched.pass_time(timedelta(hours=6))
    assert [(at - began) // timedelta(minutes=1) for at in watched.sent] == [0, 10, 30, 70]

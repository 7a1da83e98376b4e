"""When runs are due, how that is learnt, and how many a silence has cost."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qwclog import line, records_of

from ingest.schedule_facts import ScheduleFact, fact_of
from rules.habit import is_habit
from rules.rhythm import Rhythm
from rules.schedule import Expectation, Known, Window, window_of

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")


def expected(every: timedelta, *windows: str) -> Expectation:
    return Expectation(
        application="Contoso Sync",
        every=every,
        known=Known.CONFIGURED,
        windows=tuple(window_of(text) for text in windows),
        zone=NEW_YORK,
    )


def local(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


def learnt(waits: list[float], *, begins: datetime = NOON) -> Rhythm:
    rhythm, now = Rhythm(), begins
    for wait in waits:
        rhythm.note(now, now + timedelta(seconds=wait))
        now += timedelta(seconds=wait + 3)
    return rhythm


def test_a_run_counts_from_the_end_of_the_one_before_and_is_missed_a_little_after_it_was_due() -> None:
    schedule = expected(15 * MINUTE)
    assert schedule.next_due(NOON) == NOON + 15 * MINUTE
    assert [schedule.missed(NOON, NOON + after * MINUTE) for after in (0, 15, 19, 20, 49, 50)] == [0, 0, 0, 1, 2, 3]


def test_nothing_is_missed_outside_the_windows() -> None:
    schedule = expected(30 * MINUTE, "Mon-Fri 19:00-07:00")
    assert schedule.missed(local(10, 6, 55), local(10, 18, 59)) == 0
    assert schedule.missed(local(10, 6, 55), local(10, 20, 40)) == 3
    assert schedule.next_due(local(10, 6, 50)) == local(10, 19, 20)
    # From Saturday morning to Monday evening nothing opens.
    assert schedule.missed(local(14, 6, 55), local(16, 18, 55)) == 0


def test_a_window_shorter_than_the_interval_is_one_run() -> None:
    schedule = expected(4 * HOUR, "02:00-03:00")
    assert schedule.missed(local(10, 3), local(13, 2, 30)) == 2
    assert schedule.next_due(local(10, 3)) == local(11, 3)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 8, 11), (11, 1, 13)])
def test_the_night_of_a_clock_change_is_as_long_as_it_is(month: int, day: int, hours: int) -> None:
    schedule = expected(30 * MINUTE, "19:00-07:00")
    opens, closes = next(schedule.openings(local(day, 1, month=month), local(day, 1, 1, month=month)))
    assert closes - opens == hours * HOUR


def test_windows_that_touch_are_one() -> None:
    schedule = expected(HOUR, "08:00-12:00", "12:00-18:00", "Tue 17:00-20:00")
    assert list(schedule.openings(local(10, 9), local(10, 10))) == [(local(10, 8), local(10, 20))]


@pytest.mark.parametrize("text", ["", "night", "25:00-07:00", "Mon-Fri", "Mon,Tue 08:00-09:00", "Foo 08:00-09:00"])
def test_what_is_no_window_is_told_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="Write one like"):
        window_of(text)


def test_a_window_over_the_weekend_names_its_days() -> None:
    window = window_of(" fri-mon 8:00 - 24:00 ")
    assert window == Window(days=frozenset({4, 5, 6, 0}), opens=window.opens, closes=window.closes)


@given(st.integers(0, 60 * 24 * 30), st.integers(0, 60 * 24 * 10), st.integers(0, 60 * 24 * 10), st.integers(1, 600))
def test_a_longer_silence_never_misses_less_and_windows_never_add(
    first: int, length: int, more: int, every: int
) -> None:
    begins = NOON + first * MINUTE
    ends, later = begins + length * MINUTE, begins + (length + more) * MINUTE
    always, sometimes = expected(every * MINUTE), expected(every * MINUTE, "Mon-Fri 08:00-18:00")
    assert always.missed(begins, ends) <= always.missed(begins, later)
    assert sometimes.missed(begins, ends) <= sometimes.missed(begins, later)
    assert sometimes.next_due(begins) >= always.next_due(begins)


def test_nights_weekends_and_odd_waits_do_not_change_what_was_learnt() -> None:
    waits = [900, 902, 901, 43200, 900, 899, 200_000, 905, 43100, 1800, 900]
    assert learnt(waits).latest == timedelta(seconds=901)


def test_a_changed_interval_is_learnt_anew_and_the_old_one_held_before() -> None:
    rhythm = learnt([900] * 6 + [3600] * 4)
    assert rhythm.latest == HOUR
    assert rhythm.at(NOON + HOUR) == 15 * MINUTE
    assert rhythm.at(NOON - DAY) == 15 * MINUTE


def test_too_few_waits_or_ones_without_a_pattern_teach_nothing() -> None:
    assert learnt([900, 900]).latest is None
    assert learnt([100, 900, 300, 5000, 20_000]).latest is None


def test_the_quick_look_again_after_a_failure_is_no_interval() -> None:
    rhythm = Rhythm()
    for _ in range(5):
        rhythm.note(NOON, NOON + MINUTE, failed=True)
    assert rhythm == Rhythm(waits=deque(maxlen=5))


@given(st.floats(10, 100_000), st.lists(st.floats(0.9, 1.1), min_size=3, max_size=12), st.integers(0, 1_000_000))
def test_whatever_long_pause_comes_once_the_interval_stays(every: float, jitter: list[float], pause: int) -> None:
    steady = learnt([every * one for one in jitter])
    assert steady.latest is not None
    paused = learnt([*(every * one for one in jitter), every * 3 + pause])
    assert paused.latest == steady.latest


def test_a_silence_at_the_time_of_earlier_ones_is_a_habit_until_it_is_longer() -> None:
    pauses = [(local(day, 7), local(day, 19)) for day in (3, 4)]
    late = 90 * MINUTE
    assert is_habit(local(10, 7, 5), local(10, 12), pauses, late=late)
    assert is_habit(local(10, 7, 5), local(10, 20), pauses, late=late)
    assert not is_habit(local(10, 7, 5), local(10, 22), pauses, late=late)
    assert not is_habit(local(10, 11), local(10, 14), pauses, late=late)
    assert not is_habit(local(10, 7, 5), local(10, 12), pauses[:1], late=late)
    week_off = [(local(day, 7), local(day + 7, 7)) for day in (1, 2)]
    assert not is_habit(local(10, 7, 5), local(10, 12), week_off, late=late)


def facts_of(*lines: str) -> list[ScheduleFact | None]:
    return [fact_of(record) for record in records_of("".join(lines).encode())]


@pytest.mark.parametrize(
    ("scheduler", "every"),
    [
        ("<RunEveryNMinutes>15</RunEveryNMinutes>", 15 * MINUTE),
        ("<RunEveryNSeconds> 10 </RunEveryNSeconds>", 10 * MINUTE / 60),
    ],
)
def test_the_dump_of_a_qwc_file_tells_the_interval(scheduler: str, every: timedelta) -> None:
    dump = f"<QBWCXML>\r\n<AppName>Bob &amp; Sons</AppName>\r\n<Scheduler>{scheduler}</Scheduler>\r\n</QBWCXML>\r\n"
    facts = facts_of(line("QWCReader.ParseQWC()", f"Contents of QWC file: -\r\n{dump}", end=""))
    assert facts == [ScheduleFact(time=datetime(2026, 3, 10, 2, tzinfo=UTC), application="Bob & Sons", every=every)]


def test_a_qwc_file_without_a_schedule_tells_nothing() -> None:
    dump = "<QBWCXML>\r\n<AppName>Contoso</AppName>\r\n<RunEveryNMinutes>0</RunEveryNMinutes>\r\n</QBWCXML>\r\n"
    assert facts_of(line("QWCReader.ParseQWC()", f"Contents of QWC file: -\r\n{dump}", end="")) == [None]


def test_a_delay_that_the_web_service_asked_for_moves_the_next_run() -> None:
    text = "Update has been postponed at 5/19/2026 9:33:54 AM by 'Contoso Sync' for next 3600 seconds"
    facts = facts_of(line("QBWebConnector.SOAPWebService.HandleDelayRequest()", text))
    assert facts == [
        ScheduleFact(time=datetime(2026, 3, 10, 2, tzinfo=UTC), application="Contoso Sync", postponed=HOUR)
    ]

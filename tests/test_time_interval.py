from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.time_interval import (
    Span,
    TimeInterval,
    TimeIntervalError,
    read_days,
    read_months,
    read_times,
    read_weekdays,
)

NEW_YORK = ZoneInfo("America/New_York")
NIGHTS = TimeInterval(name="nights", zone=NEW_YORK, times=(read_times("19:00-07:00"),))
PATCH_NIGHT = TimeInterval(
    name="patch night",
    zone=UTC,
    times=(read_times("22:00-24:00"),),
    weekdays=read_weekdays("tue"),
    days=(read_days("8-14"),),
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-03-10T18:59:59", False),
        ("2026-03-10T19:00:00", True),
        ("2026-03-11T02:30:00", True),
        ("2026-03-11T06:59:59", True),
        ("2026-03-11T07:00:00", False),
    ],
)
def test_a_span_over_midnight_goes_on_until_morning(at: str, inside: bool) -> None:  # noqa: FBT001 - a table of cases
    assert NIGHTS.contains(local(at)) is inside


def test_a_night_is_an_hour_shorter_or_longer_when_the_clocks_change() -> None:
    for evening, hours in (("2026-03-07T19:00", 11), ("2026-10-31T19:00", 13), ("2026-06-01T19:00", 12)):
        begins = local(evening)
        ends = NIGHTS.ends_after(begins)
        assert ends is not None
        assert ends - begins == timedelta(hours=hours)


def test_the_second_tuesday_of_a_month() -> None:
    begins = PATCH_NIGHT.begins_after(datetime(2026, 3, 1, tzinfo=UTC))
    assert begins == datetime(2026, 3, 10, 22, tzinfo=UTC)
    assert PATCH_NIGHT.ends_after(begins) == datetime(2026, 3, 11, tzinfo=UTC)


def test_spans_that_touch_end_with_the_last_of_them() -> None:
    weekend = TimeInterval(name="weekend", zone=UTC, weekdays=read_weekdays("sat-sun"))
    assert weekend.ends_after(datetime(2026, 3, 7, 12, tzinfo=UTC)) == datetime(2026, 3, 9, tzinfo=UTC)
    assert weekend.ends_after(datetime(2026, 3, 9, tzinfo=UTC)) is None


def test_what_is_always_never_ends_and_what_never_comes_never_begins() -> None:
    now = datetime(2026, 3, 7, tzinfo=UTC)
    always = TimeInterval(name="always", zone=UTC)
    assert always.contains(now)
    assert always.ends_after(now) is None
    never = TimeInterval(name="never", zone=UTC, days=(read_days("30"),), months=read_months("feb"))
    assert not never.contains(now)
    assert never.begins_after(now) is None


def test_the_last_days_of_a_month_are_counted_from_its_end() -> None:
    last = TimeInterval(name="month end", zone=UTC, days=(read_days("-2--1"),))
    inside = [day for day in range(1, 29) if last.contains(datetime(2026, 2, day, 12, tzinfo=UTC))]
    assert inside == [27, 28]


@given(
    st.tuples(st.integers(0, 1439), st.integers(0, 1440)).filter(lambda span: span[0] != span[1]),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    st.frozensets(st.integers(0, 6)),
    st.sampled_from(["America/New_York", "UTC", "Australia/Lord_Howe", "Asia/Kathmandu"]),
)
def test_it_ends_and_begins_where_it_says(span: tuple[int, int], at: datetime, days: frozenset[int], zone: str) -> None:
    interval = TimeInterval(name="any", zone=ZoneInfo(zone), times=(Span(*span),), weekdays=days)
    ends = interval.ends_after(at)
    begins = interval.begins_after(at)
    moment = timedelta(microseconds=1)
    if ends:
        assert interval.contains(at)
        assert interval.contains(ends - moment)
        assert not interval.contains(ends)
    if not interval.contains(at) and begins:
        assert interval.contains(begins)
        assert not interval.contains(begins - moment)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_times, "19-7"),
        (read_times, "25:00-07:00"),
        (read_times, "07:00-07:00"),
        (read_times, "24:00-07:00"),
        (read_times, "24:30-07:00"),
        (read_weekdays, "someday"),
        (read_weekdays, "mon-tue-wed"),
        (read_months, "smarch"),
        (read_days, "0"),
        (read_days, "7-1"),
        (read_days, "32"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(read: object, text: str) -> None:
    with pytest.raises(TimeIntervalError, match="Write it like"):
        read(text)  # type: ignore[operator]

"""How long the far side asks to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.hearing import LONGEST_WAIT, wait_of

NOW = datetime(2026, 3, 10, 2, 0, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 2.5 ", 2.5),
        ("Tue, 10 Mar 2026 02:01:09 GMT", 60),
        ("Tue, 10 Mar 2026 02:01:09", 60),
        ("Tue, 10 Mar 2020 02:01:09 GMT", 0),
        ("99999999999999999999", LONGEST_WAIT.total_seconds()),
        ("Tue, 10 Mar 2099 02:01:09 GMT", LONGEST_WAIT.total_seconds()),
    ],
)
def test_seconds_and_dates_are_read_and_none_is_longer_than_a_day(value: str, seconds: float) -> None:
    assert wait_of(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1e9", "٣", "Tue, 99 Mar 2026 02:01:09 GMT"])
def test_anything_else_is_no_wait(value: str | None) -> None:
    assert wait_of(value, NOW) is None


@given(st.text(max_size=60))
def test_no_header_breaks_it(value: str) -> None:
    wait = wait_of(value, NOW)
    assert wait is None or timedelta() <= wait <= LONGEST_WAIT

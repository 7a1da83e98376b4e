"""A log that never appears, and one that goes quiet while its neighbours write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from qbwatch.source_silence import SourceSilence
from qbwatch.source_state import SourceState, Standing

if TYPE_CHECKING:
    from rules.catalogue import Catalogue

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def state(
    path: str, at: datetime, *, source: str | None = None, standing: Standing = Standing.FOLLOWED,
    last: datetime | None = None, format_: str | None = "serilog",
) -> SourceState:  # fmt: skip
    return SourceState(
        source=source or path, path=path, format=format_, sure=1.0, standing=standing, file="f", generation=0,
        offset=10, size=10, behind_since=None, last_record=last, drops=0, missed=0, polled_only=False, problem=None,
        problem_since=None, looked_at=at,
    )  # fmt: skip


@pytest.fixture
def silence(catalogue: Catalogue) -> SourceSilence:
    return SourceSilence(catalogue, "srv-01", "Contoso")


def causes(silence: SourceSilence, now: datetime) -> list[tuple[str, str, datetime | None]]:
    return [(event.cause, event.source, event.time) for event in silence.judge(now)[0]]


def test_a_source_that_nothing_matches_is_told_once_after_an_hour_and_is_over_when_it_appears(
    silence: SourceSilence,
) -> None:
    silence.take(state("log/*.txt", START, standing=Standing.NEVER_SEEN, format_=None))
    assert causes(silence, START + 59 * MINUTE) == []
    assert causes(silence, START + HOUR) == [("source_never_seen", "log/*.txt", START)]
    assert causes(silence, START + 2 * HOUR) == []
    silence.take(state("log/a.txt", START + 3 * HOUR, source="log/*.txt", last=START + 3 * HOUR))
    assert "log/*.txt" not in silence.lives


def test_that_it_appeared_is_told_as_the_end_of_the_trouble(silence: SourceSilence) -> None:
    silence.take(state("log/a.txt", START, standing=Standing.NEVER_SEEN, format_=None))
    silence.judge(START + HOUR)
    silence.take(state("log/a.txt", START + 2 * HOUR, last=START + 2 * HOUR))
    assert silence.judge(START + 2 * HOUR) == ([], [("source_never_seen", START + 2 * HOUR)])


def lively(silence: SourceSilence, days: int) -> datetime:
    """Let a log that writes every two hours and its neighbour live for *days*."""
    now = START
    for turn in range(12 * days):
        now = START + turn * 2 * HOUR
        silence.take(state("bridge.log", now, last=now))
        silence.take(state("QWCLog.txt", now, last=now, format_="qbwc"))
    return now


def test_a_log_that_is_silent_much_longer_than_ever_while_another_one_writes_is_quiet(silence: SourceSilence) -> None:
    quiet = lively(silence, 4)
    found = []
    for hours in range(1, 10):
        now = quiet + hours * HOUR
        silence.take(state("QWCLog.txt", now, last=now, format_="qbwc"))
        found += [(hours, *one) for one in causes(silence, now)]
    assert found == [(6, "source_quiet", "bridge.log", quiet)]
    silence.take(state("bridge.log", quiet + 10 * HOUR, last=quiet + 10 * HOUR))
    assert silence.judge(quiet + 10 * HOUR) == ([], [("source_quiet", quiet + 10 * HOUR)])


def test_when_all_are_silent_or_its_habits_are_not_known_nothing_is_said(silence: SourceSilence) -> None:
    quiet = lively(silence, 4)
    assert causes(silence, quiet + 20 * HOUR) == []


def test_a_log_of_two_days_has_no_habits_yet(silence: SourceSilence) -> None:
    quiet = lively(silence, 2)
    now = quiet + 20 * HOUR
    silence.take(state("QWCLog.txt", now, last=now, format_="qbwc"))
    assert causes(silence, now) == []


def test_the_connectors_own_log_and_windows_are_judged_by_more_than_habits(silence: SourceSilence) -> None:
    now = lively(silence, 4)
    for turn in range(1, 30):
        silence.take(state("bridge.log", now + turn * HOUR, last=now + turn * HOUR))
        assert causes(silence, now + turn * HOUR) == []

"""How often a path is looked at, on a clock that only the test moves."""

from __future__ import annotations

from itertools import pairwise

from ingest.pace import LOCAL, NETWORK, Limits, Pace

LOG = "/log/QWCLog.txt"


def looks(pace: Pace, limits: Limits, *, begin: float, end: float) -> list[float]:
    """Return when the idle log is looked at, by somebody who asks ten times a second."""
    found = []
    for tenth in range(int(begin * 10), int(end * 10)):
        if pace.is_due(LOG, tenth / 10):
            found.append(tenth / 10)
            pace.idle(LOG, tenth / 10, limits)
    return found


def gaps(times: list[float]) -> list[float]:
    return [round(after - before, 1) for before, after in pairwise(times)]


def test_a_path_that_is_not_known_is_due_at_once() -> None:
    assert Pace().is_due(LOG, 0)


def test_a_log_that_grew_is_due_after_the_shortest_time() -> None:
    pace = Pace()
    pace.grew(LOG, 100, LOCAL)
    assert [pace.is_due(LOG, now) for now in (100, 100.9, 101)] == [False, False, True]


def test_for_a_minute_after_it_grew_a_log_is_looked_at_each_second_then_more_and_more_seldom() -> None:
    pace = Pace()
    pace.grew(LOG, 0, LOCAL)
    times = looks(pace, LOCAL, begin=0, end=300)
    assert set(gaps([time for time in times if time <= 60])) == {1.0}
    later = gaps([time for time in times if time > 60])
    assert later == sorted(later)
    assert (later[-1], max(later)) == (10.0, 10.0)


def test_over_the_network_each_look_costs_so_there_are_fewer() -> None:
    pace = Pace()
    pace.grew(LOG, 0, NETWORK)
    spans = gaps(looks(pace, NETWORK, begin=0, end=600))
    assert (min(spans), max(spans)) == (2.0, 30.0)


def test_a_log_that_grows_again_is_looked_at_often_again() -> None:
    pace = Pace()
    looks(pace, LOCAL, begin=0, end=600)
    pace.grew(LOG, 600, LOCAL)
    assert gaps(looks(pace, LOCAL, begin=600, end=610)) == [1.0] * 8


def test_a_path_that_is_forgotten_is_due_if_it_comes_again() -> None:
    pace = Pace()
    pace.grew(LOG, 0)
    pace.forget(LOG)
    pace.forget("/log/never.txt")
    assert pace.is_due(LOG, 0)

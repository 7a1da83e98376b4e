"""What holds messages back, and that whatever was held is told when nothing holds it any more."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from receivers import START, good_run, make_event, minutes
from world import GONE, Recorder, World

from alerts.decide import Kind, Reason
from alerts.hold import Policy
from alerts.incident import State
from alerts.matcher import read_matcher
from alerts.route import Route
from alerts.silence import Silence
from alerts.storm import Cap
from alerts.time_interval import TimeInterval, read_times
from qbwatch.history import silence_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR = timedelta(hours=1)
# Events begin at 02:00 UTC.
NIGHTS = TimeInterval(name="nights", zone=UTC, times=(read_times("22:00-06:00"),))
QUIET_AT_NIGHT = Route(receiver="ops", mute_time_intervals=("nights",))
WITH_NIGHTS = Policy(intervals={"nights": NIGHTS})
MORNING = START.replace(hour=6, minute=0, second=0)


class Told:
    """Messages by receiver, as they would have been read."""

    def __init__(self, world: World, root: Route, policy: Policy) -> None:
        self.world, self.root, self.policy = world, root, policy
        self.channels: dict[str, Recorder] = {}

    def step(self, *events: Any, runs: tuple[Any, ...] = (), after: float = 1) -> None:
        self.world.store(*events, runs=runs, root=self.root, policy=self.policy)
        self.wait(minutes(after))

    def wait(self, length: timedelta) -> None:
        self.world.wait(length)
        self.world.store(root=self.root, policy=self.policy)
        for (receiver,) in self.world.rows("SELECT DISTINCT receiver FROM deliveries"):
            self.world.send(receiver, self.channels.setdefault(receiver, Recorder()))

    def kinds(self, receiver: str = "ops") -> list[tuple[Kind, str]]:
        got = self.channels[receiver].got if receiver in self.channels else []
        return [(message.kind, message.reason) for message in got]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path / "qbwatch.db")
    with closing(one.db):
        yield one


def events(*hosts: str, **changes: Any) -> list[Any]:
    return [
        make_event(number, host=host, id=f"{host}-{number}", run=f"{host}-run", time=START, **changes)
        for number, host in enumerate(hosts, 1)
    ]


def test_quiet_hours_hold_what_fails_and_it_is_told_when_they_end(world: World) -> None:
    told = Told(world, QUIET_AT_NIGHT, WITH_NIGHTS)
    told.step(make_event())
    assert told.kinds() == []
    held = world.rows("SELECT reason, held_by FROM decisions ORDER BY rowid DESC LIMIT 1")
    assert held == [(Reason.MUTED, "nights")]
    told.wait(MORNING - world.now)
    assert told.kinds() == [(Kind.OPENED, Reason.WINDOW_ENDED)]


def test_planning_asks_to_be_called_again_when_the_window_ends(world: World) -> None:
    planned = world.store(make_event(), root=QUIET_AT_NIGHT, policy=WITH_NIGHTS)
    assert planned.next_due == MORNING


def test_in_the_morning_a_digest_tells_what_still_fails_and_what_came_and_went(world: World) -> None:
    told = Told(world, QUIET_AT_NIGHT, WITH_NIGHTS)
    told.step(*events("srv-01", "srv-02"), make_event(9, cause="data_error", host="srv-03", id="gone", time=START))
    told.step(runs=(good_run(world.now, host="srv-03"),))
    assert told.kinds() == []
    told.wait(MORNING - world.now)
    assert told.kinds() == [(Kind.DIGEST, Reason.HELD_BACK)]
    [digest] = told.channels["ops"].got
    assert {(one.host, one.state) for one in digest.about} == {
        ("srv-01", "open"), ("srv-02", "open"), ("srv-03", "resolved"),
    }  # fmt: skip
    told.step(runs=tuple(good_run(world.now, host=host) for host in ("srv-01", "srv-02")))
    assert told.kinds()[1:] == [(Kind.RESOLVED, Reason.ALL_RESOLVED)]


def test_what_only_came_and_went_at_night_is_one_message_in_the_morning(world: World) -> None:
    told = Told(world, QUIET_AT_NIGHT, WITH_NIGHTS)
    told.step(make_event())
    told.step(runs=(good_run(world.now),))
    told.wait(MORNING - world.now)
    assert told.kinds() == [(Kind.DIGEST, Reason.OVER_IN_WINDOW)]
    told.wait(24 * HOUR)
    assert len(told.kinds()) == 1


def test_the_end_of_what_was_told_before_waits_for_the_morning_too(world: World) -> None:
    world.now = START.replace(hour=21)
    told = Told(world, QUIET_AT_NIGHT, WITH_NIGHTS)
    told.step(make_event(time=world.now))
    assert told.kinds() == [(Kind.OPENED, Reason.NEW)]
    told.wait(2 * HOUR)
    told.step(runs=(good_run(world.now),))
    assert len(told.kinds()) == 1
    told.wait(8 * HOUR)
    assert told.kinds()[1:] == [(Kind.RESOLVED, Reason.ALL_RESOLVED)]


def test_outside_its_active_times_a_route_is_quiet(world: World) -> None:
    office = TimeInterval(name="office", zone=UTC, times=(read_times("09:00-17:00"),))
    root = Route(receiver="ops", active_time_intervals=("office",))
    told = Told(world, root, Policy(intervals={"office": office}))
    told.step(make_event())
    assert told.kinds() == []
    told.wait(START.replace(hour=9, minute=0, second=0) - world.now)
    assert told.kinds() == [(Kind.OPENED, Reason.WINDOW_ENDED)]


def silence(**changes: Any) -> Silence:
    one = Silence(
        id="s1", matchers=(read_matcher("cause=popup_blocked"),), author="sam", reason="patching", starts_at=START,
        ends_at=START + 10 * HOUR,
    )  # fmt: skip
    return replace(one, **changes)


def test_what_is_silenced_is_told_when_the_silence_ends_and_warned_of_before(world: World) -> None:
    silence_rows.put(world.db, silence())
    told = Told(world, Route(receiver="ops"), Policy())
    told.step(make_event())
    assert told.kinds() == []
    told.wait(9 * HOUR)
    assert told.kinds() == [(Kind.DIGEST, Reason.SILENCE_ENDS)]
    told.wait(2 * HOUR)
    assert told.kinds()[1:] == [(Kind.OPENED, Reason.SILENCE_ENDED)]


def test_a_silence_holds_only_what_its_matchers_fit(world: World) -> None:
    silence_rows.put(world.db, silence())
    told = Told(world, Route(receiver="ops"), Policy())
    told.step(make_event(), make_event(2, cause="data_error"))
    assert [message.about[0].cause for message in told.channels["ops"].got] == ["data_error"]


def test_a_silence_until_recovery_ends_with_the_good_run_and_the_next_failure_is_told(world: World) -> None:
    silence_rows.put(world.db, silence(until_recovered=True))
    told = Told(world, Route(receiver="ops"), Policy())
    told.step(make_event())
    told.step(runs=(good_run(world.now),))
    told.wait(minutes(1))
    assert [one.ended_at is not None for one in silence_rows.every(world.db)] == [True]
    told.step(make_event(2, time=world.now))
    assert told.kinds() == [(Kind.OPENED, Reason.NEW)]


def test_a_sleeping_machine_holds_back_its_applications_and_they_are_told_if_they_outlast_it(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    asleep = make_event(1, cause="machine_asleep", application=None, run=None, title="srv-01 is asleep")
    told.step(asleep, make_event(2, cause="missed_schedule", time=START), after=2)
    assert [message.about[0].cause for message in told.channels["ops"].got] == ["machine_asleep"]
    [row] = world.rows("SELECT reason, held_by FROM decisions WHERE reason = 'inhibited'")
    assert "srv-01 is asleep" in row[1]
    # Another application's good run shows that the machine is awake.
    told.step(runs=(good_run(world.now, application="Fabrikam Sync"),), after=2)
    assert told.kinds() == [
        (Kind.OPENED, Reason.NEW), (Kind.RESOLVED, Reason.ALL_RESOLVED), (Kind.OPENED, Reason.NO_LONGER_INHIBITED),
    ]  # fmt: skip


def test_what_often_mends_itself_waits_for_the_second_failed_run(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    told.step(make_event(cause="web_service_unreachable"), after=5)
    assert told.kinds() == []
    told.step(make_event(2, cause="web_service_unreachable", time=world.now))
    assert told.kinds() == [(Kind.OPENED, Reason.FAILED_AGAIN)]


def test_a_first_failure_after_which_no_run_comes_is_told_in_the_end(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    told.step(make_event(cause="web_service_unreachable"))
    told.wait(7 * HOUR)
    assert told.kinds() == [(Kind.OPENED, Reason.FAILED_AGAIN)]


def test_who_does_not_acknowledge_in_time_is_helped_by_another(world: World) -> None:
    root = Route(receiver="ops", escalate_to="boss", escalate_after=minutes(30))
    told = Told(world, root, Policy())
    told.step(make_event(), make_event(2, cause="data_error", time=START))
    taken = next(one for one in world.alerts.incidents() if one.cause == "data_error")
    world.alerts.acknowledge(taken, world.now, by="sam")
    told.wait(minutes(29))
    assert told.kinds("boss") == []
    told.wait(minutes(2))
    assert [(message.reason, message.about[0].cause) for message in told.channels["boss"].got] == [
        (Reason.NOT_ACKNOWLEDGED, "popup_blocked")
    ]
    told.step(runs=(good_run(world.now),))
    assert told.kinds("boss")[1:] == [(Kind.RESOLVED, Reason.ALL_RESOLVED)]


def test_what_cannot_be_delivered_goes_to_the_fallback(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy(fallbacks={"ops": "mail"}))
    told.channels["ops"] = Recorder(GONE)
    told.step(make_event())
    told.wait(minutes(1))
    assert told.kinds("mail") == [(Kind.OPENED, Reason.FELL_BACK)]
    told.step(runs=(good_run(world.now),))
    assert told.kinds("mail")[1:] == [(Kind.RESOLVED, Reason.ALL_RESOLVED)]


def test_a_storm_is_capped_and_its_rest_comes_as_one_digest(world: World) -> None:
    root = Route(receiver="ops", group_by=("host", "cause"))
    told = Told(world, root, Policy(caps={"ops": Cap(most=3, window=minutes(10))}))
    # Each of another cause, so that this is no outbreak.
    hosts = [f"srv-{number:02}" for number in range(12)]
    told.step(*[one for n, host in enumerate(hosts) for one in events(host, cause=f"cause_{n}")])
    kinds = told.kinds()
    assert [kind for kind, _ in kinds] == [Kind.OPENED, Kind.OPENED, Kind.DIGEST]
    assert kinds[-1][1] == Reason.STORM
    messages = told.channels["ops"].got
    assert sorted(one.host for message in messages for one in message.about) == hosts
    told.step(runs=tuple(good_run(world.now, host=host) for host in hosts))
    assert len(told.kinds()) == 3  # the cap holds for good news too
    told.wait(minutes(30))
    over = [message for message in told.channels["ops"].got if message.kind is Kind.RESOLVED]
    assert sorted(one.host for message in over for one in message.about) == hosts


def test_one_cause_on_many_hosts_of_several_clients_is_told_as_one_problem(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    hosts = [f"srv-{number:02}" for number in range(41)]
    told.step(
        *[
            one
            for n, host in enumerate(hosts)
            for one in events(host, client=f"Client {n % 7}", cause="tls_certificate")
        ]
    )
    [message] = told.channels["ops"].got
    assert "41 hosts at 7 clients" in str([fact.value for fact in message.facts])
    told.step(*events("srv-99", client="Client 9", cause="tls_certificate"), after=6)
    assert told.kinds()[1:] == [(Kind.CHANGED, Reason.JOINED)]


def test_what_fails_again_and_again_in_a_day_is_over_only_after_three_good_runs(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    for number in (1, 2):
        told.step(make_event(number, time=world.now), after=5)
        told.step(runs=(good_run(world.now),), after=5)
    told.step(make_event(3, time=world.now), after=5)
    heard = len(told.kinds())
    states = []
    for _ in range(3):
        told.step(runs=(good_run(world.now),), after=5)
        states.append(world.alerts.incidents()[0].state)
    assert states == [State.RECOVERING, State.RECOVERING, State.RESOLVED]
    assert told.kinds()[heard:] == [(Kind.RESOLVED, Reason.ALL_RESOLVED)]


def test_one_that_fails_while_it_recovers_stays_the_same_problem_and_says_nothing_new(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    for number in (1, 2):
        told.step(make_event(number, time=world.now), after=5)
        told.step(runs=(good_run(world.now),), after=5)
    told.step(make_event(3, time=world.now), after=5)
    heard = len(told.kinds())
    for number in (4, 5, 6):
        told.step(runs=(good_run(world.now),), after=5)
        told.step(make_event(number, time=world.now), after=5)
    [incident] = world.alerts.incidents(live_only=True)
    assert (incident.state, incident.goods, incident.runs_failed) == (State.OPEN, 0, 4)
    assert len(told.kinds()) == heard


def test_what_comes_back_says_since_when_it_was_quiet_and_what_is_usual(world: World) -> None:
    world.store(make_event())
    world.now = START + HOUR
    world.store(runs=(good_run(START + minutes(30)),))
    world.now = START + timedelta(days=21)
    world.store(make_event(2, time=world.now))
    [incident] = world.alerts.incidents(live_only=True)
    assert incident.quiet_since == START + minutes(31)
    assert (incident.first_for_client, incident.usual) == (False, 0.3)
    world.store(make_event(3, cause="data_error", time=world.now))
    first = next(one for one in world.alerts.incidents() if one.cause == "data_error")
    assert (first.first_for_client, first.quiet_since, first.usual) == (True, None, 0.0)


def test_a_sleep_that_is_seen_only_after_the_machine_woke_is_told_once_with_what_prevents_it(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    world.now = START + 8 * HOUR
    asleep = make_event(cause="machine_asleep", application=None, run=None, title="srv-01 was asleep")
    told.step(asleep, runs=(good_run(world.now - minutes(1)),))
    assert told.kinds() == [(Kind.DIGEST, Reason.SEEN_TOO_LATE)]
    [message] = told.channels["ops"].got
    assert message.steps == asleep.steps
    assert message.explanation == asleep.explanation
    told.wait(24 * HOUR)
    assert len(told.kinds()) == 1


def test_a_silence_of_a_whole_weekend_that_still_lasts_is_no_old_news(world: World) -> None:
    world.now = START + 60 * HOUR
    world.store(make_event(cause="machine_asleep", application=None, run=None))
    planned = world.store(root=Route(receiver="ops"), stale_after=24 * HOUR)
    world.wait(minutes(1))
    planned = world.store(root=Route(receiver="ops"), stale_after=24 * HOUR)
    assert [message.kind for _, message in planned.messages] == [Kind.OPENED]

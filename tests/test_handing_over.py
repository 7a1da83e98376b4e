"""Who else hears of a problem, and that clocks, reminders and digests neither swallow nor double a message."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest
from receivers import START, good_run, make_event, minutes
from test_held_messages import HOUR, MORNING, NIGHTS, Told, events, silence
from world import DOWN, GONE, SENT, Recorder, World

from alerts.decide import Kind, Reason
from alerts.hold import Policy
from alerts.incident import State
from alerts.route import Route
from alerts.storm import Cap
from alerts.time_interval import TimeInterval, read_times
from qbwatch.history import silence_rows
from qbwatch.history.alert_store import AlertStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WITH_NIGHTS = Policy(intervals={"nights": NIGHTS})
ESCALATED = Route(receiver="ops", escalate_to="boss", escalate_after=minutes(30))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path / "qbwatch.db")
    with closing(one.db):
        yield one


def test_the_time_to_acknowledge_begins_with_the_first_message_and_not_while_that_is_held(world: World) -> None:
    root = Route(receiver="ops", escalate_to="boss", escalate_after=minutes(30), mute_time_intervals=("nights",))
    told = Told(world, root, WITH_NIGHTS)
    told.step(make_event())
    told.wait(MORNING - world.now)
    assert told.kinds() == [(Kind.OPENED, Reason.WINDOW_ENDED)]
    assert told.kinds("boss") == []
    told.wait(minutes(29))
    assert told.kinds("boss") == []
    told.wait(minutes(2))
    assert told.kinds("boss") == [(Kind.OPENED, Reason.NOT_ACKNOWLEDGED)]
    assert told.channels["boss"].got[0].headline.startswith("Not acknowledged: A QuickBooks pop-up")


def test_planning_asks_to_be_called_again_when_nobody_acknowledges(world: World) -> None:
    world.store(make_event(), root=ESCALATED)
    world.wait(minutes(1))
    world.store(root=ESCALATED)
    told_at = world.now
    world.wait(minutes(1))
    assert world.store(root=ESCALATED).next_due == told_at + minutes(30)


def test_who_was_called_for_help_hears_no_reminders_once_somebody_acknowledged_but_hears_the_end(world: World) -> None:
    told = Told(world, ESCALATED, Policy())
    told.step(make_event())
    told.wait(minutes(31))
    assert len(told.kinds("boss")) == 1
    [incident] = world.alerts.incidents()
    world.alerts.acknowledge(incident, world.now, by="sam")
    told.wait(9 * HOUR)
    assert len(told.kinds("boss")) == 1
    told.step(runs=(good_run(world.now),))
    assert told.kinds("boss")[1:] == [(Kind.RESOLVED, Reason.ALL_RESOLVED)]


def test_a_receiver_that_is_down_for_long_hands_over_and_gets_its_message_late(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy(fallbacks={"ops": "mail"}))
    told.channels["ops"] = Recorder(*[DOWN] * 4, SENT)
    told.step(make_event())
    told.wait(minutes(10))
    assert told.kinds("mail") == []
    told.wait(minutes(6))
    assert told.kinds("mail") == [(Kind.OPENED, Reason.FELL_BACK)]
    told.wait(HOUR)
    told.wait(HOUR)
    assert world.rows("SELECT state FROM deliveries WHERE receiver = 'ops'") == [("sent",)]
    told.step(runs=(good_run(world.now),))
    assert told.kinds("mail")[1:] == [(Kind.RESOLVED, Reason.ALL_RESOLVED)]
    assert told.kinds("ops")[-1] == (Kind.RESOLVED, Reason.ALL_RESOLVED)


def test_planning_asks_to_be_called_again_when_another_receiver_must_stand_in(world: World) -> None:
    policy = Policy(fallbacks={"ops": "mail"})
    world.store(make_event(), policy=policy)
    world.wait(minutes(1))
    world.store(policy=policy)
    made_at = world.now
    world.wait(minutes(1))
    planned = world.store(policy=policy)
    assert planned.next_due is not None
    assert planned.next_due <= made_at + minutes(15)


def test_who_stands_in_may_have_one_that_stands_in_and_a_circle_ends(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy(fallbacks={"ops": "mail", "mail": "phone", "phone": "ops"}))
    told.channels |= {"ops": Recorder(GONE), "mail": Recorder(GONE)}
    told.step(make_event())
    for _ in range(4):
        told.wait(minutes(1))
    assert told.kinds("phone") == [(Kind.OPENED, Reason.FELL_BACK)]
    assert (len(told.kinds("ops")), len(told.kinds("mail"))) == (1, 1)


def test_what_a_digest_told_as_over_is_not_told_as_over_again(world: World) -> None:
    told = Told(world, Route(receiver="ops", mute_time_intervals=("nights",)), WITH_NIGHTS)
    told.step(*events("srv-01", "srv-02"), make_event(9, cause="data_error", host="srv-03", id="gone", time=START))
    told.step(runs=(good_run(world.now, host="srv-03"),))
    told.wait(MORNING - world.now)
    told.wait(HOUR)
    assert told.kinds() == [(Kind.DIGEST, Reason.HELD_BACK)]
    told.step(runs=tuple(good_run(world.now, host=host) for host in ("srv-01", "srv-02")))
    [over] = told.channels["ops"].got[1:]
    assert sorted(one.host for one in over.about) == ["srv-01", "srv-02"]
    assert over.thread == told.channels["ops"].got[0].thread


def test_the_warning_of_a_silence_wakes_nobody_in_quiet_hours(world: World) -> None:
    silence_rows.put(world.db, silence(ends_at=START + 3 * HOUR))
    told = Told(world, Route(receiver="ops", mute_time_intervals=("nights",)), WITH_NIGHTS)
    told.step(make_event())
    told.wait(HOUR + minutes(110))
    told.wait(minutes(20))
    assert told.kinds() == []
    told.wait(MORNING - world.now)
    assert [kind for kind, _ in told.kinds()] == [Kind.OPENED]


def test_the_warning_of_a_silence_says_whose_it_is_and_when_it_ends(world: World) -> None:
    silence_rows.put(world.db, silence())
    told = Told(world, Route(receiver="ops"), Policy())
    told.step(make_event())
    told.wait(9 * HOUR)
    [message] = told.channels["ops"].got
    facts = {fact.label: fact.value for fact in message.facts}
    assert (facts["Held by"], facts["It ends"]) == ("silence s1 of sam: patching", "Tue 10 Mar, 12:00 UTC")
    assert message.affected == ("A QuickBooks pop-up is blocking the sync: Contoso Sync",)


def test_a_short_silence_is_not_warned_of_as_soon_as_it_begins(world: World) -> None:
    silence_rows.put(world.db, silence(ends_at=START + minutes(10)))
    told = Told(world, Route(receiver="ops"), Policy())
    told.step(make_event())
    told.wait(minutes(3))
    assert told.kinds() == []
    told.wait(minutes(2))
    assert told.kinds() == [(Kind.DIGEST, Reason.SILENCE_ENDS)]


def test_the_warning_of_a_silence_waits_for_room_under_the_cap(world: World) -> None:
    silence_rows.put(world.db, silence(ends_at=START + minutes(40)))
    told = Told(world, Route(receiver="ops"), Policy(caps={"ops": Cap(most=1, window=minutes(5))}))
    told.step(make_event(), after=23)
    told.step(make_event(2, cause="data_error", time=world.now), after=1)
    told.wait(minutes(1))
    assert told.kinds() == [(Kind.OPENED, Reason.NEW)]
    told.wait(minutes(5))
    assert told.kinds()[1:] == [(Kind.DIGEST, Reason.SILENCE_ENDS)]


def test_several_routes_to_one_receiver_tell_it_once(world: World) -> None:
    root = Route(
        receiver="ops", escalate_to="boss", escalate_after=minutes(30),
        routes=(Route(receiver="ops", continue_=True), Route(receiver="boss", continue_=True), Route(receiver="ops")),
    )  # fmt: skip
    told = Told(world, root, Policy())
    told.step(make_event())
    told.wait(HOUR)
    assert (len(told.kinds("ops")), len(told.kinds("boss"))) == (1, 1)


def test_of_many_reminders_few_are_looked_at_again_and_the_end_is_still_told(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    told.step(make_event())
    for _ in range(9):
        told.wait(4 * HOUR)
    assert [kind for kind, _ in told.kinds()] == [Kind.OPENED] + [Kind.REMINDER] * 9
    assert len(world.rows("SELECT id FROM notifications WHERE closed = 0")) == 3
    told.step(runs=(good_run(world.now),))
    assert told.kinds()[-1] == (Kind.RESOLVED, Reason.ALL_RESOLVED)
    assert len({message.thread for message in told.channels["ops"].got}) == 1


def test_after_the_clock_was_set_back_reminders_and_what_waits_go_on(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    world.now = START + timedelta(days=400)
    told.channels["ops"] = Recorder(SENT, DOWN, SENT)
    told.step(make_event(time=world.now))
    told.step(make_event(2, cause="data_error", time=world.now))
    assert [row[0] for row in world.rows("SELECT state FROM deliveries")] == ["sent", "pending"]
    world.now = START
    told.wait(minutes(1))
    told.wait(minutes(1))
    assert [row[0] for row in world.rows("SELECT state FROM deliveries")] == ["sent", "sent"]
    told.wait(4 * HOUR)
    assert [kind for kind, _ in told.kinds()][-1] == Kind.REMINDER


def test_what_recovers_while_the_clock_is_set_back_is_not_stuck(world: World) -> None:
    told = Told(world, Route(receiver="ops"), Policy())
    world.now = START + timedelta(days=400)
    for number in (1, 2):
        told.step(make_event(number, time=world.now), after=5)
        told.step(runs=(good_run(world.now),), after=5)
    told.step(make_event(3, time=world.now), after=5)
    told.step(runs=(good_run(world.now),), after=5)
    assert world.alerts.incidents()[0].state is State.RECOVERING
    world.now = START
    for _ in range(2):
        told.step(runs=(good_run(world.now),), after=5)
    assert [one.state for one in world.alerts.incidents(live_only=True)] == []


def test_a_restart_in_quiet_hours_forgets_nothing_of_the_morning(world: World) -> None:
    told = Told(world, Route(receiver="ops", mute_time_intervals=("nights",)), WITH_NIGHTS)
    told.step(*events("srv-01", "srv-02"))
    told.step(runs=(good_run(world.now, host="srv-01"),))
    world.alerts = AlertStore(world.db, UTC)
    told.wait(MORNING - world.now)
    assert told.kinds() == [(Kind.DIGEST, Reason.HELD_BACK)]
    [digest] = told.channels["ops"].got
    assert {(one.host, one.state) for one in digest.about} == {("srv-01", "resolved"), ("srv-02", "open")}


def test_an_office_that_is_never_open_tells_nothing_and_asks_for_no_end(world: World) -> None:
    never = TimeInterval(name="never", zone=UTC, times=(read_times("09:00-09:01"),), months=frozenset({13}))
    root = Route(receiver="ops", active_time_intervals=("never",))
    told = Told(world, root, Policy(intervals={"never": never}))
    told.step(make_event())
    told.wait(HOUR)
    assert told.kinds() == []

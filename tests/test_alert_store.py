from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from receivers import START, good_run, make_event, minutes
from world import World

from alerts.decide import LOOK_AGAIN, Kind
from alerts.incident import ChangeKind, State
from alerts.route import Route
from rules.event import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path / "qbwatch.db")
    with closing(one.db):
        yield one


def test_one_failure_and_the_next_good_run_are_two_messages(world: World) -> None:
    world.store(make_event())
    assert world.send() == 0
    for number in (2, 3, 4):
        world.wait(minutes(15))
        world.store(make_event(number))
        world.send()
    assert world.channel.kinds == [Kind.OPENED]
    world.wait(minutes(15))
    world.store(runs=(good_run(world.now),))
    world.send()
    assert world.channel.kinds == [Kind.OPENED, Kind.RESOLVED]
    opened, resolved = world.channel.got
    assert opened.thread == resolved.thread == opened.id != resolved.id
    assert world.states() == [("sent", 1), ("sent", 1)]
    assert world.store().messages == ()


def test_applying_a_history_again_changes_nothing(world: World) -> None:
    events = [make_event(number) for number in (1, 2, 7)]
    runs = (good_run(START + minutes(60)),)
    world.store(*events, runs=runs)
    kinds = [ChangeKind.OPENED, ChangeKind.TOUCHED, ChangeKind.RESOLVED, ChangeKind.OPENED]
    assert [change.kind for change in world.changes] == kinds
    before = world.rows("SELECT * FROM incidents")
    world.store(*events, runs=runs)
    assert world.changes == []
    assert world.rows("SELECT * FROM incidents") == before
    assert world.rows("SELECT count(*) FROM incident_events") == [(3,)]


def test_an_incident_comes_back_from_the_store_as_it_went_in(world: World) -> None:
    world.store(make_event(evidence=("a", "b")))
    [incident] = world.alerts.incidents(live_only=True)
    assert incident == world.changes[0].incident
    assert world.alerts.incident(incident.id[:6]) == incident
    assert world.alerts.incident("none") is None
    assert world.alerts.incident("") is None
    assert world.alerts.events_of(incident) == ["event-0001"]


def test_a_good_run_before_the_first_failure_is_the_last_good_sync(world: World) -> None:
    world.store(make_event(), runs=(good_run(START - minutes(90)),))
    assert world.changes[0].incident.last_good_at == START - minutes(89)


def test_the_wait_of_a_new_group_is_told_to_the_caller(world: World) -> None:
    assert world.store(make_event()).next_due == START + timedelta(seconds=30)
    world.wait(timedelta(seconds=30))
    planned = world.store()
    assert planned.receivers == {"ops"}
    assert planned.next_due == world.now + LOOK_AGAIN
    world.send()
    assert world.store().next_due == world.now + timedelta(hours=4)


def test_a_reminder_comes_though_nothing_else_happens(world: World) -> None:
    due_at = world.store(make_event()).next_due
    for _ in range(20):
        assert due_at is not None
        world.now = due_at
        due_at = world.store().next_due
        world.send()
    assert world.channel.kinds[:3] == [Kind.OPENED, Kind.REMINDER, Kind.REMINDER]
    assert world.now - START > timedelta(hours=8)


def test_hosts_with_one_cause_are_one_message_and_a_late_one_joins(world: World) -> None:
    world.store(*(make_event(number, host=f"srv-{number:02}", time=START) for number in (1, 2, 3)))
    world.wait(minutes(1))
    world.store()
    world.send()
    world.store(make_event(4, host="srv-04", time=world.now))
    world.wait(minutes(6))
    world.store()
    world.send()
    assert world.channel.kinds == [Kind.OPENED, Kind.CHANGED]
    first, second = world.channel.got
    assert first.headline == "A QuickBooks pop-up is blocking the sync on 3 hosts"
    assert second.headline == "More affected: A QuickBooks pop-up is blocking the sync on 4 hosts"
    assert len(second.affected) == 4


def test_each_host_of_a_group_hears_its_own_end(world: World) -> None:
    world.store(*(make_event(number, host=f"srv-{number:02}", time=START) for number in (1, 2)))
    world.wait(minutes(1))
    world.store()
    world.send()
    world.wait(minutes(14))
    world.store(runs=(good_run(world.now, host="srv-01"),))
    world.wait(minutes(1))
    world.store(runs=(good_run(world.now, host="srv-02"),))
    world.send()
    assert [message.headline for message in world.channel.got[1:]] == [
        "Solved: A QuickBooks pop-up is blocking the sync on srv-01",
        "Solved: A QuickBooks pop-up is blocking the sync on srv-02",
    ]
    assert len({message.thread for message in world.channel.got}) == 1
    assert world.store().next_due is None


def test_a_new_failure_after_the_end_is_a_new_thread(world: World) -> None:
    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    planned = world.store(make_event(9), runs=(good_run(START + minutes(30)),))
    assert [message.kind for _, message in planned.messages] == [Kind.RESOLVED]
    assert planned.next_due == world.now + LOOK_AGAIN
    world.wait(minutes(1))
    world.store()
    world.send()
    assert world.channel.kinds == [Kind.OPENED, Kind.RESOLVED, Kind.OPENED]
    assert [message.thread == message.id for message in world.channel.got] == [True, False, True]


def test_a_worse_severity_stays_with_its_group_and_reaches_the_new_receiver(world: World) -> None:
    oncall = Route(receiver="oncall", match={"severity": "critical"}, continue_=True)
    root = Route(receiver="ops", group_by=("severity",), routes=(oncall, Route(receiver="ops")))
    world.store(make_event(), root=root)
    world.wait(minutes(1))
    assert world.store(root=root).receivers == {"ops"}
    assert world.store(make_event(2, severity=Severity.CRITICAL), root=root).receivers == {"oncall"}


def test_a_receiver_that_routes_have_left_still_hears_of_the_end(world: World) -> None:
    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    world.send()
    elsewhere = Route(receiver="new", routes=(Route(receiver="ops", match={"cause": "none"}),))
    world.wait(timedelta(days=1))
    assert world.store(root=elsewhere).receivers == {"new"}
    planned = world.store(runs=(good_run(world.now),), root=elsewhere)
    assert planned.receivers == {"ops", "new"}


def test_every_decision_is_kept_with_its_reason_once(world: World) -> None:
    world.store(make_event())
    world.store()
    world.wait(minutes(1))
    world.store()
    world.store()
    world.send()
    world.store()
    world.store()
    assert world.rows("SELECT kind, reason FROM decisions") == [
        (None, "group_wait"),
        ("opened", "new"),
        (None, "not_delivered_yet"),
        (None, "already_told"),
    ]


def test_taking_up_and_closing_by_hand(world: World) -> None:
    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    world.send()
    [incident] = world.alerts.incidents()
    taken = world.alerts.acknowledge(incident, world.now)
    assert taken is not None
    world.wait(timedelta(days=1))
    assert world.store().messages == ()
    assert world.alerts.resolve(taken.incident, world.now) is not None
    assert world.alerts.incidents()[0].state is State.RESOLVED
    [(receiver, message)] = world.store().messages
    assert (receiver, message.kind) == ("ops", Kind.RESOLVED)

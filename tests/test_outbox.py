from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from receivers import START, good_run, make_event, minutes
from world import DOWN, GONE, LATE, SENT, World, connect

from alerts.decide import Kind
from alerts.outbox import (
    Delivery,
    DeliveryState,
    Outbox,
    Outcome,
    Patience,
    SendResult,
    settle,
)
from alerts.route import Route
from qbwatch.history.alert_outbox import SqlOutbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.message import Message


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path / "qbwatch.db")
    with closing(one.db):
        yield one


def test_a_receiver_that_is_down_gets_everything_later_in_order(world: World) -> None:
    world.channel.answers = [DOWN, DOWN, DOWN, SENT]
    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    world.send()
    world.wait(minutes(15))
    world.store(runs=(good_run(world.now),))
    for _ in range(8):
        world.send()
        world.wait(minutes(2))
    assert world.channel.kinds == [Kind.OPENED] * 4 + [Kind.RESOLVED]
    assert len({message.id for message in world.channel.got[:4]}) == 1
    assert world.rows("SELECT outcome, code FROM attempts")[0] == ("transient", 503)


def test_a_refused_opening_is_dead_and_takes_its_resolving_message_with_it(world: World) -> None:
    world.channel.answers = [DOWN, GONE]
    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    world.send()
    world.wait(minutes(15))
    world.store(runs=(good_run(world.now),))
    world.send()
    assert world.channel.kinds == [Kind.OPENED, Kind.OPENED]
    assert world.states() == [("failed", 2), ("failed", 0)]
    assert world.send() == 0


def test_no_answer_is_unknown_and_is_repeated_with_the_same_id(world: World) -> None:
    world.channel.answers = [LATE, SENT]
    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    world.send()
    assert world.states() == [("unknown", 1)]
    world.wait(minutes(1))
    world.send()
    assert world.states() == [("sent", 2)]
    assert world.channel.got[0].id == world.channel.got[1].id


def test_what_a_killed_process_was_sending_is_sent_again(world: World) -> None:
    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    killed = SqlOutbox(connect(world.path))
    assert killed.claim("ops", world.now) is not None
    killed.close()
    assert world.send() == 0
    again = SqlOutbox(connect(world.path))
    assert again.recover("other", world.now) == 0
    assert again.recover("ops", world.now) == 1
    again.close()
    assert world.send() == 1
    assert world.states() == [("sent", 2)]
    assert world.rows("SELECT outcome FROM attempts ORDER BY attempt") == [("unknown",), ("sent",)]


def test_a_channel_that_throws_is_stored_and_tried_again(world: World) -> None:
    class Broken:
        def send(self, _: Message) -> SendResult:
            raise ZeroDivisionError("with a secret in it")

    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    world.send(channel=Broken())
    assert world.rows("SELECT state, reason FROM deliveries") == [("pending", "could not be sent: ZeroDivisionError")]


def test_a_slow_receiver_delays_no_other(world: World) -> None:
    began, release, fast_done = threading.Event(), threading.Event(), threading.Event()

    class Slow:
        def send(self, _: Message) -> SendResult:
            began.set()
            release.wait(20)
            return SENT

    class Fast:
        def send(self, _: Message) -> SendResult:
            fast_done.set()
            return SENT

    root = Route(receiver="slow", routes=(Route(receiver="slow", continue_=True), Route(receiver="fast")))
    world.store(make_event(), root=root)
    world.wait(minutes(1))
    world.store(root=root)
    senders = [world.sender("slow", Slow()), world.sender("fast", Fast())]
    with Outbox(senders) as outbox:
        outbox.wake()
        assert began.wait(10)
        assert fast_done.wait(10)
        assert not release.is_set()
        release.set()
        assert outbox.stop(20) == []
    assert outbox.errors() == []
    assert sorted(world.rows("SELECT receiver, state FROM deliveries")) == [("fast", "sent"), ("slow", "sent")]


def test_what_ends_a_sender_is_told_to_who_asks(world: World) -> None:
    def broken() -> SqlOutbox:
        raise sqlite3.OperationalError("disk I/O error")

    sender = world.sender()
    sender.open_store = broken
    sender.start()
    assert sender.join(10)
    assert not sender.is_alive
    assert str(sender.error) == "disk I/O error"


def test_a_far_side_that_asks_to_be_left_alone_is_left_alone_with_everything(world: World) -> None:
    busy = SendResult(outcome=Outcome.TRANSIENT, reason="too many", code=429, retry_after=minutes(10))
    world.channel.answers = [busy, SENT]
    world.store(make_event(), make_event(2, host="srv-02", client="Fabrikam"))
    world.wait(minutes(1))
    world.store()
    store = SqlOutbox(connect(world.path))
    sender = world.sender()
    assert sender.drain(store) == 1
    world.wait(minutes(9))
    assert sender.drain(store) == 0
    world.wait(minutes(1))
    assert sender.drain(store) == 2
    store.close()
    assert [state for state, _ in world.states()] == ["sent", "sent"]


def test_between_two_messages_goes_by_what_the_far_side_takes(world: World) -> None:
    world.store(make_event(), make_event(2, host="srv-02", client="Fabrikam"))
    world.wait(minutes(1))
    world.store()
    store = SqlOutbox(connect(world.path))
    sender = world.sender(spacing=timedelta(seconds=1))
    assert sender.drain(store) == 1
    world.wait(timedelta(seconds=0.9))
    assert sender.drain(store) == 0
    world.wait(timedelta(seconds=0.1))
    assert sender.drain(store) == 1
    store.close()


def test_a_clock_that_is_set_back_makes_no_wait_longer(world: World) -> None:
    busy = SendResult(outcome=Outcome.TRANSIENT, reason="too many", code=429, retry_after=minutes(10))
    world.channel.answers = [busy, SENT]
    world.store(make_event(), make_event(2, host="srv-02", client="Fabrikam"))
    world.wait(minutes(1))
    world.store()
    store = SqlOutbox(connect(world.path))
    sender = world.sender()
    assert sender.drain(store) == 1
    world.wait(-timedelta(days=400))
    world.store()
    assert sender.drain(store) == 2
    store.close()


def test_what_was_given_up_is_tried_again_when_somebody_asks_and_for_another_week(world: World) -> None:
    world.channel.answers = [GONE, DOWN, SENT]
    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    world.send()
    store = SqlOutbox(world.db)
    [dead] = store.failed()
    assert store.failed("other") == []
    world.wait(timedelta(days=8))
    assert store.retry([dead, "nothing"], world.now) == 1
    assert store.retry([dead], world.now) == 0
    world.send()
    assert world.states() == [("pending", 2)]
    world.wait(minutes(1))
    world.send()
    assert world.states() == [("sent", 3)]
    outcomes = [(one.attempt, one.outcome, one.code) for one in store.attempts(dead)]
    assert outcomes == [(1, "rejected", 404), (2, "transient", 503), (3, "sent", None)]


def test_what_follows_knows_what_the_far_side_calls_the_first_message(world: World) -> None:
    world.channel.answers = [SendResult(outcome=Outcome.SENT, reason="accepted", receipt="C1:1.2"), SENT]
    world.store(make_event())
    world.wait(minutes(1))
    world.store()
    world.send()
    world.wait(minutes(15))
    world.store(runs=(good_run(world.now),))
    world.send()
    assert [message.parent for message in world.channel.got] == [None, "C1:1.2"]


def delivery(attempt: int = 1, created_at: datetime = START) -> Delivery:
    return Delivery(id="d", receiver="ops", message=None, created_at=created_at, attempt=attempt)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("result", "state", "again"),
    [
        (SENT, DeliveryState.SENT, False),
        (GONE, DeliveryState.FAILED, False),
        (DOWN, DeliveryState.PENDING, True),
        (LATE, DeliveryState.UNKNOWN, True),
    ],
)
def test_what_follows_from_each_outcome(result: SendResult, state: DeliveryState, again: bool) -> None:  # noqa: FBT001 - a table's column
    settled = settle(delivery(), result, START, patience=Patience(), chance=0.5)
    assert (settled.state, settled.next_at is not None) == (state, again)


def test_it_gives_up_after_a_week_and_says_so() -> None:
    settled = settle(delivery(60), DOWN, START + timedelta(days=7), patience=Patience(), chance=0.5)
    assert (settled.state, settled.next_at) == (DeliveryState.FAILED, None)
    assert settled.reason == "gave up after 60 attempts: the far side is down"


def test_the_far_sides_own_wait_is_kept() -> None:
    busy = SendResult(outcome=Outcome.TRANSIENT, reason="too many", code=429, retry_after=minutes(10))
    assert settle(delivery(), busy, START, patience=Patience(), chance=0.5).next_at == START + minutes(10)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_waits_grow_to_a_ceiling_and_stay_within_their_jitter(attempt: int, chance: float) -> None:
    patience = Patience()
    wait = patience.wait(attempt, chance)
    assert patience.first * 0.8 <= wait <= patience.longest * 1.2
    assert patience.wait(attempt + 1, chance) >= wait

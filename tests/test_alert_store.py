from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from receivers import START, good_run, make_event, minutes
from world import DOWN, Recorder, World

from alerts.decide import LOOK_AGAIN, Kind
from alerts.incident import ChangeKind, State
from alerts.route import Route
from rules.event import Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.event import Event

YEARS = timedelta(days=2000)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path / "qbwatch.db")
    with closing(one.db):
        yield one


def tell(world: World, after: float = 1) -> None:
    world.wait(minutes(after))
    world.store()
    world.send()


def told_opening(world: World, *events: Event) -> None:
    world.store(*(events or (make_event(),)))
    tell(world)
    assert world.channel.kinds == [Kind.OPENED]


def live(world: World) -> list[tuple[str, int]]:
    return [(one.cause, one.runs_failed) for one in world.alerts.incidents(live_only=True)]


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
    tell(world)
    world.store(make_event(4, host="srv-04", time=world.now))
    tell(world, after=6)
    assert world.channel.kinds == [Kind.OPENED, Kind.CHANGED]
    first, second = world.channel.got
    assert first.headline == "A QuickBooks pop-up is blocking the sync on 3 hosts"
    assert second.headline == "More affected: A QuickBooks pop-up is blocking the sync on 4 hosts"
    assert len(second.affected) == 4


def test_each_host_of_a_group_hears_its_own_end(world: World) -> None:
    world.store(*(make_event(number, host=f"srv-{number:02}", time=START) for number in (1, 2)))
    tell(world)
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
    tell(world)
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
    tell(world)
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
    told_opening(world)
    [incident] = world.alerts.incidents()
    taken = world.alerts.acknowledge(incident, world.now)
    assert taken is not None
    world.wait(timedelta(days=1))
    assert world.store().messages == ()
    assert world.alerts.resolve(taken.incident, world.now) is not None
    assert world.alerts.incidents()[0].state is State.RESOLVED
    [(receiver, message)] = world.store().messages
    assert (receiver, message.kind) == ("ops", Kind.RESOLVED)


def test_a_cause_that_was_revised_before_it_was_told_leaves_no_message(world: World) -> None:
    world.store(make_event())
    planned = world.store(make_event(cause="licenses_exhausted", title="All seats are taken"))
    assert [change.kind for change in world.changes] == [ChangeKind.OPENED, ChangeKind.WITHDRAWN]
    assert planned.messages == ()
    assert live(world) == [("licenses_exhausted", 1)]
    tell(world)
    assert [message.headline for message in world.channel.got] == ["All seats are taken on srv-01"]


def test_a_cause_that_was_revised_after_it_was_told_is_taken_back_honestly(world: World) -> None:
    told_opening(world)
    world.store(make_event(cause="licenses_exhausted", title="All seats are taken"))
    tell(world)
    opened, gone, other = world.channel.got
    assert (gone.kind, gone.thread) == (Kind.RESOLVED, opened.thread)
    assert gone.headline == "Taken back: A QuickBooks pop-up is blocking the sync on srv-01"
    assert gone.why == "It turned out to be another problem, or none."
    assert [fact.label for fact in gone.facts] == ["Host", "Client", "Application", "Company file"]
    assert (gone.steps, gone.links, gone.evidence) == ((), (), ())
    assert (other.kind, other.headline) == (Kind.OPENED, "All seats are taken on srv-01")
    assert world.store().messages == ()


def test_a_root_that_became_an_echo_is_taken_back(world: World) -> None:
    told_opening(world)
    [(_, message)] = world.store(make_event(role=Role.ECHO)).messages
    assert (message.kind, live(world)) == (Kind.RESOLVED, [])
    assert world.store(make_event(role=Role.ECHO)).next_due is None


def test_a_better_root_of_the_same_cause_goes_on_with_the_incident(world: World) -> None:
    told_opening(world)
    planned = world.store(make_event(role=Role.ECHO), make_event(2, time=START + minutes(0.5), run="run-0001"))
    assert planned.messages == ()
    [incident] = world.alerts.incidents()
    assert (incident.runs_failed, incident.first_event, incident.opened_at) == (1, "event-0002", START + minutes(0.5))


def test_a_grown_message_or_severity_changes_the_incident_and_closes_nothing(world: World) -> None:
    world.store(make_event())
    [incident] = world.alerts.incidents()
    world.alerts.acknowledge(incident, world.now)
    world.store(make_event(severity=Severity.CRITICAL, message="longer"))
    assert [change.kind for change in world.changes] == [ChangeKind.TOUCHED]
    [grown] = world.alerts.incidents()
    assert (grown.id, grown.state) == (incident.id, State.ACKNOWLEDGED)
    assert (grown.severity, grown.message) == (Severity.CRITICAL, "longer")


def test_an_event_of_a_closed_incident_that_is_revised_opens_nothing_again(world: World) -> None:
    world.store(make_event())
    [incident] = world.alerts.incidents()
    world.wait(minutes(5))
    world.alerts.resolve(incident, world.now)
    world.store(make_event(severity=Severity.CRITICAL))
    assert live(world) == []


def test_a_message_that_nobody_got_is_not_sent_when_it_no_longer_holds(world: World) -> None:
    world.store(make_event())
    world.wait(minutes(1))
    assert world.store().receivers == {"ops"}
    world.send(channel=Recorder(DOWN))
    planned = world.store(make_event(cause="licenses_exhausted"))
    assert planned.messages == ()
    assert planned.next_due is not None
    assert world.rows("SELECT state, reason FROM deliveries") == [("failed", "withdrawn before it was sent")]
    tell(world)
    assert world.channel.kinds == [Kind.OPENED]


def test_a_message_that_speaks_of_others_too_is_sent_and_then_put_right(world: World) -> None:
    world.store(*(make_event(n, host=f"srv-{n:02}", time=START) for n in (1, 2)))
    world.wait(minutes(1))
    world.store()
    world.store(make_event(1, host="srv-01", time=START, role=Role.ECHO))
    world.send()
    tell(world, after=6)
    assert [(message.kind, message.headline) for message in world.channel.got] == [
        (Kind.OPENED, "A QuickBooks pop-up is blocking the sync on 2 hosts"),
        (Kind.RESOLVED, "Taken back: A QuickBooks pop-up is blocking the sync on srv-01"),
    ]


def test_what_was_solved_and_what_was_taken_back_are_two_messages(world: World) -> None:
    told_opening(world, *(make_event(n, host=f"srv-{n:02}", time=START) for n in (1, 2)))
    echo = make_event(1, host="srv-01", time=START, role=Role.ECHO)
    planned = world.store(echo, runs=(good_run(START + minutes(0.5), host="srv-02"),))
    assert [message.headline for _, message in planned.messages] == [
        "Solved: A QuickBooks pop-up is blocking the sync on srv-02",
        "Taken back: A QuickBooks pop-up is blocking the sync on srv-01",
    ]


def test_a_good_run_stamped_years_ahead_silences_no_later_failure(world: World) -> None:
    world.store(make_event(), runs=(good_run(START + YEARS),))
    assert live(world) == []
    assert world.alerts.incidents()[0].resolved_at <= world.now + minutes(5)  # type: ignore[operator]
    world.wait(minutes(15))
    world.store(make_event(2))
    assert live(world) == [("popup_blocked", 1)]


def test_a_failure_stamped_years_ahead_does_not_stand_in_the_way_of_its_end(world: World) -> None:
    world.store(make_event(time=START + YEARS))
    [incident] = world.alerts.incidents()
    assert incident.opened_at <= world.now + minutes(5)
    world.store(make_event(time=START + YEARS))
    assert world.changes == []
    world.wait(minutes(16))
    world.store(make_event(time=START + YEARS), runs=(good_run(START + minutes(15)),))
    assert live(world) == []


def test_a_log_that_runs_ahead_all_the_time_is_still_read_in_its_order(world: World) -> None:
    for number in (1, 3, 5):
        ahead = world.now + YEARS
        world.store(make_event(number, time=ahead), runs=(good_run(ahead + minutes(1)),))
        world.wait(minutes(15))
        world.store(make_event(number + 1, time=ahead + minutes(15)))
        assert live(world) == [("popup_blocked", 1)]
        world.wait(minutes(15))
        world.store(runs=(good_run(ahead + minutes(30)),))
        assert live(world) == []
        world.wait(timedelta(days=1))


def test_after_the_clock_was_set_back_failures_are_told_and_good_runs_resolve(world: World) -> None:
    world.now = START + YEARS
    world.store(make_event(time=world.now), runs=(good_run(world.now + minutes(1)),))
    world.store(make_event(3, time=world.now, application="Fabrikam Sync"))
    world.now = START + minutes(17)
    world.store(make_event(2), runs=(good_run(START + minutes(15), application="Fabrikam Sync"),))
    [contoso] = world.alerts.incidents(live_only=True)
    assert (contoso.application, contoso.opened_at) == ("Contoso Sync", START + minutes(15))
    assert all(one.opened_at <= one.last_at <= START + minutes(15) for one in world.alerts.incidents())


def test_after_the_clock_was_set_back_the_newest_event_is_the_newest(world: World) -> None:
    world.now = START + YEARS
    world.store(make_event(time=world.now))
    world.now = START + minutes(16)
    world.store(make_event(2, message="now"))
    [incident] = world.alerts.incidents()
    assert (incident.message, incident.last_at, incident.runs_failed) == ("now", START + minutes(15), 2)
    world.store(make_event(2, message="now", severity=Severity.CRITICAL))
    assert world.alerts.incidents()[0].last_event == "event-0002"

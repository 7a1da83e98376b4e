from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from receivers import START, good_run, make_event, minutes

from alerts.incident import ChangeKind, Good, Incident, State, acknowledge, on_event, on_run, resolve
from ingest.record import Outcome
from rules.event import Role, Severity

NOW = START + minutes(1)


def opened(number: int = 1, **changes: Any) -> Incident:
    change = on_event(None, make_event(number, **changes), NOW)
    assert change is not None
    return change.incident


def test_a_root_event_opens_an_incident_that_tells_all_the_event_does() -> None:
    change = on_event(None, make_event(), NOW)
    assert change is not None
    assert (change.kind, change.event, change.at) == (ChangeKind.OPENED, "event-0001", START)
    incident = change.incident
    assert incident.key == ("srv-01", "Contoso Sync", "popup_blocked")
    assert (incident.state, incident.runs_failed, incident.opened_at) == (State.OPEN, 1, START)
    assert (incident.title, incident.links) == (make_event().title, make_event().links)


@pytest.mark.parametrize("changes", [{"role": Role.ECHO}, {"severity": Severity.NOTICE}])
def test_echoes_and_notices_open_nothing(changes: dict[str, Any]) -> None:
    assert on_event(None, make_event(**changes), NOW) is None


def test_a_further_failed_run_is_counted_and_the_worst_severity_stays() -> None:
    second = on_event(opened(severity=Severity.CRITICAL), make_event(2, severity=Severity.WARNING), NOW)
    assert second is not None
    assert second.kind is ChangeKind.TOUCHED
    assert (second.incident.runs_failed, second.incident.severity) == (2, Severity.CRITICAL)
    assert second.incident.last_at == START + minutes(15)


def test_two_findings_of_one_run_are_one_failed_run() -> None:
    second = on_event(opened(), make_event(2, run="run-0001"), NOW)
    assert second is not None
    assert second.incident.runs_failed == 1


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.NO_WORK])
def test_a_good_run_that_began_later_resolves(outcome: Outcome) -> None:
    [change] = on_run([opened()], good_run(START + minutes(15), outcome=outcome), NOW)
    assert change.kind is ChangeKind.RESOLVED
    assert (change.incident.state, change.incident.resolved_at) == (State.RESOLVED, START + minutes(16))


@pytest.mark.parametrize(
    "run",
    [
        good_run(START + minutes(15), outcome=Outcome.FAILED),
        good_run(START + minutes(15), outcome=Outcome.UNFINISHED),
        good_run(START - minutes(1), ended=START + minutes(5)),
        good_run(START + minutes(15), application="Fabrikam Sync"),
        good_run(START + minutes(15), host="srv-02"),
        good_run(START, started=None, ended=None),
    ],
)
def test_no_other_run_resolves(run: object) -> None:
    assert on_run([opened()], run, NOW) == []  # type: ignore[arg-type]


def test_without_a_start_the_end_of_the_run_decides() -> None:
    [change] = on_run([opened()], good_run(START, started=None, ended=START + minutes(9)), NOW)
    assert change.incident.resolved_at == START + minutes(9)


def test_a_machines_incident_is_over_with_any_good_run_on_that_machine() -> None:
    machine = opened(application=None, run=None, cause="machine_asleep")
    [change] = on_run([machine], good_run(START + minutes(15), application="Fabrikam Sync"), NOW)
    assert change.incident.cause == "machine_asleep"


def test_an_event_older_than_the_resolution_reopens_nothing_and_a_newer_one_is_a_new_incident() -> None:
    first = opened()
    [change] = on_run([first], good_run(START + minutes(30)), NOW)
    assert on_event(change.incident, make_event(2), NOW) is None
    again = on_event(change.incident, make_event(9), NOW)
    assert again is not None
    assert again.kind is ChangeKind.OPENED
    assert again.incident.id != first.id


def test_an_event_that_a_good_run_outlived_before_it_was_read_opens_nothing() -> None:
    good = Good(began=START + minutes(5), ended=START + minutes(6))
    assert on_event(None, make_event(), NOW, last_good=good) is None
    later = on_event(None, make_event(2), NOW, last_good=good)
    assert later is not None
    assert later.incident.last_good_at == good.ended


def test_acknowledging_and_resolving_by_hand() -> None:
    taken = acknowledge(opened(), NOW)
    assert taken is not None
    assert taken.incident.state is State.ACKNOWLEDGED
    assert acknowledge(taken.incident, NOW) is None
    closed = resolve(taken.incident, NOW)
    assert closed is not None
    assert closed.incident.resolved_at == NOW
    assert resolve(closed.incident, NOW) is None


steps = st.lists(
    st.one_of(
        st.tuples(st.just("event"), st.integers(1, 40)),
        st.tuples(st.sampled_from(["good", "bad"]), st.integers(1, 600)),
        st.tuples(st.just("ack"), st.just(0)),
    ),
    max_size=30,
)


def play(story: list[tuple[str, int]], history: list[Incident]) -> list[Incident]:
    """Apply *story* to the incidents of one key and return every state that was reached."""
    newest = history[-1] if history else None
    seen: list[Incident] = []
    for what, number in story:
        if what == "event":
            changes = [on_event(newest, make_event(number), NOW)]
        elif what == "ack":
            changes = [acknowledge(newest, NOW)] if newest else []
        else:
            outcome = Outcome.OK if what == "good" else Outcome.FAILED
            at = START + minutes(number)
            changes = list(on_run([newest] if newest else [], good_run(at, outcome=outcome), NOW))
        for change in changes:
            if change:
                newest = change.incident
                seen.append(newest)
    return seen


@given(steps)
def test_whatever_happens_times_run_forward_and_resolved_stays_resolved(story: list[tuple[str, int]]) -> None:
    seen = play(story, [])
    for before, after in pairwise(seen):
        if before.id == after.id:
            assert before.state is not State.RESOLVED
            assert after.last_at >= before.last_at
            assert after.runs_failed >= before.runs_failed
            assert not (before.state is State.ACKNOWLEDGED and after.state is State.OPEN)
        else:
            assert before.resolved_at is not None
            assert after.opened_at > before.resolved_at
    for incident in seen:
        assert (incident.resolved_at is not None) == (incident.state is State.RESOLVED)
        assert incident.resolved_at is None or incident.resolved_at > incident.last_at


@given(st.lists(st.integers(1, 40), max_size=20, unique=True).map(sorted), st.integers(1, 700))
def test_replaying_a_history_changes_nothing(numbers: list[int], good_at: int) -> None:
    story = [("event", number) for number in numbers] + [("good", good_at)]
    story.sort(key=lambda step: step[1] if step[0] == "good" else (step[1] - 1) * 15)
    once = play(story, [])
    assert play(story, once) == [] or not numbers


@given(st.integers(-600, 600), st.integers(0, 600))
def test_only_a_run_that_began_after_the_last_event_resolves(began: int, length: int) -> None:
    incident = replace(opened(), last_at=START)
    run = good_run(START + timedelta(seconds=began), ended=START + timedelta(seconds=began + length))
    assert bool(on_run([incident], run, NOW)) == (began > 0)

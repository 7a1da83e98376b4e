from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from receivers import START, good_run, make_event, minutes
from sqlite_utils import Database

from alerts.incident import Change, ChangeKind, Good, Incident, RunEnd, State
from alerts.lifecycle import acknowledge, believable, finding_of, on_event, on_revision, on_run, resolve
from ingest.record import Outcome
from qbwatch.history import alert_tables, hush_tables
from qbwatch.history.alert_store import AlertStore
from rules.event import Event, Role, Severity

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


@given(st.permutations(range(1, 7)))
def test_the_order_in_which_findings_are_read_changes_nothing_of_what_is_told(numbers: list[int]) -> None:
    severities = (Severity.WARNING, Severity.CRITICAL, Severity.ERROR)
    events = [make_event(n, run=f"run-{n // 2}", severity=severities[n % 3]) for n in numbers]
    incident: Incident | None = None
    runs: set[str | None] = set()
    for event in events:
        change = on_event(incident, event, NOW, counted=event.run in runs)
        assert change is not None
        incident = change.incident
        runs.add(event.run)
    assert incident is not None
    assert on_revision(incident, [finding_of(one, one.time or NOW) for one in events], NOW) in {
        None,
        Change(kind=ChangeKind.TOUCHED, incident=replace(incident, last_run="run-3"), at=NOW),
    }


def test_an_incident_that_loses_a_finding_is_told_by_the_others() -> None:
    second = on_event(opened(severity=Severity.CRITICAL), make_event(2, message="second"), NOW)
    assert second is not None
    change = on_revision(second.incident, [finding_of(make_event(2, message="second"), START + minutes(15))], NOW)
    assert change is not None
    told = change.incident
    assert change.kind is ChangeKind.TOUCHED
    assert (told.runs_failed, told.severity, told.opened_at) == (1, Severity.ERROR, START + minutes(15))
    assert (told.first_event, told.last_event, told.message) == ("event-0002", "event-0002", "second")


def test_an_incident_that_loses_its_last_finding_is_withdrawn_once_and_silences_nothing() -> None:
    change = on_revision(opened(), [], NOW)
    assert change is not None
    assert change.kind is ChangeKind.WITHDRAWN
    gone = change.incident
    assert (gone.state, gone.withdrawn, gone.runs_failed, gone.resolved_at) == (State.RESOLVED, True, 0, NOW)
    assert on_revision(gone, [], NOW) is None
    again = on_event(gone, make_event(), NOW)
    assert again is not None
    assert again.kind is ChangeKind.OPENED
    assert again.incident.id != gone.id


def test_what_is_left_of_an_incident_may_be_over_already() -> None:
    second = on_event(opened(), make_event(3), NOW)
    assert second is not None
    good = Good(began=START + minutes(15), ended=START + minutes(16))
    change = on_revision(second.incident, [finding_of(make_event(), START)], NOW, last_good=good)
    assert change is not None
    assert (change.kind, change.incident.resolved_at) == (ChangeKind.RESOLVED, good.ended)


def test_times_far_ahead_become_the_next_moments_in_their_order() -> None:
    near, later, never = NOW + minutes(4), NOW + timedelta(days=900), NOW + timedelta(days=2000)
    moment = timedelta(microseconds=1)
    assert believable([never, START, near, later, never], NOW) == {later: NOW + moment, never: NOW + 2 * moment}


@given(st.integers(-600, 600), st.integers(0, 600))
def test_only_a_run_that_began_after_the_last_event_resolves(began: int, length: int) -> None:
    incident = replace(opened(), last_at=START)
    run = good_run(START + timedelta(seconds=began), ended=START + timedelta(seconds=began + length))
    assert bool(on_run([incident], run, NOW)) == (began > 0)


version = st.fixed_dictionaries(
    {
        "cause": st.sampled_from(["popup_blocked", "licenses_exhausted"]),
        "application": st.sampled_from(["Contoso Sync", "Fabrikam Sync", None]),
        "role": st.sampled_from([Role.ROOT, Role.ROOT, Role.ECHO]),
        "severity": st.sampled_from([Severity.ERROR, Severity.CRITICAL, Severity.NOTICE]),
        "company_file": st.sampled_from(["C:\\QB\\Acme.qbw", None]),
        "run": st.sampled_from(["run-1", "run-2", None]),
        "message": st.sampled_from(["short", "longer"]),
    }
)
revisions = st.lists(st.tuples(st.integers(1, 4), version), min_size=1, max_size=12)
cuts = st.lists(st.booleans(), min_size=20, max_size=20)
good_runs = st.lists(
    st.builds(
        lambda number, application: good_run(START + minutes(15 * number - 8), application=application),
        st.integers(0, 5),
        st.sampled_from(["Contoso Sync", "Fabrikam Sync"]),
    ),
    max_size=3,
)
LATER = START + timedelta(days=1)


def incidents_after(batches: list[list[Event | RunEnd]]) -> list[Incident]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.row_factory = sqlite3.Row
        alert_tables.create(Database(db))
        hush_tables.create(Database(db))
        alerts = AlertStore(db, UTC)
        for batch in batches:
            events = [one for one in batch if isinstance(one, Event)]
            alerts.apply(events, [one for one in batch if isinstance(one, RunEnd)], LATER)
            assert alerts.apply(events[-1:], [], LATER) == []
        return alerts.incidents(live_only=True)


def cut_up(steps: list[Any], ends: list[bool]) -> list[list[Any]]:
    batches: list[list[Any]] = [[]]
    for step, end in zip(steps, ends, strict=False):
        batches[-1].append(step)
        if end:
            batches.append([])
    return batches


def content(incidents: list[Incident], *leave: str) -> list[tuple[Any, ...]]:
    names = [field.name for field in fields(Incident) if field.name not in {"id", "recorded_at", *leave}]
    return sorted((tuple(getattr(one, name) for name in names) for one in incidents), key=repr)


@settings(max_examples=60, deadline=None)
@given(revisions, cuts)
def test_events_revised_in_any_order_end_as_their_final_versions_do(
    story: list[tuple[int, dict[str, Any]]], ends: list[bool]
) -> None:
    events = [make_event(number, **values) for number, values in story]
    final = {event.id: event for event in events}
    revised = incidents_after(cut_up(events, ends))
    assert content(revised, "last_run") == content(incidents_after([list(final.values())]), "last_run")


@settings(max_examples=60, deadline=None)
@given(revisions, good_runs, cuts, st.randoms(use_true_random=False))
def test_with_good_runs_between_the_same_problems_stay_open(
    story: list[tuple[int, dict[str, Any]]], runs: list[RunEnd], ends: list[bool], chance: Any
) -> None:
    events = [make_event(number, **values) for number, values in story]
    final = {event.id: event for event in events}
    steps: list[Any] = list(events)
    for run in runs:
        steps.insert(chance.randint(0, len(steps)), run)
    revised, plain = incidents_after(cut_up(steps, ends)), incidents_after([[*final.values(), *runs]])
    told = [[(one.key, one.last_at, one.last_event, one.message) for one in some] for some in (revised, plain)]
    assert sorted(told[0], key=repr) == sorted(told[1], key=repr)

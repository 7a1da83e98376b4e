"""An incident that keeps failing and mending: for any story, how near it is to its end is what the story says."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from receivers import START, good_run, make_event, minutes

from alerts.incident import ChangeKind, Ending, Incident, State
from alerts.lifecycle import acknowledge, on_event, on_run
from ingest.record import Outcome

NOW = START + minutes(10_000)
STEPS = st.sampled_from(["fails", "good", "no work", "unfinished", "acknowledged"])
STORIES = st.lists(STEPS, max_size=25)
# Read in any order: each step with the minute at which it happened.
MUDDLED = st.lists(st.tuples(STEPS, st.integers(1, 60)), max_size=25)
NEEDS = st.integers(1, 4)


def begun(needs: int) -> Incident:
    change = on_event(None, make_event(), NOW)
    assert change is not None
    return replace(change.incident, needs=needs)


def after(incident: Incident, step: str, at: int, number: int) -> Incident:
    """Return *incident* after one *step* that happened *at* that minute."""
    if step == "fails":
        event = make_event(number, id=f"e{number}", run=f"r{number}", time=START + minutes(at))
        change = on_event(incident, event, NOW)
        return change.incident if change and change.kind is ChangeKind.TOUCHED else incident
    if step == "acknowledged":
        change = acknowledge(incident, NOW)
        return change.incident if change else incident
    outcome = {"good": Outcome.OK, "no work": Outcome.NO_WORK, "unfinished": Outcome.UNFINISHED}[step]
    run = good_run(START + minutes(at), outcome=outcome, ended=START + minutes(at) + minutes(0.5))
    changes = on_run([incident], run, NOW)
    return changes[0].incident if changes else incident


def check(incident: Incident) -> None:
    assert 0 <= incident.goods <= incident.needs
    assert (incident.state is State.RESOLVED) == (incident.goods == incident.needs)
    assert (incident.state is State.RECOVERING) == (0 < incident.goods < incident.needs)
    assert (incident.good_at is None) == (incident.goods == 0)
    assert (incident.ending is Ending.RECOVERED) == (incident.state is State.RESOLVED)
    if incident.state is State.ACKNOWLEDGED:
        assert incident.acknowledged_at is not None
    if incident.state is State.OPEN:
        assert incident.acknowledged_at is None


@given(needs=NEEDS, story=STORIES)
def test_it_is_over_with_the_last_of_the_good_runs_in_a_row_that_it_needs(needs: int, story: list[str]) -> None:
    incident, in_a_row, failed = begun(needs), 0, 1
    for minute, step in enumerate(story, 1):
        if in_a_row == needs:
            break
        incident = after(incident, step, minute, minute + 1)
        in_a_row = 0 if step == "fails" else in_a_row + (step in {"good", "no work"})
        failed += step == "fails"
        assert (incident.goods, incident.runs_failed) == (in_a_row, failed)
        check(incident)


@given(needs=NEEDS, story=MUDDLED)
def test_whatever_is_read_in_whatever_order_its_state_and_its_count_agree(
    needs: int, story: list[tuple[str, int]]
) -> None:
    incident = begun(needs)
    for number, (step, minute) in enumerate(story, 2):
        if not incident.is_live:
            break
        before = incident
        incident = after(incident, step, minute, number)
        check(incident)
        if step == "fails" and (before.good_at is None or START + minutes(minute) >= before.good_at):
            assert incident.goods == 0
        elif step == "fails":
            # It is older than a good run that was read before it.
            assert incident.goods == before.goods


@given(needs=NEEDS, story=MUDDLED)
def test_a_good_run_that_is_read_twice_counts_once(needs: int, story: list[tuple[str, int]]) -> None:
    once, twice = begun(needs), begun(needs)
    for number, (step, minute) in enumerate(story, 2):
        if not once.is_live:
            break
        once = after(once, step, minute, number)
        twice = after(twice, step, minute, number)
        if step != "fails":
            twice = after(twice, step, minute, number)
    assert once == twice

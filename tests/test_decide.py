from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from receivers import START, good_run, make_event, minutes

from alerts.decide import Decision, Group, Kind, Progress, Reason, Told, decide
from alerts.incident import Incident, State
from alerts.lifecycle import on_event, on_run
from alerts.route import Routed

ROUTED = Routed(receiver="ops-teams", path="0")


def incident(number: int = 1, at: datetime = START) -> Incident:
    change = on_event(None, make_event(number, time=at, host=f"srv-{number:02}"), at)
    assert change is not None
    return change.incident


def over(one: Incident) -> Incident:
    [change] = on_run([one], good_run(one.last_at + minutes(1), host=one.host), START)
    return change.incident


def group(*incidents: Incident, reminds: bool = True) -> Group:
    return Group(key="k", routed=ROUTED, incidents=incidents, reminds=reminds)


def told(kind: Kind, at: datetime, *incidents: Incident, progress: Progress = Progress.DELIVERED) -> Told:
    return Told(kind=kind, at=at, incidents=frozenset(one.id for one in incidents), progress=progress)


ONE, TWO = incident(1), incident(2, START + minutes(2))
OPENED = told(Kind.OPENED, START + minutes(1), ONE)


def test_an_opening_waits_for_the_group_and_then_goes_out() -> None:
    due_at = START + timedelta(seconds=30)
    assert decide(group(ONE), [], START) == Decision(
        kind=None, reason=Reason.GROUP_WAIT, incidents=(ONE,), due_at=due_at
    )
    assert decide(group(ONE), [], due_at) == Decision(kind=Kind.OPENED, reason=Reason.NEW, incidents=(ONE,))


def test_nothing_is_said_of_what_was_over_before_anything_was_sent() -> None:
    decision = decide(group(over(ONE)), [], START + minutes(5))
    assert (decision.kind, decision.reason) == (None, Reason.RESOLVED_BEFORE_SENT)


def test_there_is_no_second_message_until_the_reminder_is_due() -> None:
    held = decide(group(ONE), [OPENED], START + minutes(100))
    assert (held.reason, held.due_at) == (Reason.ALREADY_TOLD, OPENED.at + timedelta(hours=4))
    assert decide(group(ONE), [OPENED], OPENED.at + timedelta(hours=4)).kind is Kind.REMINDER


def test_one_that_joins_is_told_at_the_groups_next_turn() -> None:
    held = decide(group(ONE, TWO), [OPENED], START + minutes(3))
    assert (held.reason, held.due_at) == (Reason.GROUP_INTERVAL, OPENED.at + minutes(5))
    decision = decide(group(ONE, TWO), [OPENED], START + minutes(6))
    assert (decision.kind, decision.incidents) == (Kind.CHANGED, (TWO, ONE))


def test_the_end_is_told_of_some_at_the_groups_turn_and_of_the_last_at_once() -> None:
    both = told(Kind.OPENED, START + minutes(3), ONE, TWO)
    assert decide(group(over(ONE), TWO), [both], START + minutes(7)).reason is Reason.GROUP_INTERVAL
    part = decide(group(over(ONE), TWO), [both], START + minutes(9))
    assert (part.kind, part.reason, part.incidents) == (Kind.RESOLVED, Reason.SOME_RESOLVED, (over(ONE),))
    said = told(Kind.RESOLVED, START + minutes(9), ONE)
    assert decide(group(over(ONE), TWO), [both, said], START + minutes(20)).reason is Reason.ALREADY_TOLD
    last = decide(group(over(ONE), over(TWO)), [both, said], START + minutes(20))
    assert (last.reason, last.incidents) == (Reason.ALL_RESOLVED, (over(TWO),))
    decision = decide(group(over(ONE), over(TWO)), [both], START + minutes(9))
    assert (decision.kind, {one.id for one in decision.incidents}) == (Kind.RESOLVED, {ONE.id, TWO.id})


def test_the_end_is_not_told_to_who_never_got_the_opening() -> None:
    lost = replace(OPENED, progress=Progress.DEAD)
    assert decide(group(over(ONE)), [lost], START + minutes(9)).reason is Reason.OPENING_NEVER_DELIVERED


def test_the_end_is_queued_behind_an_opening_that_is_still_under_way() -> None:
    waiting = replace(OPENED, progress=Progress.WAITING)
    assert decide(group(over(ONE)), [waiting], START + minutes(9)).kind is Kind.RESOLVED


def test_nothing_piles_up_behind_a_message_that_is_still_under_way() -> None:
    waiting = replace(OPENED, progress=Progress.WAITING)
    for incidents in ((ONE,), (ONE, TWO)):
        assert decide(group(*incidents), [waiting], START + timedelta(days=1)).reason is Reason.NOT_DELIVERED_YET


def test_an_acknowledged_incident_has_no_reminders() -> None:
    taken = replace(ONE, state=State.ACKNOWLEDGED)
    assert decide(group(taken), [OPENED], START + timedelta(days=1)).reason is Reason.ACKNOWLEDGED


def test_a_group_that_no_route_leads_to_only_hears_of_its_end() -> None:
    assert decide(group(ONE, reminds=False), [OPENED], START + timedelta(days=1)).kind is None
    assert decide(group(over(ONE), reminds=False), [OPENED], START + timedelta(days=1)).kind is Kind.RESOLVED


def test_what_was_old_when_it_was_first_read_is_not_told() -> None:
    old = replace(ONE, recorded_at=START + timedelta(days=30))
    late = START + timedelta(days=31)
    assert decide(group(old), [], late, stale_after=timedelta(days=7)).reason is Reason.TOO_OLD
    assert decide(group(old), [], late).kind is Kind.OPENED


@dataclass
class Play:
    """A receiver's group in virtual time."""

    now: datetime = START
    failures: int = 0
    incidents: dict[int, Incident] = field(default_factory=dict)
    past: list[Told] = field(default_factory=list)
    heard: list[Decision] = field(default_factory=list)

    def step(self, what: str, number: int) -> None:
        if what == "fail" and number not in self.incidents:
            self.failures += 1
            self.incidents[number] = incident(self.failures, self.now)
        elif what == "heal" and number in self.incidents and self.incidents[number].is_live:
            self.incidents[number] = over(self.incidents[number])
        elif what == "wait":
            self.now += minutes(number)
        self.speak()

    def speak(self) -> None:
        decision = decide(group(*self.incidents.values()), self.past, self.now)
        assert decision.due_at is None or decision.due_at > self.now
        if decision.kind:
            self.check(decision)
            self.heard.append(decision)
            self.past.append(told(decision.kind, self.now, *decision.incidents))
            if decision.reason is Reason.ALL_RESOLVED:
                self.past.clear()
                self.incidents = {n: one for n, one in self.incidents.items() if one.is_live}

    def check(self, decision: Decision) -> None:
        told_before = {one for past in self.past for one in past.incidents}
        ids = {one.id for one in decision.incidents}
        assert ids
        assert (decision.kind is Kind.OPENED) == (not self.past)
        if decision.kind is Kind.RESOLVED:
            assert ids <= told_before - {
                one for past in self.past if past.kind is Kind.RESOLVED for one in past.incidents
            }
            assert all(not one.is_live for one in decision.incidents)
        elif decision.kind is Kind.REMINDER:
            assert ids <= told_before
            assert all(one.is_live for one in decision.incidents)
            assert self.now - self.past[-1].at >= ROUTED.repeat_interval
        elif decision.kind is Kind.CHANGED:
            assert ids - told_before
            assert self.now - self.past[-1].at >= ROUTED.group_interval


@given(st.lists(st.tuples(st.sampled_from(["fail", "heal", "wait", "wait"]), st.integers(1, 5)), max_size=60))
def test_whatever_happens_each_incident_is_told_once_and_its_end_once(story: list[tuple[str, int]]) -> None:
    play = Play()
    for what, number in story:
        play.step(what, number * 40 if what == "wait" and number == 5 else number)
    play.step("wait", 60)
    for number in list(play.incidents):
        play.step("heal", number)
    assert play.past == []
    openings = [one.id for said in play.heard if said.kind in {Kind.OPENED, Kind.CHANGED} for one in said.incidents]
    endings = [one.id for said in play.heard if said.kind is Kind.RESOLVED for one in said.incidents]
    assert set(endings) == set(openings)
    assert len(endings) == len(set(endings))

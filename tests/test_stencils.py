from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_runs import behind, ok, ticket
from qwclog import SOAP, Session, blocks_of, line
from test_plain_runs import GATE, Watched, Wholes, compare, log

from ingest.literals import TICKET_LETTERS
from ingest.stencils import Stencils
from rules.gate import Gate

if TYPE_CHECKING:
    from ingest.blocks import Block
    from ingest.stencils import Sight

MANY = 12
SIZE = "Response received from QuickBooks: size (bytes) = "


def block_of(*runs: list[str]) -> Block:
    return blocks_of(log(*runs, ok(99)))[0]


def sight_of(run: list[str], known: Stencils[str]) -> Sight | None:
    block = block_of(run)
    end = len("".join(run).encode())
    return known.sight(block, 0, end)


def learnt(run: list[str], *, told: tuple[int, ...] | None = None) -> Stencils[str]:
    known: Stencils[str] = Stencils(GATE.finds, GATE.literals)
    sight = sight_of(run, known)
    assert sight is not None
    begins = [sum(map(len, run[:at])) for at in range(len(run))]
    known.learn(sight, told or (begins[0], begins[15], begins[-1]), "a healthy run", GATE.hits(sight.words))
    return known


def is_known(run: list[str], known: Stencils[str]) -> bool:
    sight = sight_of(run, known)
    stencil = known.known(sight) if sight else None
    return sight is not None and stencil is not None and stencil.times(sight) is not None


@pytest.mark.parametrize("kind", ["no_work", "refused", "blocked"])
def test_runs_that_rules_say_something_of_are_taken_whole_with_their_summary(kind: str) -> None:
    runs = [getattr(Session(at=60 * n, ticket=ticket(n)), kind)() for n in range(MANY)]
    # The first shows the look, and the last one's summary may still grow.
    assert compare(log(*runs)) >= MANY - 2


def test_each_of_them_keeps_its_own_time_place_and_id() -> None:
    runs = [Session(at=60 * n, ticket=ticket(n)).blocked() for n in range(MANY)]
    stream = Watched(Wholes, GATE).stream
    events = {}
    for block in blocks_of(log(*runs)):
        stream.take(block, file="f", source="QWCLog.txt")
        events |= stream.take_batch().events
    stream.finish()
    events |= stream.take_batch().events
    found = [event for event in events.values() if event.cause == "popup_blocked"]
    assert len({event.id for event in found}) == len({event.run for event in found}) == MANY
    assert len({event.line for event in found}) == len({event.time for event in found}) == MANY
    assert len(found) == MANY


def test_a_run_is_known_again_by_its_look() -> None:
    known = learnt(ok(1))
    assert is_known(ok(2), known)
    assert not is_known(ok(3, application="Fabrikam"), known)
    assert not is_known(Session(at=60).no_work(), known)


def test_digits_of_a_telling_record_must_be_the_same_and_of_others_not() -> None:
    first = behind(ok(1), "Connected., Session", line(f"{SOAP}x()", f"{SIZE}101", 60))
    other = behind(ok(1), "Connected., Session", line(f"{SOAP}x()", f"{SIZE}202", 60))
    begins = [sum(map(len, first[:at])) for at in range(len(first))]
    at = next(number for number, text in enumerate(first) if SIZE in text)
    assert is_known(other, learnt(first))
    assert not is_known(other, learnt(first, told=(begins[0], begins[at], begins[-1])))


def test_a_long_silence_within_a_run_makes_it_another_one() -> None:
    known = learnt(ok(1))
    silent = [text.replace(".02:01", ".02:31") if at > 20 else text for at, text in enumerate(ok(1))]
    assert not is_known(silent, known)


def test_a_time_that_there_is_not_makes_it_another_one() -> None:
    assert not is_known([text.replace(".02:", ".27:") for text in ok(1)], learnt(ok(1)))


def test_a_payload_in_a_telling_record_and_a_ticket_beside_a_code_are_not_learnt() -> None:
    for message in ('<?xml version="1.0"?>', f"QBWC1053 in {ticket(1)}", f"HRESULT = 0x{ticket(1)}"):
        run = behind(ok(1), "Connected., Session", line(f"{SOAP}x()", message, 60))
        begins = [sum(map(len, run[:at])) for at in range(len(run))]
        at = next(number for number, text in enumerate(run) if message in text)
        known: Stencils[str] = Stencils(GATE.finds, GATE.literals)
        sight = sight_of(run, known)
        assert sight is not None
        assert known.learn(sight, (begins[0], begins[at], begins[-1]), "a run", GATE.hits(sight.words)) is None


NUMBERS = st.one_of(
    st.sampled_from(["8004013348", "1334000000", "2147500000", "0000080040"]),
    st.text("0123456789", min_size=10, max_size=10),
)
TICKETS = st.one_of(
    st.builds(ticket, st.integers(1, 9999)),
    st.sampled_from(["{80040401-2146-4c3d-9e10-0123a4b5c6d7}", "{dead0000-2147-1334-9e10-000080070005}"]),
    st.from_regex(r"\{[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}", fullmatch=True),
)
WORDS = st.sampled_from(["HRESULT = 0x", "code 0X8004040", "-", "QBWC1", "qbwc10", "took ", "Error "])


@settings(deadline=None)
@given(NUMBERS, NUMBERS, TICKETS, TICKETS, WORDS)
def test_in_runs_that_are_known_again_literals_stand_where_they_stood(
    one: str, other: str, first: str, second: str, words: str
) -> None:
    runs = [
        behind(
            Session(at=60 * n, ticket=own).ok(), "Connected., Session", line(f"{SOAP}x()", f"{words}{number} B", 60 * n)
        )
        for n, (number, own) in enumerate([(one, first), (other, second)], 1)
    ]
    known = learnt(runs[0])
    sights = [sight_of(run, known) for run in runs]
    if is_known(runs[1], known):
        assert len({tuple(GATE.hits(sight.words)) for sight in sights if sight}) == 1


def test_a_literal_that_may_reach_into_a_ticket_is_never_learnt() -> None:
    for literal in (b'authret[0]="{0', b'c"><authret', b"ticket has been set to {"):
        gate = Gate([literal])
        known: Stencils[str] = Stencils(gate.finds, gate.literals)
        run = ok(1)
        block = block_of(run)
        sight = known.sight(block, 0, len("".join(run).encode()))
        assert sight is not None
        begins = [sum(map(len, run[:at])) for at in range(len(run))]
        stencil = known.learn(sight, (begins[0], begins[15], begins[-1]), "a run", gate.hits(sight.words))
        assert (stencil is None) == (literal[-1:] in TICKET_LETTERS or literal[:1] in TICKET_LETTERS), literal


def test_a_literal_that_crosses_records_makes_looks_worthless() -> None:
    block = block_of(ok(1))
    assert Stencils(GATE.finds, [b"started\r\n2026"]).sight(block, 0, 100) is None
    assert Stencils(GATE.finds, [b"started"]).sight(block, 0, 100) is not None


def test_what_is_kept_stays_small() -> None:
    known: Stencils[str] = Stencils(GATE.finds)
    for number in range(2000):
        sight = sight_of(ok(1, application="x" * (number % 997), user=f"u{chr(97 + number % 26)}"), known)
        if sight and known.is_worth_learning(sight):
            known.learn(sight, (0,), None)
    assert known._kept.size < 3 << 20

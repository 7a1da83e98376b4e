from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.gate import Gate, literals_of
from rules.load import load

CATALOGUE = load()
GATE = Gate(literals_of(CATALOGUE))
SAMPLES = [sample.text for rule in CATALOGUE.rules for sample in rule.samples]


def test_every_sample_passes_the_gate() -> None:
    assert [text for text in SAMPLES if not GATE.hits(text.encode())] == []


@given(st.sampled_from(SAMPLES), st.sampled_from([str.lower, str]), st.binary(max_size=50))
def test_a_sample_passes_in_the_letter_cases_that_logs_use(text: str, case: object, around: bytes) -> None:
    first, _, words = text.partition(" : ")
    block = around + (first + " : " + case(words)).encode() + around  # type: ignore[operator]
    assert GATE.hits(block)


@given(st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=5), st.binary(max_size=200))
def test_hits_are_where_the_literals_are(literals: list[bytes], block: bytes) -> None:
    gate = Gate(literals)
    hits = gate.hits(block)
    assert hits == sorted(hits)
    assert all(any(block.startswith(literal, hit) for literal in literals) for hit in hits)
    assert bool(hits) == any(literal in block for literal in literals)

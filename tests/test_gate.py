from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ingest.formats import read_records
from rules.gate import Gate, literals_of
from rules.load import load

if TYPE_CHECKING:
    from collections.abc import Callable

CATALOGUE = load()
GATE = Gate(literals_of(CATALOGUE))
SAMPLES = [sample for rule in CATALOGUE.rules for sample in rule.samples if sample.format == "qbwc"]
HEALTHY = (
    "QBWebConnector.RegistryManager.setUpdateLock() : ******************* Update session locked *******************",
    "QBWebConnector.SOAPWebService.do_sendRequestXML() : Asking application to send request no. 2",
    "QBWebConnector.SOAPWebService.ProcessRequestXML() : Response received from QuickBooks: size (bytes) = 1234",
    'QBWebConnector.SOAPWebService.do_receiveResponseXML() : hresult=""',
    "QBWebConnector.SOAPWebService.CheckCFNResponse() : No data to exchange for this application. Job ending.",
    "QBWebConnector.SOAPWebService.update() : update completed.",
)


def test_every_sample_passes_the_gate() -> None:
    assert [sample.place for sample in SAMPLES if not GATE.hits(sample.text.encode())] == []


@given(st.sampled_from(SAMPLES), st.sampled_from([str.lower, str.upper, str.swapcase, str.title]), st.data())
def test_what_still_matches_after_a_change_still_passes(
    sample: object, case: Callable[[str], str], data: st.DataObject
) -> None:
    text: str = sample.text  # type: ignore[attr-defined]
    cut = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 12))
    changed = case(text[:cut] + text[cut + gone :])
    for record in read_records("qbwc", changed.encode()):
        if CATALOGUE.match(record, None):
            assert GATE.hits(changed.encode())


def test_healthy_lines_do_not_pass() -> None:
    assert [line for line in HEALTHY if GATE.hits(f"20260310.02:00:09 UTC\t: {line}\r\n".encode())] == []


def test_what_no_rule_knows_passes_when_it_looks_like_a_failure() -> None:
    for text in ("QBWC1999: new", "0x80abcdef", "-2130706433", "StackTrace =    at A.B()", "Unhandled exception in x"):
        assert GATE.hits(text.encode()), text


@given(st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=5), st.binary(max_size=200))
def test_hits_are_where_the_literals_are(literals: list[bytes], block: bytes) -> None:
    hits = Gate(literals).hits(block)
    assert hits == sorted(hits)
    assert all(any(block.lower().startswith(literal.lower(), hit) for literal in literals) for hit in hits)
    assert bool(hits) == any(literal.lower() in block.lower() for literal in literals)

"""A run of NULs in a log is a sign of an unclean stop."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qwclog import blocks_of, line, records_of

from ingest.record import Span
from qbwatch.nul_runs import NUL_RUN, nul_runs, unclean_stop

BEFORE = line("QBWebConnector.SOAPWebService.update()", "one").encode()
AFTER = line("QBWebConnector.SOAPWebService.update()", "two", 60).encode()


def runs(data: bytes) -> list[tuple[Span, datetime | None]]:
    return [found for block in blocks_of(data) for found in nul_runs(block)]


def test_nuls_are_found_with_their_place_and_the_time_of_the_record_that_they_broke_off() -> None:
    assert runs(BEFORE + b"\0" * 512 + AFTER) == [
        (Span(offset=len(BEFORE), length=512, line=2), datetime(2026, 3, 10, 2, 0, tzinfo=UTC))
    ]


def test_the_record_behind_the_nuls_is_read_as_if_they_were_not_there() -> None:
    assert [record.message for record in records_of(BEFORE + b"\0" * 512 + AFTER)] == ["one", "two"]


def test_at_the_start_of_a_log_nobody_knows_when_it_was() -> None:
    assert runs(b"\0" * 64 + AFTER) == [(Span(offset=0, length=64, line=1), None)]


@pytest.mark.parametrize("count", [1, 15])
def test_a_few_nuls_are_a_slip(count: int) -> None:
    assert runs(BEFORE + b"\0" * count + AFTER) == []


@given(st.lists(st.tuples(st.integers(16, 3000), st.integers(1, 3)), min_size=1, max_size=5))
def test_each_run_is_found_once_at_its_place(parts: list[tuple[int, int]]) -> None:
    data, wanted = b"", []
    for count, lines in parts:
        data += BEFORE * lines
        wanted.append((len(data), count))
        data += b"\0" * count
    assert [(span.offset, span.length) for span, _ in runs(data + AFTER)] == wanted


def test_the_signal_says_what_was_seen_and_is_the_same_each_time_that_it_is_read() -> None:
    span = Span(offset=105, length=512, line=2)
    one, again = (unclean_stop(span, host="srv-01", client=None, source="/log/a", file="aa:0", time=None) for _ in "ab")
    assert one == again
    assert one.record.codes == (NUL_RUN,)
    assert one.record.message.startswith("512 NUL bytes")
    other = unclean_stop(span, host="srv-01", client=None, source="/log/a", file="aa:1", time=None)
    assert other.id != one.id

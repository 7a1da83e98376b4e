from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_runs import MANY, behind, odd_logs, ok, ticket, verbose
from qwclog import BANNER, SOAP, Session, blocks_of, line

from ingest.formats import read_records
from ingest.runs import OpenRun
from ingest.search import count_lines, find
from qbwatch.machine import MachineWatch
from qbwatch.scan_stream import ScanStream
from rules.classify import Where
from rules.gate import Gate, literals_of
from rules.load import load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.blocks import Block
    from ingest.formats.qbwc_words import OwnWords
    from ingest.schedule_facts import ScheduleFact

CATALOGUE = load()
GATE = Gate(literals_of(CATALOGUE))
WHERE = Where(host="srv-01", client=None, source="QWCLog.txt", file="f")


class Closing(ScanStream):
    """Keeps all that was known of each run when it was closed."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.closed: list[dict[str, Any]] = []

    def _close(self, ended: OpenRun) -> None:
        self.closed.append(state(ended))
        super()._close(ended)


class Wholes(Closing):
    """Counts the runs that are taken whole."""

    whole = 0

    def _take_whole(self, *arguments: Any, **more: Any) -> None:
        self.whole += 1
        super()._take_whole(*arguments, **more)


class RecordByRecord(Closing):
    """Reads every run record by record."""

    def take(self, block: Block, *, file: str, source: str) -> None:
        where = Where(host=self._host, client=self._client, source=source, file=file)
        self._read(block, where, 0, len(block.words.text))


class Watched:
    """A stream with all that can be seen of it."""

    def __init__(self, kind: type[Closing], gate: Gate) -> None:
        self.machine = MachineWatch(CATALOGUE, host="srv-01", client=None)
        self.facts: list[ScheduleFact] = []
        self.stream = kind(
            CATALOGUE, gate, host="srv-01", client=None, on_sign=self.machine.sign, on_fact=self.facts.append
        )
        self.seen: list[Any] = []

    def take(self, blocks: Iterable[Block], file: str) -> None:
        for block in blocks:
            self.stream.take(block, file=file, source="QWCLog.txt")
            batch = self.stream.take_batch()
            going = [state(run) for run in self.stream._joiner.open]
            self.seen.append((list(batch.events.items()), list(batch.runs.items()), going, block.count()))
            self.seen.append(self.stream.safe(file))
            for run in batch.runs.values():
                self.machine.run(run)
            quiet = self.machine.quiet
            self.seen.append((list(self.facts), quiet.first, quiet.last, repr(quiet.found), repr(self.machine.pulses)))

    def finish(self) -> list[Any]:
        self.stream.finish()
        batch = self.stream.take_batch()
        return [*self.seen, batch.events, batch.runs, self.stream.closed]


def state(run: OpenRun) -> dict[str, Any]:
    return {field.name: getattr(run, field.name) for field in fields(OpenRun)}


def compare(data: bytes, cuts: Iterable[int] = (), *, gate: Gate = GATE, times: int = 1) -> int:
    """Read *data* in both ways, *times* one after the other; return how many runs were taken whole."""
    fast, slow = Watched(Wholes, gate), Watched(RecordByRecord, gate)
    for number in range(times):
        for watched in (fast, slow):
            watched.take(blocks_of(data, cuts), f"f{number}")
    assert fast.finish() == slow.finish()
    assert isinstance(fast.stream, Wholes)
    return fast.stream.whole


def log(*runs: Iterable[str]) -> bytes:
    return "".join(text for run in runs for text in run).encode(errors="surrogateescape")


def test_healthy_runs_are_taken_whole_from_the_second_of_a_kind() -> None:
    # The last record may still grow and comes alone, so the last run's shape is another one.
    assert compare(log(*[ok(number) for number in range(12)])) == 10


def test_a_run_without_work_is_taken_whole_up_to_its_summary() -> None:
    assert compare(log(*[Session(at=60 * number).no_work() for number in range(12)])) == 11


def test_manual_runs_are_taken_whole() -> None:
    assert compare(log(*[Session(at=60 * number).ok(manual=True) for number in range(12)])) == 10


def test_sizes_seconds_and_bodies_may_differ() -> None:
    size = "REQUEST: received from application: size (bytes) = "
    runs = [
        behind(
            ok(n),
            "Connected., Session",
            line(f"{SOAP}ProcessRequestXML()", f"{size}{n * 7}", 60 * n),
            line(f"{SOAP}do_receiveResponseXML()", f"XML dump follows: -\r\n\r\n{verbose(n)}", 60 * n + n),
        )
        for n in range(12)
    ]
    assert compare(log(*runs)) == 10


@pytest.mark.parametrize("case", sorted(SAMPLES.rglob("QWCLog.txt")), ids=lambda case: case.parent.name)
def test_samples_are_read_the_same(case: Any) -> None:
    data = case.read_bytes()
    compare(data, range(1000, len(data), 3001), times=3)


def test_samples_are_partly_taken_whole() -> None:
    assert sum(compare(case.read_bytes(), times=3) for case in SAMPLES.rglob("healthy/*/QWCLog.txt")) > 5


@pytest.mark.parametrize("name", odd_logs())
def test_what_is_odd_is_read_record_by_record(name: str) -> None:
    data = log(*odd_logs()[name])
    compare(log(*MANY) + data)
    compare(data, times=3)
    compare(data, [len(data) // 2])


@pytest.mark.parametrize(
    "literal",
    [
        b"2026", b"1:00 u", b"utc", b"00 utc\t: upd", b" upd", b": qbw", b"7787}", b'"{0000', b"(bytes) = 35", b"= 35",
        b"session started\r\n2026", b"00 utc\t: qbwebconnector.soapwebservice.connecttoqb() : connected",
    ],
)  # fmt: skip
def test_a_rule_may_look_for_anything(literal: bytes) -> None:
    size = "Response received from QuickBooks: size (bytes) = "
    runs = [
        behind(ok(n), "Connected., Session", line(f"{SOAP}ProcessRequestXML()", f"{size}{7 * n}", 60 * n))
        for n in range(9)
    ]
    compare(log(*runs), gate=Gate([*literals_of(CATALOGUE), literal]))


def sessions(number: int, kind: str, application: str, of: int) -> list[str]:
    made = Session(application=application, ticket=ticket(of), at=20 * number)
    if kind == "manual":
        return made.ok(manual=True)
    run: list[str] = getattr(made, "ok" if kind in {"verbose", "hostile"} else kind)()
    if kind in {"verbose", "hostile"}:
        memo = f"<Memo>{run[0]}{run[5]}</Memo>" if kind == "hostile" else ""
        body = line(f"{SOAP}do_receiveResponseXML()", f"XML dump follows: -\r\n\r\n{verbose(3, memo)}", 20 * number)
        return behind(run, 'hresult=""', body)
    return run


KINDS = ["ok", "ok", "ok", "no_work", "manual", "refused", "blocked", "verbose", "hostile"]


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Draw a log of runs in any order, some of them interleaved, cut short or repeated."""
    count = draw(st.integers(3, 14))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    applications = draw(st.lists(st.sampled_from(["Contoso Sync", "Fabrikam", "QBWC1053"]), min_size=1, max_size=2))
    runs = [
        sessions(
            number, draw(st.sampled_from(kinds)), draw(st.sampled_from(applications)), draw(st.integers(0, number))
        )
        for number in range(count)
    ]
    for at in draw(st.lists(st.integers(0, count - 2), max_size=2)):
        cut = draw(st.integers(0, len(runs[at])))
        if draw(st.booleans()):
            runs[at], runs[at + 1] = [*runs[at][:cut], *runs[at + 1]], runs[at][cut:]
        else:
            runs[at] = runs[at][:cut]
    text = "".join(part for run in runs for part in run)
    for old, new in draw(
        st.lists(
            st.sampled_from(
                [
                    ("\r\n", "\n"),
                    ("UTC\t:", "UTC    :"),
                    ("Contoso", "Cont\u00f6so"),
                    ("TICK", ""),
                    ("update completed.\r\n", BANNER),
                ]
            ),
            max_size=1,
        )
    ):
        text = text.replace(old, new, draw(st.sampled_from([1, 7, -1])))
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"])))


@settings(max_examples=60, deadline=None)
@given(logs(), st.lists(st.integers(1, 60_000), max_size=6))
def test_runs_are_the_same_in_either_way(data: bytes, cuts: list[int]) -> None:
    compare(data, [cut for cut in cuts if cut < len(data)])


@settings(max_examples=40, deadline=None)
@given(logs(), st.data())
def test_damage_changes_nothing_of_that(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data)))
    gone = draw.draw(st.integers(0, 300))
    compare(data[:at] + data[at + gone :], times=2)


def words_of(*texts: str) -> OwnWords:
    block = blocks_of("".join([*texts, *ok(1)]).encode())[0]
    assert all(block.words.text[at] == block.data[block.words.place(at)] for at in range(len(block.words.text)))
    assert block.words.place(len(block.words.text)) == len(block.data)
    return block.words


def test_a_payload_in_a_record_is_left_out_of_the_own_words() -> None:
    dump = line(f"{SOAP}x()", f"XML dump follows: -\r\n\r\n{verbose(3)}{verbose(2)}behind")
    words = words_of(dump)
    assert b"Contoso" not in words.text[: words.text.find(b"behind")]
    assert not words.has_payload(0, len(words.text))


@pytest.mark.parametrize("before", [line(f"{SOAP}x()", "Request: ", end=""), BANNER, f"{BANNER}{verbose(1)}", ""])
def test_a_payload_that_may_be_own_words_is_kept(before: str) -> None:
    words = words_of(before, verbose(3))
    assert b"Contoso 2" in words.text
    assert words.has_payload(0, len(words.text))


@given(logs())
def test_own_words_tell_where_they_stand(data: bytes) -> None:
    for block in blocks_of(data):
        words = block.words
        assert bytes(block.data[words.place(at)] for at in range(len(words.text))) == words.text
        assert block.count() == len([start for start in block.layout.starts() if start < len(block.data)])


def test_what_is_remembered_stays_small() -> None:
    watched = Watched(Wholes, GATE)
    for number in range(200):
        many = [
            line(f"{SOAP}x()", f"{chr(97 + n % 26) * (n // 26 + 1)}{'xyz'[number % 3] * number}", number * 60)
            for n in range(60)
        ]
        watched.take(
            blocks_of(log(behind(ok(number), "Connected., Session", *many), ok(number, user=f"u{number}"))), "f"
        )
    for number in range(700):
        watched.take(blocks_of(log(ok(number // 2, user=f"v{number // 2}"), [])), "f")
    plain = watched.stream._plain
    assert len(plain._known) + len(plain._silent) < 5000
    assert len(plain._shapes) < 300


def test_a_block_says_where_records_stand_in_any_order() -> None:
    data = log(ok(1), ok(2))
    block = blocks_of(data)[0]
    starts = list(block.layout.starts())
    spans = [block.span(start, end) for start, end in pairwise(starts)]
    assert [block.span(start, end) for start, end in reversed(list(pairwise(starts)))] == spans[::-1]
    assert spans == [record.span for record in read_records("qbwc", data)][: len(spans)]


@given(st.binary(max_size=60), st.binary(min_size=1, max_size=3), st.integers(0, 70), st.integers(0, 70))
def test_search_is_that_of_bytes(text: bytes, words: bytes, begin: int, end: int) -> None:
    assert find(text, words, begin, end) == text.find(words, begin, end)
    assert count_lines(text, begin, end) == text.count(b"\n", begin, end)

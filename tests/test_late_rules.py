"""Rules that ask for a run's outcome, for its other records, or for a count: the same in a scan, live and restarted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qwclog import BANNER, SOAP, Session, blocks_of, line

from qbwatch.config import Settings, Source
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store
from qbwatch.pipeline import Pipeline
from qbwatch.rule_check import check_samples
from qbwatch.scan_stream import ScanStream
from qbwatch.stream import LogStream
from rules.catalogue import Catalogue
from rules.gate import Gate, literals_of
from rules.language import LanguageError
from rules.load import load, parse
from rules.threshold import Mark, Per, Tallies, Threshold
from rules.when import read_condition

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rules.event import Event

CAUSE = """\
cause {name}
    title     The {name}
    severity  error
    act       client
    explain   Something on {{host}} is stuck.
    step      Pull.
    link      https://example.com/jam
"""
RULE = """\
rule ours.{name}
    cause   {name}
    in      qbwc
    when    {when}
    sample  20260310.02:00:09 UTC\t: X.update() : jam
"""
WHENS = {
    "lost": 'text contains "paper lost" and outcome is failed',
    "smooth": 'text contains "paper lost" and outcome in (ok, no_work)',
    "empty": 'text contains "paper lost" and within run (text contains "tray open")',
    "slow": 'text contains "slow print" 3 times in 10m per application',
    "heavy": 'text contains "heavy print" 2 times per run',
    "hot": 'text contains "hot print" and not within run (text contains "tray open") 2 times in 1h per host',
}


def ours(**whens: str) -> Catalogue:
    """The shipped rules and one of our own for each cause."""
    text = "".join(CAUSE.format(name=name) + RULE.format(name=name, when=when) for name, when in whens.items())
    parsed, shipped = parse(text, "ours.rules"), load()
    assert parsed.faults == []
    return Catalogue({**shipped.causes, **parsed.causes}, (*shipped.rules, *parsed.rules.values()), pack="ours")


RULES = ours(**WHENS)
GATE = Gate(literals_of(RULES))
OURS = {f"ours.{name}" for name in WHENS}


def said(*texts: str, at: int = 0) -> list[str]:
    return [line(f"{SOAP}ProcessRequestXML()", text, at) for text in texts]


def among(lines: list[str], more: list[str]) -> list[str]:
    """A session in which something more is said before it ends."""
    return [*lines[:8], *more, *lines[8:]]


def found(events: Iterable[Event]) -> list[tuple[str, str, int]]:
    return sorted((event.rule, event.role.value, event.offset) for event in events if event.rule in OURS)


def scanned(text: str, kind: type[Any] = ScanStream, **options: Any) -> list[Event]:
    stream = kind(RULES, GATE, host="srv-01", client=None, **options)
    for block in blocks_of(text.encode()):
        stream.take(block, file="f:0", source="QWCLog.txt")
    stream.finish()
    return list(stream.take_batch().events.values())


def live(text: str, cuts: Iterable[int]) -> list[Event]:
    events: dict[str, Event] = {}
    stream = LogStream(RULES, GATE, host="srv-01", client=None)
    for block in blocks_of(text.encode(), cuts):
        stream.take(block, file="f:0", source="QWCLog.txt")
        stream.review()
        events |= stream.take_batch().events
    stream.finish()
    events |= stream.take_batch().events
    return list(events.values())


def rules_of(*lines: str) -> list[tuple[str, str]]:
    return [(rule, role) for rule, role, _ in found(scanned(BANNER + "".join(lines)))]


def test_the_outcome_decides_when_the_run_is_over() -> None:
    lost = said("paper lost")
    assert rules_of(*among(Session().refused(), lost)) == [("ours.lost", "root")]
    assert rules_of(*among(Session().no_work(), lost)) == [("ours.smooth", "root")]
    assert rules_of(line("X.y()", "paper lost")) == []


def test_another_record_of_the_same_run_decides_and_none_of_the_next_run() -> None:
    both = among(Session().ok(), said("paper lost", "the tray open"))
    assert ("ours.empty", "echo") in rules_of(*both) or ("ours.empty", "root") in rules_of(*both)
    apart = [*among(Session().ok(), said("paper lost")), *among(Session(at=600).ok(), said("tray open", at=600))]
    assert "ours.empty" not in {rule for rule, _ in rules_of(*apart)}


def test_a_threshold_is_reached_by_the_third_within_its_time_of_one_application() -> None:
    runs = [among(Session(at=at).ok(), said("slow print", at=at)) for at in (0, 300, 590, 1500)]
    assert [rule for rule, _ in rules_of(*runs[0], *runs[1])] == []
    assert [rule for rule, _ in rules_of(*chain(*runs[:3]))] == ["ours.slow"]
    assert [rule for rule, _ in rules_of(*chain(*runs))] == ["ours.slow"]
    other = among(Session(application="Fabrikam Orders", at=590).ok(), said("slow print", at=590))
    assert rules_of(*runs[0], *runs[1], *other) == []


def test_a_threshold_per_run_begins_anew_with_each_run() -> None:
    once, twice = said("heavy print"), said("heavy print", "heavy print")
    assert rules_of(*among(Session().ok(), once), *among(Session(at=600).ok(), once)) == []
    assert [rule for rule, _ in rules_of(*among(Session().ok(), twice))] == ["ours.heavy"]
    outside = line("X.y()", "heavy print")
    assert rules_of(outside, outside) == []


RUNS = st.lists(
    st.tuples(
        st.sampled_from(["ok", "no_work", "refused", "blocked"]),
        st.lists(st.sampled_from(["paper lost", "tray open", "slow print", "heavy print", "hot print"]), max_size=4),
        st.sampled_from(["Contoso Sync", "Fabrikam Orders"]),
        st.integers(20, 900),
    ),
    max_size=6,
)


def log_of(runs: Iterable[tuple[str, list[str], str, int]]) -> str:
    at, text = 0, BANNER
    for kind, more, application, wait in runs:
        at += wait
        session = Session(application=application, at=at, ticket=f"{{{at:08x}-87ef-12f1-0beb-1fe0bbce7787}}")
        text += "".join(among(getattr(session, kind)(), said(*more, at=at)))
    return text


@settings(max_examples=40, deadline=None)
@given(RUNS, st.lists(st.integers(0, 20_000), max_size=8))
def test_a_scan_and_a_watcher_find_the_same_however_the_log_comes(
    runs: list[tuple[str, list[str], str, int]], cuts: list[int]
) -> None:
    text = log_of(runs)
    whole = found(scanned(text))
    assert found(scanned(text, LogStream, live=False)) == whole
    assert found(live(text, [cut for cut in cuts if cut < len(text)])) == whole


class Watched:
    """A watcher on real files that is restarted whenever a test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
        self.log = folder / "QWCLog.txt"

    def turn(self, text: str) -> None:
        with self.log.open("a", newline="") as file:
            file.write(text)
        store = Store(self.folder / "history.db")
        configured = Settings(
            host="srv-01", client=None, zone=ZoneInfo("UTC"), sources=(Source(path=str(self.log)),),
            store=self.folder / "history.db", receivers=(), route=None,
        )  # fmt: skip
        pipeline = Pipeline(
            settings=configured, catalogue=RULES, store=store, alerts=AlertStore(store.connection, ZoneInfo("UTC")),
            clock=lambda: self.now,
        )  # fmt: skip
        pipeline.turn()
        self.now += timedelta(seconds=5)
        pipeline.turn()
        self.found = sorted(
            tuple(row)
            for row in store.connection.execute("SELECT rule, role, offset FROM events")
            if row["rule"] in OURS
        )
        store.close()


@pytest.mark.parametrize("parts", [1, 2, 5, 9])
def test_a_restart_at_any_place_loses_no_count_and_doubles_none(tmp_path: Path, parts: int) -> None:
    runs = [
        ("ok", ["slow print", "heavy print"], "Contoso Sync", 60),
        ("refused", ["paper lost", "tray open", "slow print"], "Contoso Sync", 120),
        ("ok", ["slow print", "hot print", "heavy print", "heavy print"], "Contoso Sync", 120),
        ("refused", ["paper lost", "hot print"], "Contoso Sync", 120),
        ("no_work", [], "Contoso Sync", 900),
    ]
    text = log_of(runs)
    watched = Watched(tmp_path)
    step = len(text) // parts + 1
    for begin in range(0, len(text), step):
        watched.turn(text[begin : begin + step])
    wanted = found(scanned(text))
    assert {rule for rule, _, _ in wanted} == {"ours.slow", "ours.heavy", "ours.lost", "ours.empty", "ours.hot"}
    assert watched.found == wanted


@given(st.lists(st.integers(0, 100), max_size=30), st.integers(2, 4), st.integers(1, 30))
def test_a_count_is_reached_when_the_last_so_many_lie_near_the_last(
    minutes: list[int], times: int, length: int
) -> None:
    threshold = Threshold(times=times, within=timedelta(minutes=length), per=Per.HOST)
    tallies, start = Tallies(), datetime(2026, 3, 10, tzinfo=UTC)
    for at, minute in enumerate(minutes):
        mark = Mark(str(at), start + timedelta(minutes=minute))
        last = minutes[max(0, at + 1 - times) : at + 1]
        wanted = len(last) == times and all(abs(minute - one) <= length for one in last)
        # A record that comes again, grown, counts once.
        assert [tallies.note(("r", "h"), threshold, mark) for _ in range(2)] == [wanted] * 2


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ('text contains "jam" and outcome is faild', '"faild" is no outcome. Did you mean "failed"?'),
        (
            'text contains "jam" and outcome contains "fail"',
            "an outcome is one of a few words. Write: outcome is failed",
        ),
        ('text contains "jam" 3 times per host', "say within how long. Write for example: 3 times in 30m per host"),
        ('text contains "jam" 1 times in 3m per host', "a threshold counts from 2 to 1000 times"),
        ('text contains "jam" 3 times in 8d per host', "a threshold looks back from 1s to 7d"),
        ('text contains "jam" 3 times in 3x per host', "Expected a length of time such as 30m"),
        (
            'text contains "jam" and within run (outcome is ok)',
            (
                "what is asked of another record asks for that record alone. "
                "Put outcome and within run outside the parentheses"
            ),
        ),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(when: str, problem: str) -> None:
    with pytest.raises(LanguageError) as refused:
        read_condition(when)
    assert refused.value.problem == problem


def test_a_rule_about_runs_needs_a_log_that_knows_them() -> None:
    text = CAUSE.format(name="lost") + RULE.format(name="lost", when=WHENS["lost"]).replace("qbwc", "qbsdk")
    text = text.replace("sample ", "sample(qbwc) ")
    assert [fault.problem for fault in parse(text, "x.rules").faults] == [
        "a log of qbsdk knows no runs, so this never matches. Only one of qbwc does"
    ]


def test_the_product_of_a_run_can_be_asked_for() -> None:
    rules = ours(newer='text contains "paper lost" and product contains "33.0."', hosted=(
        'text contains "tray open" and product is "SYNC.example.com"'), other='text contains "hot print" '
        'and product is "example.com"')  # fmt: skip
    stream = LogStream(rules, Gate(literals_of(rules)), host="srv-01", client=None, live=False)
    session = Session().ok()
    text = "".join([*session[:16], *said("paper lost", "tray open", "hot print"), *session[16:]])
    for block in blocks_of((BANNER + text).encode()):
        stream.take(block, file="f:0", source="QWCLog.txt")
    stream.finish()
    events = stream.take_batch().events.values()
    assert sorted(event.rule for event in events) == ["ours.hosted", "ours.newer"]


@pytest.mark.parametrize(
    ("format_", "record"),
    [
        ("qbsdk", "20260310.02000{at}\tE\t4556\tRequestProcessor\tslow gizmo"),
        ("serilog", "2026-03-10 02:00:0{at}.123 +00:00 [ERR] slow gizmo"),
        ("nlog", "2026-03-10 02:00:0{at}.1234|ERROR|Fabrikam.Agent|slow gizmo"),
    ],
)
def test_a_count_in_another_log_is_tested_by_its_sample_also_where_times_are_local(format_: str, record: str) -> None:
    lines = [record.format(at=at) for at in range(3)]
    rule = RULE.format(name="slow", when='text contains "slow gizmo" 3 times in 1h per host')
    head, _ = rule.replace("in      qbwc", f"in      {format_}").split("    sample")
    text = (
        CAUSE.format(name="slow")
        + head
        + f"    sample  {lines[0]}\n"
        + "".join(f"       > {one}\n" for one in lines[1:])
    )
    text += f"    never   {lines[0]}\n       > {lines[1]}\n"
    parsed, shipped = parse(text, "ours.rules"), load()
    assert parsed.faults == []
    rules = Catalogue({**shipped.causes, **parsed.causes}, (*parsed.rules.values(),), pack="ours")
    assert list(check_samples(rules)) == []

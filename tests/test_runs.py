from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qwclog import BANNER, KEY, REGISTRY, SOAP, START, Session, blocks_of, every_record, line
from sample_truth import CASES

from ingest.formats.qbwc_steps import MARKERS
from ingest.record import Outcome, Run, Span, Trigger
from ingest.runs import RunJoiner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.blocks import Block
    from ingest.record import Record

SAMPLES = Path(__file__).parents[1] / "sample_logs"
CONTOSO = Session()
FABRIKAM = Session(application="Fabrikam Orders", user="fabrikam", ticket="{f}")
START_NOISE = [
    BANNER,
    line("WebConnectorWPF()", "ProcessArgs(): Args Length = 0 String: "),
    *CONTOSO.unlock(),
    line("QBWebConnector_Load()", "QBWC Form Loaded"),
]


def join(*files: Iterable[str] | bytes, only: re.Pattern[bytes] | None = None) -> list[Run]:
    """Join the runs of files that follow one another, by all records or *only* the marked ones."""
    joiner = RunJoiner()
    ended = []
    for number, text in enumerate(files):
        data = text if isinstance(text, bytes) else "".join(text).encode()
        records = (
            record for block in blocks_of(data) for record in (marked(block, only) if only else every_record(block))
        )
        for record in records:
            joiner.feed(record, f"{number}:{record.span.offset}", f"file {number}")
            ended += joiner.take_ended()
    runs = [run.as_run() for run in [*ended, *joiner.finish()]]
    return sorted(runs, key=lambda run: (run.source, run.first.offset))


def marked(block: Block, marks: re.Pattern[bytes]) -> list[Record]:
    """Read the records of *block* that are marked, as a scan does."""
    found = [*marks.finditer(block.data), *re.finditer(rb"QBWC1|HRESULT", block.data)]
    hits = [*(match.start() for match in found), *block.layout.banners_before(len(block.data))]
    return [record for record, _, _ in block.records_at(sorted(hits))]


def told(runs: list[Run]) -> list[tuple[str | None, Trigger | None, Outcome]]:
    return [(run.application, run.trigger, run.outcome) for run in runs]


def outcomes(*files: Iterable[str]) -> list[Outcome]:
    return [run.outcome for run in join(*files)]


@pytest.mark.parametrize("case", CASES)
def test_the_runs_of_every_sample_are_those_that_were_put_into_it(case: str) -> None:
    paths = sorted((SAMPLES / case).glob("QWCLog*"), key=lambda path: path.name != "QWCLogOld.txt")
    expected = [(run.application, run.trigger, run.outcome) for run in CASES[case].runs]
    assert told(join(*(path.read_bytes() for path in paths))) == expected


@pytest.mark.parametrize("case", CASES)
def test_the_marked_records_and_those_with_codes_tell_the_same(case: str) -> None:
    paths = sorted((SAMPLES / case).glob("QWCLog*"), key=lambda path: path.name != "QWCLogOld.txt")
    runs, marked = (join(*(path.read_bytes() for path in paths), only=marks) for marks in (None, MARKERS))
    assert [without_ends(run) for run in marked] == [without_ends(run) for run in runs]


def without_ends(run: Run) -> Run:
    """Leave out what depends on the first or last record of a run whose own is not in the log."""
    begun = run if run.started else replace(run, id="", first=Span(offset=0, length=0, line=0))
    return replace(begun, ended=None) if run.outcome is Outcome.UNFINISHED else begun


def test_a_run_tells_who_synced_what_and_when() -> None:
    later = Session(at=65)
    texts = [*CONTOSO.tick(), *later.ok()[3:]]
    assert join(texts) == [
        Run(
            id="0:0",
            format="qbwc",
            source="file 0",
            first=Span(offset=0, length=len(texts[0]), line=1),
            application="Contoso Sync",
            company_file=r"C:\Books\Contoso Ltd.qbw",
            user="contoso-sync",
            url="https://sync.example.com/qbwc",
            product_version="33.0.10015.91",
            trigger=Trigger.SCHEDULED,
            started=START,
            ended=START.replace(minute=1, second=5),
            outcome=Outcome.OK,
        )
    ]


@pytest.mark.parametrize(
    ("texts", "outcome"),
    [
        (CONTOSO.ok(), Outcome.OK),
        (CONTOSO.no_work(), Outcome.NO_WORK),
        (CONTOSO.refused(), Outcome.FAILED),
        (CONTOSO.blocked(), Outcome.FAILED),
        (CONTOSO.ok()[:-3], Outcome.UNFINISHED),
        (CONTOSO.ok()[:-1], Outcome.OK),  # killed before the last word, though all was exchanged
        (CONTOSO.tick() + CONTOSO.lock(), Outcome.UNFINISHED),
        ([*CONTOSO.ok()[:-1], *CONTOSO.summary()], Outcome.OK),
    ],
)
def test_a_scheduled_run_ends_as_its_log_says(texts: list[str], outcome: Outcome) -> None:
    assert told(join(texts)) == [("Contoso Sync", Trigger.SCHEDULED, outcome)]


def test_no_work_beats_the_error_that_web_connector_sums_it_up_with() -> None:
    for answer in ("NONE", "none", "None"):
        texts = [*CONTOSO.tick(), *CONTOSO.lock(), *CONTOSO.connect(), *CONTOSO.authenticate(answer)]
        assert outcomes([*texts, *CONTOSO.unlock(), *CONTOSO.summary()]) == [Outcome.NO_WORK]


def test_a_summary_of_errors_without_any_other_word_is_a_failure() -> None:
    texts = [*CONTOSO.tick(), *CONTOSO.lock(), *CONTOSO.connect(), *CONTOSO.unlock(), *CONTOSO.summary()]
    assert outcomes(texts) == [Outcome.FAILED]


@pytest.mark.parametrize(
    "failure",
    [
        line(f"{SOAP}do_receiveResponseXML()", 'hresult="0x80040410"'),
        line(f"{SOAP}do_receiveResponseXML()", 'more="-101">'),
        line(f"{SOAP}do_authenticate()", "QBWC1012: Authentication failed due to following error message.\r\nx"),
        line(f"{SOAP}ProcessRequestXML()", "Sending error message back to application:\r\nHRESULT = 0x80040400"),
    ],
)
def test_an_error_within_a_run_is_a_failure_though_it_ends_well(failure: str) -> None:
    texts = [*CONTOSO.tick(), *CONTOSO.lock(), *CONTOSO.connect(), failure, *CONTOSO.unlock()]
    assert outcomes(texts) == [Outcome.FAILED]


def test_without_a_password_nothing_is_run_and_the_application_is_known() -> None:
    refusal = "QBWC1030: Password is not available for application named 'Contoso Sync'. Please set password."
    scheduled = [
        CONTOSO.tick()[0],
        line("UpdateThisScheduledApp()", refusal),
        CONTOSO.tick()[1],
    ]
    manual = [
        *CONTOSO.manual(),
        line(f"{SOAP}update()", "Enter a password. You need to enter a password before you can update."),
    ]
    assert told(join(scheduled * 2, manual)) == [
        ("Contoso Sync", Trigger.SCHEDULED, Outcome.FAILED),
        ("Contoso Sync", Trigger.SCHEDULED, Outcome.FAILED),
        ("Contoso Sync", Trigger.MANUAL, Outcome.FAILED),
    ]


def test_an_exception_before_the_lock_is_a_failure() -> None:
    message = "Exception in WSManager.Update: Object reference not set to an instance of an object.-QBWebConnector"
    texts = [*CONTOSO.tick(), line("QBWebConnector.WebServiceManager.DoUpdate()", message), *CONTOSO.summary()]
    assert outcomes(texts) == [Outcome.FAILED]


def test_a_manual_run_follows_a_scheduled_one_of_the_same_application() -> None:
    assert told(join([*CONTOSO.no_work(), *CONTOSO.ok(manual=True), *CONTOSO.refused()])) == [
        ("Contoso Sync", Trigger.SCHEDULED, Outcome.NO_WORK),
        ("Contoso Sync", Trigger.MANUAL, Outcome.OK),
        ("Contoso Sync", Trigger.SCHEDULED, Outcome.FAILED),
    ]


def test_the_lock_that_is_reset_at_a_start_belongs_to_no_run() -> None:
    assert join(START_NOISE) == []
    assert told(join([*START_NOISE, *CONTOSO.no_work()])) == [("Contoso Sync", Trigger.SCHEDULED, Outcome.NO_WORK)]


def test_a_run_that_was_killed_stays_unfinished_though_the_next_start_resets_its_lock() -> None:
    killed = CONTOSO.ok()[:20]
    assert told(join([*killed, *START_NOISE, *Session(at=600).no_work()])) == [
        ("Contoso Sync", Trigger.SCHEDULED, Outcome.UNFINISHED),
        ("Contoso Sync", Trigger.SCHEDULED, Outcome.NO_WORK),
    ]


def test_a_run_of_yesterday_takes_nothing_of_today() -> None:
    today = Session(application="Fabrikam Orders", at=86400)
    assert told(join([*CONTOSO.ok()[:20], *today.ok()])) == [
        ("Contoso Sync", Trigger.SCHEDULED, Outcome.UNFINISHED),
        ("Fabrikam Orders", Trigger.SCHEDULED, Outcome.OK),
    ]


@pytest.mark.parametrize("at", range(1, len(CONTOSO.ok())))
def test_a_rollover_in_the_midst_of_a_run_does_not_part_it(at: int) -> None:
    texts = CONTOSO.ok()
    assert told(join(texts[:at], [BANNER, *texts[at:]])) == [("Contoso Sync", Trigger.SCHEDULED, Outcome.OK)]


def test_a_log_that_begins_in_the_midst_of_a_run_tells_what_it_can() -> None:
    (run,) = join([BANNER, *CONTOSO.ok(manual=True)[12:]])
    assert (run.application, run.started, run.outcome) == ("Contoso Sync", None, Outcome.OK)


def test_a_tick_that_meets_the_lock_of_a_living_run_is_turned_away_by_it() -> None:
    busy = [*FABRIKAM.tick(), line(f"{REGISTRY}getUpdateLock()", f"{KEY}UpdateLock = TRUE")]
    long = CONTOSO.ok()
    contoso, fabrikam = join([*long[:20], *busy, *long[20:]])
    assert (contoso.outcome, contoso.blocked_by) == (Outcome.OK, None)
    assert (fabrikam.outcome, fabrikam.blocked_by) == (Outcome.UNFINISHED, contoso.id)


def test_a_lock_whose_run_is_long_silent_is_a_failure_of_those_that_meet_it() -> None:
    fabrikam = Session(application="Fabrikam Orders", at=7200)
    busy = [*fabrikam.tick(), line(f"{REGISTRY}getUpdateLock()", f"{KEY}UpdateLock = TRUE", at=7200)]
    assert told(join([*CONTOSO.ok()[:20], *busy])) == [
        ("Contoso Sync", Trigger.SCHEDULED, Outcome.UNFINISHED),
        ("Fabrikam Orders", Trigger.SCHEDULED, Outcome.FAILED),
    ]


def test_ticks_that_lead_to_nothing_are_no_runs() -> None:
    assert join([CONTOSO.tick()[0], CONTOSO.tick()[1]] * 5) == []


EXPECTED = {
    "ok": Outcome.OK,
    "no_work": Outcome.NO_WORK,
    "refused": Outcome.FAILED,
    "blocked": Outcome.FAILED,
}
ways = st.sampled_from(sorted(EXPECTED))
BEGINNING = len(CONTOSO.tick() + CONTOSO.lock() + CONTOSO.connect() + CONTOSO.authenticate()) + 2


def interleave(one: list[str], two: list[str], turns: list[bool]) -> list[str]:
    """Mix two sessions, each in its own order; until it has met QuickBooks a session is not interrupted."""
    one, two = ["".join(one[:BEGINNING]), *one[BEGINNING:]], ["".join(two[:BEGINNING]), *two[BEGINNING:]]
    mixed = []
    for turn in turns:
        mixed += [one.pop(0)] if turn and one else [two.pop(0)] if two else []
    return [*mixed, *one, *two]


@settings(max_examples=300, deadline=None)
@given(ways, ways, st.lists(st.booleans(), max_size=50))
def test_two_users_sessions_that_interleave_keep_their_outcomes(one: str, two: str, turns: list[bool]) -> None:
    texts = interleave(getattr(CONTOSO, one)(), getattr(FABRIKAM, two)(), turns)
    found = {run.application: run.outcome for run in join(texts)}
    assert found == {"Contoso Sync": EXPECTED[one], "Fabrikam Orders": EXPECTED[two]}

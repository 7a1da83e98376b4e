from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from conftest import SAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats.qbsdk import FORMAT
from ingest.local_time import LocalClock
from ingest.record import Record, Span
from ingest.sdk_sessions import HUNG, SdkSessions, Told
from qbwatch.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

NEW_YORK = LocalClock(zone=ZoneInfo("America/New_York"))
START = datetime(2026, 3, 10, 2, 0, 0, tzinfo=UTC)
OPENING = ("========= Started Connection =========", "Connection opened by app named '{}'", "Begin Session started...")
OPENED = r"Successfully opened the data file: C:\Books\{}.qbw"
WAIT = "waiting for modal dialog to be dismissed..."
REFUSED = "Begin Session error = Could not start QuickBooks. HRESULT=0x80040408"
CLOSING = ("Connection closed by app named '{}'", "========== Ended Connection ==========")
GOOD = (*OPENING, OPENED, "Finished processing requests, no errors.", "End Session finished OK.", *CLOSING)
BAD = (*OPENING, WAIT, REFUSED, *CLOSING)
STUCK = (*OPENING, WAIT, WAIT)
DIED = (*OPENING, '"EndSession" has not been called.', '"CloseConnection" has not been called.', CLOSING[1])


def log(*lines: tuple[int, str, str], clock: LocalClock = NEW_YORK) -> list[Record]:
    """Return the records of *lines*: seconds after START, process, text."""
    local = [(START.astimezone(ZoneInfo("America/New_York")) + timedelta(seconds=at), *rest) for at, *rest in lines]
    text = "".join(
        f"{when:%Y%m%d.%H%M%S}\tI\t{process + chr(9) if process else ''}RequestProcessor\t{said}\r\n"
        for when, process, said in local
    )
    return list(FORMAT.records(text.encode(), clock))


def session(
    texts: tuple[str, ...], at: int = 0, process: str = "4556", name: str = "Contoso"
) -> list[tuple[int, str, str]]:
    return [(at + n, process, text.format(name)) for n, text in enumerate(texts)]


def fed(records: list[Record], sessions: SdkSessions | None = None) -> tuple[list[Record], list[Record]]:
    """Return the annotated records, and the hung sessions with those that the end of the log shows."""
    sessions = sessions or SdkSessions()
    told = [one for record in records for one in sessions.feed(record)]
    told += sessions.finish()
    hung: list[Record] = []
    for one in told:
        if one.is_taken_back:
            hung.remove(one.record)
        elif one.record.message == HUNG:
            hung.append(one.record)
    return [one.record for one in told if one.record.message != HUNG], hung


def test_the_records_of_a_session_carry_its_application_and_company_file() -> None:
    records, hung = fed(log(*session(GOOD)))
    application, both = {"application": "Contoso"}, {"application": "Contoso", "company_file": r"C:\Books\Contoso.qbw"}
    assert [{name: one.fields[name] for name in one.fields if name != "process"} for one in records] == [
        {},
        application,
        application,
        *[both] * 5,
    ]
    assert hung == []


def test_a_call_that_never_came_back_is_told_when_the_log_goes_on_without_it() -> None:
    records = log(*session(STUCK), *session(GOOD[:2], 905, "7016"))
    sessions = SdkSessions()
    before = [one for record in records[:5] for one in sessions.feed(record)]
    assert [one.record.message for one in before] == [record.message for record in records[:5]]
    begun = before[2].record
    assert sessions.feed(records[5], "qbsdklog.txt") == [
        Told(record=replace(begun, message=HUNG, level="error", body=f"{WAIT}\n{WAIT}"), file="", session=("", 0)),
        Told(record=records[5], file="qbsdklog.txt", session=("qbsdklog.txt", records[5].span.offset)),
    ]
    assert begun.fields == {"process": "4556", "application": "Contoso"}


def test_a_connection_that_begins_anew_in_the_same_process_ends_the_wait() -> None:
    sessions = SdkSessions()
    told = [sessions.feed(record) for record in log(*session(STUCK), *session(OPENING[:1], 10))]
    assert [one.record.message for one in told[-1]] == [HUNG, OPENING[0]]


def test_a_session_that_begins_anew_in_the_same_connection_ends_the_wait() -> None:
    _, hung = fed(log(*session((*OPENING, *GOOD[2:]))))
    assert [one.span.line for one in hung] == [3]


@pytest.mark.parametrize("texts", [GOOD, BAD, DIED, (*OPENING, "End Session finished OK."), (*OPENING, CLOSING[1])])
def test_a_session_that_has_an_answer_or_an_end_is_not_hung(texts: tuple[str, ...]) -> None:
    assert fed(log(*session(texts), *session(GOOD, 10_000)))[1] == []


def test_an_answer_after_a_long_silence_is_an_answer() -> None:
    assert fed(log(*session(OPENING), (5000, "4556", OPENED.format("Contoso"))))[1] == []


@pytest.mark.parametrize("clock", [NEW_YORK, LocalClock()])
def test_a_session_that_is_the_logs_last_word_still_goes_on(clock: LocalClock) -> None:
    assert fed(log(*session(GOOD), *session(OPENING, 20, "7016"), clock=clock))[1] == []
    assert fed(log(*session(STUCK), (60, "4556", WAIT), clock=clock))[1] == []


def test_a_session_that_has_waited_over_a_minute_for_a_dialog_is_told_where_the_log_ends() -> None:
    assert [one.span.line for one in fed(log(*session(STUCK), (65, "4556", WAIT)))[1]] == [3]


def test_a_session_that_was_quiet_too_long_against_the_logs_newest_time_is_told_where_it_ends() -> None:
    lines = [*session(OPENING), (901 + 3600, "9", "More"), (20, "9", "an older clock")]
    assert [one.span.line for one in fed(log(*lines, clock=LocalClock()))[1]] == [3]


@pytest.mark.parametrize("answer", [OPENED.format("Contoso"), REFUSED, "End Session finished OK.", CLOSING[1]])
def test_a_session_that_is_answered_after_it_was_given_up_is_taken_back(answer: str) -> None:
    sessions = SdkSessions()
    told = [sessions.feed(one) for one in log(*session(STUCK), (1000, "9", "More"), (1200, "4556", answer))]
    hung, back = told[5][0], told[6][0]
    assert (hung.is_taken_back, back) == (False, replace(hung, is_taken_back=True))
    assert (told[6][1].session, told[6][1].record.fields["application"]) == (("", 0), "Contoso")


def test_a_scan_says_nothing_of_a_session_that_is_answered_in_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ("020000", OPENING[2]), ("021700", "More"), ("022000", OPENED.format("Contoso"))
    text = "".join(f"20260310.{at}\tI\t{4556 + (said == 'More')}\tRequestProcessor\t{said}\r\n" for at, said in lines)
    (tmp_path / "qbsdklog.txt").write_text(text)
    assert main(["scan", str(tmp_path), "--timezone", "America/New_York"]) == 0
    (tmp_path / "qbsdklog.txt").write_text("".join(text.splitlines(keepends=True)[:2]))
    assert main(["scan", str(tmp_path), "--timezone", "America/New_York"]) == 1
    capsys.readouterr()


def test_what_another_connection_says_takes_no_session_back() -> None:
    records = log(*session(STUCK), (1000, "9", "More"), *session(GOOD, 1100, "7016"), *session(GOOD, 1200))
    assert [one.span.line for one in fed(records)[1]] == [3]


def test_a_session_that_goes_on_waiting_is_told_once_at_the_end() -> None:
    waits = [(3 + 60 * n, "4556", WAIT) for n in range(40)]
    (hung,) = fed(log(*session(OPENING), *waits))[1]
    assert hung.body == "\n".join([WAIT] * 8)


def test_a_log_that_stands_still_tells_by_the_clock() -> None:
    sessions = SdkSessions()
    for record in log(*session(STUCK)):
        sessions.feed(record)
    assert sessions.overdue(START + timedelta(minutes=15)) == []
    assert [one.record.message for one in sessions.overdue(START + timedelta(minutes=16))] == [HUNG]
    assert (sessions.overdue(START + timedelta(days=1)), sessions.finish(), sessions.open_at) == ([], [], None)


def test_a_log_without_a_zone_is_not_told_by_the_clock() -> None:
    sessions = SdkSessions()
    for record in log(*session(STUCK), (70, "4556", WAIT), clock=LocalClock()):
        sessions.feed(record)
    assert sessions.overdue(START + timedelta(days=1)) == []
    assert [one.record.message for one in sessions.finish()] == [HUNG]


def test_open_at_is_where_the_first_open_connection_began() -> None:
    records = log(*session(GOOD, process="1"), *session(STUCK, 20, "2"), *session(OPENING[:1], 30, "3"))
    sessions = SdkSessions()
    places = []
    for record in records:
        sessions.feed(record, "new" if record.fields["process"] == "3" else "old")
        places.append(sessions.open_at)
    spans = [(record.span.offset, record.span.line) for record in records]
    assert places == [*[spans[0]] * 7, None, *[spans[8]] * 6]
    assert (sessions.open_in("old"), sessions.open_in("new"), sessions.open_in("other")) == (spans[8], spans[13], None)


def test_a_record_that_comes_again_because_it_grew_is_not_a_second_one() -> None:
    sessions = SdkSessions()
    *_, begun = [one.record for record in log(*session(OPENING)) for one in sessions.feed(record)]
    grown = replace(begun, body="more", fields={"process": "4556"})
    assert sessions.feed(grown) == [Told(record=replace(begun, body="more"), file="", session=("", 0))]
    assert [one.record.message for one in sessions.overdue(START + timedelta(hours=1))] == [HUNG]


def test_read_again_from_open_at_the_same_sessions_are_told() -> None:
    records = log(*session(GOOD, process="1"), *session(STUCK, 20, "2"), *session(GOOD, 5000, "3"))
    sessions = SdkSessions()
    for record in records[:12]:
        sessions.feed(record)
    place = sessions.open_at
    assert place is not None
    again = [record for record in records if record.span.offset >= place[0]]
    assert fed(again)[1] == fed(records)[1] != []


def test_a_session_goes_on_over_a_rollover_and_is_told_where_it_began() -> None:
    sessions = SdkSessions()
    *old, new = log(*session(STUCK), (100, "4556", WAIT))
    for record in old:
        sessions.feed(record, "old")
    sessions.feed(replace(new, span=Span(offset=0, length=10, line=1)), "new")
    (told,) = sessions.finish()
    assert (told.file, told.record.span, told.record.body.count(WAIT)) == ("old", old[2].span, 3)


def test_without_a_zone_an_hour_is_left_for_a_change_of_the_clock() -> None:
    nowhere = LocalClock()
    forward = log(*session(OPENING), (3600, "9", OPENING[0]), clock=nowhere)
    later = log(*session(OPENING), (4600, "9", OPENING[0]), clock=nowhere)
    assert len([one for record in forward for one in SdkSessions().feed(record)]) == 4
    sessions = SdkSessions()
    assert [one.record.message for record in later for one in sessions.feed(record)][-2:] == [HUNG, OPENING[0]]


def test_an_hour_that_comes_twice_makes_nothing_look_hung() -> None:
    text = "".join(
        f"20261101.{hour}\tI\t4556\tRequestProcessor\t{said.format('Contoso')}\r\n"
        for hour, said in [
            ("005955", OPENING[0]), ("005956", OPENING[1]), ("005957", OPENING[2]), ("013000", WAIT),
            ("013000", WAIT), ("020001", OPENED), ("020002", GOOD[5]),
        ]
    )  # fmt: skip
    assert fed(list(FORMAT.records(text.encode(), NEW_YORK)))[1] == []


def test_in_a_log_without_processes_an_answer_goes_to_the_last_that_waits() -> None:
    records, hung = fed(
        log(*session(STUCK, 0, "", "Contoso"), *session(GOOD, 10, "", "Fabrikam"), (2000, "", OPENING[0]))
    )
    assert [one.span.line for one in hung] == [3]
    assert hung[0].fields == {"application": "Contoso"}
    # Two connections are open, so nobody knows whose work it was.
    assert [one.fields for one in records if one.message.startswith("Finished")] == [{}]


def test_in_a_log_without_processes_sessions_one_after_the_other_are_told_apart() -> None:
    lines = [*session(GOOD, 0, "", "Contoso"), *session(BAD, 20, "", "Fabrikam"), *session(GOOD, 40, "", "Acme")]
    records, hung = fed(log(*lines))
    assert hung == []
    assert [one.fields["application"] for one in records if one.message.startswith("Begin Session")] == [
        "Contoso",
        "Fabrikam",
        "Fabrikam",
        "Acme",
    ]


def test_a_log_that_begins_in_mid_session_is_taken_as_it_is() -> None:
    records, hung = fed(log(*session(GOOD[4:]), *session(GOOD, 20)))
    assert ([one.fields.get("application") for one in records[:4]], hung) == ([None, None, "Contoso", None], [])


def test_what_one_session_says_is_told_as_one_trouble() -> None:
    lines = [*session(BAD[:-2]), *session(GOOD[2:], 10), (30, "", "Failed on something")]
    records = log(*lines)
    sessions = SdkSessions()
    told = [one.session for record in records for one in sessions.feed(record)]
    second = ("", records[5].span.offset)
    assert told == [*[("", 0)] * 5, *[second] * 6, None]


def test_no_more_connections_are_kept_than_a_machine_has() -> None:
    lines = [line for n in range(300) for line in session(OPENING, 0, str(n))]
    sessions = SdkSessions()
    told = [one.record for record in log(*lines) for one in sessions.feed(record)]
    assert sum(one.message == HUNG for one in told) == 100


@dataclass(frozen=True)
class Planned:
    texts: tuple[str, ...]
    name: str
    process: str

    @property
    def is_hung(self) -> bool:
        return self.texts is STUCK


plans = st.lists(
    st.tuples(st.sampled_from([GOOD, BAD, STUCK, DIED]), st.sampled_from(["Contoso", "Fabrikam", "Acme"])),
    max_size=6,
).map(lambda chosen: [Planned(texts, name, str(4000 + n)) for n, (texts, name) in enumerate(chosen)])


@settings(max_examples=300, deadline=None)
@given(plans, st.randoms(use_true_random=False))
def test_however_processes_interleave_each_hung_session_is_told_once(planned: list[Planned], dice: object) -> None:
    queues = [session(one.texts, 0, one.process, one.name) for one in planned]
    order = [n for n, queue in enumerate(queues) for _ in queue]
    dice.shuffle(order)  # type: ignore[attr-defined]
    lines = [(at, *queues[n].pop(0)[1:]) for at, n in enumerate(order)]
    lines.append((2000, "9", "anything else"))
    records, hung = fed(log(*lines))
    assert sorted((one.fields["process"], one.fields["application"]) for one in hung) == sorted(
        (one.process, one.name) for one in planned if one.is_hung
    )
    assert [one.span for one in records] == [one.span for one in log(*lines)]
    names = {one.process: one.name for one in planned}
    assert {(one.fields["process"], one.fields["application"]) for one in records if "application" in one.fields} == {
        (process, names[process]) for process in names
    }


@settings(max_examples=200, deadline=None)
@given(plans, st.lists(st.integers(0, 3000), max_size=60))
def test_without_processes_there_are_as_many_hung_sessions_as_were_never_answered(
    planned: list[Planned], gaps: list[int]
) -> None:
    lines, at = [], 0
    for n, one in enumerate(planned):
        at += gaps[n] if n < len(gaps) else 1
        lines += session(one.texts, at, "", one.name)
        at += len(one.texts)
    lines.append((at + 1000, "", OPENING[0]))
    _, hung = fed(log(*lines))
    assert sorted(one.fields["application"] for one in hung) == sorted(one.name for one in planned if one.is_hung)


texts = st.sampled_from([*GOOD, *BAD, *STUCK, *DIED, "anything else"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(-5000, 90_000), st.sampled_from(["", "1", "2"]), texts), max_size=30))
def test_records_in_any_order_raise_nothing_and_none_is_lost(lines: list[tuple[int, str, str]]) -> None:
    records = log(*[(at, process, text.format("Contoso")) for at, process, text in lines])
    annotated, hung = fed(records)
    assert [one.span for one in annotated] == [one.span for one in records]
    begun = {one.span for one in records if one.message.startswith("Begin Session started")}
    assert len({one.span for one in hung}) == len(hung)
    assert {one.span for one in hung} <= begun


@pytest.mark.parametrize(
    ("case", "lines"),
    [
        ("begin_session_hangs", [24, 46]),
        ("clock_change", []),
        ("native_connector", []),
        ("other_user", []),
        ("popup_behind_80040408", []),
    ],
)
def test_the_samples_hold_these_hung_sessions(case: str, lines: list[int]) -> None:
    data = (SAMPLES / "sdk_log" / case / "qbsdklog.txt").read_bytes()
    assert [one.span.line for one in fed(list(FORMAT.records(data, NEW_YORK)))[1]] == lines
    assert [one.span.line for one in fed(list(FORMAT.records(data, LocalClock())))[1]] == lines

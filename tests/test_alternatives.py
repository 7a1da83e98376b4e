"""One failure, several causes: what lies near decides, and the others are named with what speaks for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.record import Record, Span
from rules.absence import spells
from rules.alternatives import Near, is_doubtful, weigh
from rules.classify import Findings, Where
from rules.event import ALSO_POSSIBLE, NEAR_IT, Confidence, Event, Role

if TYPE_CHECKING:
    from rules.catalogue import Catalogue

AT = datetime(2026, 4, 6, 1, 30, 26, tzinfo=UTC)
WHERE = Where(host="srv-01", client=None, source="QWCLog.txt", file="f:0")
LOGON = "Microsoft-Windows-Winlogon"
DEFENDER = "Microsoft-Windows-Windows Defender"
QUARANTINED = {"Path": "file:_C:\\Program Files\\Intuit\\QuickBooks 2024\\QBW.EXE", "Action Name": "Quarantine"}


def failure(catalogue: Catalogue, said: str = "HRESULT = 0x80040408", format_: str = "qbwc") -> Event:
    record = Record(
        format=format_, time=AT, component="", message=f"QBWC1013: Error connecting to QuickBooks. {said}",
        span=Span(offset=0, length=9, line=1), fields={"application": "Contoso Sync"},
    )  # fmt: skip
    [event] = Findings(catalogue).add(record, WHERE, None)
    return replace(event, application="Contoso Sync", company_file="C:\\QB\\Contoso.QBW")


def signal(code: str, seconds: float, **fields: str) -> Record:
    """Return a signal so many seconds after the failure."""
    named = {name.replace("_", " "): value for name, value in fields.items()}
    return Record(
        format="windows-events", time=AT + timedelta(seconds=seconds), component=code.partition("/")[0],
        message="; ".join(f"{name}={value}" for name, value in named.items()),
        span=Span(offset=0, length=0, line=0), codes=(code,), fields=named,
    )  # fmt: skip


def near(*signals: Record, findings: tuple[Event, ...] = (), good: dict[str, float] | None = None) -> Near:
    ended = [(name, AT + timedelta(seconds=seconds)) for name, seconds in (good or {}).items()]
    return Near(signals=signals, spells=spells(signals), findings=findings, good_runs=ended)


def judged(event: Event, known: Near, catalogue: Catalogue) -> tuple[str, Confidence, list[str]]:
    found = weigh(event, known, catalogue)
    return found.cause, found.confidence, [line for line in found.evidence if line.startswith((NEAR_IT, ALSO_POSSIBLE))]


def test_with_nothing_near_it_stays_as_it_is_and_names_the_usual_causes(catalogue: Catalogue) -> None:
    event = failure(catalogue)
    found = weigh(event, near(), catalogue)
    assert (found.cause, found.confidence, found.title) == (event.cause, Confidence.LIKELY, event.title)
    assert found.evidence[-1] == (
        "Also possible: A QuickBooks pop-up is blocking the sync; The company file is open in single-user mode; "
        "The sync's QuickBooks user is signed in elsewhere."
    )
    assert [one.cause for one in found.others] == [
        "popup_blocked", "single_user_mode", "user_already_signed_in", "session_logged_out",
        "multiple_quickbooks_instances", "company_file_not_found", "permission_missing",
    ]  # fmt: skip
    assert {one.confidence for one in found.others} == {Confidence.WEAK}
    assert found.others[3].speaks_against == "Web Connector wrote this line, so its own user was signed in."


def test_a_sign_out_at_that_moment_is_the_cause(catalogue: Catalogue) -> None:
    signed_out = signal(f"{LOGON}/7002", -5, TSId="2", UserSid="S-1-5-21-7")
    found = weigh(failure(catalogue), near(signed_out), catalogue)
    assert (found.cause, found.confidence) == ("session_logged_out", Confidence.STRONG)
    assert found.title == catalogue.causes["session_logged_out"].title
    assert found.steps == catalogue.causes["session_logged_out"].filled({"host": "srv-01"}).steps
    assert found.evidence[-1] == "Near it: A Windows user was signed out at 2026-04-06 01:30:21 UTC."
    assert found.others[0].cause == "quickbooks_cannot_start"


def test_an_earlier_sign_out_was_another_users_where_web_connector_still_writes(catalogue: Catalogue) -> None:
    signed_out = signal(f"{LOGON}/7002", -3600, TSId="2", UserSid="S-1-5-21-7")
    cause, _, lines = judged(failure(catalogue), near(signed_out), catalogue)
    assert cause == "quickbooks_cannot_start"
    [line] = lines
    assert line == (
        "Also possible: The Windows user of the sync was logged out. A Windows user was signed out at 2026-04-06 "
        "00:30:26 UTC. But: Web Connector wrote this line, so its own user was signed in."
    )


def test_a_connector_that_needs_no_session_writes_on_after_the_sign_out_that_stops_quickbooks(
    catalogue: Catalogue,
) -> None:
    signed_out = signal(f"{LOGON}/7002", -3600, TSId="2", UserSid="S-1-5-21-7")
    event = failure(catalogue, format_="nlog")
    assert judged(event, near(signed_out), catalogue)[:2] == ("session_logged_out", Confidence.STRONG)
    back = signal(f"{LOGON}/7001", -60, TSId="3", UserSid="S-1-5-21-7")
    assert judged(event, near(signed_out, back), catalogue)[0] == "quickbooks_cannot_start"


def test_where_several_people_use_the_machine_a_sign_out_is_only_likely_the_syncs(catalogue: Catalogue) -> None:
    people = [signal(f"{LOGON}/7001", -7200, TSId="3", UserSid="S-1-5-21-9")]
    signed_out = signal(f"{LOGON}/7002", -5, TSId="2", UserSid="S-1-5-21-7")
    assert judged(failure(catalogue), near(*people, signed_out), catalogue)[1] is Confidence.LIKELY


@pytest.mark.parametrize(
    ("code", "what"), [("Application Error/1000", "crashed"), ("Application Hang/1002", "stopped")]
)
def test_a_crash_of_quickbooks_at_that_moment_is_the_cause_and_one_of_web_connector_is_not(
    catalogue: Catalogue, code: str, what: str
) -> None:
    cause, sure, lines = judged(failure(catalogue), near(signal(code, -1, AppName="QBW.EXE")), catalogue)
    assert (cause, sure) == ("quickbooks_crashed", Confidence.STRONG)
    assert what in lines[0]
    own = signal(code, -1, AppName="QBWebConnector.exe")
    assert judged(failure(catalogue), near(own), catalogue)[0] == "quickbooks_cannot_start"


def test_what_antivirus_took_away_stays_away_until_a_sync_goes_well_again(catalogue: Catalogue) -> None:
    event, taken = failure(catalogue), signal(f"{DEFENDER}/1117", -3 * 86400, **QUARANTINED)
    assert judged(event, near(taken), catalogue)[:2] == ("antivirus_or_policy_blocked", Confidence.LIKELY)
    cause, _, lines = judged(event, near(taken, good={"Fabrikam Orders": -3600}), catalogue)
    assert cause == "quickbooks_cannot_start"
    assert lines[0].endswith("But: Fabrikam Orders opened QuickBooks after that, at 2026-04-06 00:30:26 UTC.")


def test_a_quickbooks_in_another_session_than_web_connector_is_the_cause(catalogue: Catalogue) -> None:
    def running(name: str, pid: str, session: str, state: str = "running", seconds: float = -600) -> Record:
        return signal("probe/process", seconds, Name=name, Pid=pid, SessionId=session, User=f"u{session}", State=state)

    connector, other = running("QBWebConnector.exe", "1", "2"), running("QBW.EXE", "2", "3")
    cause, sure, lines = judged(failure(catalogue), near(connector, other), catalogue)
    assert (cause, sure) == ("multiple_quickbooks_instances", Confidence.STRONG)
    assert lines[0] == "Near it: QBW.EXE of u3 was running, in another session than Web Connector."
    gone = running("QBW.EXE", "2", "3", "gone", -300)
    own = running("QBW.EXE", "4", "2")
    for rest in ((connector, other, gone), (connector, own), (other,)):
        assert judged(failure(catalogue), near(*rest), catalogue)[0] == "quickbooks_cannot_start"


def test_a_quickbooks_that_does_not_answer_points_to_a_dialog(catalogue: Catalogue) -> None:
    hung = signal("probe/process", -90, Name="QBW.EXE", Pid="7", State="hung")
    assert judged(failure(catalogue), near(hung), catalogue)[:2] == ("popup_blocked", Confidence.LIKELY)
    ended = signal("probe/process", 20, Name="QBW.EXE", Pid="7", State="gone")
    assert judged(failure(catalogue), near(hung, ended), catalogue)[0] == "popup_blocked"
    seen_late = signal("probe/process", 20, Name="QBW.EXE", Pid="7", State="hung", Started="2026-04-06T01:00:00Z")
    assert judged(failure(catalogue), near(seen_late), catalogue)[0] == "popup_blocked"
    started_later = signal("probe/process", 20, Name="QBW.EXE", Pid="7", State="hung", Started="2026-04-06T01:30:40Z")
    assert judged(failure(catalogue), near(started_later), catalogue)[0] == "quickbooks_cannot_start"


def test_a_machine_that_had_just_woken_was_not_ready(catalogue: Catalogue) -> None:
    woken = signal("probe/slept", -60, SleepTime="2026-04-05T20:00:00Z", WakeTime="2026-04-06T01:29:26Z")
    assert judged(failure(catalogue), near(woken), catalogue)[:2] == ("quickbooks_busy", Confidence.LIKELY)


def told(catalogue: Catalogue, cause: str, seconds: float, company_file: str | None = None) -> Event:
    return replace(
        failure(catalogue), id=f"{cause}{seconds}", cause=cause, rule="x", time=AT + timedelta(seconds=seconds),
        company_file=company_file, application="Fabrikam Orders", role=Role.ROOT,
    )  # fmt: skip


def test_what_another_run_said_outright_is_likely_while_it_is_near_and_nothing_went_well_since(
    catalogue: Catalogue,
) -> None:
    event, other = failure(catalogue), told(catalogue, "single_user_mode", -300)
    assert judged(event, near(findings=(other,)), catalogue)[:2] == ("single_user_mode", Confidence.LIKELY)
    late = told(catalogue, "single_user_mode", -7200)
    another_file = told(catalogue, "single_user_mode", -300, "C:\\QB\\Fabrikam.QBW")
    for known in (near(findings=(late,)), near(findings=(another_file,)), near(findings=(other,), good={"X": -60})):
        cause, _, lines = judged(event, known, catalogue)
        assert cause == "quickbooks_cannot_start"
        assert lines[0].startswith("Also possible: The company file is open in single-user mode. A sync of Fabrikam")


def test_what_was_itself_weighed_is_no_witness(catalogue: Catalogue) -> None:
    other = replace(told(catalogue, "popup_blocked", -60), rule="quickbooks.not_started")
    assert judged(failure(catalogue), near(findings=(other,)), catalogue)[0] == "quickbooks_cannot_start"


def test_a_reason_that_is_said_outright_is_not_weighed(catalogue: Catalogue) -> None:
    event = failure(catalogue, "HRESULT = 0x80040414")
    assert event.cause == "popup_blocked"
    assert weigh(event, near(signal(f"{LOGON}/7002", -5, TSId="2")), catalogue) is event
    assert not is_doubtful(replace(failure(catalogue), role=Role.ECHO))


def test_when_its_evidence_proves_wrong_it_is_what_it_was(catalogue: Catalogue) -> None:
    event = failure(catalogue)
    weighed = weigh(event, near(signal("Application Error/1000", -1, AppName="QBW.EXE")), catalogue)
    again, plain = weigh(weighed, near(), catalogue), weigh(event, near(), catalogue)
    assert (again.cause, again.title, again.severity, again.confidence, again.evidence, again.others) == (
        plain.cause, plain.title, plain.severity, plain.confidence, plain.evidence, plain.others
    )  # fmt: skip


CODES = {
    f"{LOGON}/7001": {"TSId": "2", "UserSid": "S-1-5-21-7"},
    f"{LOGON}/7002": {"TSId": "2", "UserSid": "S-1-5-21-7"},
    "Application Error/1000": {"AppName": "QBW.EXE"},
    f"{DEFENDER}/1117": {"Path": "QBW.EXE", "Action Name": "Quarantine"},
    "probe/process": {"Name": "QBW.EXE", "Pid": "7", "State": "hung"},
    "EventLog/6005": {},
}


@given(seen=st.lists(st.tuples(st.sampled_from(sorted(CODES)), st.floats(-100_000, 600)), max_size=8))
def test_weighing_twice_is_weighing_once_and_a_chosen_cause_is_no_other(
    catalogue: Catalogue, seen: list[tuple[str, float]]
) -> None:
    known = near(*(signal(code, seconds, **CODES[code]) for code, seconds in seen))
    once = weigh(failure(catalogue), known, catalogue)
    assert weigh(once, known, catalogue) == once
    causes = [one.cause for one in once.others]
    assert once.cause not in causes
    assert len(causes) == len(set(causes)) <= 7
    # Without something near it, nothing is sure.
    if not any(abs(seconds) <= 700 for _, seconds in seen):
        assert once.confidence is Confidence.LIKELY

"""Each silence has a verdict: the rows by which causes are told apart, with their evidence and their doubts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from windows_signals import (
    OTHER,
    POWER,
    asked,
    at,
    clock_set,
    entering_sleep,
    probe,
    read,
    session_event,
    signed_in,
    signed_out,
    slept,
    stopped_dead,
    windows_ended,
    windows_started,
    xml,
)

from ingest.record import Record, Span
from rules.absence import NUL_RUN, Absence, Alternative, How, MissedRuns, judge, spells
from rules.absence.from_log import Outlook
from rules.event import Confidence

if TYPE_CHECKING:
    from rules.absence import Verdict

QUARTER = timedelta(minutes=15)
NIGHT = Absence(
    begins=at(), ends=at(13), turn=QUARTER, missed=(MissedRuns(application="Contoso Sync", count=51),)
)  # fmt: skip
WENT_ON = replace(NIGHT, resumed_with_start_line=False)
BEGAN_ANEW = replace(NIGHT, resumed_with_start_line=True)
LASTING = replace(NIGHT, ends=None)
MID_RUN = replace(NIGHT, open_run="Contoso Sync")
# Windows wrote before and during the silence, and nothing of note.
QUIET = read(*(xml("Service Control Manager", 7036, at(hour), ("Spooler", "running")) for hour in (-1, 6)))
CRASHED = xml("Application Error", 1000, at(0, 5), ("QBWebConnector.exe", "33"), level=2)
HUNG = xml("Application Hang", 1002, at(0, 5), ("QBW32.EXE", "31"), level=2)
BLOCKED = xml(
    "Microsoft-Windows-Windows Defender", 1117, at(0, 5), {"Path": r"C:\Intuit\QBWebConnector.exe"}, level=3
)  # fmt: skip
UPDATED = (asked(at(2)), *windows_ended(at(2, 1)), *windows_started(at(2, 3)))


def nuls() -> Record:
    return Record(
        format="log", time=at(), component="log", message="512 NUL bytes", codes=(NUL_RUN,),
        span=Span(offset=0, length=512, line=1),
    )  # fmt: skip


def nuls_elsewhere() -> Record:
    return replace(nuls(), time=at(5))


def of(absence: Absence, *events: str, signals: list[Record] | None = None) -> tuple[str, Confidence, How | None]:
    verdict = judge(absence, [*read(*events), *(signals or [])], at(13))
    return verdict.cause, verdict.confidence, verdict.how


PROOF, STRONG, LIKELY, WEAK = Confidence
STILL_THE_SAME = [
    ((entering_sleep(at(0, 12)), slept(at(0, 12), at(12, 59))), ("machine_asleep", PROOF, How.IDLE)),
    ((slept(at(0, 12), at(12, 59)),), ("machine_asleep", PROOF, None)),
    ((entering_sleep(at(0, 12), reason=0),), ("machine_asleep", PROOF, How.LID)),
    ((xml(POWER, 42, at(0, 12)),), ("machine_asleep", STRONG, None)),
    (
        (xml(POWER, 506, at(0, 12), {"Reason": 12}), xml(POWER, 507, at(12), {"Reason": 4})),
        ("machine_asleep", PROOF, How.IDLE),
    ),
    ((clock_set(at(0, 2), at(13), reason=1),), ("machine_paused", STRONG, None)),
]
BEGUN_ANEW = [
    ((signed_out(at(0, 5)), signed_in(at(12, 58))), ("session_logged_out", PROOF, How.PERSON)),
    (
        (session_event(24, at(0, 1)), session_event(23, at(2)), session_event(21, at(12, 58))),
        ("session_logged_out", PROOF, How.TIME_LIMIT),
    ),
    (
        (asked(at(1)), signed_out(at(1)), *windows_ended(at(1)), *windows_started(at(1, 2)), signed_in(at(12, 58))),
        ("machine_restarted", PROOF, How.UPDATE),
    ),
    (
        (
            asked(at(1), "explorer.exe", "power off"),
            *windows_ended(at(1), 6),
            *windows_started(at(12)),
            signed_in(at(12, 9)),
        ),
        ("machine_shut_down", PROOF, How.PERSON),
    ),
    (
        (
            entering_sleep(at(1), target=6, effective=5),
            clock_set(at(1), at(12, 50)),
            signed_in(at(12, 58)),
        ),
        ("machine_shut_down", PROOF, How.FAST_STARTUP),
    ),
    ((*stopped_dead(at(12), alive=at(4)), signed_in(at(12, 9))), ("power_lost", PROOF, None)),
    ((*stopped_dead(at(4, 2), alive=at(4), bugcheck=0x9F), signed_in(at(12, 58))), ("blue_screen", PROOF, None)),
    ((CRASHED,), ("connector_crashed", PROOF, How.CRASH)),
    ((CRASHED.replace("Error", "Hang").replace("1000", "1002"),), ("connector_hung", PROOF, How.HANG)),
    ((BLOCKED,), ("antivirus_or_policy_blocked", PROOF, How.ANTIVIRUS)),
]


@pytest.mark.parametrize(("events", "expected"), STILL_THE_SAME)
def test_a_log_that_goes_on_without_a_start_line_stood_still(
    events: tuple[str, ...], expected: tuple[str, Confidence, How | None]
) -> None:
    assert of(WENT_ON, *events) == expected


@pytest.mark.parametrize(("events", "expected"), BEGUN_ANEW)
def test_a_log_that_begins_anew_was_ended_by_what_windows_notes(
    events: tuple[str, ...], expected: tuple[str, Confidence, How | None]
) -> None:
    assert of(BEGAN_ANEW, *events) == expected


@pytest.mark.parametrize(("events", "expected"), [*STILL_THE_SAME, *BEGUN_ANEW])
def test_what_windows_notes_is_enough_where_a_log_has_no_start_line_to_look_for(
    events: tuple[str, ...], expected: tuple[str, Confidence, How | None]
) -> None:
    assert of(NIGHT, *events) == expected


def test_where_windows_noted_nothing_the_start_line_decides() -> None:
    assert of(WENT_ON, signals=QUIET) == ("auto_run_off", WEAK, None)
    assert of(BEGAN_ANEW, signals=QUIET) == ("connector_not_running", LIKELY, How.CLOSED)
    assert of(NIGHT, signals=QUIET) == ("missed_schedule", WEAK, None)


def test_without_any_event_a_long_silence_is_sleep_or_a_sign_out_by_the_start_line_and_never_more_than_likely() -> None:
    assert of(WENT_ON) == ("machine_asleep", LIKELY, None)
    assert of(BEGAN_ANEW) == ("session_logged_out", LIKELY, None)
    assert of(replace(WENT_ON, ends=at(1))) == ("machine_asleep", WEAK, None)
    assert of(replace(BEGAN_ANEW, ends=at(1))) == ("connector_not_running", LIKELY, How.CLOSED)
    assert of(NIGHT) == ("missed_schedule", WEAK, None)


def test_a_watcher_that_ran_all_the_time_and_saw_nothing_is_as_good_as_windows() -> None:
    watching = probe("probe/watching", at(-900))
    away = probe("probe/away", at(9), LastSeen=at(1).isoformat(), SeenAgain=at(9).isoformat())
    assert of(WENT_ON, signals=[watching]) == ("auto_run_off", WEAK, None)
    assert of(BEGAN_ANEW, signals=[watching]) == ("connector_not_running", LIKELY, How.CLOSED)
    assert of(replace(WENT_ON, ends=at(10)), signals=[probe("probe/watching", at(8)), nuls_elsewhere()]) == (
        "machine_asleep", LIKELY, None,
    )  # fmt: skip
    assert Outlook(absence=WENT_ON, ends=at(13), signals=[watching], spells=spells([away])).is_watched is False


def test_what_wrote_meanwhile_shows_the_machine_awake() -> None:
    assert of(replace(BEGAN_ANEW, others_writing=("qbsdklog.txt",))) == ("connector_not_running", LIKELY, How.CLOSED)
    assert of(replace(WENT_ON, others_writing=("qbsdklog.txt",))) == ("auto_run_off", WEAK, None)
    alone = replace(NIGHT, scope="Contoso Sync", others_writing=("Fabrikam Orders",))
    assert of(alone) == ("auto_run_off", LIKELY, None)
    assert of(replace(alone, others_writing=())) == ("missed_schedule", WEAK, None)
    assert of(alone, slept(at(0, 5), at(12))) == ("auto_run_off", LIKELY, None)


def test_several_applications_that_catch_up_at_once_speak_for_sleep() -> None:
    assert of(replace(NIGHT, caught_up_at_once=("Contoso Sync", "Fabrikam Orders"))) == ("machine_asleep", LIKELY, None)


def test_lines_that_stop_in_mid_run_are_put_to_sleep_signed_out_hung_or_blocked() -> None:
    verdict = judge(MID_RUN, read(entering_sleep(at(seconds=20)), slept(at(seconds=20), at(13))))
    assert (verdict.cause, verdict.confidence) == ("machine_asleep", PROOF)
    assert verdict.summary.endswith(" A run of Contoso Sync was under way.")
    assert of(MID_RUN, signed_out(at(seconds=20))) == ("session_logged_out", STRONG, How.PERSON)
    assert of(MID_RUN, HUNG, signals=QUIET) == ("connector_hung", LIKELY, How.HANG)
    assert of(MID_RUN, HUNG.replace("Hang", "Error").replace("1002", "1000")) == (
        "quickbooks_crashed", LIKELY, How.CRASH,
    )  # fmt: skip
    assert of(MID_RUN, signals=QUIET) == ("connector_hung", LIKELY, None)


def test_a_write_that_was_cut_off_makes_a_power_loss_likely_unless_windows_says_more() -> None:
    assert of(NIGHT, signals=[nuls()]) == ("power_lost", LIKELY, None)
    assert of(NIGHT, slept(at(0, 12), at(12, 59)), signals=[nuls()]) == ("machine_asleep", PROOF, None)


def test_a_session_that_was_only_disconnected_or_locked_is_never_the_cause_and_is_told() -> None:
    away = read(session_event(24, at(0, 5)))
    verdict = judge(WENT_ON, [*QUIET, *away])
    assert verdict.cause == "auto_run_off"
    assert (
        verdict.evidence[-1] == "The session was locked or disconnected at 2026-03-10 18:05:00Z, which stops nothing."
    )


def test_a_nap_explains_its_own_part_only_and_several_may_explain_all() -> None:
    nap = slept(at(0, 20), at(0, 50))
    verdict = judge(WENT_ON, [*QUIET, *read(nap)])
    assert (verdict.cause, verdict.confidence) == ("auto_run_off", WEAK)
    assert verdict.others[0] == Alternative(
        cause="machine_asleep",
        confidence=LIKELY,
        speaks_for="The machine went to sleep at 2026-03-10 18:20:00Z, and woke at 2026-03-10 18:50:00Z.",
        speaks_against="It explains 30 min of 13 h.",
    )
    assert of(WENT_ON, nap, slept(at(1), at(6)), slept(at(6, 10), at(12))) == ("machine_asleep", PROOF, None)


def test_a_sleep_whose_end_nobody_noted_was_over_when_the_last_line_was_written() -> None:
    before = entering_sleep(at(-5))
    assert of(WENT_ON, before, signals=QUIET)[0] == "auto_run_off"
    assert of(WENT_ON, before, xml("EventLog", 6013, at(12), ("1",)))[0] == "auto_run_off"
    dozed = (slept(at(-5), at(-0.01)), slept(at(0.01), at(12.9)))
    assert of(WENT_ON, *dozed)[0] == "machine_asleep"


def test_a_short_silence_is_explained_where_what_is_left_is_no_silence() -> None:
    short = replace(WENT_ON, ends=at(1))
    assert of(short, slept(at(0, 10), at(0, 30))) == ("machine_asleep", PROOF, None)


def test_who_was_signed_out_while_the_machine_slept_was_signed_out_and_the_sleep_is_named() -> None:
    events = (signed_out(at(0, 5)), entering_sleep(at(0, 20)), slept(at(0, 20), at(12, 50)), signed_in(at(12, 57)))
    verdict = judge(BEGAN_ANEW, read(*events))
    assert (verdict.cause, verdict.begins, verdict.ends) == ("session_logged_out", at(0, 5), at(13))
    assert of(WENT_ON, *events[:3]) == ("machine_asleep", PROOF, How.IDLE)
    assert of(NIGHT, *events[:3]) == ("machine_asleep", PROOF, How.IDLE)


def test_a_sign_out_before_the_last_line_ended_nothing() -> None:
    assert of(NIGHT, signed_out(at(0, -1)), signals=QUIET)[0] == "missed_schedule"


def test_another_persons_sign_out_on_a_shared_machine_proves_nothing() -> None:
    other = (signed_in(at(-2), OTHER, 3), signed_in(at(-3)), signed_out(at(0, 5), OTHER, 3))
    assert of(BEGAN_ANEW, *other, signals=QUIET) == ("connector_not_running", LIKELY, How.CLOSED)
    assert of(LASTING, *other) == ("session_logged_out", STRONG, How.PERSON)
    assert of(BEGAN_ANEW, *other, signed_out(at(0, 6)), signed_in(at(12, 58)))[:2] == ("session_logged_out", PROOF)


def test_a_person_who_signed_out_hours_before_a_restart_is_why_and_the_restart_belongs_to_it() -> None:
    events = (signed_out(at(0, 5)), *UPDATED, signed_in(at(12, 58)))
    assert of(BEGAN_ANEW, *events) == ("session_logged_out", PROOF, How.PERSON)
    assert of(BEGAN_ANEW, *UPDATED, signed_in(at(12, 58)))[0] == "machine_restarted"


def test_a_sleep_before_a_restart_that_was_soon_over_is_the_larger_part() -> None:
    events = (slept(at(0, 10), at(12)), asked(at(12, 1)), *windows_ended(at(12, 2)), *windows_started(at(12, 4)))
    verdict = judge(BEGAN_ANEW, read(*events, signed_in(at(12, 58))))
    assert verdict.cause == "machine_asleep"
    assert [other.cause for other in verdict.others] == ["machine_restarted"]


def test_nobody_signed_in_only_where_sign_ins_are_known_and_none_came() -> None:
    known = judge(LASTING, read(signed_in(at(-9)), *UPDATED), at(13))
    unknown = judge(LASTING, read(*UPDATED), at(13))
    assert known.summary.endswith("; nobody has signed in since.")
    assert unknown.summary.endswith("and Windows started at 2026-03-10 20:03:00Z.")
    assert {known.cause, unknown.cause} == {"machine_restarted"}


def test_after_a_restart_the_one_who_was_signed_out_by_it_has_to_come_back() -> None:
    events = (signed_in(at(-9)), asked(at(2)), signed_out(at(2)), *windows_ended(at(2, 1)), *windows_started(at(2, 3)))
    verdict = judge(BEGAN_ANEW, read(*events, signed_in(at(3), OTHER, 2), signed_in(at(12, 58), session=3)))
    assert (verdict.cause, verdict.confidence) == ("machine_restarted", PROOF)
    assert verdict.summary.endswith("; its user did not sign in until 2026-03-11 06:58:00Z.")


def test_a_connector_that_nobody_started_after_signing_in_is_not_running() -> None:
    events = (signed_in(at(-9)), asked(at(0, 5)), *windows_ended(at(0, 6)), *windows_started(at(0, 8)))
    verdict = judge(BEGAN_ANEW, read(*events, signed_in(at(0, 30))))
    assert (verdict.cause, verdict.confidence, verdict.how) == ("connector_not_running", STRONG, How.NOT_STARTED)
    assert verdict.begins == at(0, 30)
    assert [other.cause for other in verdict.others] == ["machine_restarted"]


def test_a_connector_that_a_policy_kept_from_starting_after_the_sign_in_is_blocked() -> None:
    block = xml(
        "Microsoft-Windows-AppLocker", 8004, at(1), {"FilePath": r"%PROGRAMFILES%\INTUIT\QBWEBCONNECTOR.EXE"},
        user_data="RuleAndFileData",
    )  # fmt: skip
    events = (signed_in(at(-9)), asked(at(0, 5)), *windows_ended(at(0, 6)), *windows_started(at(0, 8)))
    assert of(LASTING, *events, signed_in(at(0, 58)), block) == ("antivirus_or_policy_blocked", PROOF, How.POLICY)


def test_a_program_of_quickbooks_that_was_stopped_explains_a_run_that_stands_still_and_nothing_else() -> None:
    block = BLOCKED.replace("QBWebConnector.exe", "QBW.EXE").replace("Intuit", "QuickBooks")
    assert of(MID_RUN, block) == ("antivirus_or_policy_blocked", LIKELY, How.ANTIVIRUS)
    assert of(NIGHT, block, signals=QUIET)[0] == "missed_schedule"


def test_a_restart_in_the_last_part_of_a_long_silence_explains_that_part_only() -> None:
    late = (
        signed_in(at(-9)),
        asked(at(9)),
        *windows_ended(at(9, 1)),
        *windows_started(at(9, 3)),
        signed_in(at(12, 58)),
    )
    verdict = judge(BEGAN_ANEW, read(*late))
    assert (verdict.confidence, verdict.others[0].cause) == (LIKELY, "machine_restarted")
    assert verdict.others[0].speaks_against == "It explains 4 h of 13 h."
    assert judge(replace(BEGAN_ANEW, turn=timedelta(hours=12)), read(*late)).cause == "machine_restarted"


def test_a_clock_that_was_set_by_hand_is_told_and_no_pause() -> None:
    by_hand = clock_set(at(0, 1), at(13), reason=1, process=r"C:\Windows\SystemSettings.exe")
    verdict = judge(WENT_ON, [*QUIET, *read(by_hand)])
    assert verdict.cause == "auto_run_off"
    assert verdict.evidence[-1] == "The clock was set by 46740 s at 2026-03-10 18:01:00Z."


def test_the_watchers_own_absence_is_told_and_is_nobodys_fault() -> None:
    away = probe("probe/away", at(6), LastSeen=at(2).isoformat(), SeenAgain=at(6).isoformat(), Why="stopped")
    verdict = judge(WENT_ON, [*QUIET, away])
    assert verdict.cause == "auto_run_off"
    assert verdict.evidence[-1].startswith("qbwatch itself did not run from 2026-03-10 20:00:00Z to")


def test_the_probes_alone_prove_a_sleep_a_restart_a_sign_out_and_a_closed_connector() -> None:
    def probed(code: str, hours: float, **fields: str) -> tuple[str, Confidence, How | None]:
        return of(LASTING, signals=[*QUIET, probe(code, at(hours), **fields)])

    slept_through = {"SleepTime": at(0, 5).isoformat(), "WakeTime": at(12, 59).isoformat()}
    assert probed("probe/slept", 12.99, **slept_through) == ("machine_asleep", PROOF, None)
    assert probed("probe/boot", 1, LastSeen=at(0, 5).isoformat(), BootTime=at(0, 9).isoformat()) == (
        "machine_restarted", PROOF, None,
    )  # fmt: skip
    assert probed("probe/session", 0.1, User="qbsync", State="gone") == ("session_logged_out", PROOF, How.PERSON)
    closed = probed("probe/process", 0.1, Name="QBWebConnector.exe", State="gone")
    assert closed == ("connector_not_running", PROOF, How.CLOSED)


def test_a_connector_that_was_gone_at_the_first_look_may_have_been_so_since_the_last_line() -> None:
    gone = probe("probe/process", at(3), Name="QBWebConnector.exe", State="gone")
    assert of(LASTING, signals=[*QUIET, gone]) == ("connector_not_running", PROOF, How.CLOSED)
    restarted = probe("probe/boot", at(1), LastSeen=at(0, 5).isoformat(), BootTime=at(0, 9).isoformat())
    assert of(LASTING, signals=[*QUIET, gone, restarted])[0] == "machine_restarted"


def test_a_connector_that_the_probes_see_running_lives_and_starts_nothing() -> None:
    running = probe("probe/process", at(-1), Name="QBWebConnector.exe", State="running")
    assert of(LASTING, signals=[*QUIET, running]) == ("auto_run_off", WEAK, None)


def test_a_verdict_says_what_happened_when_and_what_proves_it() -> None:
    events = (entering_sleep(at(0, 12, 16)), slept(at(0, 12, 15), at(12, 59)))
    verdict = judge(WENT_ON, read(*events))
    assert (verdict.begins, verdict.ends, verdict.is_told) == (at(0, 12, 15), at(12, 59), True)
    assert verdict.summary == (
        "The machine went to sleep at 2026-03-10 18:12:15Z by itself after idling, as its power plan says, "
        "and woke at 2026-03-11 06:59:00Z."
    )
    assert verdict.evidence == (
        (
            "No line from 2026-03-10 18:00:00Z to 2026-03-11 07:00:00Z; the schedule's usual turn is 15 min, "
            "so about 51 were missed."
        ),
        (
            "2026-03-10 18:12:16Z Microsoft-Windows-Kernel-Power/42 Windows goes down: TargetState=4 (sleep); "
            "Reason=7 (idle)"
        ),
        (
            "2026-03-11 06:59:02Z Microsoft-Windows-Power-Troubleshooter/1 slept: SleepTime=2026-03-10 18:12:15Z; "
            "WakeTime=2026-03-11 06:59:00Z"
        ),
    )


def summary_of(*events: str, absence: Absence = BEGAN_ANEW) -> str:
    return judge(absence, read(*events), at(13)).summary


def test_a_power_loss_says_when_the_machine_was_last_alive() -> None:
    assert summary_of(*stopped_dead(at(12), alive=at(4)), signed_in(at(12, 9))) == (
        "The machine stopped without shutting down; it was last known alive at 2026-03-10 22:00:00Z, and Windows "
        "started at 2026-03-11 06:00:00Z; nobody signed in until 2026-03-11 06:09:00Z."
    )


def test_a_restart_for_updates_says_so_and_that_nobody_signed_in() -> None:
    assert summary_of(*UPDATED, signed_in(at(12, 58))) == (
        "Windows Update restarted the machine at 2026-03-10 20:00:00Z, and Windows started at 2026-03-10 20:03:00Z; "
        "nobody signed in until 2026-03-11 06:58:00Z."
    )


def test_what_still_lasts_is_said_to_last() -> None:
    lasting: list[Verdict] = [
        judge(LASTING, read(one), at(13)) for one in (signed_out(at(0, 5)), entering_sleep(at(0, 5)))
    ]
    assert [(one.cause, one.confidence, one.ends) for one in lasting] == [
        ("session_logged_out", PROOF, None),
        ("machine_asleep", PROOF, None),
    ]
    assert lasting[0].summary == "The Windows user signed out at 2026-03-10 18:05:00Z; nobody has signed in since."
    assert lasting[0].evidence[0].startswith("No line since 2026-03-10 18:00:00Z; ")


def test_a_silence_that_outlasts_what_explains_it_says_so() -> None:
    verdict = judge(LASTING, read(slept(at(0, 5), at(11))), at(13))
    assert (verdict.cause, verdict.ends) == ("machine_asleep", at(11))
    assert verdict.others[-1] == Alternative(
        cause="connector_not_running",
        confidence=LIKELY,
        speaks_for="Nothing has run since 2026-03-11 05:00:00Z either, and nothing tells why.",
    )
    assert judge(LASTING, read(slept(at(0, 5), at(12, 55))), at(13)).others == ()


def test_the_evidence_of_a_crash_names_the_exception() -> None:
    trace = (
        "Application: QBWebConnector.exe\nFramework Version: v4.0.30319\nException Info: System.Exception\n   at A()"
    )
    verdict = judge(BEGAN_ANEW, read(xml(".NET Runtime", 1026, at(0, 5), (trace,))))
    assert verdict.evidence[1] == (
        "2026-03-10 18:05:00Z .NET Runtime/1026 a .NET program crashed: "
        "QBWebConnector.exe: Exception Info: System.Exception"
    )


def test_an_export_that_holds_only_words_still_tells_what_ended_the_program() -> None:
    def shown(code: str, words: str) -> Record:
        span = Span(offset=0, length=0, line=1)
        return Record(
            format="windows-events", time=at(0, 5), component="x", message=words, codes=(code,), span=span
        )  # fmt: skip

    german = shown("Application Error/1000", "Name der fehlerhaften Anwendung: QBWebConnector.exe, Version: 33.0")
    hung = shown("Application Hang/1002", "Programm QBWebConnector.exe, Version 33.0 kann nicht mehr ausgeführt werden")
    off = shown("Microsoft-Windows-Winlogon/7002", "Benutzerabmeldebenachrichtigung")
    found = [judge(LASTING, [one], at(13)) for one in (german, hung, off)]
    assert [(one.cause, one.confidence) for one in found] == [
        ("connector_crashed", PROOF), ("connector_hung", PROOF), ("session_logged_out", PROOF),
    ]  # fmt: skip


def test_the_runs_missed_are_told_by_application() -> None:
    missed = (MissedRuns(application="Contoso Sync", count=40), MissedRuns(application="Fabrikam Orders", count=11))
    verdict = judge(replace(NIGHT, missed=missed), [])
    assert verdict.evidence[0].endswith("so about 51 were missed (Contoso Sync 40, Fabrikam Orders 11).")

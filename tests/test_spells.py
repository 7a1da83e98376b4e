"""Signals become spells, with every trap that Windows sets: stamps, orders, spellings and shapes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from windows_signals import (
    BOOT,
    DEFENDER,
    OTHER,
    POWER,
    SESSIONS,
    asked,
    at,
    clock_set,
    entering_sleep,
    iso,
    probe,
    read,
    resumed,
    session_event,
    signed_in,
    signed_out,
    slept,
    stopped_dead,
    windows_ended,
    windows_started,
    xml,
)

from rules.absence import How, SpellKind, spells
from rules.event import Confidence

if TYPE_CHECKING:
    from ingest.record import Record
    from rules.absence import Spell

Told = tuple[SpellKind, datetime, datetime | None]


def told(signals: list[Record]) -> list[Told]:
    return [(spell.kind, spell.begins, spell.ends) for spell in spells(signals)]


def only(signals: list[Record], kind: SpellKind) -> Spell:
    [spell] = [one for one in spells(signals) if one.kind is kind]
    return spell


NIGHT_OF_SLEEP = read(
    entering_sleep(at(seconds=16)),
    clock_set(at(seconds=16), at(minutes=20, seconds=16)),
    # Stored in this order: an event of the new clock stands before one that still has the old one.
    xml("EventLog", 6013, at(hours=13), ("", "", "", "", "249221", "60", "300 Eastern Standard Time")),
    resumed(at(minutes=20, seconds=30)),
    clock_set(at(minutes=20, seconds=30), at(hours=13)),
    slept(at(seconds=15), at(hours=13, seconds=2)),
)


def test_a_sleep_has_the_times_that_windows_tells_once_it_is_awake() -> None:
    assert told(NIGHT_OF_SLEEP) == [(SpellKind.ASLEEP, at(seconds=15), at(hours=13, seconds=2))]


def test_the_event_of_resuming_tells_no_time_for_its_stamp_may_be_the_clock_of_before() -> None:
    [record] = read(resumed(at(minutes=20)))
    assert record.time is None
    assert told([*read(entering_sleep(at())), record]) == [(SpellKind.ASLEEP, at(), None)]


def test_without_the_true_times_the_clock_that_is_set_at_each_wake_tells_the_end() -> None:
    signals = [one for one in NIGHT_OF_SLEEP if not one.component.endswith("Troubleshooter")]
    assert told(signals) == [(SpellKind.ASLEEP, at(seconds=16), at(hours=13))]


def test_a_sleep_whose_entering_was_not_exported_is_known_by_the_wake() -> None:
    assert told(read(clock_set(at(), at(hours=9)))) == [(SpellKind.ASLEEP, at(), at(hours=9))]
    assert only(read(clock_set(at(), at(hours=9))), SpellKind.ASLEEP).confidence is Confidence.STRONG


@pytest.mark.parametrize(
    ("reason", "how"), [(0, How.LID), (2, How.BATTERY), (4, How.PROGRAM), (7, How.IDLE), (10, How.BATTERY), (99, None)]
)
def test_why_it_went_to_sleep_is_told_by_number(reason: int, how: How | None) -> None:
    assert only(read(entering_sleep(at(), reason=reason)), SpellKind.ASLEEP).how is how


def test_hibernation_is_told_from_sleep_also_where_it_followed_on_it() -> None:
    assert only(read(entering_sleep(at(), target=5)), SpellKind.HIBERNATED).begins == at()
    later = read(
        entering_sleep(at()), entering_sleep(at(3), target=5, reason=6), slept(at(), at(3)),
        slept(at(3), at(9), target=5),
    )  # fmt: skip
    assert told(later) == [(SpellKind.HIBERNATED, at(), at(9))]


def test_modern_standby_is_a_pair_of_events_or_a_length() -> None:
    entered = xml(POWER, 506, at(), {"Reason": 12, "LidOpenState": 1})
    left = xml(POWER, 507, at(9), {"Reason": 4, "DurationInUs": 9 * 3600 * 1_000_000})
    spell = only(read(entered, left), SpellKind.STANDBY)
    assert (spell.begins, spell.ends, spell.how, spell.confidence) == (at(), at(9), How.IDLE, Confidence.PROOF)
    assert told(read(left)) == [(SpellKind.STANDBY, at(), at(9))]
    assert told(read(entered)) == [(SpellKind.STANDBY, at(), None)]


def test_a_clock_that_a_program_sets_forward_without_a_sleep_is_a_machine_whose_host_paused_it() -> None:
    spell = only(read(clock_set(at(), at(1), reason=1, process=r"C:\Tools\vmtoolsd.exe")), SpellKind.PAUSED)
    assert (spell.begins, spell.ends, spell.confidence) == (at(), at(1), Confidence.STRONG)
    assert spell.detail == {"program": "vmtoolsd.exe"}


def test_a_clock_that_is_corrected_a_little_or_set_by_hand_or_moved_to_another_zone_pauses_nothing() -> None:
    by_hand = clock_set(at(), at(1), reason=1, process=r"C:\Windows\ImmersiveControlPanel\SystemSettings.exe")
    assert told(read(clock_set(at(), at(seconds=40), reason=1))) == []
    assert told(read(clock_set(at(), at(1), reason=3))) == []
    assert told(read(by_hand)) == [(SpellKind.CLOCK_STEP, at(), at(1))]
    assert told(read(clock_set(at(1), at(), reason=1))) == [(SpellKind.CLOCK_STEP, at(), at(1))]


def test_a_clock_corrected_by_a_program_after_waking_does_not_pause_the_machine_as_well() -> None:
    signals = read(slept(at(), at(9)), clock_set(at(1), at(9), reason=1))
    assert told(signals) == [(SpellKind.ASLEEP, at(), at(9))]


RESTART = read(
    asked(at(9)),
    signed_out(at(9, seconds=5)),
    # Stored behind what the start wrote, with the stamp of before it.
    *windows_started(at(9, 2)),
    *windows_ended(at(9, 0, 40)),
    signed_in(at(14)),
)


def test_a_restart_is_one_spell_and_the_wait_for_a_sign_in_another() -> None:
    assert told(RESTART) == [
        (SpellKind.DOWN, at(9), at(9, 2)),
        (SpellKind.SIGNED_OUT, at(9, 2), at(14)),
    ]
    down = only(RESTART, SpellKind.DOWN)
    assert (down.how, down.detail["action"], down.detail["program"]) == (How.UPDATE, "restart", "svchost.exe")


def test_old_and_new_windows_spell_the_source_of_the_restart_differently_and_give_its_data_otherwise() -> None:
    values = (r"C:\Windows\Explorer.EXE", "SYNC-PC-01", "Other", "0x0", "power off", "", r"SYNC-PC-01\qbsync")
    old = read(xml("USER32", 1074, at(9), values, binary="00"), *windows_ended(at(9, 1), 6), *windows_started(at(20)))
    new = read(
        xml("User32", 1074, at(9), {f"param{place}": value for place, value in enumerate(values, 1)}),
        *windows_ended(at(9, 1), 6), *windows_started(at(20)),
    )  # fmt: skip
    for signals in (old, new):
        down = only(signals, SpellKind.DOWN)
        assert (down.begins, down.ends, down.how, down.detail) == (
            at(9), at(20), How.PERSON,
            {"action": "off", "program": "explorer.exe", "user": r"SYNC-PC-01\qbsync"},
        )  # fmt: skip


def test_a_shutdown_that_is_carried_out_as_hibernation_is_no_sleep() -> None:
    signals = read(
        asked(at(), "StartMenuExperienceHost.exe", "power off", r"SYNC-PC-01\qbsync"),
        signed_out(at(seconds=3)),
        entering_sleep(at(seconds=5), target=6, effective=5),
        # The next start has neither 12 nor 6005, and its first events have the clock of before.
        xml(BOOT, 27, at(seconds=7), {"BootType": 1}),
        resumed(at(seconds=7)),
        clock_set(at(seconds=7), at(13)),
        slept(at(seconds=5), at(13), target=6),
        signed_in(at(13, 1)),
    )
    assert told(signals) == [
        (SpellKind.DOWN, at(), at(13)),
        (SpellKind.SIGNED_OUT, at(13), at(13, 1)),
    ]
    down = only(signals, SpellKind.DOWN)
    assert (down.how, down.detail["action"]) == (How.FAST_STARTUP, "off")


def test_a_wish_to_restart_that_was_taken_back_ends_nothing() -> None:
    assert told(read(asked(at()), signed_in(at(5)))) == []


def test_a_power_loss_has_the_time_that_the_binary_tells_in_utc_not_the_text_in_local_words() -> None:
    spell = only(read(*stopped_dead(at(13), alive=at(4, 7))), SpellKind.POWER_LOST)
    assert (spell.begins, spell.ends, spell.is_bound, spell.confidence) == (at(4, 7), at(13), True, Confidence.PROOF)
    assert spell.detail == {"last_alive": at(4, 7).isoformat()}


def test_what_was_written_after_the_log_last_knew_it_alive_shows_that_it_lived_on() -> None:
    signals = read(*stopped_dead(at(13), alive=at(4)), xml("Service Control Manager", 7036, at(4, 9), ("a", "b")))
    assert only(signals, SpellKind.POWER_LOST).begins == at(4, 9)


def test_a_power_loss_whose_binary_is_damaged_is_still_one() -> None:
    signals = read(*stopped_dead(at(13), alive=at(4)))
    torn = [one for one in signals if one.codes != ("EventLog/6008",)]
    cut = read(xml("EventLog", 6008, at(13), ("9:59:13 AM",), binary="DC07"))
    assert told([*torn, *cut]) == [(SpellKind.POWER_LOST, at(13), at(13))]


def test_a_held_button_a_lost_battery_in_sleep_and_a_blue_screen_are_told_apart() -> None:
    assert only(read(*stopped_dead(at(9), at(4), button=131_000)), SpellKind.POWER_LOST).how is How.BUTTON
    assert only(read(*stopped_dead(at(9), at(4), asleep="true")), SpellKind.POWER_LOST).how is How.ASLEEP
    crash = only(read(*stopped_dead(at(9), at(4), bugcheck=0x9F)), SpellKind.BLUE_SCREEN)
    assert crash.detail["stop_code"] == "0x0000009F"


def test_a_start_whose_end_nobody_noted_began_after_the_last_event() -> None:
    signals = read(xml("EventLog", 6013, at(2), ("1",)), *windows_started(at(9)))
    down = only(signals, SpellKind.DOWN)
    assert (down.begins, down.ends, down.is_bound) == (at(2), at(9), True)


def test_every_night_off_is_a_spell_of_its_own_also_where_the_starts_wrote_nothing() -> None:
    nights = [entering_sleep(at(24 * day), target=6, effective=5) for day in range(3)]
    mornings = [signed_in(at(24 * day + 13)) for day in range(3)]
    assert [one for one in told(read(*nights, *mornings)) if one[0] is SpellKind.DOWN] == [
        (SpellKind.DOWN, at(24 * day), at(24 * day + 13)) for day in range(3)
    ]


def test_the_kernels_word_before_a_sleep_ends_no_windows() -> None:
    signals = read(xml(POWER, 109, at(), {"ShutdownActionType": 2}), slept(at(), at(9)))
    assert told(signals) == [(SpellKind.ASLEEP, at(), at(9))]


def test_a_last_shutdown_called_bad_is_believed_only_where_no_end_was_noted() -> None:
    started = windows_started(at(9), good=False)
    assert told(read(*started, signed_in(at(-1)))) == [
        (SpellKind.POWER_LOST, at(-1), at(9)),
        (SpellKind.SIGNED_OUT, at(9), None),
    ]
    assert told(read(*windows_ended(at()), *started)) == [(SpellKind.DOWN, at(), at(9))]


def test_a_start_told_by_a_clock_that_was_not_set_yet_counts_from_its_own_stamp() -> None:
    wrong = xml("Microsoft-Windows-Kernel-General", 12, at(9), {"StartTime": iso(at(1))})
    assert [one.ends for one in spells(read(wrong))] == [at(9)]


def test_a_sign_out_lasts_until_the_same_person_comes_back() -> None:
    signals = read(signed_out(at(1)), signed_in(at(2), OTHER, 3), signed_in(at(9), session=4))
    assert told(signals) == [(SpellKind.SIGNED_OUT, at(1), at(9))]


def test_two_channels_that_write_of_one_sign_out_tell_of_one_in_either_shape() -> None:
    signals = read(session_event(23, at(1)), signed_out(at(1, seconds=1)), session_event(21, at(9)))
    assert told(signals) == [(SpellKind.SIGNED_OUT, at(1), at(9))]


def test_the_data_of_a_session_stand_in_an_element_of_their_own() -> None:
    [spell] = spells(read(session_event(23, at(1))))
    assert spell.detail["user"] == "qbsync"


def test_a_session_that_is_only_disconnected_or_locked_is_not_signed_out() -> None:
    locked = xml("Microsoft-Windows-Security-Auditing", 4800, at(3), {"TargetUserName": "qbsync", "SessionId": 2})
    assert told(read(session_event(24, at(1)), session_event(25, at(2)), locked)) == [
        (SpellKind.DISCONNECTED, at(1), at(2)),
        (SpellKind.DISCONNECTED, at(3), None),
    ]


def test_a_session_that_ends_long_after_it_was_disconnected_was_ended_by_a_time_limit() -> None:
    limit = read(session_event(24, at(1)), session_event(23, at(3)), signed_out(at(3)))
    by_hand = read(session_event(24, at(3)), session_event(23, at(3, seconds=2)))
    came_back = read(session_event(24, at(1)), session_event(25, at(2)), session_event(23, at(3)))
    by_number = read(
        xml(SESSIONS, 40, at(3), {"Session": 2, "Reason": 4}, user_data="EventXML"), session_event(23, at(3, seconds=9))
    )
    assert [only(one, SpellKind.SIGNED_OUT).how for one in (limit, by_hand, came_back, by_number)] == [
        How.TIME_LIMIT, How.PERSON, How.PERSON, How.TIME_LIMIT,
    ]  # fmt: skip


def test_logons_over_the_network_count_for_nothing() -> None:
    def logoff(kind: int) -> str:
        return xml("Microsoft-Windows-Security-Auditing", 4634, at(1), {"TargetUserName": "qbsync", "LogonType": kind})

    assert told(read(logoff(3))) == []
    assert told(read(logoff(10))) == [(SpellKind.SIGNED_OUT, at(1), None)]
    assert told(read(logoff(10), signed_in(at()))) == []


CRASH = ("QBWebConnector.exe", "33.0.10015.91", "5f3a1c2d", "KERNELBASE.dll", "10.0.19041.1", "1", "e0434352", "0001")
TRACE = (
    "Application: QBWebConnector.exe\nFramework Version: v4.0.30319\nException Info: System.NullReferenceException\n"
    "   at QBWebConnector.Main()"
)


def test_a_crash_is_known_in_the_unnamed_and_in_the_named_shape_and_with_its_trace() -> None:
    unnamed = read(xml("Application Error", 1000, at(1), CRASH, level=2))
    named = read(xml("Application Error", 1000, at(1), {"AppName": "QBWebConnector.exe", "AppVersion": "33"}, level=2))
    traced = read(xml(".NET Runtime", 1026, at(1), (TRACE,), level=2))
    for signals in (unnamed, named, traced, [*unnamed, *traced]):
        spell = only(signals, SpellKind.CONNECTOR_DOWN)
        assert (spell.begins, spell.how, spell.confidence) == (at(1), How.CRASH, Confidence.PROOF)


def test_a_hang_is_told_apart_and_other_programs_are_nobodys_business() -> None:
    assert only(read(xml("Application Hang", 1002, at(1), CRASH)), SpellKind.CONNECTOR_DOWN).how is How.HANG
    assert only(
        read(xml("Application Hang", 1002, at(1), ("QBW32.EXE", "31"))), SpellKind.QUICKBOOKS_DOWN
    ).begins == at(1)
    assert told(read(xml("Application Error", 1000, at(1), ("WINWORD.EXE", "16")))) == []
    assert told(read(xml(".NET Runtime", 1026, at(1), ("Application: Other.exe\ncalled QBWebConnector.exe",)))) == []


def test_what_security_programs_and_policies_stop_is_told_by_whose_file_it_is() -> None:
    path = r"C:\Program Files (x86)\Common Files\Intuit\QuickBooks\QBWebConnector\QBWebConnector.exe"
    found = xml(
        DEFENDER, 1117, at(1), {"Threat Name": "Program:Win32/Wacapew", "Path": path, "Action Name": "Quarantine"}
    )
    locker = xml(
        "Microsoft-Windows-AppLocker", 8004, at(1), {"FilePath": r"%PROGRAMFILES%\INTUIT\QUICKBOOKS\QBW.EXE"},
        user_data="RuleAndFileData",
    )  # fmt: skip
    integrity = xml("Microsoft-Windows-CodeIntegrity", 3077, at(1), {"File Name": path, "PolicyName": "Contoso"})
    blocked = [only(read(one), SpellKind.BLOCKED) for one in (found, locker, integrity)]
    assert [(one.how, one.detail["file"]) for one in blocked] == [
        (How.ANTIVIRUS, "connector"), (How.POLICY, "quickbooks"), (How.POLICY, "connector"),
    ]  # fmt: skip


def test_what_was_allowed_or_only_lies_in_a_folder_of_quickbooks_is_not_blocked() -> None:
    path = r"C:\Books\QuickBooks\Contoso.qbw"
    allowed = xml(DEFENDER, 1117, at(1), {"Path": r"C:\Intuit\QBWebConnector.exe", "Action Name": "Allow"})
    folder = xml(DEFENDER, 1123, at(1), {"Path": path, "Process Name": r"C:\Tools\archiver.exe"})
    assert told(read(allowed, folder)) == []


def test_the_probes_tell_the_same_spells_where_windows_tells_nothing() -> None:
    signals = [
        probe("probe/slept", at(2), SleepTime=iso(at(1)), WakeTime=iso(at(2))),
        probe("probe/clock-step", at(4), OldTime=iso(at(3)), NewTime=iso(at(4))),
        probe("probe/away", at(6), LastSeen=iso(at(5)), SeenAgain=iso(at(6)), Why="stopped"),
        probe("probe/boot", at(8, 1), LastSeen=iso(at(7)), BootTime=iso(at(8))),
        probe("probe/session", at(9), User="qbsync", SessionId="2", State="gone"),
        probe("probe/session", at(10), User="qbsync", SessionId="3", State="disconnected"),
        probe("probe/process", at(11), Name="QBWebConnector.exe", State="gone"),
        probe("probe/process", at(12), Name="QBWebConnector.exe", State="running"),
    ]
    assert told(signals) == [
        (SpellKind.ASLEEP, at(1), at(2)),
        (SpellKind.PAUSED, at(3), at(4)),
        (SpellKind.WATCHER_AWAY, at(5), at(6)),
        (SpellKind.DOWN, at(7), at(8)),
        (SpellKind.SIGNED_OUT, at(8), at(10)),
        (SpellKind.SIGNED_OUT, at(9), at(10)),
        (SpellKind.CONNECTOR_DOWN, at(11), at(12)),
    ]


def gone(what: str, hours: float, last_seen: float | None = None, **fields: str) -> Record:
    seen = {} if last_seen is None else {"LastSeen": iso(at(last_seen))}
    return probe(f"probe/{what}", at(hours), State="gone", **fields, **seen)


def test_what_a_probe_finds_gone_went_after_it_was_last_seen() -> None:
    signals = [gone("process", 6, 2, Name="QBWebConnector.exe", Pid="7"), gone("session", 9, 8, User="qbsync")]
    assert [(one.begins, one.is_bound) for one in spells(signals)] == [(at(2), True), (at(8), True)]


def test_a_connector_that_went_with_its_session_or_with_windows_did_not_close_by_itself() -> None:
    process = gone("process", 1.01, 0.99, Name="QBWebConnector.exe", Pid="7")
    assert told([*read(signed_out(at(1))), process]) == [(SpellKind.SIGNED_OUT, at(1), None)]
    restart = [probe("probe/boot", at(1.01), LastSeen=iso(at(0.99)), BootTime=iso(at(1)))]
    session = gone("session", 1.01, 0.99, User="qbsync")
    assert [one[0] for one in told([*restart, process, session])] == [SpellKind.DOWN, SpellKind.SIGNED_OUT]
    assert spells([*restart, process, session])[1].how is How.RESTART


def test_while_another_users_connector_runs_one_that_ends_stops_nothing() -> None:
    def look(pid: str, hours: float, state: str) -> Record:
        return probe("probe/process", at(hours), Name="QBWebConnector.exe", Pid=pid, State=state)

    assert told([look("7", 0, "running"), look("8", 0, "running"), look("7", 1, "gone")]) == []
    assert told([look("7", 0, "running"), look("7", 1, "gone")]) == [(SpellKind.CONNECTOR_DOWN, at(1), None)]


def test_a_jump_that_a_probe_saw_too_is_windows_to_explain() -> None:
    by_hand = clock_set(at(), at(1), reason=1, process=r"C:\Windows\SystemSettings.exe")
    seen = probe("probe/clock-step", at(1.01), OldTime=iso(at(0.01)), NewTime=iso(at(1.01)))
    assert told([*read(by_hand), seen]) == [(SpellKind.CLOCK_STEP, at(), at(1))]
    assert only([seen], SpellKind.PAUSED).confidence is Confidence.LIKELY


def test_a_watcher_that_was_away_while_the_machine_slept_tells_both() -> None:
    away = {"LastSeen": iso(at(1)), "SeenAgain": iso(at(9))}
    slept_most = probe("probe/away", at(9), SleptSeconds="28000", **away)
    assert told([slept_most]) == [(SpellKind.ASLEEP, at(1), at(9)), (SpellKind.WATCHER_AWAY, at(1), at(9))]
    assert told([probe("probe/away", at(9), SleptSeconds="60", **away)]) == [(SpellKind.WATCHER_AWAY, at(1), at(9))]


def test_what_comes_after_now_is_not_known_yet() -> None:
    assert [one.ends for one in spells(NIGHT_OF_SLEEP, at(1))] == [at(minutes=20, seconds=16)]
    assert spells(RESTART, at(9) - timedelta(seconds=1)) == []

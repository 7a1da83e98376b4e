"""Gaps are explained by what Windows noted, and only then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.record import Record, Span
from rules.absence import NUL_RUN, Gap, explain, is_gap, turn_of
from rules.event import Confidence

NIGHT = datetime(2026, 3, 10, 22, 0, tzinfo=UTC)
GAP = Gap(begins=NIGHT, ends=NIGHT + timedelta(hours=9), turn=timedelta(minutes=15))


def signal(code: str, at: datetime, **fields: str) -> Record:
    provider = code.rpartition("/")[0]
    span = Span(offset=0, length=0, line=1)
    return Record(
        format="windows-events", time=at, component=provider, message="", codes=(code,), fields=fields, span=span
    )  # fmt: skip


SLEEP = signal("Microsoft-Windows-Kernel-Power/42", NIGHT + timedelta(minutes=20), TargetState="4", EffectiveState="4")
SLEPT = signal(
    "Microsoft-Windows-Power-Troubleshooter/1",
    GAP.ends - timedelta(seconds=30),
    SleepTime="2026-03-10T22:20:00.1234567Z",
    WakeTime="2026-03-11T06:59:00.0000000Z",
)
LOGOFF = signal("Microsoft-Windows-Winlogon/7002", NIGHT + timedelta(minutes=5))
LOGON = signal("Microsoft-Windows-Winlogon/7001", GAP.ends - timedelta(minutes=3))
BOOT = signal("Microsoft-Windows-Kernel-General/12", NIGHT + timedelta(hours=4))
ASKED = signal("User32/1074", NIGHT + timedelta(hours=4, minutes=-1), param5="restart")
LOST = signal("EventLog/6008", NIGHT + timedelta(hours=5))
FAST_STARTUP = signal("Microsoft-Windows-Kernel-Power/42", NIGHT, TargetState="6", EffectiveState="5")


def cause_of(*signals: Record) -> str | None:
    verdict = explain(GAP, signals)
    return verdict.cause if verdict else None


def test_a_gap_that_nothing_explains_is_left_alone() -> None:
    assert cause_of() is None


def test_sleep_signing_out_a_restart_and_a_power_loss_are_told_apart() -> None:
    assert cause_of(SLEEP, SLEPT) == "machine_asleep"
    assert cause_of(SLEPT) == "machine_asleep"
    assert cause_of(LOGOFF, LOGON) == "session_logged_out"
    assert cause_of(LOGOFF, ASKED, BOOT) == "machine_restarted"
    assert cause_of(LOST, BOOT) == "power_lost"


def test_a_shutdown_that_is_carried_out_as_hibernation_is_no_sleep() -> None:
    assert cause_of(FAST_STARTUP) is None


def test_an_export_without_the_events_data_does_not_prove_sleep() -> None:
    bare = signal("Microsoft-Windows-Kernel-Power/42", NIGHT + timedelta(minutes=20))
    verdicts = [explain(GAP, signals) for signals in ([SLEEP], [bare], [bare, SLEPT])]
    assert [(one.cause, one.confidence) for one in verdicts if one] == [
        ("machine_asleep", Confidence.PROOF),
        ("machine_asleep", Confidence.STRONG),
        ("machine_asleep", Confidence.PROOF),
    ]


def test_a_write_that_was_cut_off_makes_a_power_loss_likely_unless_windows_says_more() -> None:
    nuls = signal(NUL_RUN, NIGHT)
    verdict = explain(GAP, [nuls])
    assert verdict
    assert (verdict.cause, verdict.confidence) == ("power_lost", Confidence.LIKELY)
    assert cause_of(nuls, SLEEP, SLEPT) == "machine_asleep"


def test_a_nap_does_not_explain_a_long_gap_and_several_may() -> None:
    def nap(begins: str, ends: str) -> Record:
        times = {"SleepTime": f"2026-03-{begins}:00Z", "WakeTime": f"2026-03-{ends}:00Z"}
        return signal("Microsoft-Windows-Power-Troubleshooter/1", NIGHT + timedelta(hours=1), **times)

    short = nap("10T22:20", "10T22:22")
    assert cause_of(SLEEP, short) is None
    assert cause_of(SLEEP, nap("10T22:20", "11T01:00"), nap("11T01:10", "11T06:00")) == "machine_asleep"


def test_who_signed_out_before_the_last_line_or_left_a_machine_that_then_slept_is_not_the_cause() -> None:
    before = signal("Microsoft-Windows-Winlogon/7002", NIGHT - timedelta(minutes=1))
    assert cause_of(before) is None
    assert cause_of(LOGOFF, SLEEP, SLEPT) == "machine_asleep"
    assert cause_of(LOGOFF, SLEEP, SLEPT, LOGON) == "session_logged_out"


def test_a_sleep_of_another_time_proves_nothing() -> None:
    other = signal(
        "Microsoft-Windows-Power-Troubleshooter/1",
        GAP.ends,
        SleepTime="2026-03-09T22:20:00Z",
        WakeTime="2026-03-10T06:59:00Z",
    )
    assert cause_of(other) is None


def test_the_evidence_names_the_gap_the_turns_missed_and_the_proof() -> None:
    verdict = explain(GAP, [SLEEP, SLEPT])
    assert verdict is not None
    assert verdict.confidence is Confidence.PROOF
    assert verdict.evidence[0] == (
        "No line from 2026-03-10 22:00:00Z to 2026-03-11 07:00:00Z; "
        "the schedule's usual turn is 15 min, so about 35 were missed."
    )
    assert len(verdict.evidence) == 3


@given(st.permutations([SLEEP, SLEPT, LOGOFF, LOGON]))
def test_the_order_of_the_events_does_not_matter(signals: list[Record]) -> None:
    assert cause_of(*signals) == "session_logged_out"


@given(st.lists(st.floats(min_value=1, max_value=86400), min_size=3))
def test_the_usual_turn_lies_among_the_intervals_seen(intervals: list[float]) -> None:
    turn = turn_of(intervals)
    assert turn is not None
    assert min(intervals) - 1 <= turn.total_seconds() <= max(intervals) + 1


def test_a_turn_is_not_guessed_from_too_little() -> None:
    assert turn_of([60.0, 60.0]) is None


def test_a_gap_is_more_than_a_slow_turn() -> None:
    assert not is_gap(timedelta(minutes=44), timedelta(minutes=15))
    assert is_gap(timedelta(minutes=45), timedelta(minutes=15))
    assert not is_gap(timedelta(minutes=9), timedelta(seconds=10))

"""Whatever the signals are and in whatever order they come: no raise, the same spells, no proof out of nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from windows_signals import (
    BOOT,
    LOGON,
    OTHER,
    POWER,
    SYNC,
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
from rules.absence import NUL_RUN, Absence, MissedRuns, SpellKind, judge, spells
from rules.absence.clues import stamp
from rules.absence.shares import SAME_MOMENT
from rules.event import Confidence
from rules.load import load

if TYPE_CHECKING:
    from random import Random

    from hypothesis.strategies import SearchStrategy

CATALOGUE = load()
times = st.integers(min_value=-3 * 86400, max_value=3 * 86400).map(lambda seconds: at(seconds=seconds))
lengths = st.integers(min_value=1, max_value=86400).map(lambda seconds: timedelta(seconds=seconds))
users = st.sampled_from([SYNC, OTHER])


PROCESS, SESSION = ("running", "gone", "hung"), ("active", "disconnected", "gone")


def probed(name: str, time: datetime, **fields: str) -> Record:
    return probe(f"probe/{name}", time, **fields)


def one(*events: str) -> list[Record]:
    return read(*events)


PROGRAMS = ("QBWebConnector.exe", "QBW32.EXE", "x.exe")
true_signals: SearchStrategy[list[Record]] = st.one_of(
    st.builds(lambda t, r, s: one(entering_sleep(t, reason=r, target=s)), times, st.integers(0, 15), st.integers(2, 6)),
    st.builds(lambda t, d: one(slept(t, t + d)), times, lengths),
    st.builds(lambda t, d, r: one(clock_set(t, t + d, reason=r)), times, lengths, st.integers(0, 3)),
    st.builds(lambda t, d: one(clock_set(t + d, t, reason=1)), times, lengths),
    st.builds(lambda t, u, s: one(signed_in(t, u, s)), times, users, st.integers(1, 3)),
    st.builds(lambda t, u, s: one(signed_out(t, u, s)), times, users, st.integers(1, 3)),
    st.builds(lambda t, n: one(session_event(n, t)), times, st.sampled_from([21, 23, 24, 25])),
    st.builds(lambda t, a: one(asked(t, action=a)), times, st.sampled_from(["restart", "power off", "Neustart"])),
    st.builds(lambda t: one(*windows_ended(t)), times),
    st.builds(lambda t: one(*windows_started(t)), times),
    st.builds(lambda t, d, b: one(*stopped_dead(t, t - d, bugcheck=b)), times, lengths, st.integers(0, 1)),
    st.builds(lambda t: one(xml(BOOT, 27, t, {"BootType": 1})), times),
    st.builds(lambda t, n: one(xml(POWER, n, t, {"Reason": 12})), times, st.sampled_from([506, 507])),
    st.builds(lambda t, p: one(xml("Application Error", 1000, t, (p, "1"))), times, st.sampled_from(PROGRAMS)),
    st.builds(lambda t, s: [probed("process", t, Name=PROGRAMS[0], State=s)], times, st.sampled_from(PROCESS)),
    st.builds(lambda t, s: [probed("session", t, User="qbsync", State=s)], times, st.sampled_from(SESSION)),
    st.builds(lambda t, d: [probed("boot", t, LastSeen=str(t - d), BootTime=str(t))], times, lengths),
    st.builds(lambda t, d: [probed("away", t, LastSeen=str(t - d), SeenAgain=str(t))], times, lengths),
)
stories = st.lists(true_signals, max_size=8).map(lambda parts: [record for part in parts for record in part])
CODES = (
    f"{POWER}/41", f"{POWER}/42", f"{POWER}/506", f"{POWER}/507", f"{POWER}/109", f"{LOGON}/7001", f"{LOGON}/7002",
    "Microsoft-Windows-Power-Troubleshooter/1", "Microsoft-Windows-Kernel-General/1", "EventLog/6008", "USER32/1074",
    "Microsoft-Windows-Kernel-General/12", "Microsoft-Windows-Kernel-General/13", f"{BOOT}/27",
    "Application Hang/1002", ".NET Runtime/1026", "x", "probe/slept", "probe/boot",
    "probe/process", "probe/away", "probe/clock-step", NUL_RUN,
)  # fmt: skip
NAMES = (
    "SleepTime", "WakeTime", "OldTime", "NewTime", "Reason", "TargetState", "StartTime", "StopTime", "LastAliveTime",
    "BootType", "BugcheckCode", "TSId", "UserSid", "User", "State", "Name", "LastSeen", "SeenAgain", "BootTime",
    "DurationInUs", "AppName", "param1", "LastShutdownGood", "RecordID",
)  # fmt: skip
values = st.one_of(
    st.text(max_size=12), st.integers().map(str), st.datetimes().map(str), times.map(str), st.just(PROGRAMS[0]),
    st.just("0001-01-01T00:00:00+14:00"), st.just("9999-12-31T23:59:59-12:00"), st.just("0x" + "f" * 16),
)  # fmt: skip


def signal(time: datetime | None, codes: tuple[str, ...], fields: dict[str, str]) -> Record:
    span = Span(offset=0, length=0, line=1)
    return Record(format="windows-events", time=time, component="", message="", codes=codes, fields=fields, span=span)


junk = st.builds(
    signal,
    st.one_of(st.none(), times, st.datetimes(timezones=st.just(UTC))),
    st.lists(st.sampled_from(CODES), max_size=2).map(tuple),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=6),
)


def absence_of(begins: datetime, length: timedelta, *, lasts: bool, turn: timedelta | None) -> Absence:
    missed = (MissedRuns(application="Contoso Sync", count=3),)
    return Absence(begins=begins, ends=None if lasts else begins + length, turn=turn, missed=missed)


absences = st.builds(
    lambda absence, start, run, caught: replace(
        absence, resumed_with_start_line=start, open_run=run, caught_up_at_once=caught
    ),
    st.builds(
        absence_of,
        times,
        lengths,
        lasts=st.booleans(),
        turn=st.one_of(st.none(), st.just(timedelta(minutes=15)), lengths),
    ),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "Contoso Sync"]),
    st.sampled_from([(), ("Contoso Sync", "Fabrikam Orders")]),
)
SURE = {Confidence.PROOF, Confidence.STRONG}


def moments_of(signal: Record) -> list[datetime]:
    told = [stamp(value) for value in signal.fields.values() if value[4:5] == "-"]
    return [time for time in (signal.time, *told) if time]


@given(st.lists(junk, max_size=12), absences)
def test_what_makes_no_sense_raises_nothing(signals: list[Record], absence: Absence) -> None:
    found = spells(signals)
    assert all(spell.ends is None or spell.begins <= spell.ends for spell in found)
    assert judge(absence, signals, absence.begins + timedelta(days=1)).cause in CATALOGUE.causes


@given(stories, st.randoms(use_true_random=False))
def test_the_order_in_which_signals_come_changes_no_spell(signals: list[Record], chance: Random) -> None:
    mixed = list(signals)
    chance.shuffle(mixed)
    assert spells(mixed) == spells(signals)
    assert spells([*mixed, *signals]) == spells(signals)


@given(stories, absences)
def test_spells_come_in_order_and_a_verdict_has_times_that_make_sense(signals: list[Record], absence: Absence) -> None:
    found = spells(signals)
    assert [one.begins for one in found] == sorted(one.begins for one in found)
    verdict = judge(absence, signals, absence.begins + timedelta(days=2))
    assert verdict.begins is not None
    assert verdict.ends is None or verdict.begins <= verdict.ends
    assert verdict.evidence
    assert verdict.summary.endswith((".", "!"))


@settings(max_examples=200)
@given(stories, absences)
def test_no_verdict_is_surer_than_likely_without_evidence_inside_the_silence(
    signals: list[Record], absence: Absence
) -> None:
    now = absence.begins + timedelta(days=1)
    ends = absence.ends or now
    first, last = absence.begins - SAME_MOMENT, ends + SAME_MOMENT
    outside = [one for one in signals if not any(first <= time <= last for time in moments_of(one))]
    verdict = judge(absence, outside, now)
    assert verdict.confidence not in SURE, (verdict.cause, verdict.summary)


@given(absences)
def test_without_any_event_nothing_is_surer_than_likely(absence: Absence) -> None:
    verdict = judge(absence, [], absence.begins + timedelta(days=1))
    assert verdict.confidence not in SURE
    assert not verdict.is_told


@given(st.lists(times, max_size=6), absences)
def test_a_session_that_was_only_disconnected_or_locked_is_never_a_cause(
    moments: list[datetime], absence: Absence
) -> None:
    assume(absence.resumed_with_start_line is not True)
    locked = [session_event(24 + place % 2, time) for place, time in enumerate(moments)]
    assert judge(absence, read(*locked), absence.begins + timedelta(days=1)).cause != "session_logged_out"
    assert {one.kind for one in spells(read(*locked))} <= {SpellKind.DISCONNECTED}

"""Why nothing happened: gaps between a log's lines, explained by what Windows noted in them.

What Windows proves comes first; then what a write that was cut off makes likely. A gap that no signal explains is
left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from rules.event import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.record import Record

NUL_RUN = "log/nul-run"
"""The code of the signal that NULs in place of a log's text are."""

# A gap counts from three missed turns on, and never below ten minutes.
_TURNS = 3
_SHORTEST_GAP = timedelta(minutes=10)
# Windows writes what ended a session shortly before or after the log's last line.
_SLACK = timedelta(minutes=2)
# Who signed out before the log's last line did not end the program that wrote it.
_SAME_MOMENT = timedelta(seconds=5)
_FRACTION = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time without a line, between `begins` and `ends`; `turn` is the usual time between two turns."""

    begins: datetime
    ends: datetime
    turn: timedelta

    @property
    def missed(self) -> int:
        """How many turns of the schedule fell into it."""
        return max(int((self.ends - self.begins) / self.turn) - 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why there was a gap, how sure that is, and what proves it."""

    cause: str
    confidence: Confidence
    evidence: tuple[str, ...]


def turn_of(intervals: Sequence[float]) -> timedelta | None:
    """Learn the usual time between two turns of the schedule from their *intervals* in seconds."""
    return timedelta(seconds=median(intervals)) if len(intervals) >= _TURNS else None


def is_gap(length: timedelta, turn: timedelta) -> bool:
    """Say whether *length* without a line is more than the schedule explains."""
    return length >= max(turn * _TURNS, _SHORTEST_GAP)


def explain(gap: Gap, signals: Iterable[Record]) -> Verdict | None:
    """Find what Windows noted in *gap* that explains it; None where nothing does."""
    near = [s for s in signals if s.time and gap.begins - _SLACK <= s.time <= gap.ends + _SLACK]
    near.sort(key=lambda signal: signal.time or gap.begins)
    for judge in (_power_lost, _restarted, _logged_out, _asleep, _cut_off):
        verdict = judge(gap, near)
        if verdict:
            return verdict
    return None


def _power_lost(gap: Gap, near: list[Record]) -> Verdict | None:
    proofs = [s for s in near if _is(s, "EventLog", 6008) or _is(s, "Microsoft-Windows-Kernel-Power", 41)]
    return _verdict("power_lost", gap, proofs)


def _restarted(gap: Gap, near: list[Record]) -> Verdict | None:
    asked = [s for s in near if _is(s, "User32", 1074)]
    booted = [s for s in near if _is(s, "Microsoft-Windows-Kernel-General", 12) or _is(s, "EventLog", 6005)]
    return _verdict("machine_restarted", gap, [*asked, *booted]) if booted else None


def _logged_out(gap: Gap, near: list[Record]) -> Verdict | None:
    """Tell a sign-out after the last line; a machine that then slept without a sign-in was asleep, whoever left."""
    out = [s for s in near if _is(s, "Microsoft-Windows-Winlogon", 7002) and _inside(gap, s.time)]
    back = [s for s in near if _is(s, "Microsoft-Windows-Winlogon", 7001) and out and _after(s, out[0])]
    if not out or (not back and _cover(near, gap)):
        return None
    return _verdict("session_logged_out", gap, [*out[:1], *back[:1]])


def _asleep(gap: Gap, near: list[Record]) -> Verdict | None:
    told = [s for s in near if _is(s, "Microsoft-Windows-Power-Troubleshooter", 1) and "SleepTime" in s.fields]
    slept = told if _cover(told, gap) else []
    entered = [s for s in near if _is(s, "Microsoft-Windows-Kernel-Power", 42) and not _is_fast_startup(s)]
    if told and not slept:
        # Windows says how long it slept, and that explains too little of the gap.
        return None
    # An export without the event's data does not tell sleep from a shutdown that is carried out as hibernation.
    is_sure = slept or any("TargetState" in signal.fields for signal in entered)
    confidence = Confidence.PROOF if is_sure else Confidence.STRONG
    return _verdict("machine_asleep", gap, [*entered[:1], *slept[:1]], confidence)


def _cut_off(gap: Gap, near: list[Record]) -> Verdict | None:
    """Without a word of Windows, NULs in place of the last line say that a write never reached the disk."""
    return _verdict("power_lost", gap, [s for s in near if s.codes == (NUL_RUN,)], Confidence.LIKELY)


def _verdict(cause: str, gap: Gap, proofs: list[Record], confidence: Confidence = Confidence.PROOF) -> Verdict | None:
    if not proofs:
        return None
    lines = tuple(f"{_clock(proof.time)} {proof.codes[0]} {proof.message}"[:300] for proof in proofs[:4])
    silent = (
        f"No line from {_clock(gap.begins)} to {_clock(gap.ends)}; the schedule's usual turn is "
        f"{_length(gap.turn)}, so about {gap.missed} were missed."
    )
    return Verdict(cause=cause, confidence=confidence, evidence=(silent, *lines))


def _is(signal: Record, provider: str, number: int) -> bool:
    return f"{provider}/{number}".lower() in {code.lower() for code in signal.codes}


def _inside(gap: Gap, time: datetime | None) -> bool:
    return time is not None and gap.begins - _SAME_MOMENT <= time <= gap.ends


def _after(signal: Record, first: Record) -> bool:
    return bool(signal.time and first.time and signal.time >= first.time)


def _cover(signals: Iterable[Record], gap: Gap) -> bool:
    """Say whether the sleeps that *signals* tell of are most of the gap; their own stamps are those of the wakes."""
    slept = sum((_shared(signal, gap) for signal in signals), timedelta())
    return slept >= (gap.ends - gap.begins) / 2


def _shared(signal: Record, gap: Gap) -> timedelta:
    slept, woke = _stamp(signal.fields.get("SleepTime", "")), _stamp(signal.fields.get("WakeTime", ""))
    if slept is None or woke is None:
        return timedelta()
    return max(min(woke, gap.ends) - max(slept, gap.begins - _SLACK), timedelta())


def _is_fast_startup(signal: Record) -> bool:
    """Tell a shutdown that is carried out as hibernation from sleep."""
    return signal.fields.get("TargetState") == "6"


def _stamp(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_FRACTION.sub(r"\1", text)).astimezone(UTC)
    except ValueError:
        return None


def _clock(time: datetime | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ") if time else "?"


def _length(turn: timedelta) -> str:
    seconds = round(turn.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"

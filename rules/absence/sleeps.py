"""Sleep, hibernation, modern standby, and what a suspended virtual machine leaves: jumps of its clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rules.absence.clues import (
    GENERAL,
    POWER,
    TROUBLESHOOTER,
    code_of,
    dated,
    first_after,
    near,
    number_in,
    program_of,
    time_in,
)
from rules.absence.spell import How, Spell, SpellKind
from rules.event import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ingest.record import Record

HIBERNATE, SHUTDOWN = 5, 6
"""States that event 42 says the machine is going to; 2 to 4 are kinds of sleep."""

# What one sleep writes lies this close together; Windows may wake for a moment and sleep on.
_SAME = timedelta(minutes=2)
# Shorter jumps are a clock's usual corrections.
_SHORTEST_JUMP = timedelta(minutes=2)
_PROBED = "probe/clock-step"
_BY_PROGRAM, _BY_HARDWARE, _BY_ZONE = 1, 2, 3
_MOST_OF_IT = 0.8
# People set a clock with these; all else that sets it forward catches up with time that was lost.
_CLOCK_TOOLS = frozenset(
    {"systemsettings.exe", "rundll32.exe", "explorer.exe", "control.exe", "cmd.exe", "dllhost.exe"}
)
_WHY_ASLEEP = {
    0: How.LID, 1: How.HEAT, 2: How.BATTERY, 4: How.PROGRAM, 5: How.PROGRAM, 6: How.IDLE, 7: How.IDLE, 10: How.BATTERY,
    11: How.IDLE, 12: How.IDLE, 13: How.IDLE, 14: How.IDLE,
}  # fmt: skip
_WHY_STANDBY = {1: How.LID, 3: How.IDLE, 12: How.IDLE, 15: How.LID, 20: How.PERSON, 21: How.IDLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """One change of the clock, from `old` to `new`; `reason` is its number, None where an old Windows says none."""

    old: datetime
    new: datetime
    reason: int | None
    program: str
    record: Record

    @property
    def length(self) -> timedelta:
        """How far the clock went forward."""
        return self.new - self.old


def jumps(signals: Sequence[Record]) -> list[Jump]:
    """Return the changes of the clock that *signals* tell of, in the order in which they came about.

    What a probe saw of one that Windows tells of is left out: Windows knows who did it.
    """
    found = [_jump(record) for _, record in dated(signals, f"{GENERAL}1")]
    known = [one for one in found if one]
    seen = [_jump(record) for _, record in dated(signals, _PROBED)]
    known += [one for one in seen if one and not any(_is_same(one, other) for other in known)]
    return sorted(known, key=lambda jump: (jump.new, jump.old))


def _jump(record: Record) -> Jump | None:
    old, new = time_in(record, "OldTime"), time_in(record, "NewTime")
    if old is None or new is None:
        return None
    program = program_of(record.fields.get("ProcessName", ""))
    return Jump(old=old, new=new, reason=number_in(record, "Reason"), program=program, record=record)


def _is_same(one: Jump, other: Jump) -> bool:
    return near(one.new, other.new, _SAME) and abs(one.length - other.length) <= _SAME


def woken(clock: Iterable[Jump], time: datetime) -> Jump | None:
    """Return the wake from a sleep that began at *time*: the last of the jumps that lead on from there.

    A machine may wake for moments that write nothing but the clock; each jump begins where the one before ended.
    """
    last = None
    for jump in clock:
        is_wake = jump.reason in {None, _BY_HARDWARE} and code_of(jump.record) != _PROBED
        if not is_wake or jump.length < _SHORTEST_JUMP:
            continue
        if near(jump.old, last.new if last else time, _SAME):
            last = jump
    return last


def sleeps(signals: Sequence[Record], alive: Sequence[datetime]) -> list[Spell]:
    """Assemble all spells in which the machine stood still; *alive* are all times at which something was written."""
    clock = jumps(signals)
    found = [*_told(signals), *_probed(signals)]
    found += _entered(signals, clock, found, alive)
    found += _by_clock(clock, found)
    slept = merged(found)
    return [*slept, *merged(_standby(signals)), *merged(_paused(clock, slept)), *_stepped(clock)]


def merged(spells: Iterable[Spell]) -> list[Spell]:
    """Join spells that overlap or nearly touch; each keeps the evidence of all, the surest first."""
    joined: list[Spell] = []
    for spell in sorted(spells, key=lambda one: (one.begins, one.ends or one.begins)):
        last = joined[-1] if joined else None
        if last and (last.ends is None or spell.begins <= last.ends + _SAME):
            joined[-1] = _joined(last, spell)
        else:
            joined.append(spell)
    return joined


def _joined(first: Spell, second: Spell) -> Spell:
    ends = max(first.ends, second.ends) if first.ends and second.ends else first.ends or second.ends
    kinds = {first.kind, second.kind}
    return replace(
        first,
        kind=SpellKind.HIBERNATED if SpellKind.HIBERNATED in kinds else first.kind,
        ends=ends,
        confidence=min(first.confidence, second.confidence, key=list(Confidence).index),
        how=first.how or second.how,
        is_bound=first.is_bound if ends == first.ends else second.is_bound,
        evidence=(*first.evidence, *(one for one in second.evidence if one not in first.evidence)),
        detail={**second.detail, **first.detail},
    )


def _told(signals: Sequence[Record]) -> Iterator[Spell]:
    """Take the true times, which Windows writes once it is awake."""
    for _, record in dated(signals, TROUBLESHOOTER):
        slept, woke = time_in(record, "SleepTime"), time_in(record, "WakeTime")
        # A shutdown that is carried out as hibernation is written the same way.
        if slept and woke and slept < woke and number_in(record, "TargetState") != SHUTDOWN:
            yield _spell(slept, woke, Confidence.PROOF, record)


def _probed(signals: Sequence[Record]) -> Iterator[Spell]:
    """Take what the clocks said; where the watcher was away as well, they tell for how long but not when."""
    for _, record in dated(signals, "probe/slept"):
        slept, woke = time_in(record, "SleepTime"), time_in(record, "WakeTime")
        if slept and woke and slept < woke:
            yield _spell(slept, woke, Confidence.PROOF, record)
    for _, record in dated(signals, "probe/away"):
        seen, again, length = (
            time_in(record, "LastSeen"),
            time_in(record, "SeenAgain"),
            number_in(record, "SleptSeconds"),
        )
        if seen and again and length and length >= _MOST_OF_IT * (again - seen).total_seconds() > 0:
            yield _spell(seen, again, Confidence.STRONG, record)


def _entered(
    signals: Sequence[Record], clock: Sequence[Jump], known: Sequence[Spell], alive: Sequence[datetime]
) -> Iterator[Spell]:
    """Take each "entering sleep"; its end is known from elsewhere, or from the clock, or bounded by the next event."""
    for time, record in dated(signals, f"{POWER}42"):
        target = number_in(record, "TargetState")
        if target == SHUTDOWN:
            continue
        inside = [one for one in known if one.ends and one.begins - _SAME <= time <= one.ends]
        wake = None if inside else woken(clock, time)
        later = min((one for one in alive if one > time + _SAME), default=None)
        ends = inside[0].ends if inside else wake.new if wake else later
        # Without the event's data nobody can tell sleep from a shutdown that is carried out as hibernation.
        confidence = Confidence.STRONG if target is None and not inside else Confidence.PROOF
        yield replace(
            _spell(time, ends, confidence, record, *([wake.record] if wake else [])),
            how=_why(record, _WHY_ASLEEP),
            is_bound=not inside and wake is None,
        )


def _by_clock(clock: Sequence[Jump], known: Sequence[Spell]) -> Iterator[Spell]:
    """Take the jumps to the hardware's clock, which every wake brings, where nothing else tells of the sleep."""
    for jump in clock:
        covered = any(
            one.begins - _SAME <= jump.old and (one.ends is None or jump.new <= one.ends + _SAME) for one in known
        )
        if jump.reason == _BY_HARDWARE and jump.length >= _SHORTEST_JUMP and not covered:
            yield _spell(jump.old, jump.new, Confidence.STRONG, jump.record)


def _standby(signals: Sequence[Record]) -> Iterator[Spell]:
    left = dated(signals, f"{POWER}507")
    entered = dated(signals, f"{POWER}506")
    for time, record in entered:
        back = first_after(left, time)
        again = first_after(entered, time)
        if back and again and again[0] < back[0]:
            back = None
        confidence = Confidence.PROOF if back else Confidence.STRONG
        ends = back[0] if back else again[0] if again else None
        evidence = (record, back[1]) if back else (record,)
        yield Spell(
            kind=SpellKind.STANDBY,
            begins=time,
            ends=ends,
            confidence=confidence,
            how=_why(record, _WHY_STANDBY),
            evidence=evidence,
        )
    for time, record in left:
        length = number_in(record, "DurationInUs")
        if length and length < timedelta(days=400) / timedelta(microseconds=1):
            begins = time - timedelta(microseconds=length)
            yield Spell(
                kind=SpellKind.STANDBY, begins=begins, ends=time, confidence=Confidence.PROOF, evidence=(record,)
            )  # fmt: skip


def _paused(clock: Sequence[Jump], slept: Sequence[Spell]) -> Iterator[Spell]:
    """Take the jumps that a program made: a guest whose host stood still never notes a sleep."""
    for jump in clock:
        asleep = any(
            one.begins - _SAME <= jump.old and (one.ends is None or jump.new <= one.ends + _SAME) for one in slept
        )
        if asleep or jump.reason not in {None, _BY_PROGRAM} or jump.length < _SHORTEST_JUMP or _is_set_by_hand(jump):
            continue
        yield Spell(
            kind=SpellKind.PAUSED, begins=jump.old, ends=jump.new, evidence=(jump.record,),
            confidence=Confidence.STRONG if jump.reason else Confidence.LIKELY,
            detail={"program": jump.program} if jump.program else {},
        )  # fmt: skip


def _stepped(clock: Sequence[Jump]) -> Iterator[Spell]:
    """Take what else was done to the clock: set by hand, or set back."""
    for jump in clock:
        if jump.reason == _BY_ZONE or (-_SHORTEST_JUMP < jump.length < _SHORTEST_JUMP):
            continue
        if jump.length < timedelta() or _is_set_by_hand(jump):
            first, last = sorted((jump.old, jump.new))
            yield Spell(
                kind=SpellKind.CLOCK_STEP, begins=first, ends=last, confidence=Confidence.PROOF,
                evidence=(jump.record,), detail={"seconds": str(round(jump.length.total_seconds()))},
            )  # fmt: skip


def _is_set_by_hand(jump: Jump) -> bool:
    return jump.reason == _BY_PROGRAM and jump.program in _CLOCK_TOOLS


def _why(record: Record, reasons: Mapping[int, How]) -> How | None:
    number = number_in(record, "Reason")
    return None if number is None else reasons.get(number)


def _spell(begins: datetime, ends: datetime | None, confidence: Confidence, *evidence: Record) -> Spell:
    is_deep = any(number_in(record, "TargetState") == HIBERNATE for record in evidence)
    kind = SpellKind.HIBERNATED if is_deep else SpellKind.ASLEEP
    return Spell(kind=kind, begins=begins, ends=ends, confidence=confidence, evidence=evidence)

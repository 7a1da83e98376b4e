"""Who was signed in: sign-outs, what ended a session, and sessions that were only disconnected or locked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from rules.absence.clues import AUDIT, LOGON, SESSIONS, code_of, dated, number_in, time_in
from rules.absence.spell import How, Spell, SpellKind
from rules.event import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.record import Record


class _Step(Enum):
    IN = "in"
    OUT = "out"
    AWAY = "away"
    BACK = "back"


_STEPS = {
    f"{LOGON}7001": _Step.IN,
    f"{LOGON}7002": _Step.OUT,
    f"{SESSIONS}21": _Step.IN,
    f"{SESSIONS}23": _Step.OUT,
    f"{SESSIONS}24": _Step.AWAY,
    f"{SESSIONS}25": _Step.BACK,
    f"{SESSIONS}39": _Step.AWAY,
    f"{SESSIONS}40": _Step.AWAY,
    f"{AUDIT}4647": _Step.OUT,
    f"{AUDIT}4634": _Step.OUT,
    f"{AUDIT}4779": _Step.AWAY,
    f"{AUDIT}4778": _Step.BACK,
    f"{AUDIT}4800": _Step.AWAY,
    f"{AUDIT}4801": _Step.BACK,
    "probe/session": _Step.IN,
}
# Several channels write of one sign-out; a person who signs out does so at once, a time limit waits.
_SAME = timedelta(minutes=2)
_SHORTEST_LIMIT = timedelta(minutes=1)
# Windows signs everybody out on its way down.
_SHUTTING_DOWN = timedelta(minutes=3)
# Kinds of logon at which somebody works: at the machine, remotely, or with stored credentials.
_AT_WORK = {2, 10, 11}
# Why a session was cut, as event 40 has it: its idle time or its time in all ran out.
_LIMITS = {3, 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """One step of one session; `sid` and `user` are who, as far as the event tells, `session` is its number."""

    time: datetime
    step: _Step
    sid: str
    user: str
    session: str
    record: Record

    def is_of(self, other: _Moment) -> bool:
        """Say whether it may be the same person's as *other*."""
        if self.sid and other.sid:
            return self.sid == other.sid
        return not (self.user and other.user) or self.user == other.user


def sign_outs(signals: Sequence[Record], downs: Sequence[Spell]) -> list[Spell]:
    """Assemble the times at which somebody was signed out, and those after a start at which nobody was signed in.

    A sign-out on the way down belongs to *downs*, the times at which Windows did not run.
    """
    moments = _moments(signals)
    people = {moment.sid or moment.user for moment in moments if moment.step in {_Step.IN, _Step.OUT}} - {""}
    told = [_signed_out(moment, moments) for moment in _outs(moments) if not _on_the_way_down(moment, downs)]
    known = any(moment.step in {_Step.IN, _Step.OUT} for moment in moments)
    unsigned = [_unsigned(down, moments) for down in downs if known and down.ends]
    return [*(_shared(spell, len(people)) for spell in told), *(one for one in unsigned if one)]


def disconnections(signals: Sequence[Record]) -> list[Spell]:
    """Assemble the times at which a session was locked or disconnected, which stops nothing."""
    moments, found = _moments(signals), []
    for moment in moments:
        if moment.step is _Step.AWAY:
            ends = next((one.time for one in moments if one.time > moment.time and _same_session(one, moment)), None)
            found.append(
                Spell(
                    kind=SpellKind.DISCONNECTED, begins=moment.time, ends=ends, confidence=Confidence.PROOF,
                    evidence=(moment.record,),
                )
            )  # fmt: skip
    return found


def _moments(signals: Sequence[Record]) -> list[_Moment]:
    """Read the steps; the Security log repeats itself all day, so it counts only where nothing better is there."""
    better = any(code_of(signal).startswith((LOGON, SESSIONS, "probe/session")) for signal in signals)
    found = []
    for time, record in dated(signals, *_STEPS):
        code, step = code_of(record), _STEPS[code_of(record)]
        if code in {f"{AUDIT}4634", f"{AUDIT}4647"} and better:
            continue
        if code == f"{AUDIT}4634" and number_in(record, "LogonType") not in _AT_WORK:
            continue
        if code == "probe/session":
            state = record.fields.get("State", "").lower()
            step = _Step.OUT if state == "gone" else _Step.IN
        found.append(_moment(time, step, record))
    return found


def _moment(time: datetime, step: _Step, record: Record) -> _Moment:
    fields = record.fields
    user = fields.get("User") or fields.get("AccountName") or fields.get("TargetUserName") or ""
    session = fields.get("TSId") or fields.get("SessionID") or fields.get("SessionId") or fields.get("Session") or ""
    return _Moment(
        time=time, step=step, sid=fields.get("UserSid") or fields.get("TargetUserSid") or "",
        user=user.rpartition("\\")[2].casefold(), session=session or fields.get("TargetSession", ""), record=record,
    )  # fmt: skip


def _outs(moments: Sequence[_Moment]) -> Iterator[_Moment]:
    """Take each sign-out once, as the first of those who write of it."""
    last: _Moment | None = None
    for moment in moments:
        if moment.step is _Step.OUT:
            is_new = last is None or moment.time - last.time > _SAME or not _same_session(moment, last)
            if is_new:
                last = moment
                yield moment


def _same_session(one: _Moment, other: _Moment) -> bool:
    if one.session and other.session:
        return one.session == other.session
    return one.is_of(other)


def _signed_out(out: _Moment, moments: Sequence[_Moment]) -> Spell:
    back = next((one for one in moments if one.step is _Step.IN and one.time > out.time and one.is_of(out)), None)
    away = _cut_before(out, moments)
    seen, is_probed = time_in(out.record, "LastSeen"), code_of(out.record).startswith("probe/")
    is_said = code_of(out.record) != f"{AUDIT}4634"
    return Spell(
        kind=SpellKind.SIGNED_OUT, begins=min(seen or out.time, out.time), ends=back.time if back else None,
        confidence=Confidence.PROOF if is_said else Confidence.STRONG,
        how=How.TIME_LIMIT if away else How.PERSON,
        evidence=tuple(one.record for one in (away, out, back) if one),
        detail={
            **{name: value for name, value in (("user", out.user), ("sid", out.sid)) if value},
            **({"unseen": "yes"} if is_probed and seen is None else {}),
        },
        is_bound=is_probed,
    )  # fmt: skip


def _cut_before(out: _Moment, moments: Sequence[_Moment]) -> _Moment | None:
    """Return the disconnection that a time limit turned into a sign-out, with nobody there."""
    own = [one for one in moments if one.time < out.time and _same_session(one, out) and one.step is not _Step.OUT]
    last = own[-1] if own else None
    if last is None or last.step is not _Step.AWAY or code_of(last.record) == f"{AUDIT}4800":
        return None
    # Several events tell of one disconnection.
    first = next(one for one in own if one.step is _Step.AWAY and last.time - one.time <= _SAME)
    is_limit = code_of(last.record) == f"{SESSIONS}40" and number_in(last.record, "Reason") in _LIMITS
    return first if is_limit or out.time - first.time >= _SHORTEST_LIMIT else None


def _on_the_way_down(out: _Moment, downs: Sequence[Spell]) -> bool:
    """Say whether a sign-out came with an end of Windows; a probe sees it only after the next start."""
    first = time_in(out.record, "LastSeen") or out.time
    return any(
        down.begins - _SHUTTING_DOWN <= out.time
        and (down.ends is None or first <= down.ends)
        and (not down.is_bound or code_of(out.record).startswith("probe/"))
        for down in downs
    )


def _unsigned(down: Spell, moments: Sequence[_Moment]) -> Spell | None:
    """Tell of the time from a start of Windows to the first sign-in after it.

    Where it is known who was signed out on the way down, only their coming back counts.
    """
    start = down.ends
    if start is None:
        return None
    left = [one for one in moments if one.step is _Step.OUT and down.begins - _SHUTTING_DOWN <= one.time <= start]
    came = [one for one in moments if one.step is _Step.IN and one.time >= start]
    first = next((one for one in came if not left or any(one.is_of(other) for other in left)), None)
    return Spell(
        kind=SpellKind.SIGNED_OUT, begins=start, ends=first.time if first else None, confidence=Confidence.PROOF,
        how=How.RESTART, evidence=(first.record,) if first else (),
        detail={"others": "yes"} if came and came[0] is not first else {},
    )  # fmt: skip


def _shared(spell: Spell, people: int) -> Spell:
    """Note how many people use the machine: where there are several, another one's sign-out may be meant."""
    return replace(spell, detail={**spell.detail, "people": str(people)})

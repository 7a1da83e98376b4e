"""Silence to verdict: what signals prove comes first; then what the log alone allows, and never more than likely."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rules.absence.assemble import in_time, spells
from rules.absence.from_log import Outlook, verdict_of_log
from rules.absence.lines import clock, lines_of
from rules.absence.shares import SAME_MOMENT, Share, shares_of
from rules.absence.spell import How, Spell, SpellKind
from rules.absence.verdict import MACHINE, Alternative, Verdict
from rules.absence.words import length, not_started, silence, spell_said
from rules.event import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.record import Record
    from rules.absence.verdict import Absence

_TURNS = 3
_SHORTEST = timedelta(minutes=10)
# Who was signed in, and that events were written at all, shows within days.
_BEFORE, _AFTER = timedelta(days=4), timedelta(days=1)
_AT_ONCE = timedelta(minutes=1)
# Whoever signs in this shortly before the first line is the one whose program writes it.
_JUST_BEFORE = timedelta(minutes=15)
_OFF = frozenset({SpellKind.DOWN, SpellKind.POWER_LOST, SpellKind.BLUE_SCREEN})
_NOTES = frozenset({SpellKind.DISCONNECTED, SpellKind.WATCHER_AWAY, SpellKind.CLOCK_STEP})
_CAUSES = {
    SpellKind.ASLEEP: "machine_asleep",
    SpellKind.HIBERNATED: "machine_asleep",
    SpellKind.STANDBY: "machine_asleep",
    SpellKind.PAUSED: "machine_paused",
    SpellKind.SIGNED_OUT: "session_logged_out",
    SpellKind.POWER_LOST: "power_lost",
    SpellKind.BLUE_SCREEN: "blue_screen",
    SpellKind.BLOCKED: "antivirus_or_policy_blocked",
}
_ENDED = {How.CRASH: "connector_crashed", How.HANG: "connector_hung"}


def judge(absence: Absence, signals: Iterable[Record], now: datetime | None = None) -> Verdict:
    """Say why there was *absence*, by what *signals* tell and by what the log alone allows.

    A silence that lasts is judged as it stands at *now*; without it, at the last signal. Only what tells something of
    the silence itself makes a verdict surer than likely.
    """
    known = in_time(_around(absence, signals), now)
    last = max((signal.time for signal in known if signal.time), default=absence.begins)
    ends = absence.ends or now or max(last, absence.begins)
    found = spells(known)
    # Whatever stops a machine or its connector stops all applications, and these went on.
    is_alone = absence.scope != MACHINE and bool(absence.others_writing)
    shares = shares_of(absence, ends, found) if ends > absence.begins and not is_alone else []
    if shares and _is_enough(sum((share.explained for share in shares), timedelta()), absence, ends):
        verdict = _told(absence, ends, shares)
    else:
        verdict = verdict_of_log(Outlook(absence=absence, ends=ends, signals=known, spells=found))
        verdict = replace(
            verdict, others=(*_others(shares, absence, ends), *_of_others(found, absence, ends), *verdict.others)
        )
    return _with_notes(verdict, absence, ends, found)


def _around(absence: Absence, signals: Iterable[Record]) -> list[Record]:
    """Return those of *signals* that may tell of *absence*, so that a long history costs little."""
    first = absence.begins - _BEFORE
    last = absence.ends + _AFTER if absence.ends else None
    return [
        one
        for one in signals
        # A watcher tells of its start once, and may have run for months.
        if one.time and (first <= one.time or "probe/watching" in one.codes) and (last is None or one.time <= last)
    ]


def _is_enough(explained: timedelta, absence: Absence, ends: datetime) -> bool:
    """Say whether what is left would be no silence worth a word, or is the smaller part."""
    whole = ends - absence.begins
    return whole - explained < max((absence.turn or timedelta()) * _TURNS, _SHORTEST) or explained >= whole / 2


def _told(absence: Absence, ends: datetime, shares: Sequence[Share]) -> Verdict:
    main = shares[0]
    own = _spells_of(main)
    return Verdict(
        cause=_cause(main),
        confidence=_confidence(main, absence, ends),
        evidence=(silence(absence), *lines_of(record for spell in own for record in spell.evidence)),
        others=(*_others(shares[1:], absence, ends), *_afterwards(shares, absence, ends)),
        begins=main.begins,
        ends=_true_end(main, absence, ends),
        how=main.spell.how if main.spell else How.NOT_STARTED,
        summary=_summary(main, absence),
        is_told=True,
    )


def _true_end(share: Share, absence: Absence, ends: datetime) -> datetime | None:
    """Return when the state was over; None while the silence lasts, or where only the next line tells."""
    return None if absence.ends is None and share.ends >= ends else share.ends


def _spells_of(share: Share) -> tuple[Spell, ...]:
    return (*((share.spell,) if share.spell else ()), *share.also)


def _cause(share: Share) -> str:
    spell = share.spell
    if spell is None:
        return "connector_not_running"
    if spell.kind is SpellKind.CONNECTOR_DOWN:
        return _ENDED.get(spell.how, "connector_not_running") if spell.how else "connector_not_running"
    if spell.kind is SpellKind.DOWN:
        # A machine that was soon on again waited for somebody to sign in, as after a restart.
        away = (spell.ends or share.ends) - max(spell.begins, share.begins)
        is_off = spell.detail.get("action") == "off" and away >= (share.ends - share.begins) / 2
        return "machine_shut_down" if is_off else "machine_restarted"
    return "machine_restarted" if spell.how is How.RESTART else _CAUSES[spell.kind]


def _confidence(share: Share, absence: Absence, ends: datetime) -> Confidence:
    spell = share.spell
    moments = [one for each in _spells_of(share) for one in _moments(each)]
    if not any(absence.begins - SAME_MOMENT <= moment <= ends + SAME_MOMENT for moment in moments):
        return Confidence.LIKELY
    if spell is None:
        return Confidence.STRONG
    if spell.kind is SpellKind.SIGNED_OUT and spell.how is not How.RESTART:
        return _sure_of_sign_out(spell, absence)
    if spell.kind is SpellKind.BLOCKED and spell.detail.get("file") != "connector":
        return Confidence.LIKELY
    return spell.confidence


def _moments(spell: Spell) -> list[datetime]:
    told = [record.time for record in spell.evidence if record.time]
    return [*told, spell.begins, *([spell.ends] if spell.ends else [])]


def _sure_of_sign_out(spell: Spell, absence: Absence) -> Confidence:
    """Say how sure it is that the one who signed out was the one whose program wrote the log."""
    is_several = spell.detail.get("people", "1") not in {"0", "1"}
    back = spell.ends is not None and absence.ends is not None and absence.ends - spell.ends <= _JUST_BEFORE
    if back or (absence.ends is None and not is_several):
        return spell.confidence
    is_alone = spell.ends is not None and not is_several
    return spell.confidence if is_alone else _at_most(spell.confidence, Confidence.STRONG)


def _at_most(first: Confidence, second: Confidence) -> Confidence:
    return max(first, second, key=list(Confidence).index)


def _summary(share: Share, absence: Absence) -> str:
    if share.spell is None:
        return not_started(share.begins, share.also)
    unsigned = next((one for one in share.also if one.how is How.RESTART), None)
    said = spell_said(share.spell, unsigned)
    at_once = absence.begins <= share.spell.begins <= absence.begins + _AT_ONCE
    if absence.open_run and at_once:
        said = f"{said} A run of {absence.open_run} was under way."
    more = [one for one in share.also if one.kind is share.spell.kind]
    return f"{said} It did so {len(more) + 1} times." if more and share.spell.kind not in _OFF else said


def _others(shares: Sequence[Share], absence: Absence, ends: datetime) -> tuple[Alternative, ...]:
    whole = length(ends - absence.begins)
    return tuple(
        Alternative(
            cause=_cause(share),
            confidence=_at_most(_confidence(share, absence, ends), Confidence.LIKELY),
            speaks_for=_summary(share, replace(absence, open_run=None)),
            speaks_against=f"It explains {length(share.explained)} of {whole}.",
        )
        for share in shares
    )


def _afterwards(shares: Sequence[Share], absence: Absence, ends: datetime) -> tuple[Alternative, ...]:
    """Tell of a silence that lasts although all that explains it has been over for long."""
    over = max(share.ends for share in shares)
    if absence.ends is not None or ends - over < max((absence.turn or timedelta()) * _TURNS, _SHORTEST):
        return ()
    said = f"Nothing has run since {clock(over)} either, and nothing tells why."
    return (Alternative(cause="connector_not_running", confidence=Confidence.LIKELY, speaks_for=said),)


def _of_others(found: Sequence[Spell], absence: Absence, ends: datetime) -> tuple[Alternative, ...]:
    """Name the sign-outs that were not taken for the cause, though they fell into the silence."""
    return tuple(
        Alternative(
            cause="session_logged_out",
            confidence=Confidence.WEAK,
            speaks_for=spell_said(one),
            speaks_against="The log went on, and whoever had signed out was not back: it may be somebody else.",
        )
        for one in found
        if one.kind is SpellKind.SIGNED_OUT and one.how is not How.RESTART and absence.begins <= one.begins <= ends
    )


def _with_notes(verdict: Verdict, absence: Absence, ends: datetime, found: Sequence[Spell]) -> Verdict:
    """Add what was seen and is no cause."""
    notes = [
        spell_said(one)
        for one in found
        if one.kind in _NOTES and one.begins <= ends and (one.ends is None or one.ends >= absence.begins)
    ]
    return replace(verdict, evidence=(*verdict.evidence, *dict.fromkeys(notes[:3])))

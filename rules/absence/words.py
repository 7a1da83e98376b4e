"""What a verdict says: sentences about silences, spells and records, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.absence.lines import clock
from rules.absence.spell import How, SpellKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from rules.absence.spell import Spell
    from rules.absence.verdict import Absence

_STILL = {
    SpellKind.ASLEEP: "went to sleep",
    SpellKind.HIBERNATED: "went into hibernation",
    SpellKind.STANDBY: "went into modern standby",
}
_WHY_STILL: dict[How | None, str] = {
    How.IDLE: " by itself after idling, as its power plan says",
    How.LID: " because somebody closed its lid or pressed its button",
    How.BATTERY: " because its battery ran low",
    How.HEAT: " because it grew too hot",
    How.PROGRAM: " because a program asked for it",
    How.PERSON: " because somebody chose it",
}
_WHO_STOPPED: dict[How | None, str] = {
    How.UPDATE: "Windows Update restarted the machine",
    How.PERSON: "Somebody restarted the machine",
    How.PROGRAM: "A program restarted the machine",
    None: "The machine restarted",
}
_WHO_SWITCHED_OFF: dict[How | None, str] = {
    How.UPDATE: "Windows Update shut the machine down",
    How.PERSON: "Somebody shut the machine down",
    How.PROGRAM: "A program shut the machine down",
    How.FAST_STARTUP: "The machine was shut down, which fast start-up carries out as hibernation,",
    None: "The machine was shut down",
}
_HOW_IT_DIED: dict[How | None, str] = {
    How.BUTTON: "Somebody held the machine's power button",
    How.ASLEEP: "The machine lost power while it slept",
    None: "The machine stopped without shutting down",
}
_HOW_IT_ENDED: dict[How | None, str] = {
    How.CRASH: "crashed",
    How.HANG: "no longer responded",
    How.CLOSED: "ended without a crash",
}
_WHO_BLOCKED: dict[How | None, str] = {
    How.ANTIVIRUS: "Microsoft Defender stopped {}",
    How.POLICY: "A policy of Windows kept {} from running",
}


def length(time: timedelta) -> str:
    """Say a length of time in the unit that suits it.

    >>> from datetime import timedelta
    >>> [length(timedelta(seconds=one)) for one in (45, 900, 33300, 500000)]
    ['45 s', '15 min', '9.2 h', '5.8 days']
    """
    seconds = round(time.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours = seconds / 3600
    return f"{round(hours, 1):g} h" if hours < 72 else f"{hours / 24:.2g} days"


def silence(absence: Absence) -> str:
    """Say from when to when there was no line, and what was missed."""
    scope = "No line" if absence.scope == "machine" else f"No run of {absence.scope}"
    told = f"{scope} since {clock(absence.begins)}"
    if absence.ends:
        told = f"{scope} from {clock(absence.begins)} to {clock(absence.ends)}"
    if absence.turn:
        told += f"; the schedule's usual turn is {length(absence.turn)}"
    if not absence.missed_count:
        return f"{told}."
    named = [f"{missed.application} {missed.count}" for missed in absence.missed if missed.application]
    shares = f" ({', '.join(named)})" if len(named) > 1 else ""
    return f"{told}, so about {absence.missed_count} were missed{shares}."


def spell_said(spell: Spell, signed_in: Spell | None = None) -> str:
    """Say in one sentence what *spell* was; *signed_in* tells who signed in after a start of Windows, and when."""
    if spell.kind in _STILL:
        when = "was awake again by" if spell.is_bound else "woke at"
        woke = f", and {when} {clock(spell.ends)}" if spell.ends else ""
        why = _WHY_STILL.get(spell.how, "")
        return f"The machine {_STILL[spell.kind]} at {clock(spell.begins)}{why}{woke}."
    if spell.kind is SpellKind.PAUSED:
        return (
            f"The clock was set forward from {clock(spell.begins)} to {clock(spell.ends)} with no sleep noted: "
            "the machine stood still, as a virtual one does while its host suspends it."
        )
    if spell.kind is SpellKind.SIGNED_OUT:
        return _signed_out(spell)
    if spell.kind in {SpellKind.DOWN, SpellKind.POWER_LOST, SpellKind.BLUE_SCREEN}:
        return f"{_stopped(spell)}{_signed_in(spell, signed_in)}"
    return _program(spell)


def not_started(begins: datetime, before: Iterable[Spell]) -> str:
    """Say that a program could have run from *begins* on, after what happened *before*, and that nobody started it."""
    first = next(iter(before), None)
    after = f" {spell_said(first)}" if first else ""
    return f"Somebody was signed in from {clock(begins)} on, and Web Connector was not started.{after}"


def _signed_out(spell: Spell) -> str:
    back = f"; the next sign-in was at {clock(spell.ends)}" if spell.ends else "; nobody has signed in since"
    if spell.how is How.RESTART:
        until = f"until {clock(spell.ends)}" if spell.ends else "yet"
        return f"Windows started at {clock(spell.begins)}, and nobody signed in {until}."
    if spell.how is How.TIME_LIMIT:
        return f"A time limit ended the disconnected session at {clock(spell.begins)}{back}."
    return f"The Windows user signed out at {clock(spell.begins)}{back}."


def _stopped(spell: Spell) -> str:
    started = f", and Windows started at {clock(spell.ends)}" if spell.ends else ", and has not started since"
    if spell.kind is SpellKind.BLUE_SCREEN:
        code = f" with stop code {spell.detail['stop_code']}" if "stop_code" in spell.detail else ""
        return f"Windows crashed{code}; it was last known alive at {clock(spell.begins)}{started}"
    if spell.kind is SpellKind.POWER_LOST:
        how = _HOW_IT_DIED.get(spell.how, _HOW_IT_DIED[None])
        return f"{how}; it was last known alive at {clock(spell.begins)}{started}"
    words = _WHO_SWITCHED_OFF if spell.detail.get("action") == "off" else _WHO_STOPPED
    when = f"after {clock(spell.begins)}" if spell.is_bound else f"at {clock(spell.begins)}"
    return f"{words.get(spell.how, words[None])} {when}{started}"


def _signed_in(spell: Spell, signed_in: Spell | None) -> str:
    if spell.ends is None or signed_in is None:
        return "."
    is_others = "others" in signed_in.detail
    if signed_in.ends is None:
        return "; its user has not signed in since." if is_others else "; nobody has signed in since."
    who = "its user did not sign in" if is_others else "nobody signed in"
    return f"; {who} until {clock(signed_in.ends)}."


def _program(spell: Spell) -> str:
    if spell.kind is SpellKind.BLOCKED:
        what = "Web Connector" if spell.detail.get("file") == "connector" else "a program of QuickBooks"
        return f"{_WHO_BLOCKED.get(spell.how, 'Windows stopped {}').format(what)} at {clock(spell.begins)}."
    if spell.kind is SpellKind.WATCHER_AWAY:
        until = clock(spell.ends)
        return f"qbwatch itself did not run from {clock(spell.begins)} to {until}; what happened then is unseen."
    if spell.kind is SpellKind.DISCONNECTED:
        return f"The session was locked or disconnected at {clock(spell.begins)}, which stops nothing."
    if spell.kind is SpellKind.CLOCK_STEP:
        return f"The clock was set by {spell.detail.get('seconds', '?')} s at {clock(spell.begins)}."
    name = "QuickBooks" if spell.kind is SpellKind.QUICKBOOKS_DOWN else "Web Connector"
    return f"{name} {_HOW_IT_ENDED.get(spell.how, 'ended')} at {clock(spell.begins)}."

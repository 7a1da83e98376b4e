"""Who may have kept QuickBooks from starting: each suspect with what speaks for it and against it near the failure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rules.absence.clues import dated, time_in
from rules.absence.spell import STILL, How, SpellKind
from rules.event import Alternative, Confidence, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ingest.record import Record
    from rules.absence.spell import Spell
    from rules.event import Event

# Windows writes what ended a program or a session within this of the failure that follows from it.
MOMENT = timedelta(minutes=2)
# A crash or a block is worth naming for so long; QuickBooks needs as long at most to start after Windows did.
_SHORTLY = timedelta(minutes=10)
_STARTING = timedelta(minutes=5)
# How much later than it happens a probe may see a program.
_A_LOOK = timedelta(seconds=45)
# What another run or another log told of QuickBooks is near within this, and may still hold for longer.
_NEAR = timedelta(minutes=20)
_STILL_HOLDS = timedelta(hours=24)
# What antivirus took away stays away until somebody brings it back.
_TAKEN_AWAY = timedelta(days=7)
_DOWN = frozenset({SpellKind.DOWN, SpellKind.POWER_LOST, SpellKind.BLUE_SCREEN})

# The rules of what only says that QuickBooks did not start, or could not be reached.
DOUBTFUL = frozenset({
    "quickbooks.not_started", "quickbooks.not_accessible", "quickbooks.not_launched_by_windows",
})  # fmt: skip
# What refuses a sync by itself and also hides behind a QuickBooks that does not start, the most frequent first.
KNOWN_REASONS = (
    "popup_blocked", "single_user_mode", "user_already_signed_in", "permission_missing", "permission_reset_required",
    "company_file_not_found", "multiple_quickbooks_instances", "licenses_exhausted", "wrong_company_file_open",
    "company_file_lock_stuck", "multiuser_hosting_broken", "quickbooks_busy", "sdk_not_installed",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """What is known of a machine around a failure.

    `spells` are the states that its `signals` tell of, `findings` its other failures, and `good_runs` when which
    application last got something out of QuickBooks.
    """

    signals: Sequence[Record] = ()
    spells: Sequence[Spell] = ()
    findings: Sequence[Event] = ()
    good_runs: Sequence[tuple[str | None, datetime]] = ()

    def was_good(self, begins: datetime, ends: datetime) -> tuple[str | None, datetime] | None:
        """Return the last good run between two times."""
        last = None
        # A log has many runs, and each failure asks.
        for run in self.good_runs:
            if begins < run[1] <= ends and (last is None or run[1] > last[1]):
                last = run
        return last


def is_witness(event: Event) -> bool:
    """Say whether *event* says a reason outright; what was itself weighed does not."""
    return (
        event.cause in KNOWN_REASONS
        and event.rule not in DOUBTFUL
        and event.role is Role.ROOT
        and event.time is not None
    )


def suspects(event: Event, at: datetime, near: Near) -> list[Alternative]:
    """Return who is suspected of *event*, which came *at* a time, each cause once, the likeliest first."""
    found = [
        *_session(event, at, near), *_crashed(at, near), *_blocked(at, near), *_starting(at, near),
        *_elsewhere(at, near), *_hanging(at, near), *_told_nearby(event, at, near),
    ]  # fmt: skip
    best: dict[str, Alternative] = {}
    for one in sorted(found, key=_order):
        best.setdefault(one.cause, one)
    return list(best.values())


def _order(one: Alternative) -> int:
    return list(Confidence).index(one.confidence)


def _session(event: Event, at: datetime, near: Near) -> Iterator[Alternative]:
    """Suspect that nobody was signed in: only what runs without a session can write then, or in its last moment."""
    for spell in near.spells:
        if spell.kind is not SpellKind.SIGNED_OUT or not spell.begins - MOMENT <= at:
            continue
        if spell.ends and spell.ends <= at:
            continue
        after_start = spell.how is How.RESTART
        cause = "machine_restarted" if after_start else "session_logged_out"
        words = (
            f"Windows had started at {clock(spell.begins)}, and nobody had signed in since."
            if after_start
            else f"A Windows user was signed out at {clock(spell.begins)}."
        )
        is_moment = abs(at - spell.begins) <= MOMENT
        # Web Connector writes only while its own user is signed in, so an earlier sign-out was another user's.
        others_too = int(spell.detail.get("people", "1")) > 1
        sure = Confidence.LIKELY if others_too else Confidence.STRONG
        against = ""
        if not is_moment and event.format == "qbwc":
            sure, against = Confidence.WEAK, "Web Connector wrote this line, so its own user was signed in."
        yield Alternative(cause=cause, confidence=sure, speaks_for=words, speaks_against=against)


def _crashed(at: datetime, near: Near) -> Iterator[Alternative]:
    for spell in near.spells:
        # That a window does not answer is no crash: as a rule a dialog waits.
        is_told = spell.kind is SpellKind.QUICKBOOKS_DOWN and not any(
            "probe/process" in one.codes for one in spell.evidence
        )
        if is_told and at - _SHORTLY <= spell.begins <= at + MOMENT:
            sure = Confidence.STRONG if abs(at - spell.begins) <= MOMENT else Confidence.LIKELY
            what = "stopped answering" if spell.how is How.HANG else "crashed"
            words = f"QuickBooks {what} at {clock(spell.begins)}."
            yield Alternative(cause="quickbooks_crashed", confidence=sure, speaks_for=words)


def _blocked(at: datetime, near: Near) -> Iterator[Alternative]:
    for spell in near.spells:
        if spell.kind is not SpellKind.BLOCKED or not at - _TAKEN_AWAY <= spell.begins <= at + MOMENT:
            continue
        who = "An antivirus" if spell.how is How.ANTIVIRUS else "A policy"
        words = f"{who} stopped a file of QuickBooks or Web Connector at {clock(spell.begins)}."
        good = near.was_good(spell.begins, at)
        if good:
            against = f"{good[0] or 'A sync'} opened QuickBooks after that, at {clock(good[1])}."
            sure = Confidence.WEAK
        else:
            against = ""
            sure = Confidence.STRONG if at - spell.begins <= _SHORTLY else Confidence.LIKELY
        yield Alternative(
            cause="antivirus_or_policy_blocked", confidence=sure, speaks_for=words, speaks_against=against
        )


def _starting(at: datetime, near: Near) -> Iterator[Alternative]:
    """Suspect a machine that had just started or woken, on which QuickBooks was not ready yet."""
    for spell in near.spells:
        if spell.ends is None or spell.kind not in _DOWN | STILL or not at - _STARTING <= spell.ends <= at:
            continue
        what = "started" if spell.kind in _DOWN else "woken"
        words = f"The machine had {what} at {clock(spell.ends)}, and QuickBooks may not have been ready."
        yield Alternative(cause="quickbooks_busy", confidence=Confidence.LIKELY, speaks_for=words)


def _elsewhere(at: datetime, near: Near) -> Iterator[Alternative]:
    """Suspect a QuickBooks in another session than the connector's, by what the probes saw last."""
    running = _running(at, near)
    connector = [one for one in running if _name(one) == "qbwebconnector.exe" and "SessionId" in one.fields]
    for one in running:
        session = one.fields.get("SessionId")
        if _name(one) == "qbwebconnector.exe" or session is None or not connector:
            continue
        if all(session != other.fields["SessionId"] for other in connector):
            whose = one.fields.get("User") or f"session {session}"
            words = f"{one.fields['Name']} of {whose} was running, in another session than Web Connector."
            yield Alternative(cause="multiple_quickbooks_instances", confidence=Confidence.STRONG, speaks_for=words)


def _hanging(at: datetime, near: Near) -> Iterator[Alternative]:
    for one in _running(at, near):
        if _name(one) != "qbwebconnector.exe" and one.fields.get("State") == "hung" and one.time:
            words = f"{one.fields['Name']} was running and did not answer since {clock(one.time)}, as behind a dialog."
            yield Alternative(cause="popup_blocked", confidence=Confidence.LIKELY, speaks_for=words)


def _running(at: datetime, near: Near) -> list[Record]:
    """Return the last word of the probes on each QuickBooks program that was running *at* that time."""
    last: dict[str, Record] = {}
    for time, record in dated(near.signals, "probe/process"):
        started = time_in(record, "Started")
        # What began before is seen up to a look later; that it ended since does not matter.
        is_late = (
            time <= at + _A_LOOK and started is not None and started <= at and record.fields.get("State") != "gone"
        )
        if (time <= at or is_late) and _name(record).startswith("qbw"):
            last[record.fields.get("Pid", _name(record))] = record
    return [record for record in last.values() if record.fields.get("State") != "gone"]


def _name(record: Record) -> str:
    return record.fields.get("Name", "").lower()


def _told_nearby(event: Event, at: datetime, near: Near) -> Iterator[Alternative]:
    """Suspect what another run or another log said outright at about the same time."""
    for other in near.findings:
        if other.time is None or not is_witness(other):
            continue
        passed = at - other.time
        if not -_NEAR <= passed <= _STILL_HOLDS:
            continue
        whose = f" of {other.application}" if other.application else ""
        words = f"A sync{whose} failed for that reason at {clock(other.time)}."
        good = near.was_good(*sorted((other.time, at)))
        against = f"{good[0] or 'A sync'} went well in between, at {clock(good[1])}." if good else ""
        is_near = passed <= _NEAR and not good and _is_same_file(event, other)
        sure = Confidence.LIKELY if is_near else Confidence.WEAK
        yield Alternative(cause=other.cause, confidence=sure, speaks_for=words, speaks_against=against)


def _is_same_file(event: Event, other: Event) -> bool:
    known = event.company_file and other.company_file
    return event.company_file == other.company_file if known else True


def clock(time: datetime) -> str:
    """Write a time for a sentence."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"

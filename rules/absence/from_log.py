"""What the log alone allows to say about a silence that no signal explains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rules.absence.clues import NUL_RUN, code_of, dated, near, program_of
from rules.absence.lines import lines_of
from rules.absence.spell import How, SpellKind
from rules.absence.verdict import MACHINE, Alternative, Verdict
from rules.absence.words import silence, spell_said
from rules.event import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from ingest.record import Record
    from rules.absence.spell import Spell
    from rules.absence.verdict import Absence

_SLACK = timedelta(minutes=2)
# Nobody closes and opens a program for longer than this; nights and weekends are longer.
_LONG = timedelta(hours=2)
_CONNECTOR = "qbwebconnector.exe"

_SILENT = "Windows noted nothing of the kind, and its events of that time are known."
_NO_EVENTS = "No events of Windows are known of that time."
_GOES_ON = "The log goes on without a start line, so its program was not ended."
_BEGINS_ANEW = "The log begins with a start line, so its program had ended."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A silence with all that is known around it."""

    absence: Absence
    ends: datetime
    signals: Sequence[Record]
    spells: Sequence[Spell]

    @property
    def is_watched(self) -> bool:
        """Whether Windows or the probes told of the time before it and of the time since."""
        # What the probes saw before and since tells nothing of a time in which nobody looked.
        told = [one for one in self.signals if code_of(one) != NUL_RUN and not code_of(one).startswith("probe/")]
        times = [one.time for one in told if one.time]
        begins = self.absence.begins
        return self._is_probed or (any(time <= begins for time in times) and any(time > begins for time in times))

    @property
    def _is_probed(self) -> bool:
        """Whether the probes looked for most of it: from the watcher's start on, but for when it was away."""
        started = [time for time, _ in dated(self.signals, "probe/watching")]
        if not started or started[0] > self.absence.begins:
            return False
        away = [
            min(one.ends or self.ends, self.ends) - max(one.begins, self.absence.begins)
            for one in self.spells
            if one.kind is SpellKind.WATCHER_AWAY and one.begins < self.ends
        ]
        unseen = sum((length for length in away if length > timedelta()), timedelta())
        return unseen < (self.ends - self.absence.begins) / 2

    @property
    def is_running(self) -> bool:
        """Whether the probes saw Web Connector run last."""
        states = [
            one
            for _, one in dated(self.signals, "probe/process")
            if program_of(one.fields.get("Name", "")) == _CONNECTOR
        ]
        return bool(states) and states[-1].fields.get("State", "").lower() == "running"

    @property
    def is_long(self) -> bool:
        """Whether it is as long as a night."""
        return self.ends - self.absence.begins >= _LONG


def verdict_of_log(outlook: Outlook) -> Verdict:
    """Judge by the shape of the silence; the start line afterwards tells the most."""
    absence = outlook.absence
    return (
        _cut_off(outlook)
        or (_in_mid_run(outlook) if absence.open_run else None)
        or (_of_one(outlook) if absence.scope != MACHINE else None)
        or _of_all(outlook)
    )


def _cut_off(outlook: Outlook) -> Verdict | None:
    """NULs in place of the last line say that a write never reached the disk."""
    begins = outlook.absence.begins
    proofs = [one for time, one in dated(outlook.signals, NUL_RUN) if near(time, begins, _SLACK)]
    if not proofs:
        return None
    summary = "The log's last line was not written out, as when a machine loses power."
    return _verdict(outlook, "power_lost", Confidence.LIKELY, summary, proofs=proofs, is_told=True)


def _in_mid_run(outlook: Outlook) -> Verdict:
    run = outlook.absence.open_run
    inside = [
        one
        for one in outlook.spells
        if one.kind is SpellKind.QUICKBOOKS_DOWN and outlook.absence.begins - _SLACK <= one.begins <= outlook.ends
    ]
    for spell in inside[:1]:
        cause = "quickbooks_crashed" if spell.how is How.CRASH else "connector_hung"
        said = f"{spell_said(spell)[:-1]}, and the run of {run} stopped in the middle of its work."
        return _verdict(
            outlook, cause, Confidence.LIKELY, said, proofs=spell.evidence, how=spell.how, is_told=True,
            begins=spell.begins,
        )  # fmt: skip
    said = f"The run of {run} stopped in the middle of its work; mostly QuickBooks waits for an answer in a box."
    against = _SILENT if outlook.is_watched else _NO_EVENTS
    others = [Alternative(cause="machine_asleep", confidence=Confidence.WEAK, speaks_against=against)]
    if outlook.absence.resumed_with_start_line:
        others = [Alternative(cause="connector_not_running", confidence=Confidence.WEAK, speaks_for=_BEGINS_ANEW)]
    return _verdict(outlook, "connector_hung", Confidence.LIKELY, said, others=others)


def _of_one(outlook: Outlook) -> Verdict:
    """Judge the silence of one application."""
    others = ", ".join(outlook.absence.others_writing)
    name = outlook.absence.scope
    if others:
        said = f"{others} went on meanwhile, so the machine and Web Connector were fine; {name} was not started."
        return _verdict(outlook, "auto_run_off", Confidence.LIKELY, said)
    said = f"{name} was due and did not begin, and nothing tells why."
    return _verdict(outlook, "missed_schedule", Confidence.WEAK, said, others=_all_open(outlook))


def _of_all(outlook: Outlook) -> Verdict:
    absence = outlook.absence
    if absence.resumed_with_start_line:
        return _began_anew(outlook)
    if len(absence.caught_up_at_once) > 1:
        said = f"{' and '.join(absence.caught_up_at_once)} began at once when it ended, as after waking."
        return _verdict(outlook, "machine_asleep", Confidence.LIKELY, said)
    if absence.resumed_with_start_line is False:
        return _went_on(outlook)
    if absence.others_writing:
        said = f"{', '.join(absence.others_writing)} wrote on the same machine meanwhile, so it was awake."
        return _verdict(outlook, "connector_not_running", Confidence.LIKELY, said, others=_idle(""))
    if outlook.is_running:
        return _idled(outlook, "Web Connector runs, and starts nothing.")
    said = "Syncs were due and did not begin, and nothing tells why."
    return _verdict(outlook, "missed_schedule", Confidence.WEAK, said, others=_all_open(outlook))


def _began_anew(outlook: Outlook) -> Verdict:
    absence = outlook.absence
    if outlook.is_watched or absence.others_writing or not outlook.is_long:
        said = f"{_BEGINS_ANEW} Nothing that is known explains it, so somebody probably closed it."
        against = _SILENT if outlook.is_watched else ""
        others = [Alternative(cause="session_logged_out", confidence=Confidence.WEAK, speaks_against=against)]
        return _verdict(
            outlook, "connector_not_running", Confidence.LIKELY, said, how=How.CLOSED, others=others
        )  # fmt: skip
    others = [
        Alternative(cause="machine_shut_down", confidence=Confidence.LIKELY, speaks_for=_BEGINS_ANEW),
        Alternative(cause="connector_not_running", confidence=Confidence.WEAK, speaks_for=_BEGINS_ANEW),
    ]
    said = f"{_BEGINS_ANEW} For so long, its user was probably signed out."
    return _verdict(outlook, "session_logged_out", Confidence.LIKELY, said, others=others)


def _went_on(outlook: Outlook) -> Verdict:
    if outlook.is_watched or outlook.absence.others_writing:
        return _idled(outlook, f"{_GOES_ON} It lived and started nothing.")
    said = f"{_GOES_ON} For so long, the machine was probably asleep."
    confidence = Confidence.LIKELY if outlook.is_long else Confidence.WEAK
    return _verdict(outlook, "machine_asleep", confidence, said, others=_idle(_GOES_ON))


def _idled(outlook: Outlook, said: str) -> Verdict:
    against = _SILENT if outlook.is_watched else ""
    others = [Alternative(cause="machine_asleep", confidence=Confidence.WEAK, speaks_against=against)]
    return _verdict(outlook, "auto_run_off", Confidence.WEAK, said, others=others)


def _idle(speaks_for: str) -> list[Alternative]:
    return [Alternative(cause="auto_run_off", confidence=Confidence.WEAK, speaks_for=speaks_for)]


def _all_open(outlook: Outlook) -> list[Alternative]:
    """Return what it may be where nothing speaks for any of it."""
    against = _SILENT if outlook.is_watched else ""
    return [
        Alternative(cause="connector_not_running", confidence=Confidence.WEAK),
        Alternative(cause="machine_asleep", confidence=Confidence.WEAK, speaks_against=against),
        Alternative(cause="session_logged_out", confidence=Confidence.WEAK, speaks_against=against),
        Alternative(cause="auto_run_off", confidence=Confidence.WEAK),
    ]


def _verdict(  # noqa: PLR0913 - a verdict has this many sides
    outlook: Outlook, cause: str, confidence: Confidence, summary: str, *, proofs: Iterable[Record] = (),
    how: How | None = None, others: Sequence[Alternative] = (), is_told: bool = False, begins: datetime | None = None,
) -> Verdict:  # fmt: skip
    absence = outlook.absence
    return Verdict(
        cause=cause, confidence=confidence, evidence=(silence(absence), *lines_of(proofs)), others=tuple(others),
        begins=begins or absence.begins, ends=absence.ends, how=how, summary=summary, is_told=is_told,
    )  # fmt: skip

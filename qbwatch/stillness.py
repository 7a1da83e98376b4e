"""Which silences are findings: of the whole machine, and of one application while others go on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from qbwatch.quiet import AT_ONCE
from rules.absence import MACHINE, Absence, MissedRuns
from rules.event import Confidence
from rules.schedule import SHORTEST_GAP, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from qbwatch.quiet import Quiet
    from rules.absence import Verdict
    from rules.pulse import ConfiguredApplication, Pulse
    from rules.schedule import Expectation

# A large request may keep QuickBooks busy, and the log silent, for so long.
_PATIENCE_IN_RUN = timedelta(minutes=30)
# What an application does over the day is not known before.
_LEARNING = timedelta(days=2)
_SURE = {Confidence.PROOF, Confidence.STRONG}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lull:
    """A time without a run of one application; `ends` is None while it lasts, `others` ran meanwhile."""

    application: str
    begins: datetime
    ends: datetime | None
    source: str
    line: int
    offset: int
    others: tuple[str, ...] = ()
    postponed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stillness:
    """A silence that is a finding: what it is, why it was, and where the line stands that tells of it.

    `parent` is the beginning of the machine's silence that holds it back. While it lasts, `last_good` is when those
    that are missed last had a run that worked or had nothing to do.
    """

    absence: Absence
    verdict: Verdict
    source: str
    line: int
    offset: int
    parent: datetime | None = None
    last_good: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Due:
    pulse: Pulse
    expectation: Expectation
    missed: int
    was_open: bool  # whether its windows, if it has any, were open meanwhile


@dataclass(slots=True, kw_only=True)
class Assessor:
    """Decides by what is known of the applications; *judge* tells why there was an absence."""

    pulses: Mapping[str, Pulse]
    configured: Mapping[str, ConfiguredApplication]
    overdue_after: int
    judge: Callable[[Absence], Verdict]
    retrospect: bool  # whether all that will ever be known is known
    jumps: Sequence[tuple[datetime, datetime]] = ()  # from when to when the clock was set, while no time passed
    writing: Callable[[datetime], tuple[str, ...]] = lambda _: ()  # which other logs were written since a moment

    def of_machine(self, quiet: Quiet, until: datetime) -> Stillness | None:
        """Return the finding that *quiet* is, if it is one; it has lasted *until* now where it has no end."""
        ends = self._without_jumps(quiet.begins, quiet.ends or until)
        if not self._is_long(quiet.begins, ends):
            return None
        due = list(self._due(quiet.begins, ends, quiet.postponed))
        if not self._is_overdue(due, ends - quiet.begins, in_run=quiet.open_run is not None):
            return None
        missed = [one for one in due if one.missed]
        absence = Absence(
            begins=quiet.begins, ends=quiet.ends, turn=min(one.expectation.every for one in missed),
            missed=_counted(missed), resumed_with_start_line=quiet.anew if quiet.ends else None,
            open_run=quiet.open_run, caught_up_at_once=quiet.caught_up, scope=MACHINE,
            others_writing=self.writing(quiet.begins) if quiet.ends is None else (),
        )  # fmt: skip
        verdict = self.judge(absence)
        if not verdict.is_told and self._is_of_one(quiet, due, until):
            return None
        if quiet.anew is not True and quiet.open_run is None and self._is_usual(missed, verdict, quiet.begins, ends):
            return None
        return Stillness(
            absence=absence, verdict=verdict, source=quiet.source, line=quiet.line, offset=quiet.offset,
            last_good=_last_good(missed) if quiet.ends is None else None,
        )  # fmt: skip

    @staticmethod
    def _is_of_one(quiet: Quiet, due: Iterable[_Due], until: datetime) -> bool:
        """Say whether one application did not run, and another one that was not due went on in its time.

        That shows only when the lines go on without the first one, and without a start.
        """
        missed = [one.pulse.application for one in due if one.missed]
        others = [one for one in due if one.was_open and not one.missed]
        if quiet.ends is None or until - quiet.ends < AT_ONCE or len(missed) != 1 or not others:
            return False
        return quiet.anew is not True and missed[0] not in quiet.caught_up

    def of_application(self, lull: Lull, silent: Sequence[Quiet], until: datetime) -> Stillness | None:
        """Return the finding that *lull* is, if one part of it outside the machine's *silent* stretches is overdue.

        It begins with that part, and what comes behind it belongs to it.
        """
        begins, missed, expected = None, 0, None
        for part_begins, with_jumps in _outside(lull, silent, until):
            part_ends = self._without_jumps(part_begins, with_jumps)
            due = self._due_of(lull, part_begins, part_ends)
            if due is None:
                continue
            if begins is None and self._is_overdue([due], part_ends - part_begins, in_run=False):
                begins, expected = part_begins, due
            missed += due.missed if begins else 0
        if begins is None or expected is None:
            return None
        absence = Absence(
            begins=begins, ends=lull.ends, turn=expected.expectation.every, others_writing=lull.others,
            missed=(MissedRuns(application=lull.application, count=missed),), scope=lull.application,
        )  # fmt: skip
        verdict = self.judge(absence)
        if self._is_usual([expected], verdict, begins, lull.ends or until):
            return None
        return Stillness(
            absence=absence, verdict=verdict, source=lull.source, line=lull.line, offset=lull.offset,
            last_good=_last_good([expected]) if lull.ends is None else None,
        )  # fmt: skip

    def _due_of(self, lull: Lull, begins: datetime, ends: datetime) -> _Due | None:
        pulse = self.pulses.get(lull.application)
        if pulse is None:
            return None
        expectation = pulse.expectation(begins, self.configured.get(lull.application))
        if expectation is None:
            return None
        since = pulse.due_since(begins, expectation.every, lull.postponed)
        return _Due(pulse, expectation, expectation.missed(since, ends), was_open=True)

    def may_be_overdue(self, begins: datetime, ends: datetime, postponed: Mapping[str, datetime]) -> bool:
        """Say whether a silence of that time may be a finding, by what is known now."""
        due = list(self._due(begins, ends, postponed))
        return not due or self._is_overdue(due, ends - begins, in_run=False)

    def may_be_late(self, lull: Lull) -> bool:
        """Say whether *lull*, which is over, may be a finding, by what is known now."""
        due = self._due_of(lull, lull.begins, lull.ends) if lull.ends else None
        return due is not None and due.missed >= self.overdue_after

    def held_back(self, stillness: Stillness) -> Iterator[Stillness]:
        """Yield for every application what it missed in the machine's *silence*."""
        for missed in stillness.absence.missed:
            absence = replace(stillness.absence, scope=missed.application, missed=(missed,))
            yield replace(stillness, absence=absence, parent=stillness.absence.begins)

    def _without_jumps(self, begins: datetime, ends: datetime) -> datetime:
        """Return *ends* as it would be had nobody set the clock forward meanwhile."""
        jumped = (min(new, ends) - max(old, begins) for old, new in self.jumps)
        return ends - sum((one for one in jumped if one > timedelta()), timedelta())

    def _is_long(self, begins: datetime, ends: datetime) -> bool:
        """Say whether any application may be overdue at all; this is asked often."""
        known = (pulse.expectation(begins, self.configured.get(name)) for name, pulse in self.pulses.items())
        shortest = min((one.every for one in known if one), default=None)
        return shortest is not None and ends - begins >= self.overdue_after * min(shortest, timedelta(hours=8))

    def _due(self, begins: datetime, ends: datetime, postponed: Mapping[str, datetime]) -> Iterator[_Due]:
        for pulse in self.pulses.values():
            expectation = pulse.expectation(begins, self.configured.get(pulse.application))
            if expectation is None or pulse.first > begins or self._is_off(pulse, expectation, begins):
                continue
            since = pulse.due_since(begins, expectation.every, postponed.get(pulse.application))
            is_open = not expectation.windows or any(expectation.openings(begins, ends))
            yield _Due(pulse, expectation, expectation.missed(since, ends), is_open)

    def _is_off(self, pulse: Pulse, expectation: Expectation, moment: datetime) -> bool:
        """Say whether it did not run any more long before *moment*, and that is a finding of its own."""
        return pulse.last < moment and expectation.missed(pulse.last, moment) >= self.overdue_after

    def _is_overdue(self, due: Iterable[_Due], length: timedelta, *, in_run: bool) -> bool:
        late = [one for one in due if one.missed >= self.overdue_after]
        if in_run and length < _PATIENCE_IN_RUN:
            return False
        return any(one.expectation.known is Known.CONFIGURED or length >= SHORTEST_GAP for one in late)

    def _is_usual(self, due: Iterable[_Due], verdict: Verdict, begins: datetime, ends: datetime) -> bool:
        """Say whether nothing but the silence speaks for a fault, and that is not enough."""
        if verdict.is_told or verdict.confidence in _SURE:
            return False
        late = [one for one in due if one.missed >= self.overdue_after]
        return all(self._is_unsure(one, begins, ends) for one in late)

    def _is_unsure(self, due: _Due, begins: datetime, ends: datetime) -> bool:
        if due.expectation.windows or due.expectation.known is Known.CONFIGURED:
            return False
        is_new = not self.retrospect and begins - due.pulse.first < _LEARNING
        return is_new or due.pulse.is_used_to(begins, ends, due.expectation.every)


def _counted(due: Iterable[_Due]) -> tuple[MissedRuns, ...]:
    return tuple(MissedRuns(application=one.pulse.application, count=one.missed) for one in due)


def _last_good(due: Iterable[_Due]) -> datetime | None:
    return max((one.pulse.last_good for one in due if one.pulse.last_good), default=None)


def _outside(lull: Lull, silent: Iterable[Quiet], until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of *lull* in which the machine was not silent."""
    begins, last = lull.begins, lull.ends or until
    for quiet in silent:
        if (quiet.ends or until) <= begins or quiet.begins >= last:
            continue
        if quiet.begins > begins:
            yield begins, quiet.begins
        begins = quiet.ends or until
    if begins < last:
        yield begins, last

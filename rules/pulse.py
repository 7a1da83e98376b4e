"""One application's life on a machine: its runs, what they teach of its schedule, and since when it does nothing."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from ingest.record import Outcome, Trigger
from rules.habit import MEMORY, is_habit
from rules.rhythm import Rhythm
from rules.schedule import Expectation, Known

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from ingest.record import Run
    from rules.schedule import Window

# A pause worth remembering; shorter ones are a matter of turns.
_PAUSE = timedelta(hours=1)
_BEGINS = itemgetter(0)
# Of a log that is read after the fact all pauses count; a watcher forgets them.
_MOST_PAUSES = 60
_REMEMBERED = 2 * MEMORY


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredApplication:
    """What the configuration says of an application: its interval (None: as it is learnt) and its windows in a zone."""

    name: str
    every: timedelta | None = None
    windows: tuple[Window, ...] = ()
    zone: ZoneInfo | None = None


@dataclass(slots=True, kw_only=True)
class Pulse:
    """What is known of one application; times are those of its runs.

    `first` and `last` are when it was first and last active: a run counts until its end. `idle_runs` counts the runs
    since `idle_since` in which its web service had no work. `lasting` is the run that has not ended.
    """

    application: str
    first: datetime
    last: datetime
    run: str | None = None
    outcome: Outcome | None = None
    trigger: Trigger | None = None
    lasting: bool = False
    scheduled: bool = False
    last_good: datetime | None = None
    qwc: timedelta | None = None
    postponed: datetime | None = None  # nothing is due before
    idle_runs: int = 0
    idle_since: datetime | None = None
    idle_told: bool = False
    absent_since: datetime | None = None  # since when its absence while others went on is a finding
    rhythm: Rhythm = field(default_factory=Rhythm)
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)

    def goes_on(self, run: Run) -> bool:
        """Take *run* if it is over, and came in its time as the one before: most do. False leaves it to `take`."""
        began, ended, last = run.started, run.ended, self.last
        if (
            began is None or ended is None or self.run is None or run.id == self.run or self.lasting
            or self.absent_since is not None or (self.postponed is not None and self.postponed > last)
            or not run.trigger is self.trigger is Trigger.SCHEDULED
            or run.outcome is Outcome.UNFINISHED or not self.rhythm.note_usual(last, began)
        ):  # fmt: skip
            return False
        self.run, self.outcome, self.last = run.id, run.outcome, ended
        self._count(run, ended)
        return True

    def take(self, run: Run) -> datetime | None:
        """Take *run*, which may come again; return since when the application was silent before, if it is a new one."""
        began, over = run.started or run.ended, run.ended or run.started
        if began is None or over is None or (run.id != self.run and began < self.last):
            return None
        before = self._begin(run, began) if run.id != self.run else None
        if run.outcome is not self.outcome:
            self._count(run, over)
        self.outcome, self.trigger = run.outcome, run.trigger or self.trigger
        self.lasting = run.ended is None
        self.last = max(self.last, over)
        return before

    def _begin(self, run: Run, began: datetime) -> datetime | None:
        before = self.last if self.run else None
        if before is not None:
            by_schedule = run.trigger is self.trigger is Trigger.SCHEDULED
            if by_schedule and not self.lasting and not self._is_postponed(before):
                self.rhythm.note(before, began, failed=self.outcome is Outcome.FAILED)
            if began - before >= _PAUSE:
                self.pauses.append((before, began))
        self.run, self.outcome, self.trigger, self.absent_since = run.id, None, run.trigger, None
        self.scheduled = self.scheduled or run.trigger is Trigger.SCHEDULED
        return before

    def _is_postponed(self, since: datetime) -> bool:
        return self.postponed is not None and self.postponed > since

    def _count(self, run: Run, over: datetime) -> None:
        if run.outcome is Outcome.NO_WORK:
            self.idle_runs += 1
            self.idle_since = self.idle_since or over
        if run.outcome is Outcome.OK:
            self.idle_runs, self.idle_since, self.idle_told = 0, None, False
        if run.outcome is Outcome.OK or run.outcome is Outcome.NO_WORK:
            self.last_good = over

    @property
    def shortest(self) -> timedelta:
        """The shortest interval that it may have had lately; none where that is not known."""
        phases = self.rhythm.phases[-2:]
        return timedelta(seconds=min(seconds for _, seconds in phases)) if phases else timedelta()

    def expectation(self, moment: datetime, configured: ConfiguredApplication | None) -> Expectation | None:
        """Return how often it was expected to run at *moment*; None where nothing sure is known.

        The configuration is believed first, then its own runs: what a .qwc file asks for may have been changed since.
        """
        learnt = self.rhythm.at(moment)
        every, known = learnt, Known.LEARNT
        if configured is not None and configured.every is not None:
            every, known = configured.every, Known.CONFIGURED
        elif learnt is None and self.scheduled:
            every, known = self.qwc, Known.QWC
        if not every:
            return None
        return Expectation(
            application=self.application,
            every=every,
            known=known,
            windows=configured.windows if configured else (),
            zone=configured.zone if configured else None,
        )

    def due_since(self, begins: datetime, every: timedelta, postponed: datetime | None) -> datetime:
        """Return from when on to count turns after *begins*: a run that was put off until *postponed* is due then."""
        return begins if postponed is None else max(begins, postponed - every)

    def forget_pause(self, begins: datetime, ends: datetime) -> None:
        """Drop what was mostly a pause of the machine, from *begins* to *ends*."""
        at = max(bisect_right(self.pauses, begins, key=_BEGINS) - 1, 0)
        while at < len(self.pauses) and self.pauses[at][0] < ends:
            began, ended = self.pauses[at]
            if 2 * (min(ended, ends) - max(began, begins)) >= ended - began:
                del self.pauses[at]
            else:
                at += 1

    def forget(self, now: datetime) -> None:
        """Drop the pauses and the intervals that are too long ago to matter *now*."""
        self.rhythm.forget(self.last - _REMEMBERED)
        if self.pauses and now - self.pauses[0][1] > _REMEMBERED:
            self.pauses = [(began, ended) for began, ended in self.pauses if now - ended <= _REMEMBERED]
        del self.pauses[:-_MOST_PAUSES]

    def is_used_to(self, begins: datetime, ends: datetime, every: timedelta) -> bool:
        """Say whether it was silent so at this time of other days too."""
        return is_habit(begins, ends, self.pauses, late=max(3 * every, timedelta(minutes=30)))

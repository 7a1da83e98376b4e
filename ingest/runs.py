"""Join records to runs: one sync attempt of one application each, though several interleave in one log.

A record of QWCLog.txt names neither its process nor its user. What ties it to a run is, in this order:
the application or the session ticket that it names; else the order in which a run goes through its steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.formats.qbwc_steps import Kind, Step, step_of
from ingest.record import Outcome, Run, Trigger
from ingest.redact import redact, redact_url

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.record import Record, Span

# Longest run that is believed in; after it an open run counts as given up.
LONGEST_RUN = timedelta(hours=12)
# A taken update lock is somebody's live run if that run wrote something in this time.
LIVE = timedelta(minutes=30)
# So long after its unlock, a run may still tell its result.
_TELLING = timedelta(seconds=60)
_UNLOCKED_RANK = 21
_LOCKED_RANK = 5
_ONCE = {3, 4, 5, 20, 21, 22}  # the update lock is asked for, set, said to be set, and so on to the result
_CONNECTING_RANK = 15
_REQUESTS_RANK = 16
_ENDINGS = {Kind.REFUSED, Kind.NO_WORK, Kind.FAILED}
_TROUBLES = {Kind.REFUSED, Kind.NO_WORK, Kind.FAILED, Kind.NOT_RUN, Kind.DONE_WITH_ERRORS}
_FAILURES = {Kind.REFUSED, Kind.NOT_RUN, Kind.LOCK_BUSY, Kind.FAILED, Kind.DONE_WITH_ERRORS}
_TROUBLED = {Kind.DONE_WITH_ERRORS, Kind.SUMMARY}
_BEGINNINGS = {Kind.TICK, Kind.SCHEDULED, Kind.MANUAL, Kind.NOT_RUN}
_KNOWN = ("application", "user", "url", "product_version", "company_file")


@dataclass(slots=True, eq=False)
class OpenRun:
    """A run while it goes on; `seen` holds the kinds of steps it went through."""

    id: str
    format: str
    source: str
    first: Span
    started: datetime | None
    last: datetime | None
    rank: int
    known: dict[str, str] = field(default_factory=dict)
    ticket: str | None = None
    seen: set[Kind] = field(default_factory=set)
    trigger: Trigger | None = None
    blocked_by: str | None = None  # id of the live run that held the update lock
    program: int = 0  # how many program starts the log had seen at its last record
    closed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether its session has ended, though a summary may follow."""
        if self.rank >= _UNLOCKED_RANK:
            return True
        turned_away = Kind.LOCK_BUSY in self.seen and Kind.LOCKED not in self.seen
        return turned_away or bool(self.seen & {Kind.NOT_RUN, Kind.DONE_WITH_ERRORS})

    @property
    def is_ending(self) -> bool:
        """Whether its session has reason to end: nothing more to do, or a failure."""
        return self.rank > _REQUESTS_RANK or bool(self.seen & _ENDINGS)

    def has_said(self, step: Step) -> bool:
        """Whether it has made *step* already, which a run makes only once."""
        if step.kind is Kind.SUMMARY:
            return bool(self.seen & {Kind.SUMMARY, Kind.DONE})
        return step.rank in _ONCE and self.rank >= step.rank

    def fits(self, step: Step) -> bool:
        """Whether *step* goes with how it came about so far."""
        if step.kind in {Kind.DONE, Kind.CONNECTING}:
            return not self.seen & _TROUBLES
        if step.kind is Kind.NO_WORK:
            return Kind.NO_WORK in self.seen
        return step.kind not in _TROUBLED or bool(self.seen & _TROUBLES)

    def outcome(self) -> Outcome:
        """Decide by what was seen; the order matters, since a healthy run may end with an error's summary."""
        seen = self.seen
        if self.blocked_by:
            return Outcome.UNFINISHED
        if Kind.NO_WORK in seen:
            return Outcome.NO_WORK
        if not seen.isdisjoint(_FAILURES):
            return Outcome.FAILED
        if Kind.DONE in seen or (Kind.NOTHING_MORE in seen and Kind.UNLOCKED in seen):
            return Outcome.OK
        if Kind.UNLOCKED in seen and Kind.SUMMARY in seen:
            return Outcome.FAILED
        return Outcome.UNFINISHED

    def mark_failed(self) -> None:
        """Note that a rule found why it fails; Web Connector's own words may be milder."""
        self.seen.add(Kind.FAILED)

    def again(
        self, id_: str, source: str, first: Span, times: tuple[datetime | None, datetime | None], ticket: str
    ) -> OpenRun:
        """Return this run as records that say the same would have made it, from *first* on; written at *times*."""
        return OpenRun(
            id=id_,
            format=self.format,
            source=source,
            first=first,
            started=times[0],
            last=times[1],
            rank=self.rank,
            known=self.known.copy(),
            ticket=self.ticket and ticket,
            seen=self.seen.copy(),
            trigger=self.trigger,
            closed=self.closed,
        )

    def as_run(self) -> Run:
        """Return what is known of it now."""
        ended = self.last if self.closed or self.is_over else None
        known = self.known.get
        return Run(
            id=self.id,
            format=self.format,
            source=self.source,
            first=self.first,
            application=known("application") or None,
            company_file=known("company_file") or None,
            user=known("user") or None,
            url=known("url") or None,
            product_version=known("product_version") or None,
            trigger=self.trigger,
            started=self.started,
            ended=ended,
            outcome=self.outcome(),
            blocked_by=self.blocked_by,
        )


class RunJoiner:
    """Keeps the open runs of one log, which may span several files."""

    def __init__(self) -> None:
        """Begin with no run open."""
        self.open: list[OpenRun] = []
        self._ending: list[OpenRun] = []
        self._starting = False
        self._program_starting = False
        self._programs = 0

    def feed(self, record: Record, run_id: str, source: str) -> OpenRun | None:
        """Take *record* and return its run; *run_id* is the id of a run that would begin with it."""
        step = step_of(record)
        if step is None:
            return None
        self._give_up(record)
        if step.kind in {Kind.BANNER, Kind.PROGRAM_START}:
            self._note_start(step)
            return None
        if self._is_start_noise(step):
            return None
        self._starting = self._program_starting = False
        run = self._choose(record, step) or self._begin(record, step, run_id, source)
        if run is not None:
            self._note(run, record, step)
        return run

    def take_whole(self, run: OpenRun) -> None:
        """Take *run*, which begins now, as its records would have left it; call it if `is_free`."""
        # Its first record closes all that are open, and those first that were given up.
        for one in list(self.open):
            if one.last and run.started and run.started - one.last > LONGEST_RUN:
                self._close(one)
        for one in list(self.open):
            self._close(one)
        self._starting = self._program_starting = False
        run.program = self._programs
        self.open.append(run)
        if run.closed:
            self._close(run)

    @property
    def is_free(self) -> bool:
        """Whether every open run would be closed by the next one that begins, whenever that is."""
        for run in self.open:  # noqa: SIM110 - asked for each run of a log, and a generator takes twice as long
            if run.rank == _UNLOCKED_RANK or not run.is_over:
                return False
        return True

    def take_ended(self) -> list[OpenRun]:
        """Return the runs that were closed since the last call."""
        ended, self._ending = self._ending, []
        return ended

    def finish(self) -> list[OpenRun]:
        """Close what is open: the log ends here."""
        for run in list(self.open):
            self._close(run)
        return self.take_ended()

    def _note_start(self, step: Step) -> None:
        if step.kind is Kind.PROGRAM_START and not self._program_starting:
            self._programs += 1
            self._program_starting = True
        self._starting = True

    def _is_start_noise(self, step: Step) -> bool:
        """At its start Web Connector resets a lock that belongs to no run; a rollover has no such lines."""
        return self._starting and step.rank in {20, 21} and not any(run.rank >= 17 for run in self.open)

    def _give_up(self, record: Record) -> None:
        for run in list(self.open):
            if _quiet(run, record) > LONGEST_RUN:
                self._close(run)

    def _choose(self, record: Record, step: Step) -> OpenRun | None:
        if step.kind in {Kind.TICK, Kind.MANUAL}:
            self._close_finished(record)
            return None
        if step.kind in {Kind.SCHEDULED, Kind.NOT_RUN} and step.rank < 3:
            return self._choose_tick(record)
        ticket = record.fields.get("ticket")
        application = record.fields.get("application")
        for run in reversed(self.open):
            if ticket and run.ticket == ticket:
                return run
        runs = [run for run in self.open if not (ticket and run.ticket)]
        if application:
            named = [run for run in runs if run.known.get("application") == application]
            runs = named or [run for run in runs if "application" not in run.known]
        return self._nearest(runs, step, record)

    def _choose_tick(self, record: Record) -> OpenRun | None:
        """Find the run of a tick, which names no application; the next lines of the schedule do."""
        self._close_finished(record)
        waiting = [r for r in self.open if r.rank <= 1 and "application" not in r.known and r.trigger is not None]
        return waiting[-1] if waiting else None

    def _nearest(self, runs: list[OpenRun], step: Step, record: Record) -> OpenRun | None:
        """Of the runs that have not gone past *step*, take the one nearest before it, else the last active.

        A run that wrote nothing since a program start, or for long, gives way: it may have died with its program.
        """
        if step.kind is Kind.SUMMARY:
            runs = [run for run in runs if run.is_over or run.seen & _TROUBLES]
        if step.rank == _CONNECTING_RANK or (step.kind is Kind.CONNECTING and step.rank == _REQUESTS_RANK):
            runs = [run for run in runs if run.rank >= _LOCKED_RANK and self._is_alive(run, record)]
        before = [run for run in runs if run.rank <= step.rank and not run.has_said(step)]
        ends = step.rank in {_UNLOCKED_RANK - 1, _UNLOCKED_RANK}
        if before:
            order = {run: at for at, run in enumerate(self.open)}
            return max(
                before,
                key=lambda run: (
                    self._is_alive(run, record), run.fits(step), run.is_ending or not ends, run.rank, order[run]
                ),
            )  # fmt: skip
        going = [run for run in runs if not run.is_over]
        return going[-1] if going and step.rank >= 3 else None

    def _is_alive(self, run: OpenRun, record: Record) -> bool:
        return run.program == self._programs and _quiet(run, record) <= LIVE

    def _close_finished(self, record: Record) -> None:
        """Close the runs that are over, and the last one of the record's application, since a new one begins."""
        application = record.fields.get("application")
        for run in list(self.open):
            same = application is not None and run.known.get("application") == application
            # Of two users, one may begin between the other's last steps.
            may_tell = run.rank == _UNLOCKED_RANK and _quiet(run, record) <= _TELLING
            if same or (run.is_over and not may_tell):
                self._close(run)

    def _begin(self, record: Record, step: Step, run_id: str, source: str) -> OpenRun | None:
        begins = step.kind in _BEGINNINGS
        if not begins and (step.rank < 3 or step.rank == _CONNECTING_RANK or step.kind is Kind.CONNECTING):
            return None
        if step.rank >= _UNLOCKED_RANK - 1 and "application" not in record.fields:
            return None
        run = OpenRun(
            id=run_id,
            format=record.format,
            source=source,
            first=record.span,
            started=record.time if begins else None,
            last=record.time,
            rank=step.rank,
        )
        self.open.append(run)
        return run

    def _note(self, run: OpenRun, record: Record, step: Step) -> None:
        if step.kind is Kind.LOCK_BUSY:
            run.blocked_by = self._live_run(run, record)
        run.last = record.time or run.last
        run.program = self._programs
        # Requests repeat, and one run's clean-up never goes back to its beginning.
        run.rank = max(run.rank, step.rank)
        run.seen.add(step.kind)
        run.trigger = run.trigger or _trigger(record.component, step)
        for name in _KNOWN:
            if record.fields.get(name):
                run.known.setdefault(name, _safe(name, record.fields[name]))
        run.ticket = run.ticket or record.fields.get("ticket")
        self.open.remove(run)
        self.open.append(run)
        if step.kind is Kind.END or (step.kind is Kind.SUMMARY and run.trigger is Trigger.SCHEDULED):
            self._close(run)

    def _live_run(self, run: OpenRun, record: Record) -> str | None:
        for other in self.open:
            holds = other.rank >= _LOCKED_RANK and not other.is_over
            if other is not run and holds and self._is_alive(other, record):
                return other.id
        return None

    def _close(self, run: OpenRun) -> None:
        self.open.remove(run)
        run.closed = True
        # A tick that led to nothing before the log ended is no run yet.
        if run.rank >= 2 or Kind.NOT_RUN in run.seen:
            self._ending.append(run)


def _quiet(run: OpenRun, record: Record) -> timedelta:
    """Return for how long *run* had written nothing when *record* came."""
    return record.time - run.last if record.time and run.last else timedelta(0)


def _safe(name: str, value: str) -> str:
    """Take login and query out of a service's URL, and a person's address out of a user's name."""
    if name == "url":
        return redact_url(value)
    return redact(value) if name == "user" else value


def _trigger(component: str, step: Step) -> Trigger | None:
    if step.kind is Kind.MANUAL or "DoUpdateSelected" in component:
        return Trigger.MANUAL
    if "UpdateThisScheduledApp" in component or ".DoUpdate(" in component:
        return Trigger.SCHEDULED
    return None

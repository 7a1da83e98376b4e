"""One machine over time: what its logs and Windows tell of its life becomes findings of what did not happen.

Scanning and watching share it. It has no clock: what is known comes in, and `judge` says what follows from it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qbwatch.absence_events import event_of, id_of, news_of, withdrawn
from qbwatch.idle_work import idle_event
from qbwatch.judgement import Judgement, Mended, Told
from qbwatch.quiet import Quiet, QuietKeeper
from qbwatch.source_silence import SourceSilence
from qbwatch.stillness import Assessor, Lull, Stillness
from rules.absence import judge
from rules.event import Role
from rules.pulse import ConfiguredApplication, Pulse
from rules.schedule import SHORTEST_GAP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ingest.record import Record, Run
    from ingest.schedule_facts import ScheduleFact
    from qbwatch.source_state import SourceState
    from qbwatch.stream import FinishedRun, Sign
    from rules.absence import Absence, Verdict
    from rules.catalogue import Catalogue

KEPT = timedelta(days=3)
"""What happened longer ago than this is as it is; signals that come later change nothing."""

# Of an application that has not run for so long nothing is expected any more: it, or the machine, is gone.
_FORGOTTEN = timedelta(days=60)
# While others ran for so long without it, it was taken out for good; but what is configured is taken at its word.
_REMOVED = timedelta(days=14)
_MOST_LULLS = 2000
_CLOCK_STEP = "probe/clock-step"
_LOOK_EVERY = timedelta(seconds=15)
_FORGET_EVERY = timedelta(minutes=10)
_LONGER = 1.2
_MOST_VERDICTS = 500


class MachineWatch:
    """Collects signs of life, runs and signals of one machine, and tells what did not happen and why."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        host: str,
        client: str | None,
        expected: Sequence[ConfiguredApplication] = (),
        overdue_after: int = 3,
    ) -> None:
        """Expect what is configured and what is learnt; *overdue_after* so many turns a run is overdue."""
        self._catalogue, self._host, self._client = catalogue, host, client
        self._configured = {one.name: one for one in expected}
        self._overdue_after = overdue_after
        self.pulses: dict[str, Pulse] = {}
        self.signals: list[Record] = []
        self.lulls: list[Lull] = []
        self.told: dict[str, Told] = {}
        self.sources = SourceSilence(catalogue, host, client)
        asked = [one.every * overdue_after for one in expected if one.every]
        self.quiet = QuietKeeper(self._is_worth, min([SHORTEST_GAP, *asked]))
        self._put_off: dict[str, datetime] = {}  # until when an application has nothing to do
        self._has_news, self._noted = True, 0
        self._known: object = None  # what is known of that which is over, as it was judged last
        self._settled: list[Stillness] = []
        self._silent: list[Quiet] = []  # the machine's silences that are over and are findings
        self._judged_at: datetime | None = None
        self._forgot_at: datetime | None = None
        self._sources_at: datetime | None = None
        self._verdicts: dict[tuple[object, ...], tuple[Verdict, timedelta]] = {}

    @property
    def last(self) -> datetime | None:
        """The time of the last sign of life."""
        return self.quiet.last.time if self.quiet.last else None

    def use(self, catalogue: Catalogue) -> None:
        """Tell by *catalogue* from now on."""
        self._catalogue = self.sources.catalogue = catalogue

    def sign(self, sign: Sign) -> None:
        """Take a sign of life; the signs of one log come in its order."""
        if self.quiet.take(sign, self._put_off):
            self._has_news = True

    def thin_out(self) -> None:
        """Drop what is no finding by the runs that are known by now, of a log that is read after the fact."""
        turns = [pulse.shortest for name, pulse in self.pulses.items() if name not in self._configured]
        if turns and not self._configured:
            self.quiet.drop_short(self._overdue_after * min(turns))

    def run(self, finished: FinishedRun) -> None:
        """Take a run; it comes again when it changes."""
        run = finished.run
        began, name = run.started or run.ended, run.application
        if began is None or name is None:
            return
        for quiet in self.quiet.touched_by(run):
            self._has_news |= quiet.take(run, closed=finished.closed)
        pulse = self.pulses.get(name)
        if pulse is not None and finished.closed and pulse.goes_on(run):
            return
        if pulse is None:
            pulse = self.pulses[name] = Pulse(application=name, first=began, last=began)
        absent_since = pulse.absent_since
        before = pulse.take(run)
        if before is not None and began - before >= max(self.quiet.shortest, self._overdue_after * pulse.shortest):
            self._lull(pulse, absent_since or before, began, run)

    def schedule(self, fact: ScheduleFact) -> None:
        """Take what the log says of an application's schedule."""
        name = fact.application
        pulse = self.pulses.get(name)
        if pulse is None:
            pulse = self.pulses[name] = Pulse(application=name, first=fact.time, last=fact.time)
        if fact.every is not None:
            pulse.qwc = fact.every
        if fact.postponed is not None:
            pulse.postponed = max(fact.time + fact.postponed, pulse.postponed or fact.time)
            self.take_up_delays()

    def take_up_delays(self) -> None:
        """Know anew which applications have nothing to do until some time."""
        self._put_off = {name: pulse.postponed for name, pulse in self.pulses.items() if pulse.postponed}

    def signal(self, record: Record) -> None:
        """Take what tells the state of the machine, as evidence; it may come long after what it explains."""
        if record.time is not None:
            self.signals.append(record)
            self._verdicts.clear()
            self._has_news, self._noted = True, self._noted + 1

    def source(self, state: SourceState) -> None:
        """Take how a source stands; it comes again when that changes."""
        self.sources.take(state)
        self._sources_at = None

    def judge(self, now: datetime | None) -> Judgement:
        """Say what is new, given that all that was written before *now* is known.

        None means that nothing is known behind the last sign of life, as of logs that are read after the fact.
        """
        until = now or self.last
        judgement = Judgement()
        if now is not None and (self._sources_at is None or abs(now - self._sources_at) >= _LOOK_EVERY):
            self._judge_sources(judgement, now)
        if until is None or not self._is_due(now):
            return judgement
        self._judged_at = now
        self._expect_configured()
        assessor = self._assessor(now)
        if self._has_news:
            if now is not None and (self._forgot_at is None or abs(now - self._forgot_at) >= _FORGET_EVERY):
                self._forget(now, judgement)
            self._settle(assessor, until, judgement)
        lasting = list(self._lasting(assessor, now, until))
        for stillness in lasting:
            self._tell(stillness, judgement)
        self._take_back([*self._settled, *lasting], judgement)
        for pulse in self.pulses.values():
            event = idle_event(pulse, self._catalogue, host=self._host, client=self._client)
            if event:
                judgement.events[event.id] = event
        self._has_news = False
        return judgement

    def _is_due(self, now: datetime | None) -> bool:
        """Say whether there is news, or enough time has passed for a silence to have become too long."""
        pause = min(_LOOK_EVERY, self.quiet.shortest / 10)
        return self._has_news or now is None or self._judged_at is None or abs(now - self._judged_at) >= pause

    def _settle(self, assessor: Assessor, until: datetime, judgement: Judgement) -> None:
        """Judge what is over, if something else is known of it than when that was done last."""
        stretches, lulls = list(self.quiet.found), list(self.lulls)
        known = (
            [(one.begins, one.ends, one.anew, one.open_run, one.caught_up) for one in stretches], lulls, self._noted
        )  # fmt: skip
        if known == self._known:
            return
        self._known, self._settled, self._silent = known, [], []
        for quiet in stretches:
            stillness = assessor.of_machine(quiet, until)
            if stillness:
                self._silent.append(quiet)
                self._forget_pauses(stillness)
                self._settled += [stillness, *assessor.held_back(stillness)]
        alone = (assessor.of_application(lull, self._silent, until) for lull in lulls)
        self._settled += [stillness for stillness in alone if stillness]
        for stillness in self._settled:
            self._tell(stillness, judgement)

    def _lasting(self, assessor: Assessor, now: datetime | None, until: datetime) -> Iterator[Stillness]:
        """Judge what goes on: behind the last sign of life there is only something to judge if it is *now*."""
        silent = list(self._silent)
        quiet = self.quiet.lasting(self._put_off) if now else None
        if quiet:
            quiet.open_run = next((name for name, pulse in self.pulses.items() if pulse.lasting), None)
            stillness = assessor.of_machine(quiet, until)
            if stillness:
                silent.append(quiet)
                yield stillness
                yield from assessor.held_back(stillness)
        for lull in self._lasting_lulls(until):
            alone = assessor.of_application(lull, silent, until)
            self.pulses[lull.application].absent_since = alone.absence.begins if alone else None
            if alone:
                yield alone

    def _jumps(self) -> list[tuple[datetime, datetime]]:
        """Return where the clock was set forward, as it stood before and behind that."""
        told = [record.fields for record in self.signals if record.codes == (_CLOCK_STEP,)]
        return [(datetime.fromisoformat(one["OldTime"]), datetime.fromisoformat(one["NewTime"])) for one in told]

    def _forget_pauses(self, stillness: Stillness) -> None:
        """Take no pause for a habit of an application that was one of the machine."""
        begins, ends = stillness.absence.begins, stillness.absence.ends
        if ends is None or not (stillness.verdict.is_told or stillness.absence.resumed_with_start_line):
            return
        for pulse in self.pulses.values():
            pulse.forget_pause(begins, ends)

    def _assessor(self, now: datetime | None) -> Assessor:
        def why(absence: Absence) -> Verdict:
            return self._why(absence, now)

        return Assessor(
            pulses=self.pulses, configured=self._configured, overdue_after=self._overdue_after, judge=why,
            retrospect=now is None, jumps=self._jumps(), writing=self.sources.writing,
        )  # fmt: skip

    def _why(self, absence: Absence, now: datetime | None) -> Verdict:
        """Judge *absence*, again only if something else is known of it, or it has become much longer."""
        key = (
            absence.scope, absence.begins, absence.ends, absence.open_run, absence.others_writing,
            absence.resumed_with_start_line, absence.caught_up_at_once,
        )  # fmt: skip
        length = (absence.ends or now or absence.begins) - absence.begins
        known, judged = self._verdicts.get(key, (None, timedelta()))
        if known is None or length > judged * _LONGER:
            known, judged = judge(absence, self.signals, now), length
            self._verdicts[key] = (known, judged)
        return known

    def _tell(self, stillness: Stillness, judgement: Judgement) -> None:
        scope, begins, ends = stillness.absence.scope, stillness.absence.begins, stillness.absence.ends
        id_, news = id_of(self._host, scope, begins, stillness.parent), news_of(stillness)
        before = self.told.get(id_)
        if before and before.news == news:
            return
        event = event_of(stillness, self._catalogue, host=self._host, client=self._client)
        self.told[id_] = Told(event, news, ends)
        judgement.events[id_] = event
        if ends and event.role is Role.ROOT:
            judgement.mended.append(Mended(cause=event.cause, application=event.application, at=ends))
            if before and before.event.cause != event.cause:
                judgement.renamed.append(Mended(cause=before.event.cause, application=event.application, at=ends))

    def _take_back(self, silences: Iterable[Stillness], judgement: Judgement) -> None:
        """Take back what was told and is no finding any more, such as a silence in which lines came late."""
        still = {id_of(self._host, one.absence.scope, one.absence.begins, one.parent) for one in silences}
        for id_, told in self.told.items():
            if id_ not in still and told.news:
                judgement.events[id_] = withdrawn(told.event)
                self.told[id_] = Told(judgement.events[id_], "", told.until)

    def _judge_sources(self, judgement: Judgement, now: datetime) -> None:
        self._sources_at = now
        found, over = self.sources.judge(now)
        judgement.events |= {event.id: event for event in found}
        judgement.mended += [Mended(cause=cause, application=None, at=at) for cause, at in over]

    def _lull(self, pulse: Pulse, before: datetime, began: datetime, run: Run) -> None:
        postponed = pulse.postponed if pulse.postponed and pulse.postponed > before else None
        lull = Lull(
            application=pulse.application, begins=before, ends=began, source=run.source, line=run.first.line,
            offset=run.first.offset, others=self._others(pulse, before), postponed=postponed,
        )  # fmt: skip
        if self._assessor(None).may_be_late(lull):
            self.lulls = [*self.lulls[1 - _MOST_LULLS :], lull]
            self._has_news = True

    def _lasting_lulls(self, until: datetime) -> Iterator[Lull]:
        last = self.quiet.last
        for pulse in self.pulses.values():
            if last and not pulse.lasting and pulse.last < until:
                yield Lull(
                    application=pulse.application, begins=pulse.absent_since or pulse.last, ends=None,
                    source=last.where.source, line=last.span.line, offset=last.span.offset,
                    others=self._others(pulse, pulse.last), postponed=pulse.postponed,
                )  # fmt: skip

    def _others(self, pulse: Pulse, since: datetime) -> tuple[str, ...]:
        return tuple(name for name, other in self.pulses.items() if other is not pulse and other.last > since)

    def _expect_configured(self) -> None:
        """Expect what is configured with an interval from the first sign of life on, though it never ran."""
        for name, one in self._configured.items():
            if one.every and name not in self.pulses and self.quiet.first:
                self.pulses[name] = Pulse(application=name, first=self.quiet.first, last=self.quiet.first)

    def _is_worth(self, quiet: Quiet) -> bool:
        # Signs of life may come before the runs that they are of.
        known = max((pulse.last for pulse in self.pulses.values()), default=None)
        if quiet.ends is None or known is None or quiet.ends > known:
            return True
        return self._assessor(None).may_be_overdue(quiet.begins, quiet.ends, quiet.postponed)

    def _forget(self, now: datetime, judgement: Judgement) -> None:
        """Drop what is too old to be judged again."""
        self._forgot_at = now
        limit, pulses = now - KEPT, self.pulses.values()
        if len(self._verdicts) > _MOST_VERDICTS:
            self._verdicts.clear()
        self.lulls = [lull for lull in self.lulls if lull.ends is None or lull.ends >= limit]
        # A silence of the machine explains the runs that an application missed until that is forgotten.
        since = [limit, *(lull.begins for lull in self.lulls), *(pulse.absent_since or pulse.last for pulse in pulses)]
        self.quiet.drop_harmless()
        self.quiet.found = [quiet for quiet in self.quiet.found if quiet.ends is None or quiet.ends >= min(since)]
        self.told = {id_: told for id_, told in self.told.items() if told.until is None or told.until >= min(since)}
        self._forget_removed(now, judgement)
        for pulse in self.pulses.values():
            pulse.forget(now)
        oldest = min([limit, *(quiet.begins for quiet in self.quiet.found), *([self.last] if self.last else [])])
        self.signals = [record for record in self.signals if record.time and record.time >= oldest - timedelta(days=1)]

    def _forget_removed(self, now: datetime, judgement: Judgement) -> None:
        """Expect nothing more of the applications that are gone, and end what was told of them."""
        latest = max((pulse.last for pulse in self.pulses.values()), default=now)
        gone = {
            name for name, pulse in self.pulses.items()
            if now - pulse.last >= _FORGOTTEN or (latest - pulse.last >= _REMOVED and name not in self._configured)
        }  # fmt: skip
        if not gone:
            return
        for told in self.told.values():
            if told.event.application in gone and told.until is None and told.event.role is Role.ROOT and told.news:
                judgement.given_up.append(Mended(cause=told.event.cause, application=told.event.application, at=now))
        self.pulses = {name: pulse for name, pulse in self.pulses.items() if name not in gone}
        self.told = {id_: told for id_, told in self.told.items() if told.event.application not in gone}
        self.lulls = [lull for lull in self.lulls if lull.application not in gone]

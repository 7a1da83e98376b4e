"""Where a machine's logs held no line: the stretches between its signs of life."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from ingest.record import Outcome
from rules.schedule import SHORTEST_GAP

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ingest.record import Run
    from qbwatch.stream import Sign

AT_ONCE = timedelta(minutes=2)
"""A program that begins anew does so with its first lines, and what catches up does so in this time."""

_SAME_MOMENT = timedelta(seconds=5)
_MANY = 200
_BEGINS = attrgetter("begins")
# A clock that ran ahead is set right; a line of another process is a moment late at most.
_SET_BACK = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Quiet:
    """A stretch without a line, from the last one before to the first one after it; `ends` is None while it lasts.

    `source`, `line` and `offset` are the place of the line behind it, while it lasts of that before it. `postponed`
    are the applications that had been put off when it began, and until when.
    """

    begins: datetime
    ends: datetime | None
    source: str
    line: int
    offset: int
    anew: bool | None = None
    open_run: str | None = None
    open_run_id: str | None = None
    caught_up: tuple[str, ...] = ()
    postponed: Mapping[str, datetime] = field(default_factory=dict)

    def take(self, run: Run, *, closed: bool) -> bool:
        """Learn from *run* whether it was under way when the lines stopped, or began at once behind them."""
        before = (self.open_run, self.open_run_id, self.caught_up)
        began, name = run.started or run.ended, run.application
        if began is None or name is None:
            return False
        if began <= self.begins:
            is_open = self._was_open(run, closed=closed)
            if is_open:
                self.open_run, self.open_run_id = name, run.id
            elif self.open_run_id == run.id:
                self.open_run = self.open_run_id = None
        elif self.ends and began - self.ends <= AT_ONCE and name not in self.caught_up:
            self.caught_up = (*self.caught_up, name)
        return before != (self.open_run, self.open_run_id, self.caught_up)

    def _was_open(self, run: Run, *, closed: bool) -> bool:
        if run.blocked_by is not None:
            return False
        if run.ended is None or (self.ends is not None and run.ended >= self.ends):
            return True
        broke_off = closed and run.outcome is Outcome.UNFINISHED
        return broke_off and abs(run.ended - self.begins) <= _SAME_MOMENT


@dataclass(slots=True)
class QuietKeeper:
    """Finds the stretches in a machine's signs of life, which come in the order of each log."""

    is_worth: Callable[[Quiet], bool] = lambda _: True  # by what is known now, whether a stretch may be a finding
    shortest: timedelta = SHORTEST_GAP
    first: datetime | None = None
    last: Sign | None = None
    found: list[Quiet] = field(default_factory=list)
    _many: int = _MANY

    def take(self, sign: Sign, postponed: Mapping[str, datetime]) -> bool:
        """Take *sign*; say whether that ended, shortened or explained a stretch."""
        last, news = self.last, False
        if last is not None and last.time <= sign.time < last.time + self.shortest and not sign.starts:
            self.last = sign
            return False
        self.first = min(self.first or sign.time, sign.time)
        if last is None or self._was_set_back(last, sign):
            self.found = [quiet for quiet in self.found if quiet.ends is None or quiet.ends <= sign.time]
            self.last = sign
            return False
        if sign.time < last.time:
            return self._split(sign)
        if sign.time - last.time >= self.shortest:
            self.found.append(_between(last, sign, postponed))
            self._thin_out()
            news = True
        elif sign.starts and self.found:
            newest = self.found[-1]
            news = newest.ends is not None and sign.time - newest.ends <= AT_ONCE and not newest.anew
            newest.anew = newest.anew or news
        self.last = sign
        return news

    def lasting(self, postponed: Mapping[str, datetime]) -> Quiet | None:
        """Return the stretch since the last sign of life."""
        last = self.last
        return last and Quiet(
            begins=last.time, ends=None, source=last.where.source, line=last.span.line, offset=last.span.offset,
            postponed=postponed,
        )  # fmt: skip

    @staticmethod
    def _was_set_back(last: Sign, sign: Sign) -> bool:
        return sign.where.file == last.where.file and last.time - sign.time >= _SET_BACK

    def _split(self, sign: Sign) -> bool:
        """Part the stretch that *sign*, a line of another log, lies in."""
        for at, quiet in enumerate(self.found):
            if quiet.ends is None or not quiet.begins < sign.time < quiet.ends:
                continue
            before = _ended(quiet, sign)
            after = Quiet(
                begins=sign.time, ends=quiet.ends, source=quiet.source, line=quiet.line, offset=quiet.offset,
                anew=quiet.anew, caught_up=quiet.caught_up, postponed=quiet.postponed,
            )  # fmt: skip
            parts = [one for one in (before, after) if one.ends and one.ends - one.begins >= self.shortest]
            self.found[at : at + 1] = parts
            return True
        return False

    def touched_by(self, run: Run) -> list[Quiet]:
        """Return the stretches that *run* may tell something of: mostly none."""
        began, over, found = run.started or run.ended, run.ended, self.found
        if began is None or not found:
            return []
        at = bisect_left(found, began, key=_BEGINS)
        touched = []
        # One before it, which it may have caught up after, and those that began while it went on.
        if at and (before := found[at - 1]).ends and began - before.ends <= AT_ONCE:
            touched.append(before)
        while at < len(found) and (over is None or found[at].begins <= over + _SAME_MOMENT):
            touched.append(found[at])
            at += 1
        newest = found[-1]
        if newest.open_run_id == run.id and newest not in touched:
            touched.append(newest)
        return touched

    def drop_short(self, turn: timedelta) -> None:
        """Drop the stretches that are shorter than *turn*."""
        if self.found:
            self.found = [quiet for quiet in self.found if quiet.ends is None or quiet.ends - quiet.begins >= turn]

    def drop_harmless(self) -> None:
        """Drop the stretches that are no finding by what is known now."""
        self.found = [quiet for quiet in self.found if self.is_worth(quiet)]

    def _thin_out(self) -> None:
        """Of a long log keep what may be a finding; the newest is kept, since its runs may not be known yet."""
        if len(self.found) > self._many:
            newest = self.found.pop()
            self.drop_harmless()
            self.found.append(newest)
            self._many = max(_MANY, 2 * len(self.found))


def _between(last: Sign, sign: Sign, postponed: Mapping[str, datetime]) -> Quiet:
    return Quiet(
        begins=last.time, ends=sign.time, source=sign.where.source, line=sign.span.line, offset=sign.span.offset,
        anew=sign.starts, postponed=postponed,
    )  # fmt: skip


def _ended(quiet: Quiet, sign: Sign) -> Quiet:
    return Quiet(
        begins=quiet.begins, ends=sign.time, source=sign.where.source, line=sign.span.line, offset=sign.span.offset,
        anew=sign.starts, open_run=quiet.open_run, open_run_id=quiet.open_run_id, postponed=quiet.postponed,
    )  # fmt: skip

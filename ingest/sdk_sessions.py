"""Tie the records of qbsdklog.txt to connections, and tell the calls from which QuickBooks never came back.

A record is tied by its process; where a log names none, by the order of steps. What is never written is the point:
a session that was asked for and neither opened, nor refused, nor ended hangs behind a dialog, or its program died.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ingest.formats.qbsdk_steps import Kind, step_of
from ingest.local_time import NO_ZONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.record import Record

HUNG = "Begin Session started, and the log holds no end of it"
PATIENCE = timedelta(minutes=15)
# A connection that writes nothing for so long is given up, though nothing is wrong with it.
_LONGEST = timedelta(hours=12)
# Where the log ends a session may still go on, but for one that has met a dialog that nobody closes.
_LONG_DIALOG = timedelta(minutes=1)
_DIALOG = "modal dialog"
# Without its zone a clock may have been put forward by so much.
_CLOCK_CHANGE = timedelta(hours=1)
_MOST_OPEN = 200
_MOST_EVIDENCE = 8
_ANSWERS = {Kind.OPENED, Kind.REFUSED, Kind.WORKED, Kind.LEFT, Kind.CLOSED, Kind.ENDED}
_BEGINNINGS = {Kind.STARTED, Kind.NAMED, Kind.BEGUN, Kind.OPENED}
_KNOWN = ("application", "company_file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A record, with what is known of its session, and the `file` it stands in, as `SdkSessions.feed` was told.

    `session` is the same for all records of one session, with what its connection says before it: what goes wrong
    there is one trouble. It is None where no connection is open, or where several may have written the record.
    What `is_taken_back` was told as hung before, and has come back after all.
    """

    record: Record
    file: str
    session: tuple[str, int] | None = None
    is_taken_back: bool = False


@dataclass(slots=True, eq=False)
class _Connection:
    process: str
    first: Told
    session: tuple[str, int]  # file and offset at which it began
    last: datetime | None = None
    begun: Told | None = None  # the session that QuickBooks has not answered yet
    waits: list[str] = field(default_factory=list)
    dialog: tuple[datetime, datetime] | None = None  # since when and until when the session waited for one
    lost: Told | None = None  # what was told when it was given up
    known: dict[str, str] = field(default_factory=dict)
    step: Kind = Kind.STARTED
    sessions: int = 0

    def awaits(self, step: Kind | None) -> bool:
        """Say whether *step* goes with how far it is; of a log without processes nothing else ties the two."""
        if step is None:
            return True
        if step is Kind.NAMED:
            return self.step is Kind.STARTED
        if step is Kind.BEGUN:
            return self.step in {Kind.STARTED, Kind.NAMED, Kind.REFUSED, Kind.LEFT}
        if step in {Kind.WAITING, Kind.OPENED, Kind.REFUSED}:
            return self.begun is not None
        return self.step is Kind.CLOSED if step is Kind.ENDED else not self.begun and self.step < Kind.CLOSED

    def note(self, step: Kind | None, told: Told) -> None:
        """Take a record that is its own."""
        self.last = _now(told.record)
        self.step = step or self.step
        if step is Kind.BEGUN:
            self.sessions += 1
            self.begun, self.waits, self.dialog = told, [], None
            self.known.pop("company_file", None)
        elif step is Kind.WAITING and self.begun:
            self._wait(told.record)
        elif step in _ANSWERS:
            self.begun = None
        self.known.update({name: told.record.fields[name] for name in _KNOWN if told.record.fields.get(name)})

    def _wait(self, record: Record) -> None:
        if len(self.waits) < _MOST_EVIDENCE:
            self.waits.append(record.said or record.message)
        if self.last and _DIALOG in record.message:
            since = self.dialog[0] if self.dialog and _are_alike(self.dialog[0], self.last) else self.last
            self.dialog = (since, self.last)

    @property
    def is_behind_dialog(self) -> bool:
        """Whether a dialog has kept it for so long that nobody is there to close it."""
        return self.dialog is not None and self.dialog[1] - self.dialog[0] > _LONG_DIALOG

    def hung(self) -> list[Told]:
        """Return the finding of the session that was asked for in vain, if there is one."""
        if self.begun is None:
            return []
        record = _with(self.begun.record, self.known if self.process else {})
        record = replace(record, message=HUNG, said="", level="error", body="\n".join(self.waits), data="")
        told = replace(self.begun, record=record, session=self.session)
        self.begun = None
        return [told]


class SdkSessions:
    """The open connections of one log, which may span several files (qbsdkold.txt, qbsdklog.txt)."""

    def __init__(self, patience: timedelta = PATIENCE) -> None:
        """Take a call for hung when its connection wrote nothing for *patience* while the log went on."""
        self._patience = patience
        self._open: list[_Connection] = []  # in the order of their last records
        self._lost: list[_Connection] = []  # given up while QuickBooks had not answered
        self._newest: datetime | None = None
        self._last: tuple[tuple[str, int], Kind | None, Told] | None = None

    def feed(self, record: Record, file: str = "") -> list[Told]:
        """Return the sessions that *record* shows to be hung, then *record* with its application and company file.

        A call that comes back after it was given up is taken back: it comes once more, marked so. A record that comes
        again, because it has grown, is not a second one.
        """
        at, step = (file, record.span.offset), step_of(record)
        if self._last and self._last[:2] == (at, step):
            before = self._last[2]
            return [replace(before, record=_with(record, before.record.fields))]
        now = _now(record)
        if now and (self._newest is None or (_are_alike(now, self._newest) and now > self._newest)):
            self._newest = now
        told = [*self._taken_back(record, step), *self._take(record, file, step)]
        self._last = (at, step, told[-1])
        return told

    def overdue(self, now: datetime) -> list[Told]:
        """Return the sessions that are hung at *now*: of a log that stands still no record will tell.

        Ask only when the log was read to its end: the answer may stand in what was not read yet. A log whose zone is
        not known cannot be told by the clock.
        """
        return self._overdue(now, timedelta(0))

    def finish(self) -> list[Told]:
        """Return the sessions that are hung where the log ends; what it may have been copied in the midst of is not."""
        told = self._overdue(self._newest, timedelta(0))
        return [*told, *self._give_up([one for one in self._open if one.is_behind_dialog])]

    @property
    def open_at(self) -> tuple[int, int] | None:
        """The offset and line from which the open connections can be rebuilt, None if none is open."""
        return min(((one.first.record.span.offset, one.first.record.span.line) for one in self._open), default=None)

    def open_in(self, file: str) -> tuple[int, int] | None:
        """Return the offset and line in *file* from which those that began there can be rebuilt."""
        spans = (one.first.record.span for one in self._open if one.first.file == file)
        return min(((span.offset, span.line) for span in spans), default=None)

    def _take(self, record: Record, file: str, step: Kind | None) -> list[Told]:
        process = record.fields.get("process", "")
        mine = [one for one in self._open if one.process == process]
        connection = None if step is Kind.STARTED else _choose(mine, step, record.fields.get("application"))
        told = self._overdue(_now(record), _slack(record), but=connection)
        if step is Kind.STARTED and process:
            told += self._give_up(mine)
        if connection is None and step in _BEGINNINGS:
            connection = _Connection(process, Told(record=record, file=file), (file, record.span.offset))
            mine = [connection]
        if connection is None:
            return [*told, Told(record=record, file=file)]
        if step is Kind.BEGUN and connection.sessions:
            told += connection.hung()
            connection.session = (file, record.span.offset)
        # Where several could have written the record, only what they share is sure.
        able = [one for one in mine if one.awaits(step)] if step is Kind.BEGUN else mine
        known = connection.known if process else _shared(able)
        session = connection.session if process or len(able) == 1 else None
        own = Told(record=_with(record, known), file=file, session=session)
        connection.note(step, own)
        self._put_last(connection)
        return [*told, *self._give_up(self._open[:-_MOST_OPEN]), own]

    def _taken_back(self, record: Record, step: Kind | None) -> list[Told]:
        """Return what was told of the given up session that *record* answers, and open its connection again."""
        process = record.fields.get("process", "")
        if step is Kind.STARTED and process:
            self._lost = [one for one in self._lost if one.process != process]
        if step not in _ANSWERS or any(one.process == process and one.begun for one in self._open):
            return []
        application = record.fields.get("application")
        mine = [one for one in self._lost if one.process == process]
        able = [one for one in mine if not application or one.known.get("application", application) == application]
        if not able or (not process and step not in {Kind.OPENED, Kind.REFUSED}):
            return []
        back = able[-1]
        self._lost.remove(back)
        told, back.begun, back.lost = back.lost, back.lost, None
        self._put_last(back)
        return [replace(told, is_taken_back=True)] if told else []

    def _put_last(self, connection: _Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
        if connection.step is not Kind.ENDED:
            self._open.append(connection)

    def _overdue(self, now: datetime | None, slack: timedelta, but: _Connection | None = None) -> list[Told]:
        if now is None:
            return []
        late = []
        for one in self._open:
            # A time in the hour of a clock change is not known: it counts from the next one that is.
            one.last = one.last or now
            limit = self._patience if one.begun or one.step is Kind.CLOSED else _LONGEST
            if one is not but and _are_alike(one.last, now) and now - one.last > limit + slack:
                late.append(one)
        return self._give_up(late, may_come_back=True)

    def _give_up(self, connections: list[_Connection], *, may_come_back: bool = False) -> list[Told]:
        self._open = [one for one in self._open if one not in connections]
        told = []
        for one in connections:
            for found in one.hung():
                told.append(found)
                if may_come_back:
                    one.lost = found
                    self._lost = [*self._lost, one][-_MOST_OPEN:]
        return told


def _choose(mine: list[_Connection], step: Kind | None, application: str | None) -> _Connection | None:
    """Return the connection that wrote last of those that await *step*; one process has no other to choose."""
    named = [one for one in mine if not application or one.known.get("application", application) == application]
    able = [one for one in named if one.awaits(step)]
    if able:
        return able[-1]
    is_new = step in {Kind.NAMED, Kind.BEGUN} and not any(one.process for one in mine)
    return named[-1] if named and not is_new else None


def _shared(connections: list[_Connection]) -> dict[str, str]:
    first, *others = connections
    return {name: value for name, value in first.known.items() if all(o.known.get(name) == value for o in others)}


def _with(record: Record, known: Mapping[str, str]) -> Record:
    fields = {**known, **record.fields}
    return record if fields == record.fields else replace(record, fields=fields)


def _now(record: Record) -> datetime | None:
    """Return the record's time; of a log without a zone the naive local one, which is good for differences."""
    if record.time is None and record.fields.get("time_doubt") == NO_ZONE:
        return datetime.fromisoformat(record.fields["local_time"])
    return record.time


def _are_alike(one: datetime, other: datetime) -> bool:
    return (one.tzinfo is None) == (other.tzinfo is None)


def _slack(record: Record) -> timedelta:
    return _CLOCK_CHANGE if record.fields.get("time_doubt") == NO_ZONE else timedelta(0)

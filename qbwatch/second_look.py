"""A second look at failures that may have several causes, with what else is known of the machine by now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.record import Outcome
from qbwatch.history.rows import to_event
from qbwatch.history.signal_rows import read_signals
from qbwatch.history.times import read_stamp, stamp
from qbwatch.stream import Batch
from rules.absence import spells
from rules.alternatives import DOUBTFUL, Near, is_doubtful, is_witness, weigh

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.record import Record
    from qbwatch.history.store import Store
    from rules.absence import Spell
    from rules.catalogue import Catalogue
    from rules.event import Event

# Windows' own events may be read a while after the failure that they explain.
_STILL_OPEN = timedelta(minutes=15)
_SIGNALS, _RUNS = timedelta(days=7), timedelta(hours=24)
# Of a busy machine so much is some hours; each doubtful failure looks through it.
_MOST_KEPT = 200


@dataclass(slots=True)
class SecondLook:
    """Takes the signals, findings and runs of one machine as a scan finds them, and weighs what is doubtful."""

    catalogue: Catalogue
    _signals: list[Record] = field(default_factory=list)
    _spells: list[Spell] | None = None
    _findings: list[Event] = field(default_factory=list)
    _good: list[tuple[str | None, datetime]] = field(default_factory=list)

    def signal(self, record: Record) -> None:
        """Take a signal of the machine."""
        self._signals.append(record)
        self._spells = None

    def look(self, batch: Batch) -> Batch:
        """Return *batch* with what is doubtful in it weighed by all that is known so far; it is changed in place."""
        self._know(batch)
        for event in [event for event in batch.events.values() if is_doubtful(event)]:
            batch.events[event.id] = weighed = weigh(event, self._near(), self.catalogue)
            run = batch.runs.get(weighed.run or "")
            if run is not None and run.cause == event.cause:
                batch.runs[run.run.id] = replace(run, cause=weighed.cause)
        return batch

    def _know(self, batch: Batch) -> None:
        self._findings += [event for event in batch.events.values() if is_witness(event)]
        self._good += [
            (one.run.application, one.run.ended)
            for one in batch.runs.values()
            if one.run.outcome is Outcome.OK and one.run.ended
        ]
        # Logs come in the order of time, so what came long ago is of long ago.
        del self._findings[:-_MOST_KEPT], self._good[:-_MOST_KEPT]

    def _near(self) -> Near:
        if self._spells is None:
            self._spells = spells(self._signals)
        return Near(signals=self._signals, spells=self._spells, findings=self._findings, good_runs=self._good)


@dataclass(slots=True)
class StoredSecondLook:
    """Weighs anew what the watcher has stored: a signal may come after the failure that it explains."""

    catalogue: Catalogue
    store: Store
    host: str

    def turn(self, now: datetime) -> int:
        """Store what the doubtful failures of the last minutes are taken for now; return how many have changed."""
        doubtful = self._doubtful(now - _STILL_OPEN)
        if not doubtful:
            return 0
        near = self._near(now)
        weighed = {event.id: weigh(event, near, self.catalogue) for event in doubtful}
        changed = [weighed[event.id] for event in doubtful if weighed[event.id] != event]
        if changed:
            with self.store.transaction() as connection:
                self.store.put(Batch(events={event.id: event for event in changed}), (), now)
                connection.executemany(
                    "UPDATE runs SET cause = ? WHERE id = ?",
                    [(event.cause, event.run) for event in changed if event.run],
                )
        return len(changed)

    # The plus keeps the search on the index by time, which ends after minutes; a host's events go back for years.
    def _doubtful(self, since: datetime) -> list[Event]:
        marks = ", ".join("?" * len(DOUBTFUL))
        rows = self.store.connection.execute(
            f"SELECT * FROM events WHERE time >= ? AND +host = ? AND role = 'root' AND rule IN ({marks})",  # noqa: S608 - as many marks as rules
            (stamp(since), self.host, *sorted(DOUBTFUL)),
        )
        return [to_event(row) for row in rows]

    def _near(self, now: datetime) -> Near:
        signals = [one.record for one in read_signals(self.store.connection, self.host, now - _SIGNALS)]
        since = (self.host, stamp(now - _RUNS))
        findings = self.store.connection.execute(
            "SELECT * FROM events WHERE +host = ? AND time >= ? AND role = 'root'", since
        )
        good = self.store.connection.execute(
            "SELECT application, ended FROM runs WHERE +host = ? AND started >= ? AND outcome = 'ok'", since
        )
        ended = ((row["application"], read_stamp(row["ended"])) for row in good)
        return Near(
            signals=signals, spells=spells(signals), findings=[to_event(row) for row in findings],
            good_runs=[(application, at) for application, at in ended if at],
        )  # fmt: skip

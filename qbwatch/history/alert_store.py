"""Incidents and notifications in the store: what happened is applied, what to say is planned.

Nothing here commits: both steps belong into the transaction that stores the events they follow from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from alerts.compose import Wording, no_wording
from alerts.hold import Policy
from alerts.incident import Background, Change, ChangeKind, Ending, Good, Incident, RunEnd
from alerts.lifecycle import (
    acknowledge,
    believable,
    finding_of,
    is_known_better,
    named_at_its_end,
    on_event,
    on_revision,
    on_run,
    opens,
    resolve,
)
from qbwatch.history.alert_plan import Plan, Planned
from qbwatch.history.alert_rows import (
    PUT_INCIDENT,
    cancel_unsent,
    findings_of,
    has_run,
    member,
    newest_of,
    put_finding,
    put_last_good,
    read_last_good,
    set_back,
    to_incident,
    to_row,
)
from qbwatch.history.alert_words import Words
from qbwatch.history.incident_background import background_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta, tzinfo

    from alerts.route import Route
    from rules.event import Event

__all__ = ["AlertStore", "Planned"]

OPEN_POLICY: Final = Policy()
"""Holds only what another open incident explains, and the first failure of what mends itself."""


class AlertStore:
    """The incidents and notifications of one store, over the connection that is given."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        zone: tzinfo,
        *,
        zones: Mapping[str, tzinfo] | None = None,
        wording: Callable[[Incident], Wording] = no_wording,
        policy: Policy = OPEN_POLICY,
    ) -> None:
        """Use *connection*, whose rows must be `sqlite3.Row`; messages show times in *zone*.

        *zones* are those of receivers that read in another one; *wording* adds what the catalogue says.
        *policy* holds messages back.
        """
        self._db = connection
        self._policy = policy
        self._words = Words(zone=zone, zones=zones or {}, wording=wording)

    def apply(self, events: Iterable[Event], runs: Iterable[RunEnd], now: datetime) -> list[Change]:
        """Let *events* and finished *runs* open, touch and resolve incidents, in the order of their times.

        An event that is known is taken out of its incident and applied anew when it says something else now;
        the same one again changes nothing. What is stamped ahead of *now* counts as just happened. Call it
        inside a transaction.
        """
        steps = _in_order(events, runs, now)
        if not steps:
            return []
        set_back(self._db, now, min(_began(at, step) for at, step in steps))
        changes: list[Change] = []
        revised: dict[str, None] = {}
        for at, step in steps:
            if isinstance(step, RunEnd):
                changes += self._apply_run(step, now)
            else:
                changes += self._apply_event(replace(step, time=at), now, revised)
        # Only now: what one event has left another of this batch may have joined.
        return changes + [change for one in revised for change in self._revise(one, now)]

    def plan(
        self, root: Route, now: datetime, *, stale_after: timedelta | None = None, policy: Policy | None = None
    ) -> Planned:
        """Write what is due to be said at *now* into the outbox. Call it inside a transaction.

        Incidents that were older than *stale_after* when they were first read are not told. What holds messages
        back is *policy*, else the store's own.
        """
        return Plan(
            db=self._db, words=self._words, root=root, policy=policy or self._policy, now=now, stale_after=stale_after
        ).run()  # fmt: skip

    def incidents(self, *, live_only: bool = False, limit: int = 1000) -> list[Incident]:
        """Return incidents, the newest first."""
        where = "WHERE state != 'resolved'" if live_only else ""
        query = f"SELECT * FROM incidents {where} ORDER BY opened_at DESC, rowid DESC LIMIT ?"  # noqa: S608 - no input
        return [to_incident(row) for row in self._db.execute(query, (limit,))]

    def incident(self, id_start: str) -> Incident | None:
        """Return the one incident whose id begins with *id_start*; None when there is none or several."""
        rows = self._db.execute(
            "SELECT * FROM incidents WHERE substr(id, 1, ?) = ? LIMIT 2", (len(id_start), id_start)
        ).fetchall()
        return to_incident(rows[0]) if len(rows) == 1 and id_start else None

    def events_of(self, incident: Incident) -> list[str]:
        """Return the ids of the events of *incident*, in the order they were read."""
        query = "SELECT event FROM incident_events WHERE incident = ? ORDER BY rowid"
        return [row["event"] for row in self._db.execute(query, (incident.id,))]

    def acknowledge(self, incident: Incident, now: datetime, *, by: str | None = None) -> Change | None:
        """Mark *incident* as taken up; None when it is over or taken already. Call it inside a transaction."""
        return self._put(acknowledge(incident, now, by=by))

    def resolve(
        self, incident: Incident, now: datetime, *, ending: Ending = Ending.FIXED, by: str | None = None
    ) -> Change | None:
        """Close *incident* by hand; None when it is closed. Call it inside a transaction."""
        return self._put(resolve(incident, now, ending=ending, by=by))

    def resolve_cause(self, host: str, cause: str, now: datetime) -> None:
        """Close what is open of *cause* on *host*: what brought it about is over."""
        known = self.incidents(live_only=True)
        for incident in (one for one in known if (one.host, one.cause) == (host, cause)):
            self.resolve(incident, now, ending=Ending.SIGNAL)

    def resolve_mended(
        self, host: str, cause: str, application: str | None, *, now: datetime, at: datetime,
        ending: Ending = Ending.SIGNAL,
    ) -> list[Change]:  # fmt: skip
        """Close what is open of *cause* for *application*, or the whole *host*: it was over *at* that time."""
        key = (host, application, cause)
        known = [one for one in self.incidents(live_only=True) if one.key == key and one.last_at <= at]
        changes = [self.resolve(one, min(now, at), ending=ending) for one in known]
        return [change for change in changes if change]

    def resolve_quiet(self, causes: Iterable[str], now: datetime, after: timedelta) -> list[Change]:
        """Close what is open of *causes*, for which no success can be waited, and did not come again for *after*."""
        wanted = set(causes)
        known = [one for one in self.incidents(live_only=True) if one.cause in wanted and one.last_run is None]
        changes = [self.resolve(one, now, ending=Ending.QUIET) for one in known if now - one.last_at > after]
        return [change for change in changes if change]

    def _put(self, change: Change | None) -> Change | None:
        if change:
            self._db.execute(PUT_INCIDENT, to_row(change.incident))
        return change

    def _apply_event(self, event: Event, now: datetime, revised: dict[str, None]) -> list[Change]:
        known = member(self._db, event.id)
        if known is None:
            return self._enter(event, now)
        incident, before = known
        # A time that was not believed, or never told, is another one each time.
        finding = finding_of(event, min(event.time or now, before.at))
        if opens(event) and incident.key == (event.host, event.application, event.cause):
            if finding != before:
                put_finding(self._db, finding, incident.id)
                revised[incident.id] = None
            return []
        if is_known_better(incident, event) and self.events_of(incident) == [event.id]:
            named = named_at_its_end(incident, event)
            words = {name: getattr(named, name) for name in ("title", "explanation", "steps", "links")}
            put_finding(self._db, replace(finding, **words), incident.id)
            self._db.execute(PUT_INCIDENT, to_row(named))
            revised[incident.id] = None
            return []
        self._db.execute("DELETE FROM incident_events WHERE event = ?", (event.id,))
        revised[incident.id] = None
        return self._enter(replace(event, time=finding.at), now)

    def _enter(self, event: Event, now: datetime) -> list[Change]:
        newest = newest_of(self._db, event)
        last_good = read_last_good(self._db, event.host, event.application)
        counted = newest is not None and has_run(self._db, newest.id, event.run)
        background = background_of(self._db, event, newest) if opens(event) else Background()
        change = on_event(newest, event, now, last_good=last_good, counted=counted, background=background)
        if change is None:
            return []
        self._put(change)
        put_finding(self._db, finding_of(event, change.at), change.incident.id)
        return [change]

    def _revise(self, incident_id: str, now: datetime) -> list[Change]:
        """Tell an incident anew whose events have changed."""
        row = self._db.execute("SELECT * FROM incidents WHERE id = ?", (incident_id,)).fetchone()
        incident = to_incident(row)
        last_good = read_last_good(self._db, incident.host, incident.application)
        change = on_revision(incident, findings_of(self._db, incident_id), now, last_good=last_good)
        if change is None:
            return []
        self._put(change)
        if change.kind is ChangeKind.WITHDRAWN:
            cancel_unsent(self._db, incident_id, now)
        return [change]

    def _apply_run(self, run: RunEnd, now: datetime) -> list[Change]:
        if not run.is_good or run.began is None:
            return []
        rows = self._db.execute(
            "SELECT * FROM incidents WHERE state != 'resolved' AND host = ? "
            "AND (application IS NULL OR application IS ?)",
            (run.host, run.application),
        ).fetchall()
        changes = on_run([to_incident(row) for row in rows], run, now)
        for change in changes:
            self._put(change)
        put_last_good(self._db, run.host, run.application, Good(began=run.began, ended=run.ended or run.began))
        return changes


def _in_order(events: Iterable[Event], runs: Iterable[RunEnd], now: datetime) -> list[tuple[datetime, Event | RunEnd]]:
    """Return *events* and *runs* with their times, none of them ahead of *now*; a run after an event."""
    events, runs = list(events), list(runs)
    told = [*(one.time for one in events), *(time for run in runs for time in (run.started, run.ended))]
    instead = believable((time for time in told if time), now)
    timed: list[tuple[datetime, Event | RunEnd]] = [(_time(one.time, instead) or now, one) for one in events]
    for run in runs:
        ended = replace(run, started=_time(run.started, instead), ended=_time(run.ended, instead))
        timed.append((ended.ended or ended.began or now, ended))
    return sorted(timed, key=lambda step: (step[0], isinstance(step[1], RunEnd)))


def _began(at: datetime, step: Event | RunEnd) -> datetime:
    return (step.began if isinstance(step, RunEnd) else None) or at


def _time(time: datetime | None, instead: dict[datetime, datetime]) -> datetime | None:
    return instead.get(time, time) if time else None

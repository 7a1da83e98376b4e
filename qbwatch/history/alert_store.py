"""Incidents and notifications in the store: what happened is applied, what to say is planned.

Nothing here commits: both steps belong into the transaction that stores the events they follow from.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alerts.decide import LOOK_AGAIN, Decision, Group, Kind, Reason, decide
from alerts.incident import (
    Change,
    ChangeKind,
    Good,
    Incident,
    RunEnd,
    acknowledge,
    believable,
    finding_of,
    on_event,
    on_revision,
    on_run,
    opens,
    resolve,
)
from alerts.message import compose
from alerts.outbox import DeliveryState
from alerts.plain import cut
from alerts.route import Routed, group_key, receivers_of, routes_for
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
    to_text,
    told_before,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime, timedelta, tzinfo

    from alerts.message import Message
    from alerts.route import Route
    from qbwatch.history.alert_rows import Past, Place
    from rules.event import Event

_IDENTITY = frozenset({"Host", "Affected", "Client", "Clients", "Application", "Company file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What `plan` wrote to the outbox, and when it must be asked again even if nothing happens."""

    messages: tuple[tuple[str, Message], ...]
    next_due: datetime | None

    @property
    def receivers(self) -> frozenset[str]:
        """Whose senders should look now."""
        return frozenset(receiver for receiver, _ in self.messages)


class AlertStore:
    """The incidents and notifications of one store, over the connection that is given."""

    def __init__(self, connection: sqlite3.Connection, zone: tzinfo) -> None:
        """Use *connection*, whose rows must be `sqlite3.Row`; messages show times in *zone*."""
        self._db = connection
        self._zone = zone

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

    def plan(self, root: Route, now: datetime, *, stale_after: timedelta | None = None) -> Planned:
        """Write what is due to be said at *now* into the outbox. Call it inside a transaction.

        Incidents that were older than *stale_after* when they were first read are not told.
        """
        past = told_before(self._db)
        receivers = receivers_of(root)
        messages: list[tuple[str, Message]] = []
        dues: list[datetime] = []
        for place, group in self._groups(root, past).items():
            before = past.get(place, [])
            if place[0] not in receivers:
                self._close(place)
                continue
            decision = decide(group, [one.told for one in before], now, stale_after=stale_after)
            self._note(place, decision, now)
            messages += [(place[0], self._write(place, part, before, now)) for part in _parts(decision)]
            over = decision.reason in {Reason.ALL_RESOLVED, Reason.OPENING_NEVER_DELIVERED}
            if over:
                self._close(place)
            if decision.due_at:
                dues.append(decision.due_at)
            elif (decision.kind or over) and any(incident.is_live for incident in group.incidents):
                dues.append(now + LOOK_AGAIN)
        self._settle()
        return Planned(messages=tuple(messages), next_due=min(dues, default=None))

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

    def acknowledge(self, incident: Incident, now: datetime) -> Change | None:
        """Mark *incident* as taken up; None when it is not open. Call it inside a transaction."""
        return self._put(acknowledge(incident, now))

    def resolve(self, incident: Incident, now: datetime) -> Change | None:
        """Close *incident* by hand; None when it is closed. Call it inside a transaction."""
        return self._put(resolve(incident, now))

    def resolve_cause(self, host: str, cause: str, now: datetime) -> None:
        """Close what is open of *cause* on *host*: what brought it about is over."""
        known = self.incidents(live_only=True)
        for incident in (one for one in known if (one.host, one.cause) == (host, cause)):
            self.resolve(incident, now)

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
        self._db.execute("DELETE FROM incident_events WHERE event = ?", (event.id,))
        revised[incident.id] = None
        return self._enter(replace(event, time=finding.at), now)

    def _enter(self, event: Event, now: datetime) -> list[Change]:
        newest = newest_of(self._db, event)
        last_good = read_last_good(self._db, event.host, event.application)
        counted = newest is not None and has_run(self._db, newest.id, event.run)
        change = on_event(newest, event, now, last_good=last_good, counted=counted)
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

    def _groups(self, root: Route, past: dict[Place, list[Past]]) -> dict[Place, Group]:
        """Sort the unsettled incidents into groups.

        An incident stays in the group in which its receiver was told of it, though its labels or the routes
        may have changed since; a group that no route leads to any more only hears of its end.
        """
        told: dict[str, dict[str, str]] = {}
        for (receiver, key), all_told in past.items():
            for one in all_told:
                for incident_id in one.told.incidents:
                    told.setdefault(incident_id, {})[receiver] = key
        members: dict[Place, dict[str, Incident]] = {}
        routes: dict[Place, Routed] = {}
        for row in self._db.execute("SELECT * FROM incidents WHERE settled = 0 ORDER BY rowid"):
            incident = to_incident(row)
            known = told.get(incident.id, {})
            for routed in routes_for(incident, root):
                key = known.get(routed.receiver) or group_key(incident, routed)
                members.setdefault((routed.receiver, key), {})[incident.id] = incident
                routes[routed.receiver, key] = routed
            for place in known.items():
                members.setdefault(place, {})[incident.id] = incident
        return {
            place: Group(
                key=place[1],
                routed=routes.get(place) or Routed(receiver=place[0], path=""),
                incidents=tuple(incidents.values()),
                reminds=place in routes,
            )
            for place, incidents in members.items()
        }

    def _write(self, place: Place, decision: Decision, before: list[Past], now: datetime) -> Message:
        receiver, key = place
        ids = [incident.id for incident in decision.incidents]
        made_of = "\0".join((receiver, key, str(decision.kind), to_text(now), *sorted(ids)))
        new_id = hashlib.sha256(made_of.encode()).hexdigest()[:12]
        thread = before[0].thread if before else new_id
        message = _composed(decision, id=new_id, thread=thread, now=now, zone=self._zone)
        at = to_text(now)
        self._db.execute(
            "INSERT INTO notifications "
            "(id, thread, receiver, group_key, kind, reason, created_at, closed, message) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
            (new_id, thread, receiver, key, decision.kind, decision.reason, at, message.to_json()),
        )
        self._db.executemany("INSERT INTO notification_incidents VALUES (?, ?)", [(new_id, one) for one in ids])
        self._db.execute(
            "INSERT INTO deliveries "
            "(notification, thread, kind, receiver, group_key, state, attempts, created_at, next_at) "
            "VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
            (new_id, thread, decision.kind, receiver, key, DeliveryState.PENDING, at, at),
        )
        return message

    def _close(self, place: Place) -> None:
        self._db.execute("UPDATE notifications SET closed = 1 WHERE receiver = ? AND group_key = ?", place)

    def _note(self, place: Place, decision: Decision, now: datetime) -> None:
        """Keep *decision* with its reason, once until it changes."""
        incidents = ",".join(sorted(incident.id for incident in decision.incidents))
        last = self._db.execute(
            "SELECT kind, reason, incidents FROM decisions WHERE receiver = ? AND group_key = ? "
            "ORDER BY rowid DESC LIMIT 1",
            place,
        ).fetchone()
        if last and tuple(last) == (decision.kind, decision.reason, incidents) and decision.kind is None:
            return
        due_at = to_text(decision.due_at) if decision.due_at else None
        self._db.execute(
            "INSERT INTO decisions (receiver, group_key, kind, reason, decided_at, due_at, incidents) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*place, decision.kind, decision.reason, to_text(now), due_at, incidents),
        )

    def _settle(self) -> None:
        """Leave out of later plans what is over and of which nobody waits to hear."""
        self._db.execute(
            "UPDATE incidents SET settled = 1 WHERE settled = 0 AND state = 'resolved' AND NOT EXISTS ("
            "SELECT 1 FROM notification_incidents ni JOIN notifications n ON n.id = ni.notification "
            "WHERE ni.incident = incidents.id AND n.closed = 0)"
        )


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


def _parts(decision: Decision) -> list[Decision]:
    """Return what to say apart: of what was withdrawn other things are said than of what was solved."""
    if decision.kind is not Kind.RESOLVED:
        return [decision] if decision.kind else []
    parts = (tuple(one for one in decision.incidents if one.withdrawn is withdrawn) for withdrawn in (False, True))
    return [replace(decision, incidents=part) for part in parts if part]


def _composed(decision: Decision, *, id: str, thread: str, now: datetime, zone: tzinfo) -> Message:  # noqa: A002 - the field's name
    if not any(incident.withdrawn for incident in decision.incidents):
        return compose(decision, id=id, thread=thread, now=now, zone=zone)
    opened = compose(replace(decision, kind=Kind.OPENED), id=id, thread=thread, now=now, zone=zone)
    return replace(
        opened,
        kind=Kind.RESOLVED,
        headline=cut(f"Taken back: {opened.headline}", 140),
        why="It turned out to be another problem, or none.",
        explanation="More of the log has been read since the first message, and it shows that this was not the cause. "
        "There is nothing to do here; if something else is wrong, a message of its own tells it.",
        facts=tuple(fact for fact in opened.facts if fact.label in _IDENTITY),
        steps=(),
        links=(),
        evidence=(),
    )

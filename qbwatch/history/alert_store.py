"""Incidents and notifications in the store: what happened is applied, what to say is planned.

Nothing here commits: both steps belong into the transaction that stores the events they follow from.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.decide import LOOK_AGAIN, Decision, Group, Kind, Progress, Reason, Told, decide
from alerts.incident import Change, Good, Incident, RunEnd, acknowledge, on_event, on_run, resolve
from alerts.message import compose
from alerts.outbox import DeliveryState
from alerts.route import Routed, group_key, receivers_of, routes_for
from qbwatch.history.alert_rows import PUT_INCIDENT, to_incident, to_row, to_text, to_time

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime, timedelta, tzinfo

    from alerts.message import Message
    from alerts.route import Route
    from rules.event import Event

Place = tuple[str, str]
"""A receiver and the key of one of its groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What `plan` wrote to the outbox, and when it must be asked again even if nothing happens."""

    messages: tuple[tuple[str, Message], ...]
    next_due: datetime | None

    @property
    def receivers(self) -> frozenset[str]:
        """Whose senders should look now."""
        return frozenset(receiver for receiver, _ in self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    id: str
    thread: str
    told: Told


class AlertStore:
    """The incidents and notifications of one store, over the connection that is given."""

    def __init__(self, connection: sqlite3.Connection, zone: tzinfo) -> None:
        """Use *connection*, whose rows must be `sqlite3.Row`; messages show times in *zone*."""
        self._db = connection
        self._zone = zone

    def apply(self, events: Iterable[Event], runs: Iterable[RunEnd], now: datetime) -> list[Change]:
        """Let *events* and finished *runs* open, touch and resolve incidents, in the order of their times.

        Applying the same ones again changes nothing. Call it inside a transaction.
        """
        timed: list[tuple[datetime, int, Event | RunEnd]] = [(event.time or now, 0, event) for event in events]
        timed += [(run.ended or run.began or now, 1, run) for run in runs]
        return [
            change
            for _, _, step in sorted(timed, key=lambda one: one[:2])
            for change in (self._apply_run(step, now) if isinstance(step, RunEnd) else self._apply_event(step, now))
        ]

    def plan(self, root: Route, now: datetime, *, stale_after: timedelta | None = None) -> Planned:
        """Write what is due to be said at *now* into the outbox. Call it inside a transaction.

        Incidents that were older than *stale_after* when they were first read are not told.
        """
        past = self._past()
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
            if decision.kind:
                messages.append((place[0], self._write(place, decision, before, now)))
            if decision.reason in {Reason.ALL_RESOLVED, Reason.OPENING_NEVER_DELIVERED}:
                self._close(place)
            if decision.due_at:
                dues.append(decision.due_at)
            elif decision.kind and any(incident.is_live for incident in group.incidents):
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

    def _put(self, change: Change | None) -> Change | None:
        if change:
            self._db.execute(PUT_INCIDENT, to_row(change.incident))
        return change

    def _apply_event(self, event: Event, now: datetime) -> list[Change]:
        known = self._db.execute("SELECT 1 FROM incident_events WHERE event = ?", (event.id,)).fetchone()
        if known:
            return []
        newest = self._db.execute(
            "SELECT * FROM incidents WHERE host = ? AND application IS ? AND cause = ? ORDER BY rowid DESC LIMIT 1",
            (event.host, event.application, event.cause),
        ).fetchone()
        change = on_event(
            to_incident(newest) if newest else None,
            event,
            now,
            last_good=self._last_good(event.host, event.application),
        )
        if change is None:
            return []
        self._put(change)
        self._db.execute("INSERT INTO incident_events VALUES (?, ?)", (event.id, change.incident.id))
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
        self._db.execute(
            "INSERT INTO last_good VALUES (?, ?, ?, ?) ON CONFLICT (host, application) DO UPDATE SET "
            "began_at = excluded.began_at, ended_at = excluded.ended_at WHERE excluded.began_at > began_at",
            (run.host, run.application or "", to_text(run.began), to_text(run.ended or run.began)),
        )
        return changes

    def _last_good(self, host: str, application: str | None) -> Good | None:
        row = self._db.execute(
            "SELECT began_at, ended_at FROM last_good WHERE host = ? AND (? IS NULL OR application = ?) "
            "ORDER BY began_at DESC LIMIT 1",
            (host, application, application),
        ).fetchone()
        return Good(began=to_time(row["began_at"]), ended=to_time(row["ended_at"])) if row else None

    def _past(self) -> dict[Place, list[_Past]]:
        told: dict[str, set[str]] = {}
        rows = self._db.execute(
            "SELECT n.id, ni.incident FROM notifications n "
            "JOIN notification_incidents ni ON ni.notification = n.id WHERE n.closed = 0"
        )
        for row in rows:
            told.setdefault(row["id"], set()).add(row["incident"])
        past: dict[Place, list[_Past]] = {}
        rows = self._db.execute(
            "SELECT n.*, d.state, d.next_at FROM notifications n JOIN deliveries d ON d.notification = n.id "
            "WHERE n.closed = 0 ORDER BY n.rowid"
        )
        for row in rows:
            one = Told(
                kind=Kind(row["kind"]),
                at=to_time(row["created_at"]),
                incidents=frozenset(told.get(row["id"], ())),
                progress=_progress(row["state"], row["next_at"]),
            )
            place = (row["receiver"], row["group_key"])
            past.setdefault(place, []).append(_Past(id=row["id"], thread=row["thread"], told=one))
        return past

    def _groups(self, root: Route, past: dict[Place, list[_Past]]) -> dict[Place, Group]:
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

    def _write(self, place: Place, decision: Decision, before: list[_Past], now: datetime) -> Message:
        receiver, key = place
        ids = [incident.id for incident in decision.incidents]
        made_of = "\0".join((receiver, key, str(decision.kind), to_text(now), *sorted(ids)))
        new_id = hashlib.sha256(made_of.encode()).hexdigest()[:12]
        thread = before[0].thread if before else new_id
        message = compose(decision, id=new_id, thread=thread, now=now, zone=self._zone)
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


def _progress(state: str, next_at: str | None) -> Progress:
    if state == DeliveryState.FAILED:
        return Progress.DEAD
    return Progress.WAITING if next_at else Progress.DELIVERED

"""What is due to be said: groups of the store's incidents, decisions about them, and the outbox that they go to.

Nothing here commits: planning belongs into the transaction that stores the events it follows from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alerts.decide import LOOK_AGAIN, Decision, Group, Kind, Reason, decide
from alerts.outbox import DeliveryState
from alerts.route import receivers_of, routes_for
from alerts.silence import must_warn
from alerts.storm import DEFAULT_CAP, capped
from qbwatch.history import silence_rows
from qbwatch.history.alert_groups import Grouped, grouped
from qbwatch.history.alert_rows import believe_clock, to_incident, to_text, to_time, told_before

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from alerts.hold import Hold, Policy
    from alerts.incident import Incident
    from alerts.message import Message
    from alerts.route import Route
    from alerts.silence import Silence
    from qbwatch.history.alert_rows import Past, Place
    from qbwatch.history.alert_words import Words

_OVER = {Reason.ALL_RESOLVED, Reason.OPENING_NEVER_DELIVERED}
# Of many reminders the last two tell all that is asked for later.
_CLOSE_REMINDERS = """
UPDATE notifications SET closed = 1 WHERE receiver = ? AND group_key = ? AND kind = 'reminder' AND closed = 0
AND rowid < (SELECT max(rowid) FROM notifications WHERE receiver = ? AND group_key = ? AND kind = 'reminder')
"""
# A window that held one thing lets it speak for itself.
_DIGEST_OF = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What `plan` wrote to the outbox, and when it must be asked again even if nothing happens."""

    messages: tuple[tuple[str, Message], ...]
    next_due: datetime | None

    @property
    def receivers(self) -> frozenset[str]:
        """Whose senders should look now."""
        return frozenset(receiver for receiver, _ in self.messages)


@dataclass(slots=True)
class Plan:
    """One look at all that is open, over the connection that is given."""

    db: sqlite3.Connection
    words: Words
    root: Route
    policy: Policy
    now: datetime
    stale_after: timedelta | None = None
    _past: dict[Place, list[Past]] = field(init=False)
    _messages: list[tuple[str, Message]] = field(default_factory=list)
    _dues: list[datetime] = field(default_factory=list)
    _kept: set[str] = field(default_factory=set)  # over, but somebody is still to hear of it

    def run(self) -> Planned:
        """Decide about every group, and write what is due into the outbox."""
        believe_clock(self.db, self.now)
        self._past = told_before(self.db)
        incidents = [
            to_incident(row) for row in self.db.execute("SELECT * FROM incidents WHERE settled = 0 ORDER BY rowid")
        ]
        self._mind_silences([one for one in incidents if one.is_live])
        found = grouped(
            incidents, self._past, root=self.root, policy=self.policy, last_reason=self._last_reason, now=self.now
        )
        groups = found.groups
        self._dues += found.dues
        stand_ins = {*self.policy.fallbacks.values(), *self.policy.detours.values()}
        receivers = receivers_of(self.root) | stand_ins
        for receiver in {place[0] for place in groups}:
            places = {place: group for place, group in groups.items() if place[0] == receiver}
            if receiver in receivers:
                self._speak_to(receiver, places)
            else:
                for place in places:
                    self._close(place)
        self._settle()
        return Planned(messages=tuple(self._messages), next_due=min(self._dues, default=None))

    def _speak_to(self, receiver: str, places: Grouped) -> None:
        """Decide about the groups of one receiver; what its cap or a window holds together comes as one message."""
        decisions = {
            key: decide(
                group, [one.told for one in self._past.get((receiver, key), [])], self.now, stale_after=self.stale_after
            )
            for (_, key), group in places.items()
        }
        self._end_window(receiver, places, decisions)
        cap = self.policy.caps.get(receiver, DEFAULT_CAP)
        due = {key: one for key, one in decisions.items() if one.kind}
        shares = capped(due, self._sent(receiver, self.now - cap.window) if due else [], self.now, cap)
        for key, decision in {**decisions, **shares.held}.items():
            if key not in shares.gathered:
                self._carry_out(places[receiver, key], (receiver, key), decision)
        if shares.digest:
            self._digest(receiver, shares.digest, shares.gathered, "storm")

    def _carry_out(self, group: Group, place: Place, decision: Decision) -> None:
        self._note(place, decision)
        before = self._past.get(place, [])
        for part in _parts(decision):
            self._write(place, part, thread=before[0].thread if before else None)
        if decision.reason in _OVER or decision.reason is Reason.SEEN_TOO_LATE:
            self._close(place)
        if decision.due_at:
            self._dues.append(decision.due_at)
        elif (decision.kind or decision.reason in _OVER) and any(incident.is_live for incident in group.incidents):
            self._dues.append(self.now + LOOK_AGAIN)

    def _end_window(self, receiver: str, places: Grouped, decisions: dict[str, Decision]) -> None:
        """Tell together what quiet hours or a maintenance window held: what still fails, and what came and went."""
        late: list[str] = []
        over: list[Incident] = []
        for key, decision in decisions.items():
            group = places[receiver, key]
            if group.held_before is not Reason.MUTED or (receiver, key) in self._past:
                continue
            gone = [one for one in group.incidents if not one.is_live]
            is_over = decision.reason is Reason.RESOLVED_BEFORE_SENT
            if is_over and group.quiet:
                decisions[key] = self._kept_back(group, group.quiet)
            elif is_over or decision.reason is Reason.WINDOW_ENDED:
                late.append(key)
                over += gone
            else:
                self._kept |= {one.id for one in gone}
        if not late or (len(late) < _DIGEST_OF and not over):
            return
        incidents = {one.id: one for key in late for one in decisions[key].incidents} | {one.id: one for one in over}
        fails = any(one.is_live for one in incidents.values())
        reason = Reason.HELD_BACK if fails else Reason.OVER_IN_WINDOW
        digest = Decision(kind=Kind.DIGEST, reason=reason, incidents=tuple(incidents.values()))
        self._digest(receiver, digest, late, "window")
        for key in late:
            del decisions[key]

    def _kept_back(self, group: Group, quiet: Hold) -> Decision:
        """Keep what came and went in a window until that ends."""
        self._kept |= {one.id for one in group.incidents}
        return Decision(
            kind=None, reason=Reason.MUTED, incidents=group.incidents, due_at=quiet.until, held_by=quiet.by
        )  # fmt: skip

    def _digest(self, receiver: str, decision: Decision, gathered: Iterable[str], what: str) -> None:
        """Say *decision* for the groups *gathered*; what is live goes on as one group from then on."""
        place = (receiver, f"{what}|{to_text(self.now)}")
        for key in gathered:
            self._note((receiver, key), replace(decision, kind=None))
        self._note(place, decision)
        self._write(place, decision, thread=None)
        if not any(one.is_live for one in decision.incidents):
            self._close(place)
        self._dues.append(self.now + LOOK_AGAIN)

    def _mind_silences(self, live: list[Incident]) -> None:
        """End the silences whose time is over, and look again when the next one ends or must be warned of."""
        self._dues += silence_rows.ended(self.db, live, self.now)
        self.policy = replace(self.policy, silences=silence_rows.active(self.db, self.now))
        for silence in self.policy.silences:
            held = [one for one in live if silence.holds(one, self.now)]
            receivers = sorted(self._awake(held))
            if must_warn(silence, held, self.now) and not all(map(self._has_room, receivers)):
                self._dues.append(self.now + LOOK_AGAIN)
            elif silence_rows.warned(self.db, silence, held, self.now):
                self._warn(silence, held, receivers)

    def _warn(self, silence: Silence, held: list[Incident], receivers: Iterable[str]) -> None:
        warning = Decision(
            kind=Kind.DIGEST, reason=Reason.SILENCE_ENDS, incidents=tuple(held), due_at=silence.ends_at,
            held_by=f"silence {silence.id} of {silence.author}: {silence.reason}",
        )  # fmt: skip
        for receiver in receivers:
            place = (receiver, f"silence|{silence.id}")
            self._note(place, warning)
            self._write(place, warning, thread=None)
            self._close(place)

    def _has_room(self, receiver: str) -> bool:
        """Say whether the cap of *receiver* leaves room for one more message now."""
        cap = self.policy.caps.get(receiver, DEFAULT_CAP)
        return len(self._sent(receiver, self.now - cap.window)) < cap.most

    def _awake(self, incidents: list[Incident]) -> set[str]:
        """Return who hears of *incidents* and is not quiet now: after a window its end tells what still fails."""
        routed = [one for incident in incidents for one in routes_for(incident, self.root)]
        return {one.receiver for one in routed if self.policy.quiet(one, self.now) is None}

    def _sent(self, receiver: str, since: datetime) -> list[datetime]:
        rows = self.db.execute(
            "SELECT created_at FROM notifications WHERE receiver = ? AND created_at > ?", (receiver, to_text(since))
        )
        return [to_time(row["created_at"]) for row in rows]

    def _write(self, place: Place, decision: Decision, *, thread: str | None) -> None:
        receiver, key = place
        ids = [incident.id for incident in decision.incidents]
        made_of = "\0".join((receiver, key, str(decision.kind), to_text(self.now), *sorted(ids)))
        if decision.kind is Kind.REMINDER:
            self.db.execute(_CLOSE_REMINDERS, (*place, *place))
        new_id = hashlib.sha256(made_of.encode()).hexdigest()[:12]
        message = self.words.message(decision, receiver, id=new_id, thread=thread or new_id, now=self.now)
        at = to_text(self.now)
        self.db.execute(
            "INSERT INTO notifications "
            "(id, thread, receiver, group_key, kind, reason, created_at, closed, message) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)",
            (new_id, message.thread, receiver, key, decision.kind, decision.reason, at, message.to_json()),
        )
        # What a digest tells as over is told whole: its end is not told again.
        open_ = [one.id for one in decision.incidents if one.is_live] if decision.kind is Kind.DIGEST else []
        self.db.executemany(
            "INSERT INTO notification_incidents VALUES (?, ?)", [(new_id, one) for one in sorted(open_ or ids)]
        )
        self.db.execute(
            "INSERT INTO deliveries "
            "(notification, thread, kind, receiver, group_key, state, attempts, created_at, next_at) "
            "VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
            (new_id, message.thread, decision.kind, receiver, key, DeliveryState.PENDING, at, at),
        )
        self._messages.append((receiver, message))

    def _close(self, place: Place) -> None:
        self.db.execute("UPDATE notifications SET closed = 1 WHERE receiver = ? AND group_key = ?", place)

    def _last(self, place: Place) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.db.execute(
            "SELECT kind, reason, incidents FROM decisions WHERE receiver = ? AND group_key = ? "
            "ORDER BY rowid DESC LIMIT 1",
            place,
        ).fetchone()
        return row

    def _last_reason(self, place: Place) -> Reason | None:
        row = self._last(place)
        return Reason(row["reason"]) if row and row["kind"] is None else None

    def _note(self, place: Place, decision: Decision) -> None:
        """Keep *decision* with its reason, once until it changes."""
        incidents = ",".join(sorted(incident.id for incident in decision.incidents))
        last = self._last(place)
        if last and tuple(last) == (decision.kind, decision.reason, incidents) and decision.kind is None:
            return
        due_at = to_text(decision.due_at) if decision.due_at else None
        self.db.execute(
            "INSERT INTO decisions (receiver, group_key, kind, reason, decided_at, due_at, incidents, held_by) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*place, decision.kind, decision.reason, to_text(self.now), due_at, incidents, decision.held_by),
        )

    def _settle(self) -> None:
        """Leave out of later plans what is over and of which nobody waits to hear."""
        self.db.execute(
            "UPDATE incidents SET settled = 1 WHERE settled = 0 AND state = 'resolved' "
            "AND id NOT IN (SELECT value FROM json_each(?)) AND NOT EXISTS ("
            "SELECT 1 FROM notification_incidents ni JOIN notifications n ON n.id = ni.notification "
            "WHERE ni.incident = incidents.id AND n.closed = 0)",
            (json.dumps(sorted(self._kept)),),
        )


def _parts(decision: Decision) -> Iterator[Decision]:
    """Yield what to say apart: of what was withdrawn other things are said than of what was solved."""
    if decision.kind is not Kind.RESOLVED:
        yield from [decision] if decision.kind else []
        return
    for withdrawn in (False, True):
        part = tuple(one for one in decision.incidents if one.withdrawn is withdrawn)
        if part:
            yield replace(decision, incidents=part)

"""The incidents of a made-up history, and what was sent about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from qbwatch.history.alert_rows import to_text
from rules.event import Severity

if TYPE_CHECKING:
    from random import Random

    from qbwatch.history.generated.texts import Words

_REFUSALS = (
    (404, "nothing is at this address: was the workflow or webhook deleted? (HTTP 404)"),
    (413, "the message is too long for the far side (HTTP 413)"),
    (550, "the mail server refuses the mail (SMTP 550)"),
)
_RECEIVERS = {Severity.CRITICAL: ("oncall-email", "ops-teams")}


INCIDENT = (
    "id", "host", "application", "cause", "state", "severity", "act", "client", "company_file", "opened_at",
    "recorded_at", "last_at", "resolved_at", "last_good_at", "runs_failed", "first_event", "last_event", "last_run",
    "title", "explanation", "steps", "links", "codes", "message", "evidence", "withdrawn", "settled",
)  # fmt: skip
FINDING = (
    "event", "incident", "at", "run", "severity", "act", "client", "company_file", "title", "explanation", "steps",
    "links", "codes", "message", "evidence",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class MadeIncident:
    """An incident as it grows."""

    id: str
    words: Words
    host: str
    client: str
    application: str | None
    opened_at: datetime
    last_at: datetime
    first_event: str
    last_event: str
    first_run: str | None
    last_run: str | None
    runs_failed: int = 1
    resolved_at: datetime | None = None

    def failed(self, at: datetime, event: str, run: str | None) -> None:
        """Note one more failed run, or finding."""
        self.last_at, self.last_event, self.last_run = at, event, run
        self.runs_failed += 1

    def row(self) -> tuple[object, ...]:
        """Return it in the order of `INCIDENT`; the alerts have nothing to decide about it any more."""
        words, opened_at, over = self.words, to_text(self.opened_at), self.resolved_at
        last_at = over or self.last_at
        return (
            self.id, self.host, self.application, words.cause, "resolved" if over else "open", words.severity,
            words.act, self.client, words.company_file, opened_at, opened_at, to_text(last_at),
            to_text(over) if over else None, to_text(over) if over else None, self.runs_failed, self.first_event,
            self.last_event, self.last_run, *words.columns, json.dumps(words.codes), words.message, "[]", 0, 1,
        )  # fmt: skip

    def finding(self) -> tuple[object, ...]:
        """Return its first finding in the order of `FINDING`."""
        words = self.words
        return (
            self.first_event, self.id, to_text(self.opened_at), self.first_run, words.severity, words.act,
            self.client, words.company_file, *words.columns, json.dumps(words.codes), words.message, "[]",
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The rows of one notification: itself, its incident, its delivery and the attempts."""

    notification: tuple[object, ...]
    incident: tuple[object, ...]
    delivery: tuple[object, ...]
    attempts: tuple[tuple[object, ...], ...]


NOTIFICATION = ("id", "thread", "receiver", "group_key", "kind", "reason", "created_at", "closed", "message")
DELIVERY = (
    "notification", "thread", "kind", "receiver", "group_key", "state", "attempts", "created_at", "next_at",
    "finished_at", "code", "reason",
)  # fmt: skip
ATTEMPT = ("notification", "attempt", "started_at", "ended_at", "outcome", "code", "reason")


def sent_about(incident: MadeIncident, random: Random) -> list[Sent]:
    """Make up what was sent about *incident*; one in fifty deliveries failed for good."""
    found: list[Sent] = []
    moments = [("opened", incident.opened_at + timedelta(seconds=30))]
    if incident.resolved_at:
        moments.append(("resolved", max(incident.resolved_at, incident.opened_at) + timedelta(seconds=31)))
    for receiver in _RECEIVERS.get(incident.words.severity, ("ops-teams",)):
        thread = f"{random.getrandbits(64):016x}"
        group = json.dumps({"client": incident.client, "cause": incident.words.cause})
        for kind, at in moments:
            id_ = thread if kind == "opened" else f"{random.getrandbits(64):016x}"
            found.append(_sent(id_, (thread, receiver, group, kind), at, incident.id, random))
    return found


def _sent(id_: str, what: tuple[str, str, str, str], at: datetime, incident: str, random: Random) -> Sent:
    thread, receiver, group, kind = what
    refused = random.choice(_REFUSALS) if random.random() < 0.02 else None
    tries = 1 if refused or random.random() < 0.95 else 2
    code, reason = refused or (None, "accepted")
    state = "failed" if refused else "sent"
    ends = at + timedelta(seconds=20 * tries)
    attempts = tuple(
        (id_, number, to_text(at + timedelta(seconds=20 * (number - 1))), to_text(at + timedelta(seconds=20 * number)),
         _outcome(is_last=number == tries, is_refused=bool(refused)), code, reason)
        for number in range(1, tries + 1)
    )  # fmt: skip
    created = to_text(at)
    return Sent(
        notification=(id_, thread, receiver, group, kind, "made up", created, 1, "{}"),
        incident=(id_, incident),
        delivery=(id_, thread, kind, receiver, group, state, tries, created, None, to_text(ends), code, reason),
        attempts=attempts,
    )


def _outcome(*, is_last: bool, is_refused: bool) -> str:
    if not is_last:
        return "transient"
    return "rejected" if is_refused else "sent"


def utc(seconds: int) -> datetime:
    """Return the time *seconds* after 1970."""
    return datetime.fromtimestamp(seconds, UTC)

"""A message past the store and its outbox: only of what the store cannot keep, because it is what fails."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from alerts.decide import Decision, Kind, Reason
from alerts.incident import Ending
from alerts.lifecycle import resolve
from alerts.outbox import Outcome, Patience
from alerts.route import routes_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from alerts.incident import Incident
    from alerts.message import Message
    from alerts.outbox import Channel
    from alerts.route import Route
    from qbwatch.history.alert_words import Words

log = logging.getLogger(__name__)

_TRIES: Final = 8


@dataclass(slots=True)
class DirectWord:
    """Sends to whom *root* leads; what does not arrive is tried again for a while, from threads of its own."""

    root: Route
    channels: Mapping[str, Channel]
    words: Words
    patience: Patience = field(default_factory=Patience)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def say_opened(self, incident: Incident, now: datetime) -> None:
        """Tell that *incident* began."""
        self._say(incident, Kind.OPENED, Reason.NEW, now)

    def say_resolved(self, incident: Incident, now: datetime) -> None:
        """Tell that *incident* is over."""
        change = resolve(incident, now, ending=Ending.SIGNAL)
        if change:
            self._say(change.incident, Kind.RESOLVED, Reason.ALL_RESOLVED, now)

    def stop(self) -> None:
        """Try nothing again."""
        self._stopping.set()

    def _say(self, incident: Incident, kind: Kind, reason: Reason, now: datetime) -> None:
        decision = Decision(kind=kind, reason=reason, incidents=(incident,))
        for routed in routes_for(incident, self.root):
            if routed.receiver in self.channels:
                id_ = f"{incident.id[:8]}-{kind.value[:3]}"
                message = self.words.message(decision, routed.receiver, id=id_, thread=incident.id[:12], now=now)
                # An acknowledgement would go to the store.
                message = replace(message, can_acknowledge=False)
                threading.Thread(target=self._send, args=(routed.receiver, message), daemon=True).start()

    def _send(self, receiver: str, message: Message) -> None:
        for attempt in range(1, _TRIES + 1):
            result = self.channels[receiver].send(message)
            if result.outcome in {Outcome.SENT, Outcome.REJECTED}:
                log.info("%s was told past the store: %s", receiver, result.reason)
                return
            if self._stopping.wait(self.patience.wait(attempt, 0.5).total_seconds()):
                return
        log.warning("%s could not be told that the store fails", receiver)

"""Once a day: how this machine is set up and what its history shows become notices in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.machine_facts import MachineFacts
from ingest.platform.setup import machine_facts, startup_folders
from qbwatch.history.times import NEVER, read_stamp, stamp
from qbwatch.stream import Batch
from rules.preventive import LOOKS_BACK, Past, PastRun, Subject, events_of, find

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from ingest.platform import Platform
    from qbwatch.history.store import Store
    from rules.catalogue import Catalogue
    from rules.event import Event

_EVERY = timedelta(days=1)
_RUNS = "SELECT application, started, outcome, format FROM runs WHERE host = ? AND started >= ?"
_TAKEN = "SELECT time FROM events WHERE host = ? AND time >= ? AND role = 'root' AND cause = 'user_already_signed_in'"
_USERS = """
SELECT DISTINCT json_extract(fields, '$.User') AS user FROM signals
WHERE host = ? AND time >= ? AND code = 'probe/process' AND json_extract(fields, '$.Name') = 'QBWebConnector.exe'
"""


@dataclass(slots=True)
class PreventiveIntake:
    """Asks the machine once a day, and at the first turn; `logs` are paths whose access is looked at."""

    platform: Platform | None
    catalogue: Catalogue
    store: Store
    host: str
    client: str | None
    zone: ZoneInfo
    logs: Callable[[], Sequence[str]] = tuple
    _due: datetime | None = None

    def turn(self, now: datetime) -> int:
        """Store what is found, if it is time; return how many notices that are. Nobody is told of them."""
        if self._due is not None and now < self._due:
            return 0
        self._due = now + _EVERY
        found = self.look(now)
        if found:
            with self.store.transaction():
                self.store.put(Batch(events={event.id: event for event in found}), (), now, tell_from=NEVER)
        return len(found)

    def look(self, now: datetime) -> list[Event]:
        """Return what is found now, and store nothing; `doctor` shows it."""
        facts = machine_facts(self.platform, self.logs(), startup_folders()) if self.platform else MachineFacts()
        subject = Subject(facts=facts, past=self._past(now))
        return events_of(find(subject), self.catalogue, host=self.host, client=self.client, now=now)

    def use(self, catalogue: Catalogue) -> None:
        """Take the texts from *catalogue* from now on."""
        self.catalogue = catalogue

    def _past(self, now: datetime) -> Past:
        since = (self.host, stamp(now - LOOKS_BACK))
        rows = self.store.connection.execute(_RUNS, since).fetchall()
        dated = [(row, read_stamp(row["started"])) for row in rows]
        taken = (read_stamp(row["time"]) for row in self.store.connection.execute(_TAKEN, since))
        users = (row["user"] for row in self.store.connection.execute(_USERS, since))
        return Past(
            runs=[
                PastRun(
                    application=row["application"], began=at.astimezone(self.zone), failed=row["outcome"] == "failed"
                )
                for row, at in dated
                if at
            ],
            user_taken=[at.astimezone(self.zone) for at in taken if at],
            connector_users=[user for user in users if user],
            uses_connector=any(row["format"] == "qbwc" for row in rows),
        )  # fmt: skip

"""An open problem and its states; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ingest.record import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from rules.event import Act, Severity

AHEAD = timedelta(minutes=5)
"""How far a log's clock may run before ours; a time beyond that is not believed."""


class State(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RECOVERING = "recovering"
    RESOLVED = "resolved"


class ChangeKind(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    TOUCHED = "touched"
    ACKNOWLEDGED = "acknowledged"
    RECOVERING = "recovering"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


class Ending(StrEnum):
    """Why an incident is over; people give one of the first four when they close it by hand."""

    FIXED = "fixed"
    EXPECTED = "expected"
    FALSE_ALARM = "false_alarm"
    DUPLICATE = "duplicate"
    RECOVERED = "recovered"
    SIGNAL = "signal"
    QUIET = "quiet"


BY_HAND = (Ending.FIXED, Ending.EXPECTED, Ending.FALSE_ALARM, Ending.DUPLICATE)
"""The reasons that a person may give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What is known of an incident's kind when it opens.

    `quiet_since` is when the one before it ended, if any. `first_for_client` is a cause never seen at this client.
    `usual` is how many findings a week its key had in the weeks before, None while there is no history.
    `needs` is how many good runs in a row end it: more than one for what keeps failing and mending.
    """

    quiet_since: datetime | None = None
    first_for_client: bool = False
    usual: float | None = None
    needs: int = 1


NO_BACKGROUND = Background()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One open problem per host, application and cause, told in the words of its newest event.

    `opened_at` and `last_at` are the log's times; `recorded_at` is when it was first seen here,
    from which waiting times run. `runs_failed` counts runs, or findings where no run is known.
    `withdrawn` is a resolved one that never was: each of its events turned out to be something else.
    `goods` of the `needs` good runs that end it have come since it last failed, the last of them begun at `good_at`.
    For `quiet_since`, `first_for_client` and `usual` see `Background`.
    """

    id: str
    host: str
    application: str | None
    cause: str
    state: State
    severity: Severity
    act: Act
    client: str | None
    company_file: str | None
    opened_at: datetime
    recorded_at: datetime
    last_at: datetime
    resolved_at: datetime | None
    last_good_at: datetime | None
    runs_failed: int
    first_event: str
    last_event: str
    last_run: str | None
    title: str
    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    codes: tuple[str, ...]
    message: str
    evidence: tuple[str, ...]
    withdrawn: bool = False
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    ending: Ending | None = None
    resolved_by: str | None = None
    goods: int = 0
    good_at: datetime | None = None
    needs: int = 1
    quiet_since: datetime | None = None
    first_for_client: bool = False
    usual: float | None = None

    @property
    def key(self) -> tuple[str, str | None, str]:
        """Host, application and cause: at most one incident of a key is unresolved."""
        return (self.host, self.application, self.cause)

    @property
    def is_live(self) -> bool:
        """True until it is resolved."""
        return self.state is not State.RESOLVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What an incident keeps of one of its events, so that it can be told without another one."""

    event: str
    at: datetime
    run: str | None
    severity: Severity
    act: Act
    client: str | None
    company_file: str | None
    title: str
    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    codes: tuple[str, ...]
    message: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnd:
    """What an incident needs to know of a finished run."""

    host: str
    application: str | None
    outcome: Outcome
    started: datetime | None
    ended: datetime | None

    @property
    def is_good(self) -> bool:
        """True when the run worked or had nothing to do."""
        return self.outcome in {Outcome.OK, Outcome.NO_WORK}

    @property
    def began(self) -> datetime | None:
        """The start or, where the log does not tell it, the end."""
        return self.started or self.ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """The newest good run of an application: when it began and when it ended."""

    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An incident as it is after `kind` happened to it at `at`."""

    kind: ChangeKind
    incident: Incident
    at: datetime
    event: str | None = None

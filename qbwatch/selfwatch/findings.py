"""What is wrong with qbwatch itself, as findings like others: told once while it lasts, and over when it is over."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rules.classify import digest
from rules.event import Confidence, Event, Role

if TYPE_CHECKING:
    from datetime import datetime

    from rules.catalogue import Catalogue

log = logging.getLogger(__name__)

CANARY_LATE: Final = "canary_late"
CLOCK_JUMPED: Final = "clock_jumped"
CONFIG_NOT_LOADED: Final = "config_not_loaded"
DELIVERY_FAILING: Final = "delivery_failing"
NOTHING_PARSED: Final = "nothing_parsed"
STORE_FAILING: Final = "store_failing"
STORE_REPLACED: Final = "store_replaced"
WATCHER_CRASHED: Final = "watcher_crashed"
OWN: Final = (
    CANARY_LATE, CLOCK_JUMPED, CONFIG_NOT_LOADED, DELIVERY_FAILING, NOTHING_PARSED, STORE_FAILING, STORE_REPLACED,
    WATCHER_CRASHED,
)  # fmt: skip
"""The causes that only the watcher's look at itself finds."""


@dataclass(slots=True)
class OwnFindings:
    """Collects what is wrong until it is stored; of one cause several things may be wrong at once."""

    host: str
    client: str | None
    catalogue: Catalogue
    open: dict[str, set[str]] = field(default_factory=dict)  # by cause: what is wrong, such as a receiver's name
    _events: dict[str, Event] = field(default_factory=dict)
    _mended: dict[str, None] = field(default_factory=dict)

    def tell(self, cause: str, about: str, message: str, now: datetime, evidence: tuple[str, ...] = ()) -> None:
        """Tell that *about* is wrong, unless that is told already."""
        if about in self.open.get(cause, ()):
            return
        self.open.setdefault(cause, set()).add(about)
        self._mended.pop(cause, None)
        log.warning("%s", message)
        event = self.event(cause, about, message, now, evidence)
        self._events[event.id] = event

    def mend(self, cause: str, about: str | None = None) -> None:
        """Note that *about*, or all of *cause*, is well again."""
        known = self.open.get(cause, set())
        if about is not None and about not in known:
            return
        known -= {about} if about is not None else set(known)
        if not known:
            self.open.pop(cause, None)
            self._mended[cause] = None

    def event(self, name: str, about: str, message: str, now: datetime, evidence: tuple[str, ...] = ()) -> Event:
        """Return the finding of the cause *name*."""
        cause = self.catalogue.causes[name]
        filled = cause.filled({"host": self.host})
        return Event(
            id=digest(self.host, name, about, now.isoformat()), time=now, host=self.host, client=self.client,
            source="qbwatch", format="", line=0, offset=0, application=None, company_file=None, run=None, cause=name,
            rule=f"qbwatch.{name}", severity=cause.severity, role=Role.ROOT, confidence=Confidence.PROOF, act=cause.act,
            codes=(), message=message, evidence=evidence, title=cause.title, explanation=filled.explanation,
            steps=filled.steps, links=filled.links,
        )  # fmt: skip

    @property
    def has_news(self) -> bool:
        """Whether something waits to be stored."""
        return bool(self._events or self._mended)

    @property
    def events(self) -> dict[str, Event]:
        """What is new, by id."""
        return self._events

    @property
    def mended(self) -> list[str]:
        """The causes that are over."""
        return list(self._mended)

    def stored(self) -> None:
        """Forget what waited: it is stored."""
        self._events, self._mended = {}, {}

"""Rule files that change while a watcher runs: a good set is taken up whole, a bad one is told and left alone."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rules.classify import digest
from rules.event import Confidence, Event, Role
from rules.load import RuleError, load
from rules.pack import pack_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from rules.catalogue import Catalogue
    from rules.load import Fault

log = logging.getLogger(__name__)

NOT_LOADED = "rules_not_loaded"
"""The cause of rules that were changed and have a fault."""
QUARANTINED = "rule_quarantined"
"""The cause of a rule that threw."""

_EVERY_S = 2.0
_MOST_FAULTS = 8


@dataclass(slots=True)
class Reload:
    """What looks at the rules came to: a new set if there is one, what is to be told, and which causes are over."""

    catalogue: Catalogue | None = None
    events: dict[str, Event] = field(default_factory=dict)
    mended: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is new."""
        return self.catalogue is None and not self.events and not self.mended


@dataclass(slots=True)
class RuleReloader:
    """Looks now and then whether the user's rule files have changed, and whether a rule was left out.

    `waiting` is what was found and is not stored yet.
    """

    catalogue: Catalogue
    path: Path | None
    formats: Sequence[str]
    host: str
    client: str | None
    clock: Callable[[], datetime]
    pages: str | None = None
    waiting: Reload = field(default_factory=Reload)
    _seen: tuple[object, ...] | None = None
    _changing: tuple[object, ...] | None = None
    _due_s: float | None = None
    _is_bad: bool = False
    _told: set[str] = field(default_factory=set)  # rules that are known to be left out

    def __post_init__(self) -> None:
        """Take what was loaded for what the files hold, unless they were changed meanwhile."""
        sight = self._sight()
        self._seen = sight if self._is_loaded() else None
        # What an earlier process told of is over: these rules were loaded.
        self.waiting.mended |= {NOT_LOADED, QUARANTINED}

    def look(self, now_s: float) -> Reload:
        """Return what waits to be stored; *now_s* is the time on a clock that never goes back."""
        self._tell_of_broken(self.waiting)
        if self.path is None or (self._due_s is not None and now_s < self._due_s):
            return self.waiting
        self._due_s = now_s + _EVERY_S
        sight = self._sight()
        if sight == self._seen:
            self._changing = None
        elif sight != self._changing:
            # An editor may still be writing; what stays so until the next look is loaded.
            self._changing = sight
        else:
            self._seen, self._changing = sight, None
            self._load(self.path, self.waiting)
        return self.waiting

    def stored(self) -> None:
        """Forget what waited: it is stored."""
        self.waiting = Reload()

    def _load(self, path: Path, found: Reload) -> None:
        try:
            catalogue = load([path], self.formats).with_pages(self.pages)
        except RuleError as error:
            self._tell_of_faults(error.faults, found)
            return
        except OSError as error:
            self._tell(NOT_LOADED, f"{path}: the rules cannot be read ({error.strerror})", str(path), (), found)
            return
        log.info("the rules were changed: %d rules, rule pack %s", len(catalogue.rules), catalogue.pack)
        if self._is_bad:
            found.mended.add(NOT_LOADED)
            found.events = {id_: event for id_, event in found.events.items() if event.cause != NOT_LOADED}
        if self._told:
            found.mended.add(QUARANTINED)
        self._is_bad, self._told = False, set()
        found.catalogue = self.catalogue = catalogue

    def _tell_of_faults(self, faults: Sequence[Fault], found: Reload) -> None:
        first = faults[0]
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        evidence = tuple(line for fault in faults[:_MOST_FAULTS] for line in str(fault).split("\n"))
        message = f"{first.place}: {first.problem.rstrip('.')}{more}"
        self._tell(NOT_LOADED, message, first.place.file, evidence, found, line=first.place.line)

    def _tell_of_broken(self, found: Reload) -> None:
        for name in sorted(set(self.catalogue.broken) - self._told):
            self._told.add(name)
            place = self.catalogue.by_name[name].place
            message = f"{place}: rule {name} is left out: {self.catalogue.broken[name]}"
            self._tell(QUARANTINED, message, place.file, (), found, line=place.line)

    def _tell(
        self, name: str, message: str, source: str, evidence: tuple[str, ...], found: Reload, *, line: int = 0
    ) -> None:
        if name == NOT_LOADED:
            self._is_bad = True
        found.mended.discard(name)
        log.warning("%s", message)
        now, cause = self.clock(), self.catalogue.causes[name]
        filled = cause.filled({"host": self.host})
        event = Event(
            id=digest(self.host, source, now.isoformat(), message), time=now, host=self.host, client=self.client,
            source=source, format="", line=line, offset=0, application=None, company_file=None, run=None, cause=name,
            rule=f"rules.{name}", severity=cause.severity, role=Role.ROOT, confidence=Confidence.PROOF, act=cause.act,
            codes=(), message=message, evidence=evidence, title=cause.title, explanation=filled.explanation,
            steps=filled.steps, links=filled.links,
        )  # fmt: skip
        found.events[event.id] = event

    def _is_loaded(self) -> bool:
        try:
            return pack_at([self.path] if self.path else []) == self.catalogue.pack
        except (OSError, UnicodeDecodeError):
            return False

    def _sight(self) -> tuple[object, ...]:
        """Return what changes when a rule file does; a folder that is gone, as by a slip, is a change too."""
        if self.path is None:
            return ()
        try:
            files = sorted(self.path.glob("*.rules")) if self.path.is_dir() else [self.path]
            stats = [(file.name, file.stat()) for file in files]
        except OSError as error:
            return (error.errno,)
        return tuple((name, stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in stats)

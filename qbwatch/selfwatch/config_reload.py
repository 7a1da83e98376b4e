"""The configuration while a watcher runs: a good change is taken up whole, a bad one is told and left alone."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qbwatch.errors import UsageError
from qbwatch.selfwatch.findings import CONFIG_NOT_LOADED

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from qbwatch.config import Settings
    from qbwatch.selfwatch.findings import OwnFindings

log = logging.getLogger(__name__)

_EVERY_S = 2.0
_MOST_LINES = 12


@dataclass(slots=True)
class ConfigReloader:
    """Looks now and then whether the file of *settings* was changed; *read* loads it and tries all that hangs on it.

    *on_change* takes what is to be used from now on.
    """

    settings: Settings
    read: Callable[[Path], Settings]
    on_change: Callable[[Settings], None]
    seen: tuple[object, ...] | None = None  # what the file looked like before it was loaded
    _changing: tuple[object, ...] | None = None
    _due_s: float | None = None

    def look(self, findings: OwnFindings, now_s: float, now: datetime) -> None:
        """Take up what was changed; *now_s* is the time on a clock that never goes back."""
        file = self.settings.file
        if file is None or (self._due_s is not None and now_s < self._due_s):
            return
        self._due_s = now_s + _EVERY_S
        sight = sight_of(file)
        if self.seen is None or sight == self.seen:
            self.seen, self._changing = sight, None
        elif sight != self._changing:
            # An editor may still be writing; what stays so until the next look is loaded.
            self._changing = sight
        else:
            self.seen, self._changing = sight, None
            self._load(file, findings, now)

    def _load(self, file: Path, findings: OwnFindings, now: datetime) -> None:
        try:
            found = self.read(file)
        except UsageError as error:
            lines = str(error).splitlines()
            # A fault may take the place of another one.
            findings.open.pop(CONFIG_NOT_LOADED, None)
            findings.tell(CONFIG_NOT_LOADED, "configuration", lines[0], now, tuple(lines[:_MOST_LINES]))
            return
        if found.store != self.settings.store:
            found = replace(found, store=self.settings.store)
            findings.tell(CONFIG_NOT_LOADED, "store", f"{file}: {_STAYS}", now)
        else:
            findings.mend(CONFIG_NOT_LOADED)
        if found != self.settings:
            log.warning("%s was changed, and is in use from now on", file)
            self.on_change(found)


_STAYS = "[store] path was changed; it is taken up when qbwatch is started again. All else is in use now."


def sight_of(file: Path) -> tuple[object, ...]:
    """Return what changes when *file* does; that it is gone is a change too."""
    try:
        stat = file.stat()
    except OSError as error:
        return (error.errno,)
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino)

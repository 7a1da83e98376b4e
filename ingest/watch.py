"""watchdog as an alarm clock: it says where to look again, and never what happened there."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from watchdog.events import (
    FileAttribEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from watchdog.observers.api import BaseObserver, ObservedWatch

log = logging.getLogger(__name__)

# Opened and closed files are left out: our own reading makes them. An append may come as a change of
# attributes where Windows updates times lazily.
_KINDS = (FileModifiedEvent, FileCreatedEvent, FileDeletedEvent, FileMovedEvent, FileAttribEvent)
# A notice may come a moment after polling has found the same.
_LATE_S = 2.0


class Bell(FileSystemEventHandler):
    """Rings when something changes in one of its folders; what it misses, polling finds."""

    def __init__(self) -> None:
        """Make a bell that hangs nowhere yet."""
        self._rung = threading.Event()
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self._observer: BaseObserver | None = None
        # By folder: its watch, and the folder's number, for a folder may be deleted and made again.
        self._watches: dict[Path, tuple[ObservedWatch, int]] = {}
        self._refused: set[Path] = set()

    def hang(self, folders: Iterable[Path]) -> None:
        """Listen in *folders*, and nowhere else; one that cannot be watched is left to polling."""
        wanted = {folder: _number(folder) for folder in folders}
        for folder, (watch, number) in list(self._watches.items()):
            if wanted.get(folder) != number and self._observer:
                self._observer.unschedule(watch)
                del self._watches[folder]
        for folder in sorted(wanted.keys() - self._watches.keys()):
            self._hang_one(folder, wanted[folder])

    def hears(self, folder: Path) -> bool:
        """Say whether changes in *folder* ring the bell."""
        return folder in self._watches

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Ring, whatever it was."""
        with self._lock:
            self._told.update(os.fsdecode(path) for path in (event.src_path, event.dest_path) if path)
        self._rung.set()

    def ring(self) -> None:
        """Ring by hand, to be looked at now."""
        self._rung.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the bell at most *timeout_s*; say whether it rang."""
        rung = self._rung.wait(timeout_s)
        self._rung.clear()
        return rung

    def take_told(self) -> set[str]:
        """Return the paths at which something changed since the last call."""
        with self._lock:
            told, self._told = self._told, set()
        return told

    def take_down(self) -> None:
        """Stop listening."""
        if self._observer and self._observer.is_alive():
            self._observer.stop()
            self._observer.join(5)

    def _hang_one(self, folder: Path, number: int | None) -> None:
        if number is None:
            return
        try:
            if self._observer is None:
                # It takes one of the system's few notice queues, so it is made when it is needed, and started
                # without folders: one that cannot be watched then fails alone, and here.
                observer = Observer()
                observer.start()
                self._observer = observer
            watch = self._observer.schedule(self, str(folder), recursive=False, event_filter=list(_KINDS))
        except OSError as error:
            if folder not in self._refused:
                log.info("%s cannot be watched (%s); it is polled", folder, error)
            self._refused.add(folder)
            return
        self._refused.discard(folder)
        self._watches[folder] = (watch, number)


class Missed:
    """Counts by path what polling found though the bell should have told it."""

    def __init__(self) -> None:
        """Begin with nothing missed."""
        self.count: dict[str, int] = {}
        self._found: dict[str, float] = {}

    def found(self, path: str, now: float) -> None:
        """Note that polling found something at *path*, which the bell can hear; *now* is in seconds."""
        self._found.setdefault(path, now)

    def told(self, paths: Iterable[str], now: float) -> None:
        """Note what the bell has told by *now*: late is not missed."""
        for path in paths:
            self._found.pop(path, None)
        for path, since in list(self._found.items()):
            if now - since > _LATE_S:
                del self._found[path]
                self.count[path] = self.count.get(path, 0) + 1


def _number(folder: Path) -> int | None:
    """Return the number of *folder* on its volume, None if it is not there."""
    try:
        return folder.stat().st_ino if folder.is_dir() else None
    except OSError:
        return None

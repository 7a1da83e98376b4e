"""watchdog as an alarm clock: it says "look again", and never what happened or where."""

from __future__ import annotations

import logging
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


class Bell(FileSystemEventHandler):
    """Rings when something changes in one of its folders; what it misses, polling finds."""

    def __init__(self) -> None:
        """Make a bell that hangs nowhere yet."""
        self._rung = threading.Event()
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

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Ring, whatever it was."""
        del event
        self._rung.set()

    def ring(self) -> None:
        """Ring by hand, to be looked at now."""
        self._rung.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the bell at most *timeout_s*; say whether it rang."""
        rung = self._rung.wait(timeout_s)
        self._rung.clear()
        return rung

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


def _number(folder: Path) -> int | None:
    """Return the number of *folder* on its volume, None if it is not there."""
    try:
        return folder.stat().st_ino if folder.is_dir() else None
    except OSError:
        return None

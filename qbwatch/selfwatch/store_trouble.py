"""A store that cannot be written: what passes is waited for and told past the store; what is damaged is set aside."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alerts.lifecycle import on_event
from qbwatch.history.times import stamp
from qbwatch.history.trouble import advice

if TYPE_CHECKING:
    from alerts.incident import Incident
    from qbwatch.selfwatch.direct_word import DirectWord
    from qbwatch.selfwatch.findings import OwnFindings

log = logging.getLogger(__name__)

_PASSING: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# Somebody may hold it for a moment, as for a backup.
PATIENCE_S: Final = 60.0
_BESIDE: Final = ("", "-wal", "-shm")


def may_pass(error: BaseException) -> bool:
    """Say whether what SQLite refuses may work later without anybody changing the store: it is held, or a disk full."""
    return _code(error) in _PASSING


def is_damaged(error: BaseException | None) -> bool:
    """Say whether *error*, or what brought it about, says that the store is damaged."""
    return error is not None and (_code(error) in _DAMAGED or is_damaged(error.__cause__))


def _code(error: BaseException) -> int:
    # SQLite tells details in the higher bits.
    code: int = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF


def set_aside(store: Path, now: datetime) -> tuple[Path, datetime] | None:
    """Rename the damaged *store*; return its new name and when it was last written, None if it is not damaged."""
    if _is_whole(store):
        return None
    written = max(path.stat().st_mtime for end in _BESIDE if (path := Path(f"{store}{end}")).exists())
    aside = store.with_name(f"{store.name}.damaged-{now:%Y%m%d-%H%M%S}")
    for end in _BESIDE:
        if Path(f"{store}{end}").exists():
            os.replace(f"{store}{end}", f"{aside}{end}")  # noqa: PTH105 - names, not paths
    return aside, datetime.fromtimestamp(written, UTC)


def _is_whole(store: Path) -> bool:
    """Ask SQLite anew: an error of a moment is no damage."""
    try:
        with closing(sqlite3.connect(store, timeout=5)) as db:
            found = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return not is_damaged(error)
    return bool(found and found[0] == "ok")


@dataclass(slots=True)
class StoreTrouble:
    """Tells of a store that cannot be written, and that it can be again; times in seconds never go back."""

    store: Path
    findings: OwnFindings
    direct: DirectWord | None = None
    since: datetime | None = None
    told: Incident | None = None
    _since_s: float = 0.0

    def failed(self, error: sqlite3.Error, now_s: float, now: datetime) -> str | None:
        """Note that writing failed; return what is to be told of it now, if anything is."""
        if self.since is None:
            self.since, self._since_s = now, now_s
            log.warning("%s cannot be written (%s); it is tried again", self.store, error)
        is_held = _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
        if self.told or (is_held and now_s - self._since_s < PATIENCE_S):
            return None
        message = f"{self.store} cannot be written since {stamp(self.since)} ({error}). {advice(error)}"
        event = self.findings.event("store_failing", "store", message, self.since)
        # The store cannot keep it, so it is told at once and past the outbox.
        change = on_event(None, event, now)
        self.told = change.incident if change else None
        if self.told and self.direct:
            self.direct.say_opened(self.told, now)
        return message

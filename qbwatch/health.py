"""How all stands, in one line: told from what the watcher has stored, in no time and without asking anybody."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from alerts.spoken import plural
from qbwatch.history.times import stamp
from qbwatch.history.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALIVE_WITHIN: Final = timedelta(minutes=5)
"""A watcher writes how its sources stand each minute; without that for so long it does not run."""

_LATELY = timedelta(days=1)
_WAITED = timedelta(minutes=15)
_MOST = 5
_WHOSE = "(:host IS NULL OR host = :host) AND (:client IS NULL OR client = :client)"
_WORKING = ("followed", "behind", "waiting", "copy")


class Level(IntEnum):
    """How bad it is; the number is the exit code that Nagios and its like expect."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong."""

    level: Level
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts for graphs: what is open, what failed and was lost in the last day, what waits to be sent."""

    incidents: int = 0
    acknowledged: int = 0
    failed_runs: int = 0
    runs: int = 0
    waiting: int = 0
    undelivered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How all stands: the worst of the troubles, each of them, and counts."""

    troubles: tuple[Trouble, ...]
    figures: Figures = Figures()

    @property
    def level(self) -> Level:
        """The worst; what is not known outweighs a warning only where nothing worse is known."""
        levels = {trouble.level for trouble in self.troubles}
        return next((one for one in (Level.CRITICAL, Level.UNKNOWN, Level.WARNING) if one in levels), Level.OK)

    @property
    def line(self) -> str:
        """All of it in one line."""
        ordered = sorted(self.troubles, key=lambda one: (one.level is not self.level, -one.level))
        told = [one.what for one in ordered[:_MOST]]
        more = len(ordered) - len(told)
        if not told:
            figures = self.figures
            return f"no open incident; {figures.runs} runs in the last day, {figures.failed_runs} failed"
        return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def health_of(store: Path, now: datetime, *, host: str | None = None, client: str | None = None) -> Health:
    """Return how all stands by the *store*, or what is of one *host* or *client*; it is only read."""
    if not store.exists():
        return _unknown(f"there is no store {store}: qbwatch watch never ran here")
    try:
        with closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True, timeout=1)) as db:
            db.row_factory = sqlite3.Row
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                return _unknown(f"the store has tables {version}, and this program reads {VERSION}: start the same "
                                "version of qbwatch watch once")  # fmt: skip
            return _Asked(db, now, host, client).health()
    except sqlite3.Error as error:
        return _unknown(f"the store {store} cannot be read ({error})")


def _unknown(what: str) -> Health:
    return Health(troubles=(Trouble(level=Level.UNKNOWN, what=what),))


@dataclass(frozen=True, slots=True)
class _Asked:
    db: sqlite3.Connection
    now: datetime
    host: str | None
    client: str | None

    def health(self) -> Health:
        troubles = (*self._watcher(), *self._incidents(), *self._sources(), *self._deliveries())
        return Health(troubles=troubles, figures=self._figures())

    def _watcher(self) -> Iterator[Trouble]:
        (text,) = self.db.execute("SELECT max(updated_at) FROM sources").fetchone()
        if text is None:
            yield Trouble(level=Level.UNKNOWN, what="qbwatch watch has not looked at any log yet")
            return
        silent = self.now - datetime.fromisoformat(text)
        if silent > ALIVE_WITHIN:
            yield Trouble(level=Level.CRITICAL, what=f"qbwatch watch does not run; it was last alive at {text}")

    def _incidents(self) -> Iterator[Trouble]:
        rows = self.db.execute(
            "SELECT severity, host, application, title, acknowledged_at FROM incidents "  # noqa: S608 - our own names
            f"WHERE state != 'resolved' AND {_WHOSE} "
            "ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'error' THEN 1 ELSE 2 END, opened_at",
            self._names(),
        )
        for row in rows:
            is_minor = row["severity"] in {"warning", "notice"} or row["acknowledged_at"] is not None
            of = f", {row['application']}" if row["application"] else ""
            taken = " (acknowledged)" if row["acknowledged_at"] else ""
            yield Trouble(
                level=Level.WARNING if is_minor else Level.CRITICAL,
                what=f"{row['host']}{of}: {row['title'].rstrip('.')}{taken}",
            )

    def _sources(self) -> Iterator[Trouble]:
        marks = ", ".join("?" * len(_WORKING))
        rows = self.db.execute(
            f"SELECT path, standing, problem FROM sources WHERE standing NOT IN ({marks}, 'gone', 'foreign')",  # noqa: S608 - only placeholders
            _WORKING,
        )
        for row in rows:
            yield Trouble(level=Level.WARNING, what=f"{row['path']} is {row['problem'] or row['standing']}")

    def _deliveries(self) -> Iterator[Trouble]:
        since, waited = stamp(self.now - _LATELY), stamp(self.now - _WAITED)
        rows = self.db.execute(
            "SELECT receiver, sum(next_at IS NULL) AS dead, sum(next_at IS NOT NULL AND created_at < ?) AS late "
            "FROM deliveries WHERE (state = 'failed' AND finished_at > ? AND reason NOT LIKE 'withdrawn%') "
            "OR next_at IS NOT NULL GROUP BY receiver", (waited, since),
        )  # fmt: skip
        for row in rows:
            if row["dead"]:
                yield Trouble(
                    level=Level.WARNING,
                    what=f"{plural(row['dead'], 'message')} could not be delivered to {row['receiver']}",
                )
            if row["late"]:
                yield Trouble(
                    level=Level.WARNING, what=f"{plural(row['late'], 'message')} waiting for {row['receiver']}"
                )

    def _figures(self) -> Figures:
        since = stamp(self.now - _LATELY)
        names = self._names() | {"since": since}
        incidents, taken = self.db.execute(
            "SELECT count(*), coalesce(sum(acknowledged_at IS NOT NULL), 0) FROM incidents "  # noqa: S608 - our own names
            f"WHERE state != 'resolved' AND {_WHOSE}", names,
        ).fetchone()  # fmt: skip
        runs, failed = self.db.execute(
            f"SELECT count(*), coalesce(sum(outcome = 'failed'), 0) FROM runs WHERE started > :since AND {_WHOSE}",  # noqa: S608
            names,
        ).fetchone()
        waiting, dead = self.db.execute(
            "SELECT coalesce(sum(next_at IS NOT NULL), 0), coalesce(sum(state = 'failed' AND finished_at > ?), 0) "
            "FROM deliveries", (since,),
        ).fetchone()  # fmt: skip
        return Figures(
            incidents=incidents, acknowledged=taken, failed_runs=failed, runs=runs, waiting=waiting, undelivered=dead
        )  # fmt: skip

    def _names(self) -> dict[str, str | None]:
        return {"host": self.host, "client": self.client}

"""A folder of logs, a store on disk and the real loop between them, on a clock that only the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from qwclog import line

from qbwatch.config import Settings, Source
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store
from qbwatch.history.times import NEVER
from qbwatch.pipeline import Pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from rules.catalogue import Catalogue

START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


@dataclass
class Watched:
    """A watcher of *patterns* in `folder`/log that can be ended and started again."""

    folder: Path
    catalogue: Catalogue
    patterns: tuple[str, ...] = ("QWCLog*.txt",)
    tell_from: datetime = NEVER
    now: datetime = START
    now_s: float = 0.0
    number: int = 0
    store: Store = field(init=False)
    pipeline: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "log").mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        self.store = Store(self.folder / "history.db")
        sources = tuple(Source(path=str(self.path(pattern))) for pattern in self.patterns)
        self.pipeline = Pipeline(
            settings=Settings(
                host="srv-01", client=None, zone=ZoneInfo("UTC"), sources=sources, store=self.store.path
            ),
            catalogue=self.catalogue,
            store=self.store,
            alerts=AlertStore(self.store.connection, ZoneInfo("UTC")),
            clock=lambda: self.now,
            tell_from=self.tell_from,
            listens=False,
        )  # fmt: skip

    def restart(self) -> None:
        self.store.close()
        self.start()

    def path(self, name: str) -> Path:
        return self.folder / "log" / name

    @property
    def log(self) -> Path:
        return self.path("QWCLog.txt")

    def write(self, count: int = 1, path: Path | None = None) -> None:
        """Append *count* numbered faults to *path* or the log."""
        with (path or self.log).open("ab") as file:
            for _ in range(count):
                self.number += 1
                at = int((self.now - START).total_seconds())
                file.write(line("QBWebConnector.SOAPWebService.update()", f"QBWC1048: no. {self.number}.", at).encode())

    def turn(self, seconds: float = 1, told: set[str] | None = None) -> None:
        self.now += timedelta(seconds=seconds)
        self.now_s += seconds
        self.pipeline.turn(self.now_s, told)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.store.connection.execute(query)]

    def stored(self) -> list[int]:
        """Return the numbers of the faults that are stored, each as often as it is."""
        found = (row[0].removeprefix("QBWC1048: no. ") for row in self.rows("SELECT message FROM events"))
        return sorted(int(number.rstrip(".")) for number in found)

    def ledger(self, fate: str) -> list[tuple[str, int, int | None]]:
        """Return name, begin and end of what had this *fate*, the oldest first."""
        told = reversed(self.store.ledger(limit=1000))
        return [(one.path.rpartition("/")[2], one.begin, one.end) for one in told if one.fate == fate]

    def standing(self, name: str) -> str:
        return self.pipeline.sources.seen[str(self.path(name))].standing

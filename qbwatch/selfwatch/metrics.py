"""The watcher's figures as Prometheus and OpenMetrics know them; gathered when somebody asks, and only then."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder

from qbwatch.history.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client.core import Metric

    from qbwatch.selfwatch.vitals import Vitals

_STATES: Final = ("ok", "no_work", "failed", "unfinished")
_SEVERITIES: Final = ("critical", "error", "warning", "notice")


@dataclass(slots=True, eq=False)
class Figures:
    """Collects from what the loop left and from the store, which is only read."""

    store: Path
    vitals: Vitals

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self._loop()
        try:
            with closing(sqlite3.connect(f"{self.store.resolve().as_uri()}?mode=ro", uri=True, timeout=1)) as db:
                yield from _stored(db, datetime.now(UTC))
                readable = 1
        except sqlite3.Error:
            readable = 0
        yield GaugeMetricFamily("qbwatch_store_readable", "Whether the store could be read for this answer.", readable)

    def _loop(self) -> Iterator[Metric]:
        vitals = self.vitals
        yield InfoMetricFamily("qbwatch_build", "The version that runs.", {"version": version("qbwatch")})
        yield GaugeMetricFamily(
            "qbwatch_start_time_seconds", "When the watcher began, in seconds since 1970.", vitals.started_at
        )
        yield GaugeMetricFamily(
            "qbwatch_last_turn_timestamp_seconds", "When the loop last turned, in seconds since 1970.", vitals.turned_at
        )
        yield CounterMetricFamily("qbwatch_turns", "Turns of the loop since the start.", vitals.turns)
        yield CounterMetricFamily("qbwatch_stored", "Findings and runs stored since the start.", vitals.stored)
        yield CounterMetricFamily("qbwatch_canary_lines", "Test lines written since the start.", vitals.canary_number)
        yield GaugeMetricFamily(
            "qbwatch_canary_last_timestamp_seconds",
            "When a test line last came through, in seconds since 1970; 0 if none did since the start.",
            vitals.canary_at,
        )
        wrong = GaugeMetricFamily("qbwatch_own_problems", "What is wrong with the watcher itself.", labels=["cause"])
        for cause in vitals.open:
            wrong.add_metric([cause], 1)
        yield wrong
        size = sum(path.stat().st_size for end in ("", "-wal") if (path := _beside(self.store, end)).exists())
        yield GaugeMetricFamily("qbwatch_store_size_bytes", "Size of the store with its write-ahead log.", size)


def _beside(store: Path, end: str) -> Path:
    return store.with_name(store.name + end)


def _stored(db: sqlite3.Connection, now: datetime) -> Iterator[Metric]:
    yield _counted(
        "qbwatch_sources", "Followed logs by how they stand.", "standing",
        dict(db.execute("SELECT standing, count(*) FROM sources GROUP BY standing")),
    )  # fmt: skip
    (unread,) = db.execute("SELECT coalesce(sum(max(size - offset, 0)), 0) FROM sources").fetchone()
    yield GaugeMetricFamily("qbwatch_unread_bytes", "Bytes of all logs that are not read yet.", unread)
    live = dict(db.execute("SELECT severity, count(*) FROM incidents WHERE state != 'resolved' GROUP BY severity"))
    yield _counted(
        "qbwatch_incidents_open", "Open incidents.", "severity", dict.fromkeys(_SEVERITIES, 0) | live
    )  # fmt: skip
    since = stamp(now - timedelta(days=1))
    runs = dict(db.execute("SELECT outcome, count(*) FROM runs WHERE started > ? GROUP BY outcome", (since,)))
    yield _counted(
        "qbwatch_runs_last_day", "Sync runs that began in the last 24 hours.", "outcome",
        dict.fromkeys(_STATES, 0) | runs,
    )  # fmt: skip
    yield from _deliveries(db, now)


def _deliveries(db: sqlite3.Connection, now: datetime) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("qbwatch_deliveries_waiting", "Messages that wait to be sent.", labels=["receiver"])
    oldest = GaugeMetricFamily(
        "qbwatch_delivery_oldest_waiting_seconds", "Age of the oldest message that waits.", labels=["receiver"]
    )
    rows = db.execute(
        "SELECT receiver, count(*), min(created_at) FROM deliveries WHERE next_at IS NOT NULL GROUP BY receiver"
    )
    for receiver, count, since in rows:
        waiting.add_metric([receiver], count)
        oldest.add_metric([receiver], max((now - datetime.fromisoformat(since)).total_seconds(), 0))
    yield waiting
    yield oldest


def _counted(name: str, text: str, label: str, counts: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family


def answer(figures: Figures, accept: str) -> tuple[str, bytes]:
    """Return content type and text of all metrics in the form that *accept*, a header, asks for."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    ProcessCollector(registry=registry)
    encode, kind = choose_encoder(accept)
    return kind, encode(registry)

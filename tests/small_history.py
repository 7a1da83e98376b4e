"""Two weeks of two machines, small enough to count by hand: a run an hour each, and three kinds of trouble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ingest.record import Outcome, Run, Span, Trigger
from qbwatch.history.store import Store
from qbwatch.history.times import NEVER
from qbwatch.stream import Batch, FinishedRun
from rules.event import Act, Confidence, Event, Role, Severity

if TYPE_CHECKING:
    from pathlib import Path

ZONE = "America/New_York"
VERSIONS = {"srv-01": "2.3.0.36", "srv-02": "2.3.0.207"}
BEGINS = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""Midnight of a Monday in New York; the clocks go forward in the night to the Monday after it."""

FAILURES = {
    ("srv-01", datetime(2026, 3, 10, 13, tzinfo=UTC)): "popup_blocked",
    ("srv-01", datetime(2026, 3, 10, 14, tzinfo=UTC)): "popup_blocked",
    ("srv-02", datetime(2026, 3, 4, 16, tzinfo=UTC)): "single_user_mode",
}
ASLEEP = (datetime(2026, 3, 12, 2, 30, tzinfo=UTC), datetime(2026, 3, 12, 13, tzinfo=UTC))


def made_run(host: str, at: datetime, outcome: Outcome = Outcome.OK, **changed: object) -> FinishedRun:
    values = {
        "id": f"run-{host}-{at.isoformat()}", "format": "qbwc", "source": "QWCLog.txt", "user": "sync",
        "first": Span(offset=int(at.timestamp()), length=10, line=1), "application": "Contoso Sync",
        "company_file": r"C:\Books\Contoso.qbw", "url": "https://example.com/qbwc", "trigger": Trigger.SCHEDULED,
        "product_version": VERSIONS.get(host), "started": at, "ended": at + timedelta(seconds=40), "outcome": outcome,
        "blocked_by": None,
    }  # fmt: skip
    whose = {"host": host, "client": "Contoso", "cause": FAILURES.get((host, at)), "closed": True}
    ours = {name: changed.pop(name) for name in list(changed) if name in whose}
    return FinishedRun(run=Run(**(values | changed)), **(whose | ours))  # type: ignore[arg-type]


def made_event(host: str, at: datetime | None, cause: str, **changed: object) -> Event:
    values = {
        "id": f"event-{host}-{at}-{cause}", "time": at, "host": host, "client": "Contoso", "source": "QWCLog.txt",
        "format": "qbwc", "line": 1, "offset": 0, "application": "Contoso Sync", "company_file": None,
        "run": f"run-{host}-{at.isoformat()}" if at else None, "cause": cause, "rule": f"qbwc.{cause}",
        "severity": Severity.ERROR, "role": Role.ROOT, "confidence": Confidence.PROOF, "act": Act.OPS,
        "codes": ("QBWC1053",), "message": f"it says {cause}", "evidence": (), "title": f"About {cause}",
        "explanation": "", "steps": ("Mend it.",), "links": ("https://example.com/mend",),
    }  # fmt: skip
    return Event(**(values | changed))  # type: ignore[arg-type]


def rows() -> Batch:
    """Return the runs and events of the two weeks."""
    batch = Batch()
    for host in VERSIONS:
        # One hour of the two weeks did not exist.
        for hour in range(14 * 24 - 1):
            at = BEGINS + timedelta(hours=hour)
            if host == "srv-01" and ASLEEP[0] <= at < ASLEEP[1]:
                continue
            failed = (host, at) in FAILURES
            one = made_run(host, at, Outcome.FAILED if failed else Outcome.OK)
            batch.runs[one.run.id] = one
    for (host, at), cause in FAILURES.items():
        event = made_event(host, at, cause)
        batch.events[event.id] = event
    slept = made_event(
        "srv-01", ASLEEP[0], "machine_asleep", application=None, run=None, rule="absence.machine_asleep", codes=()
    )
    batch.events[slept.id] = slept
    return batch


def make(path: Path) -> Store:
    """Write them into a store at *path*, rollups and all."""
    store = Store(path)
    with store.transaction():
        for host in VERSIONS:
            store.put_zone(host, ZONE)
        store.put(rows(), (), datetime(2026, 3, 17, tzinfo=UTC), tell_from=NEVER)
    return store

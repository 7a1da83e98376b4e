"""Rollups say what the rows say, after every transaction, whatever came late, was corrected or went away."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
import small_history
from fragile_store import FragileStore, empty_store
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from plain_days import counted, stored
from small_history import made_event, made_run

from ingest.record import Outcome
from qbwatch.history import checks, retention
from qbwatch.history.store import Store
from qbwatch.stream import Batch
from rules.event import Role, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 17, tzinfo=UTC)
HOSTS = st.sampled_from(["srv-01", "srv-02"])
APPLICATIONS = st.sampled_from(["Contoso Sync", "Fabrikam Orders", None])
ZONES = st.sampled_from(["America/New_York", "Asia/Kathmandu", "UTC"])
# Around the hour that does not exist in New York, midnight in all zones, and more than a week apart.
TIMES = st.builds(
    lambda day, minute: datetime(2026, 3, 7, tzinfo=UTC) + timedelta(days=day, minutes=minute),
    st.sampled_from([0, 1, 2, 9]),
    st.integers(0, 1440).map(lambda minute: minute // 15 * 15),
)


class Rollups(RuleBasedStateMachine):
    """Writes rows of all kinds into a store, and compares its rollups with a plain count."""

    @initialize(zone=ZONES)
    def begin(self, zone: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rollups"))
        (self.folder / "history.db").write_bytes(empty_store())
        self.store = FragileStore(self.folder / "history.db")
        with self.store.transaction():
            self.store.put_zone("srv-01", zone)

    def put(self, batch: Batch) -> None:
        with self.store.transaction():
            self.store.put(batch, (), NOW)

    @rule(host=HOSTS, application=APPLICATIONS, at=TIMES, outcome=st.sampled_from(Outcome),
          closed=st.booleans(), minutes=st.none() | st.integers(0, 90))  # fmt: skip
    def a_run_comes_or_is_corrected(
        self, host: str, application: str | None, at: datetime, outcome: Outcome, minutes: int | None, *, closed: bool
    ) -> None:
        one = made_run(
            host, at, outcome, id=f"{host}{application}{at}", application=application, closed=closed,
            ended=None if minutes is None else at + timedelta(minutes=minutes),
            cause="popup_blocked" if outcome is Outcome.FAILED else None,
        )  # fmt: skip
        self.put(Batch(runs={one.run.id: one}))

    @rule(host=HOSTS, at=st.none() | TIMES, role=st.sampled_from(Role), severity=st.sampled_from(Severity))
    def an_event_comes_or_is_corrected(
        self, host: str, at: datetime | None, role: Role, severity: Severity
    ) -> None:  # fmt: skip
        event = made_event(host, at, "popup_blocked", role=role, severity=severity)
        self.put(Batch(events={event.id: event}))

    @rule(host=HOSTS, at=TIMES)
    def a_silence_is_found(self, host: str, at: datetime) -> None:
        event = made_event(host, at, "machine_asleep", application=None, run=None, rule="absence.machine_asleep")
        self.put(Batch(events={event.id: event}))

    @rule(zone=ZONES)
    def a_host_is_said_to_stand_elsewhere(self, zone: str) -> None:
        with self.store.transaction():
            self.store.put_zone("srv-01", zone)

    @rule(host=HOSTS)
    def findings_are_classified_anew(self, host: str) -> None:
        with self.store.transaction() as db:
            db.execute("UPDATE events SET cause = 'data_error' WHERE host = ? AND role = 'root'", (host,))
            db.execute("UPDATE runs SET cause = 'data_error' WHERE host = ? AND outcome = 'failed'", (host,))

    @rule(host=HOSTS, at=TIMES)
    def rows_are_taken_out(self, host: str, at: datetime) -> None:
        with self.store.transaction() as db:
            for table, time in (("runs", "started"), ("events", "time")):
                db.execute(f"DELETE FROM {table} WHERE host = ? AND {time} >= ?", (host, at.isoformat()))  # noqa: S608 - our own names

    @rule(host=HOSTS, at=TIMES)
    def a_transaction_fails(self, host: str, at: datetime) -> None:
        self.store.failures = [RuntimeError("killed")]
        with pytest.raises(RuntimeError):
            self.put(Batch(runs={"x": made_run(host, at, Outcome.FAILED, id="x")}))

    @invariant()
    def the_rollups_are_what_the_rows_add_up_to(self) -> None:
        assert stored(self.store.connection) == counted(self.store.connection)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestRollups = Rollups.TestCase
TestRollups.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(small_history.make(tmp_path / "history.db")) as made:
        yield made


def test_the_small_history_adds_up(store: Store) -> None:
    assert stored(store.connection) == counted(store.connection)
    sums = store.connection.execute("SELECT sum(runs), sum(events), sum(roots), sum(lost_s) FROM daily").fetchone()
    assert tuple(sums) == (660, 4, 4, (1 + 2) * 3600 + int(10.5 * 3600))


def test_what_was_pruned_stays_counted(store: Store) -> None:
    before = stored(store.connection)
    cut = datetime(2026, 3, 9, 12, tzinfo=UTC)
    store.connection.execute("UPDATE runs SET told = 1")
    store.connection.execute("UPDATE events SET told = 1")
    for kind in ("runs", "events"):
        with store.transaction() as db:
            assert retention.prune_some(db, kind, cut, NOW, limit=10_000) > 0
    assert stored(store.connection) == before
    assert [found for found in checks.check(store.connection) if found.problems] == []
    with store.transaction():
        store.put_zone("srv-01", "UTC")
    runs = store.connection.execute("SELECT sum(runs) FROM daily WHERE day < '2026-03-09'").fetchone()[0]
    assert runs == sum(counts["runs"] for place, counts in before.items() if place[0] < "2026-03-09")


def test_a_late_run_of_a_pruned_day_changes_nothing_of_it(store: Store) -> None:
    store.connection.execute("UPDATE runs SET told = 1")
    with store.transaction() as db:
        retention.prune_some(db, "runs", datetime(2026, 3, 9, 12, tzinfo=UTC), NOW, limit=10_000)
    before = stored(store.connection)
    late = made_run("srv-01", small_history.BEGINS, Outcome.FAILED, id="late")
    with store.transaction():
        store.put(Batch(runs={"late": late}), (), NOW)
    assert stored(store.connection) == before


def test_much_at_a_time_is_counted_at_the_end_alone(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "bulk.db")) as store:
        with store.transaction(rolls_up=False):
            store.put(small_history.rows(), (), NOW)
        assert stored(store.connection) == {}
        told = [found.problems for found in checks.check(store.connection) if found.what == "daily rollups"]
        assert "hours wait to be counted" in told[0][0]
        store.roll_up()
        assert stored(store.connection) == counted(store.connection)


def test_a_rollup_that_was_tampered_with_is_found_and_made_anew(store: Store) -> None:
    store.connection.execute("UPDATE daily SET runs = runs + 1 WHERE day = '2026-03-04' AND host = 'srv-02'")
    problems = next(found.problems for found in checks.check(store.connection) if found.what == "daily rollups")
    assert problems == ("srv-02, Contoso Sync, 2026-03-04: the rollup says something else than the rows",)


STATISTICS = {
    "events_absent": "909 31 1", "idx_events_cause_time": "100993 6313 6", "idx_events_run": "100993 7",
    "idx_events_host_application_time": "100993 3367 1123 6", "idx_events_time": "100993 6",
    "sqlite_autoindex_events_1": "100993 1", "idx_runs_started": "203244 1", "runs_broken": "16731 1",
    "sqlite_autoindex_runs_1": "203244 1", "runs_turns": "203244 6775 3387 1 1 1 1 1",
}  # fmt: skip
"""What SQLite learned of half a year of 30 machines."""


def test_counting_a_day_reads_no_table_whole_though_somebody_ran_analyze(store: Store) -> None:
    db = store.connection
    db.execute("ANALYZE")
    for index, stat in STATISTICS.items():
        db.execute("UPDATE sqlite_stat1 SET stat = ? WHERE idx = ?", (stat, index))
    db.execute("ANALYZE sqlite_master")
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    store.put_zone("srv-01", "UTC")
    with store.transaction():
        db.execute("UPDATE runs SET outcome = 'failed' WHERE id = (SELECT min(id) FROM runs)")
    db.set_trace_callback(None)
    counting = [query for query in asked if "span AS MATERIALIZED" in query]
    plans = [row[3] for query in counting for row in db.execute(f"EXPLAIN QUERY PLAN {query}")]
    assert len(counting) > 2
    assert [step for step in plans if step.startswith("BLOOM")] == []

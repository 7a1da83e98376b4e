"""Every figure of the weekly report against a slow calculation of its own, and what must hold of any report."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from report_truth import Rows
from small_history import made_event

from qbwatch.history.generated import Plan, generate
from qbwatch.history.store import Store, connect
from qbwatch.reports.report import Report, Tone
from qbwatch.reports.stored_facts import StoredFacts
from qbwatch.reports.week import Week, parse_week
from qbwatch.reports.weekly import weekly_report
from qbwatch.stream import Batch
from rules.event import Severity

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

ZONE = "America/New_York"
# The clocks go back on 1 November: W44 has 169 hours.
PLAN = Plan(
    clients=2, hosts=2, applications=2, weeks=7, every_minutes=90, trouble=3.0, seed=11,
    until=datetime(2026, 11, 19, 15, tzinfo=UTC), client_names=("Contoso Dental", "Fabrikam Foods"),
)  # fmt: skip
WEEKS = ("2026-W43", "2026-W44", "2026-W45", "2026-W46", "2026-W47")
NOW = datetime(2026, 11, 19, 15, tzinfo=UTC)
CLIENTS = (None, "Contoso Dental", "Fabrikam Foods")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "qbwatch.db"
    generate(path, PLAN)
    return path


@pytest.fixture(scope="module")
def db(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as db:
        yield db


def report_of(db: sqlite3.Connection, week: str, client: str | None = None, now: datetime = NOW) -> Report:
    return weekly_report(StoredFacts(db, now, client), week_named(week), now, client)


def week_named(name: str) -> Week:
    return parse_week(name, ZoneInfo(ZONE))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("week", WEEKS)
def test_every_figure_is_what_the_rows_add_up_to(
    path: Path, db: sqlite3.Connection, week: str, client: str | None
) -> None:
    truth = Rows(path, ZONE, client).week(week_named(week).monday, NOW)
    report = report_of(db, week, client)
    told = asdict(truth)
    assert {name: told[name] for name in asdict(report.now)} == asdict(report.now)
    assert {row.cause: row.seconds for row in report.causes} == truth.by_cause
    assert {row.name: row.seconds for row in report.hosts if row.seconds} == {
        host: seconds for host, seconds in truth.by_host.items() if seconds
    }
    assert [list(row) for row in report.heat] == truth.heat


@pytest.mark.parametrize("client", CLIENTS)
def test_the_week_before_and_the_median_of_four_are_those_of_these_weeks(
    path: Path, db: sqlite3.Connection, client: str | None
) -> None:
    rows = Rows(path, ZONE, client)
    monday = week_named("2026-W46").monday
    four = [rows.week(monday - timedelta(weeks=back), NOW) for back in range(1, 5)]
    by_name = {figure.name: figure for figure in report_of(db, "2026-W46", client).figures}
    for name, field in (("time_lost", "seconds"), ("failed", "failed"), ("lost", "lost"), ("opened", "opened")):
        assert (by_name[name].previous, by_name[name].usual) == (
            getattr(four[0], field), median(getattr(one, field) for one in four)
        )  # fmt: skip


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("week", WEEKS)
def test_the_parts_of_a_report_add_up_to_the_whole(db: sqlite3.Connection, week: str, client: str | None) -> None:
    report = report_of(db, week, client)
    failures = sum(row.failures for row in report.causes)
    for rows in (report.hosts, report.applications):
        assert sum(row.good for row in rows) == report.now.good
        assert sum(row.failed for row in rows) == report.now.failed
        assert sum(row.lost for row in rows) == report.now.lost
        assert sum(row.seconds for row in rows) == report.now.seconds
    assert sum(row.seconds for row in report.causes) == report.now.seconds
    assert sum(row.lost for row in report.causes) == report.now.lost
    assert sum(row.share for row in report.causes) == pytest.approx(1.0 if report.now.seconds else 0.0)
    assert sum(map(sum, report.heat)) == failures
    assert sum(counts[-1] for counts in report.trend.counts) == failures
    assert sum(lost[-1] for lost in report.trend.seconds) == report.now.seconds
    assert report.trend.rates[-1] == report.now.success_rate


@pytest.mark.parametrize("week", WEEKS)
def test_the_reports_of_all_clients_add_up_to_the_report_of_all(db: sqlite3.Connection, week: str) -> None:
    whole = report_of(db, week)
    parts = [report_of(db, week, client) for client in CLIENTS[1:]]
    for field in ("good", "failed", "lost", "seconds", "opened", "resolved", "still_open"):
        assert sum(getattr(part.now, field) for part in parts) == getattr(whole.now, field)
    assert sorted(row.name for part in parts for row in part.hosts) == sorted(row.name for row in whole.hosts)
    days = zip(*(part.heat for part in parts), strict=True)
    assert [tuple(map(sum, zip(*rows, strict=True))) for rows in days] == list(whole.heat)
    assert sum(part.coverage.hosts for part in parts) == whole.coverage.hosts


def test_what_was_open_and_opened_was_resolved_or_is_still_open(db: sqlite3.Connection) -> None:
    weeks = [report_of(db, week).now for week in WEEKS]
    for before, after in pairwise(weeks):
        assert before.still_open + after.opened - after.resolved == after.still_open


def test_what_still_stands_counts_until_now(tmp_path: Path) -> None:
    path = tmp_path / "qbwatch.db"
    store = Store(path)
    with store.transaction() as db:
        db.execute("INSERT INTO zones VALUES ('srv-01', ?)", (ZONE,))
        for at, outcome in (("2026-11-16T14:00:00Z", "ok"), ("2026-11-16T15:00:00Z", "failed")):
            db.execute(
                "INSERT INTO runs (id, host, client, application, started, ended, outcome, cause, closed) "
                "VALUES (?, 'srv-01', 'Contoso', 'Sync', ?, ?, ?, 'popup_blocked', 1)", (at, at, at, outcome),
            )  # fmt: skip
    report = report_of(store.connection, "2026-W47", now=datetime(2026, 11, 16, 18, tzinfo=UTC))
    store.close()
    assert report.now.seconds == 3 * 3600
    assert not report.is_over


def test_a_week_without_data_says_so(db: sqlite3.Connection) -> None:
    report = report_of(db, "2026-W20")
    assert (report.is_empty, report.headline, report.causes, report.mend_first) == (
        True, "Nothing ran this week", (), None
    )  # fmt: skip
    assert report.coverage.hosts == 0


def test_the_first_week_has_nothing_to_compare_with(db: sqlite3.Connection) -> None:
    report = report_of(db, "2026-W40")
    assert {figure.tone for figure in report.figures} == {Tone.UNKNOWN}
    assert report.headline.startswith("The first week on record")
    assert not report.new_causes


def test_a_machine_that_sends_nothing_is_told_with_its_hours(tmp_path: Path) -> None:
    path = tmp_path / "qbwatch.db"
    until = datetime(2026, 11, 16, 5, tzinfo=UTC)
    generate(path, Plan(clients=1, hosts=2, weeks=4, every_minutes=30, trouble=0.0, until=until))
    with closing(connect(path)) as db:
        db.execute("DELETE FROM daily WHERE host = 'contoso-dental-ws-02' AND day >= '2026-11-11'")
        seen = report_of(db, "2026-W46").coverage
        gone = report_of(db, "2026-W47").coverage
    assert (seen.hosts, seen.heard, seen.silent) == (2, 2, ())
    assert seen.unseen == (("contoso-dental-ws-02", 5 * 24),)
    assert gone.silent == ("contoso-dental-srv-01", "contoso-dental-ws-02")


def test_how_a_machine_is_set_up_is_told_of_each_week_in_which_it_stood_so(tmp_path: Path) -> None:
    whose = {"rule": "preventive.sleeps_when_idle", "run": None, "application": None, "severity": Severity.NOTICE}
    found = made_event("srv-01", None, "sleeps_when_idle", **whose)
    first, last = (datetime(2026, 11, day, 9, tzinfo=UTC) for day in (11, 23))
    with closing(Store(tmp_path / "set-up.db")) as store:
        for now in (first, last):
            with store.transaction():
                store.put(Batch(events={found.id: replace(found, time=now)}), (), now)
        told = {week: report_of(store.connection, week, now=last).notices for week in (*WEEKS, "2026-W48", "2026-W49")}
    weeks = [week for week, said in told.items() if said]
    assert weeks == ["2026-W46", "2026-W47", "2026-W48"]
    assert {(one.cause, one.hosts, one.stands) for week in weeks for one in told[week]} == {
        ("sleeps_when_idle", ("srv-01",), True)
    }


def test_the_cause_to_mend_first_is_the_one_that_cost_the_most_time(db: sqlite3.Connection) -> None:
    report = report_of(db, "2026-W46")
    worst = report.causes[0]
    assert report.mend_first is not None
    assert (report.mend_first.cause, report.mend_first.link, report.mend_first.share) == (
        worst.cause, worst.link, worst.share
    )  # fmt: skip
    assert worst.hosts[0] in report.mend_first.where


def test_a_week_is_as_long_as_its_clocks_make_it() -> None:
    lengths = {name: week_named(name) for name in ("2026-W10", "2026-W11", "2026-W43", "2026-W44")}
    hours = {name: (week.ends - week.begins).total_seconds() / 3600 for name, week in lengths.items()}
    assert hours == {"2026-W10": 167, "2026-W11": 168, "2026-W43": 168, "2026-W44": 169}
    assert parse_week("2026W53", ZoneInfo("UTC")).monday == date(2026, 12, 28)

"""What will stop a sync one of these nights: found by how a machine is set up and by its history, told to nobody."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from windows_fake import WindowsFake
from windows_prints import LOG, PRINTS

from ingest.machine_facts import Autostart, LogAccess, MachineFacts, PowerPlan, UpdateHours
from ingest.record import Outcome, Run, Span
from qbwatch.history.store import Store
from qbwatch.history.times import NEVER
from qbwatch.preventive_intake import PreventiveIntake
from qbwatch.stream import Batch, FinishedRun
from rules.event import Severity
from rules.preventive import CAUSES, Past, PastRun, Subject, events_of, find

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.catalogue import Catalogue

NOW = datetime(2026, 4, 17, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 4, 6, 0, 0, tzinfo=UTC)


def causes(subject: Subject) -> list[str]:
    return [one.cause for one in find(subject)]


def said(subject: Subject) -> str:
    [one] = find(subject)
    return one.message


def runs(failed_hours: dict[int, int], days: int = 10) -> list[PastRun]:
    """Return a run of each hour of so many workdays, of which so many failed in an hour."""
    workdays = [MONDAY + timedelta(days=day + 2 * (day // 5)) for day in range(days)]
    return [
        PastRun(
            application="Contoso Sync", began=day + timedelta(hours=hour), failed=number < failed_hours.get(hour, 0)
        )
        for hour in range(24)
        for number, day in enumerate(workdays)
    ]


def test_of_a_machine_of_which_nothing_is_known_nothing_is_found() -> None:
    assert find(Subject()) == []


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ((1800, 0), "On mains power the machine goes into sleep after 30 min without a user."),
        ((3600, 1800), "On mains power the machine goes into hibernation after 30 min without a user."),
        ((0, 10_800), "On mains power the machine goes into hibernation after 180 min without a user."),
    ],
)
def test_a_machine_that_sleeps_by_itself_will_miss_its_nights(plan: tuple[int, int], message: str) -> None:
    facts = MachineFacts(power=PowerPlan(sleep_s=plan[0], hibernate_s=plan[1]))
    assert said(Subject(facts=facts)) == message


def test_a_machine_that_never_sleeps_is_fine() -> None:
    assert causes(Subject(facts=MachineFacts(power=PowerPlan(sleep_s=0, hibernate_s=0)))) == []


def test_a_connector_that_nothing_starts_is_found_where_one_is_used() -> None:
    facts = MachineFacts(autostart=Autostart(entries=(("HKLM", "OneDrive.exe"),)))
    assert causes(Subject(facts=facts, past=Past(uses_connector=True))) == ["connector_not_autostarted"]
    assert causes(Subject(facts=facts)) == []
    shortcut = MachineFacts(autostart=Autostart(entries=(("Startup", "QuickBooks Web Connector"),)))
    assert causes(Subject(facts=shortcut, past=Past(uses_connector=True))) == []


def test_restarts_in_the_hours_of_syncs_are_found_with_how_many_runs_they_may_hit() -> None:
    past = Past(
        runs=[PastRun(application=None, began=MONDAY + timedelta(hours=hour), failed=False) for hour in (9, 17, 22)]
    )
    facts = MachineFacts(updates=UpdateHours(active_from=8, active_until=17))
    assert said(Subject(facts=facts, past=past)) == (
        "Windows may restart outside 08:00-17:00; 2 of the last 3 runs began in those hours."
    )
    covered = MachineFacts(updates=UpdateHours(active_from=8, active_until=23))
    never = MachineFacts(updates=UpdateHours(active_from=8, active_until=17, never=True))
    assert [causes(Subject(facts=one, past=past)) for one in (covered, never)] == [[], []]


def test_failures_that_cluster_in_office_hours_are_found() -> None:
    past = Past(runs=runs({10: 4, 14: 4, 3: 1}))
    [found] = find(Subject(past=past))
    assert (found.cause, found.application) == ("failures_in_office_hours", "Contoso Sync")
    assert found.message == (
        "8 of 100 runs of Contoso Sync failed on workdays from 8:00 to 18:00, and 1 of 140 at all other times."
    )


@pytest.mark.parametrize(
    "failed",
    [{10: 7}, dict.fromkeys(range(24), 1), {2: 8}, {10: 8, 3: 4}],
    ids=["too few", "at all hours", "at night", "at night too"],
)
def test_failures_that_do_not_cluster_are_chance(failed: dict[int, int]) -> None:
    assert find(Subject(past=Past(runs=runs(failed)))) == []


def test_failures_of_an_application_that_only_runs_by_day_say_nothing_of_the_hours() -> None:
    by_day = [run for run in runs({10: 10}) if 8 <= run.began.hour < 18]
    assert find(Subject(past=Past(runs=by_day))) == []


def test_a_quickbooks_user_that_was_taken_on_several_days_is_shared_with_a_person() -> None:
    taken = [MONDAY + timedelta(hours=9), MONDAY + timedelta(hours=15), MONDAY + timedelta(days=2, hours=10)]
    assert said(Subject(past=Past(user_taken=taken))) == (
        "On 2 days a sync was refused because its QuickBooks user was signed in: 2026-04-06, 2026-04-08."
    )
    assert find(Subject(past=Past(user_taken=taken[:2]))) == []


def test_a_log_that_is_switched_off_is_found() -> None:
    assert said(Subject(facts=MachineFacts(levels={"S-1": "DEBUG", "S-2": "none"}))) == (
        "The log level of the Windows user S-2 is NONE."
    )


def test_a_log_that_a_second_user_may_not_write_is_found() -> None:
    access = LogAccess(path=LOG, writers=("NT AUTHORITY\\SYSTEM", "SYNC-PC-01\\qbsync"))
    past = Past(connector_users=("SYNC-PC-01\\qbsync", "SYNC-PC-01\\mira"))
    assert said(Subject(facts=MachineFacts(access=(access,)), past=past)) == (
        f"SYNC-PC-01\\mira may not write {LOG}; Web Connector runs as SYNC-PC-01\\mira, SYNC-PC-01\\qbsync."
    )
    alone = Past(connector_users=("SYNC-PC-01\\qbsync", "SYNC-PC-01\\QBSync"))
    assert find(Subject(facts=MachineFacts(access=(access,)), past=alone)) == []
    everybody = replace(access, writers=("VORDEFINIERT\\Benutzer",))
    assert find(Subject(facts=MachineFacts(access=(everybody,)), past=past)) == []
    refused = replace(everybody, refused=("SYNC-PC-01\\mira",))
    assert causes(Subject(facts=MachineFacts(access=(refused,)), past=past)) == ["connector_log_not_shared"]


def test_every_cause_is_a_notice_of_the_catalogue_with_steps_and_a_link(catalogue: Catalogue) -> None:
    known = [catalogue.causes[name] for name in sorted(CAUSES)]
    assert {cause.severity for cause in known} == {Severity.NOTICE}
    assert all(cause.steps and cause.links and cause.verify for cause in known)


def test_the_same_finding_is_the_same_event_each_day(catalogue: Catalogue) -> None:
    found = find(Subject(facts=MachineFacts(power=PowerPlan(sleep_s=1800, hibernate_s=0))))
    one, other = (
        events_of(found, catalogue, host="srv-01", client=None, now=NOW + timedelta(days=day))[0] for day in (0, 1)
    )
    assert replace(one, time=None) == replace(other, time=None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "history.db")) as opened:
        yield opened


def night_runs() -> Batch:
    """Return a run of each night in UTC, which are evenings in New York."""
    batch = Batch()
    for day in range(1, 11):
        began = NOW - timedelta(days=day, hours=10)
        run = Run(
            id=f"r{day}", format="qbwc", source="QWCLog.txt", first=Span(offset=day, length=1, line=1),
            application="Contoso Sync", company_file=None, user=None, url=None, product_version=None, trigger=None,
            started=began, ended=began, outcome=Outcome.OK,
        )  # fmt: skip
        batch.runs[run.id] = FinishedRun(run=run, host="srv-01", client=None, cause=None, closed=True)
    return batch


def test_once_a_day_the_machine_is_asked_and_what_is_found_is_stored_and_told_to_nobody(
    store: Store, catalogue: Catalogue
) -> None:
    with store.transaction():
        store.put(night_runs(), (), NOW, tell_from=NEVER)
    machine = WindowsFake(prints=dict(sorted(PRINTS.items(), key=lambda one: -len(one[0]))))
    intake = PreventiveIntake(
        platform=machine, catalogue=catalogue, store=store, host="srv-01", client="Acme Accounting",
        zone=ZoneInfo("America/New_York"), logs=lambda: [LOG],
    )  # fmt: skip
    assert [intake.turn(NOW + timedelta(hours=hour)) for hour in (0, 1, 23)] == [4, 0, 0]
    assert intake.turn(NOW + timedelta(hours=24)) == 4
    rows = store.connection.execute("SELECT cause, time, severity, told, message FROM events ORDER BY cause").fetchall()
    assert {(row["time"], row["severity"], row["told"]) for row in rows} == {("2026-04-18T12:00:00Z", "notice", None)}
    assert [(row["cause"], row["message"]) for row in rows] == [
        ("connector_log_off",
         "The log level of the Windows user S-1-5-21-1000000000-2000000000-3000000000-1001 is NONE."),
        ("connector_not_autostarted", "No Startup folder, no Run key and no scheduled task starts Web Connector."),
        ("sleeps_when_idle", "On mains power the machine goes into sleep after 30 min without a user."),
        ("updates_restart_in_sync_hours",
         "Windows may restart outside 08:00-17:00; 10 of the last 10 runs began in those hours."),
    ]  # fmt: skip


def test_without_a_platform_the_history_alone_is_asked(store: Store, catalogue: Catalogue) -> None:
    intake = PreventiveIntake(
        platform=None, catalogue=catalogue, store=store, host="srv-01", client=None, zone=ZoneInfo("UTC")
    )
    assert intake.look(NOW) == []

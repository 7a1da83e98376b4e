"""How a Windows machine is set up, read out of what its own programs print, in any language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from windows_fake import WindowsFake
from windows_prints import (
    A_TASK_STARTS_THE_CONNECTOR,
    LOG,
    NEVER_SLEEPS_GERMAN,
    NO_RESTART_WHILE_SIGNED_IN,
    PRINTS,
    RUN_KEY,
    RUN_WITH_CONNECTOR,
    SID,
    SLEEPS_AFTER_30_MIN,
    USERS_MAY_ONLY_READ,
    USERS_MAY_WRITE_GERMAN,
    query,
)

from ingest.machine_facts import Autostart, LogAccess, MachineFacts, PowerPlan, UpdateHours
from ingest.platform.setup import machine_facts, startup_folders
from ingest.platform.setup_text import log_access, power_plan, registry_values

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate"


def facts(prints: dict[str, str], folders: list[Path] | None = None) -> MachineFacts:
    # The longest that fits is meant.
    ordered = dict(sorted(prints.items(), key=lambda one: -len(one[0])))
    return machine_facts(WindowsFake(prints=ordered), [LOG], folders or [])


def test_the_power_plan_is_that_on_mains_power_in_any_language() -> None:
    assert power_plan(SLEEPS_AFTER_30_MIN) == PowerPlan(sleep_s=1800, hibernate_s=0)
    assert power_plan(SLEEPS_AFTER_30_MIN).first_s == 1800
    assert power_plan(NEVER_SLEEPS_GERMAN) == PowerPlan(sleep_s=0, hibernate_s=None)
    assert power_plan(NEVER_SLEEPS_GERMAN).first_s is None


def test_who_may_write_a_log_is_told_by_rights_and_not_by_words() -> None:
    assert log_access(LOG, USERS_MAY_ONLY_READ) == LogAccess(
        path=LOG, writers=("NT AUTHORITY\\SYSTEM", "BUILTIN\\Administrators", "SYNC-PC-01\\qbsync")
    )
    assert log_access(LOG, USERS_MAY_WRITE_GERMAN) == LogAccess(
        path=LOG, writers=("VORDEFINIERT\\Benutzer", "NT-AUTORITÄT\\SYSTEM"), refused=("SYNC-PC-01\\gast",)
    )


def test_a_machine_is_asked_for_everything_once() -> None:
    found = facts(PRINTS)
    assert found == MachineFacts(
        power=PowerPlan(sleep_s=1800, hibernate_s=0),
        autostart=Autostart(
            entries=(
                (f"HKU\\{SID}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run",
                 '"C:\\Program Files\\Microsoft OneDrive\\OneDrive.exe" /background'),
            )
        ),
        updates=UpdateHours(active_from=8, active_until=17),
        access=(log_access(LOG, USERS_MAY_ONLY_READ),),
        levels={SID: "NONE"},
    )  # fmt: skip


def test_the_connectors_start_is_found_in_a_run_key_a_task_and_a_startup_folder(tmp_path: Path) -> None:
    (tmp_path / "QuickBooks Web Connector.lnk").touch()
    (tmp_path / "desktop.ini").touch()
    for prints, folders, where in (
        ({RUN_KEY: RUN_WITH_CONNECTOR}, [], f"HKU\\{SID}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"),
        ({"schtasks.exe": A_TASK_STARTS_THE_CONNECTOR}, [], "Task Scheduler"),
        ({}, [tmp_path, tmp_path / "not there"], str(tmp_path)),
    ):
        autostart = facts({**PRINTS, **prints}, folders).autostart
        assert autostart
        assert (autostart.of("QBWebConnector") or autostart.of("QuickBooks Web Connector")) == where


def test_a_policy_on_restarts_comes_before_the_machines_own_setting() -> None:
    policy = (
        "HKEY_LOCAL_MACHINE\\X\n    SetActiveHours    REG_DWORD    0x1\n    ActiveHoursStart    REG_DWORD    0x14\n"
    )
    assert facts({**PRINTS, query(POLICY): policy}).updates == UpdateHours(active_from=20, active_until=17)
    never = facts({**PRINTS, query(f"{POLICY}\\AU"): NO_RESTART_WHILE_SIGNED_IN}).updates
    assert never == UpdateHours(active_from=8, active_until=17, never=True)


def test_what_a_machine_does_not_tell_is_unknown() -> None:
    assert facts({}) == MachineFacts()
    assert facts({query("HKU"): PRINTS[query("HKU")]}) == MachineFacts(
        autostart=Autostart(entries=()), updates=UpdateHours(active_from=8, active_until=17), levels={}
    )


def test_only_windows_has_startup_folders() -> None:
    assert startup_folders() == []


@pytest.mark.parametrize("hour", range(24))
def test_restarts_come_outside_the_active_hours_also_over_midnight(hour: int) -> None:
    assert UpdateHours(active_from=20, active_until=8).may_restart_at(hour) == (8 <= hour < 20)
    assert not UpdateHours(active_from=8, active_until=8, never=True).may_restart_at(hour)


@given(text=st.text())
def test_any_text_is_read_without_harm(text: str) -> None:
    power_plan(text)
    registry_values(text)
    log_access(LOG, text)

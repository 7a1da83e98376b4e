"""What every case under sample_logs/ must yield, written by hand from what was put into its files."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingest.record import Outcome, Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRun:
    """One run: the cause is that of its root event, None where it has no root event."""

    application: str
    trigger: Trigger
    outcome: Outcome
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCase:
    """One folder, which is one machine: its runs in the order of their starts, and the rest.

    `outside` are the causes of root events that belong to no run, each named once,
    however many records speak for it. `timezone` is where the machine stands, for logs in local time,
    `format` that of logs that are only read where it is named, `config` a configuration that lies beside the logs.
    """

    runs: tuple[ExpectedRun, ...] = ()
    outside: tuple[str, ...] = ()
    timezone: str | None = None
    format: str | None = None
    config: str | None = None


def _ok(application: str, trigger: Trigger = Trigger.SCHEDULED) -> ExpectedRun:
    return ExpectedRun(application=application, trigger=trigger, outcome=Outcome.OK)


def _partly(application: str, cause: str) -> ExpectedRun:
    """Tell of a run that went through, though QuickBooks refused some of its requests."""
    return ExpectedRun(application=application, trigger=Trigger.SCHEDULED, outcome=Outcome.OK, cause=cause)


def _idle(application: str, trigger: Trigger = Trigger.SCHEDULED) -> ExpectedRun:
    return ExpectedRun(application=application, trigger=trigger, outcome=Outcome.NO_WORK)


def _failed(application: str, cause: str, trigger: Trigger = Trigger.SCHEDULED) -> ExpectedRun:
    return ExpectedRun(application=application, trigger=trigger, outcome=Outcome.FAILED, cause=cause)


def _open(application: str, cause: str | None = None) -> ExpectedRun:
    return ExpectedRun(application=application, trigger=Trigger.SCHEDULED, outcome=Outcome.UNFINISHED, cause=cause)


def _refused(application: str, cause: str, times: int) -> ExpectedCase:
    """Nothing to do, a good run, the same failure some times, a good run."""
    failures = (_failed(application, cause),) * times
    return ExpectedCase(runs=(_idle(application), _ok(application), *failures, _ok(application)))


MANUAL = Trigger.MANUAL

CONTOSO = "Contoso Sync"
FABRIKAM = "Fabrikam Orders"
ACME = "Acme Payments"
ADDED = "Acme Payments - 100"
DENVER = "Acme Payments - Denver"
WEST = "Contoso Sync - west"
LENDING = "Contoso Lending"
HOSTILE = "QBWC1053 modal dialog box is showing"
QUOTED = 'Bob\'s "0x80040414" Shop - 100'
ACCENTED = "Crédit Café Zürich"

HEALTHY = {
    "healthy/application_added": ExpectedCase(runs=(_ok(ADDED, MANUAL), _ok(ADDED, MANUAL))),
    "healthy/manual_run": ExpectedCase(runs=(_ok(CONTOSO, MANUAL), _ok(CONTOSO, MANUAL))),
    "healthy/no_work": ExpectedCase(runs=(*(_idle(CONTOSO),) * 5, _idle(CONTOSO, MANUAL))),
    "healthy/others_sign_off": ExpectedCase(
        runs=(_idle(FABRIKAM), _idle(FABRIKAM), _ok(FABRIKAM), *(_idle(FABRIKAM),) * 3)
    ),
    "healthy/postponed": ExpectedCase(runs=(*(_idle(FABRIKAM),) * 5, _ok(FABRIKAM), _idle(FABRIKAM))),
    "healthy/rollover": ExpectedCase(runs=(_ok(ACME), _idle(ACME), _ok(ACME), _ok(ACME), _idle(ACME))),
    "healthy/scheduled_run": ExpectedCase(runs=(_ok(FABRIKAM),) * 3),
    "healthy/start_up": ExpectedCase(),
}

QUICKBOOKS = {
    "company_file/another_file_is_open": _refused(FABRIKAM, "wrong_company_file_open", 3),
    "company_file/locked_by_another_client": ExpectedCase(
        runs=(_ok(ACME), *(_failed(ACME, "company_file_lock_stuck"),) * 3, _ok(ACME))
    ),
    "company_file/moved_or_renamed": _refused(ACME, "company_file_not_found", 2),
    "company_file/none_is_open": _refused(CONTOSO, "company_file_not_found", 2),
    "licences/all_seats_taken": _refused(CONTOSO, "licenses_exhausted", 3),
    "permission/denied_at_the_prompt": _refused(FABRIKAM, "permission_missing", 2),
    "permission/dropped_after_update": _refused(CONTOSO, "permission_reset_required", 3),
    "permission/first_contact": ExpectedCase(
        runs=(
            *(_failed(DENVER, "permission_missing", MANUAL),) * 2,
            _ok(DENVER, MANUAL),
            _idle(DENVER),
            _idle(DENVER),
        )
    ),
    "permission/never_granted": ExpectedCase(
        runs=(
            _idle(FABRIKAM),
            _ok(FABRIKAM),
            _failed(FABRIKAM, "permission_missing"),
            _failed(FABRIKAM, "permission_missing"),
            _failed(FABRIKAM, "permission_missing", MANUAL),
            _ok(FABRIKAM),
        )
    ),
    "permission/only_while_file_is_open": ExpectedCase(
        runs=(_ok(CONTOSO), _idle(CONTOSO), *(_failed(CONTOSO, "permission_missing"),) * 3, _ok(CONTOSO))
    ),
    "permission/reauthorise": _refused(ACME, "permission_reset_required", 2),
    "popup/backup_reminder": ExpectedCase(
        runs=(
            _idle(FABRIKAM),
            _failed(FABRIKAM, "popup_blocked"),
            _failed(FABRIKAM, "popup_blocked", MANUAL),
            _failed(FABRIKAM, "popup_blocked"),
            # Nobody answered before the log ends; a code of Web Connector is a failure all the same.
            _failed(FABRIKAM, "popup_blocked"),
        )
    ),
    "popup/login_box": ExpectedCase(
        runs=(_ok(ACME), *(_failed(ACME, "popup_blocked"),) * 4, _idle(ACME)),
    ),
    "popup/update_offer": ExpectedCase(
        runs=(_ok(CONTOSO), *(_failed(CONTOSO, "popup_blocked"),) * 3, _idle(CONTOSO), _ok(CONTOSO)),
    ),
    "popup/while_adding": ExpectedCase(
        runs=(*(_failed(WEST, "connector_password_missing"),) * 2, _ok(WEST, MANUAL)),
        outside=("popup_blocked",),
    ),
    "quickbooks/cannot_start": _refused(CONTOSO, "quickbooks_cannot_start", 4),
    # The same four words in the log; what Windows noted at that moment tells why.
    "quickbooks/cannot_start_crashing": _refused(CONTOSO, "quickbooks_crashed", 4),
    "quickbooks/cannot_start_quarantined": replace(
        _refused(CONTOSO, "antivirus_or_policy_blocked", 4), outside=("antivirus_or_policy_blocked",)
    ),
    "quickbooks/cannot_start_signing_out": ExpectedCase(
        runs=(_idle(CONTOSO), _ok(CONTOSO), _failed(CONTOSO, "session_logged_out"))
    ),
    "quickbooks/launch_failed": _refused(FABRIKAM, "quickbooks_cannot_start", 2),
    # Web Connector counts these runs as good: only the answers in the payloads tell what QuickBooks refused.
    "request/entries_refused": ExpectedCase(runs=(_idle(FABRIKAM), _partly(FABRIKAM, "data_error"), _ok(FABRIKAM))),
    "request/entry_locked": ExpectedCase(
        runs=(_idle(FABRIKAM), *(_partly(FABRIKAM, "quickbooks_busy"),) * 2, _ok(FABRIKAM))
    ),
    "request/refused_and_given_up": ExpectedCase(
        runs=(_idle(FABRIKAM), _failed(FABRIKAM, "permission_missing"), _idle(FABRIKAM))
    ),
    "request/parse_error": ExpectedCase(
        runs=(_idle(FABRIKAM), *(_failed(FABRIKAM, "data_error"),) * 2, _idle(FABRIKAM))
    ),
    "single_user/held_by_a_person": _refused(FABRIKAM, "single_user_mode", 4),
    "single_user/second_application": _refused(ACME, "single_user_mode", 2),
    "user_signed_in/on_another_machine": _refused(ACME, "user_already_signed_in", 3),
}

WEB_SERVICE = {
    "deauthorised/after_a_one_time_sync": ExpectedCase(
        runs=(_ok(LENDING), *(_failed(LENDING, "connector_deauthorized"),) * 3)
    ),
    "password/not_saved": ExpectedCase(
        runs=(*(_failed(CONTOSO, "connector_password_missing"), _idle(ACME)) * 4, _idle(CONTOSO))
    ),
    "password/not_typed": ExpectedCase(
        runs=(*(_failed(ACME, "connector_password_missing", MANUAL),) * 2, _ok(ACME, MANUAL))
    ),
    "password/rejected": ExpectedCase(
        runs=(
            _ok(FABRIKAM),
            _failed(FABRIKAM, "auth_rejected_by_web_service"),
            _failed(FABRIKAM, "auth_rejected_by_web_service"),
            _failed(FABRIKAM, "auth_rejected_by_web_service", MANUAL),
            _ok(FABRIKAM, MANUAL),
            _idle(FABRIKAM),
        )
    ),
    "tls/certificate_not_verified": ExpectedCase(
        runs=(
            _idle(ACME),
            _failed(ACME, "tls_certificate"),
            _failed(ACME, "tls_certificate", MANUAL),
            _ok(ACME),
        )
    ),
    "tls/trust_failure": ExpectedCase(runs=(_ok(CONTOSO), *(_failed(CONTOSO, "tls_certificate"),) * 3, _idle(CONTOSO))),
    "web_service/closed": ExpectedCase(
        runs=(
            _idle(CONTOSO),
            *(_failed(CONTOSO, "web_service_unreachable"),) * 2,
            _idle(CONTOSO),
            _idle(CONTOSO),
        )
    ),
    "web_service/dns": ExpectedCase(
        runs=(_ok(CONTOSO), *(_failed(CONTOSO, "web_service_unreachable"),) * 3, _ok(CONTOSO))
    ),
    "web_service/dns_german": ExpectedCase(
        runs=(_ok(ACME), *(_failed(ACME, "web_service_unreachable"),) * 2, _idle(ACME))
    ),
    "web_service/html_instead_of_xml": ExpectedCase(
        runs=(_idle(ACME), *(_failed(ACME, "web_service_error"),) * 3, _ok(ACME))
    ),
    "web_service/http_500": ExpectedCase(
        runs=(
            _ok(FABRIKAM),
            _failed(FABRIKAM, "web_service_error"),
            _failed(FABRIKAM, "web_service_error"),
            _failed(FABRIKAM, "web_service_error", MANUAL),
            _idle(FABRIKAM),
        )
    ),
    "web_service/proxy_407": ExpectedCase(
        runs=(_idle(FABRIKAM), *(_failed(FABRIKAM, "web_service_unreachable"),) * 2, _ok(FABRIKAM))
    ),
    "web_service/refused": ExpectedCase(
        runs=(
            _idle(FABRIKAM),
            _ok(FABRIKAM),
            _failed(FABRIKAM, "web_service_unreachable"),
            _failed(FABRIKAM, "web_service_unreachable", MANUAL),
            _idle(FABRIKAM),
        )
    ),
    "web_service/refused_russian": ExpectedCase(
        runs=(_idle(CONTOSO), *(_failed(CONTOSO, "web_service_unreachable"),) * 2, _ok(CONTOSO))
    ),
    "web_service/soap_fault_on_receive": ExpectedCase(
        runs=(_idle(FABRIKAM), *(_failed(FABRIKAM, "web_service_error"),) * 2, _idle(FABRIKAM))
    ),
    "web_service/soap_fault_on_send": ExpectedCase(
        runs=(_idle(CONTOSO), *(_failed(CONTOSO, "web_service_error"),) * 2, _idle(CONTOSO))
    ),
    "web_service/timeout": ExpectedCase(runs=(_ok(ACME), *(_failed(ACME, "web_service_unreachable"),) * 2, _ok(ACME))),
}

MACHINE = {
    "antivirus/blocked_by_policy": _refused(ACME, "antivirus_or_policy_blocked", 2),
    "antivirus/connector_quarantined": ExpectedCase(
        runs=(_idle(FABRIKAM),) * 3, outside=("antivirus_or_policy_blocked",)
    ),
    "power_lost/nuls_in_the_log": ExpectedCase(runs=(_idle(CONTOSO),) * 9, outside=("power_lost",)),
    "asleep/overnight": ExpectedCase(runs=(_idle(CONTOSO),) * 9, outside=("machine_asleep",)),
    "connector/log_not_writable": ExpectedCase(outside=("connector_local_failure",)),
    "connector/wsmanager_exception": ExpectedCase(
        runs=(
            _idle(FABRIKAM),
            *(_failed(FABRIKAM, "connector_local_failure"),) * 2,
            _idle(FABRIKAM),
            _ok(FABRIKAM),
        )
    ),
    "logged_out/overnight": ExpectedCase(runs=(_idle(FABRIKAM),) * 8, outside=("session_logged_out",)),
    # A tick that meets the lock of a living run is skipped: it never ends, and nothing is wrong.
    "update_lock/another_run_is_alive": ExpectedCase(
        runs=(
            _ok(CONTOSO),
            _idle(FABRIKAM),
            _ok(CONTOSO),
            _open(FABRIKAM),
            _idle(FABRIKAM),
            _idle(CONTOSO),
        )
    ),
    # The lock is two hours old when the first tick meets it: nothing will free it, so these syncs failed.
    "update_lock/left_by_a_dead_run": ExpectedCase(
        runs=(
            _idle(CONTOSO),
            _idle(ACME),
            _idle(ACME),
            _idle(CONTOSO),
            _open(ACME),
            *(_failed(CONTOSO, "update_lock_stuck"),) * 3,
        )
    ),
}

TRAPS = {
    "encoding/cp1252": ExpectedCase(runs=(_idle(ACCENTED), _failed(ACCENTED, "company_file_not_found"), _ok(ACCENTED))),
    "encoding/mixed_line_ends": ExpectedCase(
        runs=(_idle(FABRIKAM), _failed(FABRIKAM, "permission_reset_required"), _ok(FABRIKAM))
    ),
    "encoding/pasted": ExpectedCase(runs=(_idle(CONTOSO), _failed(CONTOSO, "permission_missing"), _ok(CONTOSO))),
    "encoding/utf16le": ExpectedCase(
        runs=(_idle(FABRIKAM), _failed(FABRIKAM, "user_already_signed_in"), _ok(FABRIKAM))
    ),
    "encoding/utf8_bom": ExpectedCase(runs=(_idle(CONTOSO), _failed(CONTOSO, "single_user_mode"), _ok(CONTOSO))),
    "hostile/names": ExpectedCase(
        runs=(
            _idle(HOSTILE),
            _ok(QUOTED, MANUAL),
            _ok(HOSTILE),
            _idle(HOSTILE),
            _failed(QUOTED, "auth_rejected_by_web_service", MANUAL),
        )
    ),
    "hostile/statuses": ExpectedCase(runs=(_idle(FABRIKAM), _ok(FABRIKAM), _idle(FABRIKAM))),
    "hostile/payload": ExpectedCase(runs=(_ok(CONTOSO), _idle(CONTOSO), _ok(CONTOSO))),
    # The first run's start is lost; its end names the application and that a person started it.
    "partial/begins_in_mid_session": ExpectedCase(
        runs=(_ok(ACME, MANUAL), _idle(ACME), _failed(ACME, "single_user_mode"), _ok(ACME))
    ),
    "partial/ends_in_mid_session": ExpectedCase(runs=(_idle(FABRIKAM), _ok(FABRIKAM), _open(FABRIKAM))),
    "several/two_applications": ExpectedCase(
        runs=(
            *(_idle(CONTOSO), _failed(FABRIKAM, "wrong_company_file_open")) * 3,
            _idle(CONTOSO),
            _ok(FABRIKAM),
        )
    ),
    "several/two_users": ExpectedCase(
        runs=(
            _ok(CONTOSO, MANUAL),
            _failed(FABRIKAM, "auth_rejected_by_web_service"),
            _ok(CONTOSO),
            _failed(FABRIKAM, "web_service_unreachable"),
            _idle(FABRIKAM),
        )
    ),
}

WINDOWS_EVENTS = {
    "windows_events/asleep_from_powershell": ExpectedCase(runs=(_idle(CONTOSO),) * 9, outside=("machine_asleep",)),
    "windows_events/asleep_from_export_csv": ExpectedCase(
        runs=(_idle(CONTOSO),) * 9, outside=("machine_asleep",), timezone="America/New_York"
    ),
    "windows_events/restarted_for_update": ExpectedCase(runs=(_idle(FABRIKAM),) * 8, outside=("machine_restarted",)),
    "windows_events/saved_by_event_viewer": ExpectedCase(
        runs=(_idle(FABRIKAM), _idle(FABRIKAM), _ok(FABRIKAM), *(_idle(FABRIKAM),) * 3)
    ),
}


def _silent(*causes: str, runs: int = 13) -> ExpectedCase:
    """Nothing to do, every quarter of an hour, but for one silence."""
    return ExpectedCase(runs=(_idle(CONTOSO),) * runs, outside=causes)


def _broken_off(cause: str) -> ExpectedCase:
    """Tell of a run that stopped in the middle of its work, with a silence behind it."""
    return ExpectedCase(runs=(*(_idle(CONTOSO),) * 9, _open(CONTOSO), *(_idle(CONTOSO),) * 4), outside=(cause,))


ABSENCE = {
    "absence/another_user_signed_out": _silent("connector_not_running"),
    "absence/asleep_by_the_clock_alone": _silent("machine_asleep"),
    "absence/asleep_in_mid_run": _broken_off("machine_asleep"),
    "absence/blocked_in_mid_run": _broken_off("connector_hung"),
    "absence/blue_screen": _silent("blue_screen"),
    "absence/closed_by_hand": _silent("connector_not_running"),
    "absence/connector_crashed": _silent("connector_crashed"),
    "absence/connector_crashed_on_windows_11": _silent("connector_crashed"),
    "absence/connector_hung": _silent("connector_hung"),
    # A session that is only disconnected goes on working.
    "absence/disconnected_only": _silent(runs=14),
    "absence/fast_startup": _silent("machine_shut_down"),
    "absence/hibernated_by_the_lid": _silent("machine_asleep"),
    "absence/lived_and_did_nothing": _silent("auto_run_off"),
    "absence/log_alone_begins_anew": _silent("session_logged_out"),
    "absence/log_alone_catches_up": ExpectedCase(
        runs=(_idle(CONTOSO), _idle(FABRIKAM)) * 13, outside=("machine_asleep",)
    ),
    "absence/log_alone_goes_on": _silent("machine_asleep"),
    "absence/modern_standby": _silent("machine_asleep"),
    "absence/not_started_since_the_restart": _silent("connector_not_running"),
    "absence/patch_night": _silent("machine_restarted"),
    "absence/policy_blocks_the_connector": _silent("antivirus_or_policy_blocked"),
    "absence/power_lost": _silent("power_lost"),
    "absence/quickbooks_hung_in_mid_run": _broken_off("connector_hung"),
    "absence/session_time_limit": _silent("session_logged_out"),
    "absence/shut_down_on_windows_7": _silent("machine_shut_down"),
    "absence/vm_paused": _silent("machine_paused"),
}

CONNECTOR_LOGS = {
    "connector_logs/clef": ExpectedCase(outside=("single_user_mode",)),
    "connector_logs/log4net": ExpectedCase(outside=("permission_missing",)),
    "connector_logs/ms_console": ExpectedCase(outside=("wrong_company_file_open",)),
    "connector_logs/nlog": ExpectedCase(outside=("quickbooks_cannot_start",)),
    "connector_logs/serilog": ExpectedCase(outside=("popup_blocked",)),
    "own_format/german_bridge": ExpectedCase(outside=("popup_blocked",), config="qbwatch.toml"),
    # QuickBooks calls errors severe on good days too: they are evidence, and alarm nobody.
    "qbwin/verify_and_severe": ExpectedCase(timezone="America/New_York", format="qbwin"),
}

NEW_YORK = "America/New_York"

SDK_LOG = {
    # The first hung behind a dialog that the log names; of the second nothing is known but that it never came back.
    "sdk_log/begin_session_hangs": ExpectedCase(outside=("popup_blocked", "connector_hung"), timezone=NEW_YORK),
    "sdk_log/clock_change": ExpectedCase(outside=("popup_blocked",), timezone=NEW_YORK),
    "sdk_log/native_connector": ExpectedCase(outside=("permission_missing", "popup_blocked"), timezone=NEW_YORK),
    "sdk_log/other_user": ExpectedCase(outside=("quickbooks_cannot_start",), timezone=NEW_YORK),
    # QWCLog.txt only says that QuickBooks could not be started.
    "sdk_log/popup_behind_80040408": ExpectedCase(
        runs=(_idle(FABRIKAM), _ok(FABRIKAM), *(_failed(FABRIKAM, "popup_blocked"),) * 2, _ok(FABRIKAM)),
        timezone=NEW_YORK,
    ),
}

CASES: dict[str, ExpectedCase] = {
    **ABSENCE,
    **SDK_LOG,
    **CONNECTOR_LOGS,
    **WINDOWS_EVENTS,
    **HEALTHY,
    **QUICKBOOKS,
    **WEB_SERVICE,
    **MACHINE,
    **TRAPS,
}

"""What will stop a sync one of these nights: pure findings out of how a machine is set up and what its history shows.

They are notices: the weekly report and `doctor` name them, and nobody is alarmed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.machine_facts import MachineFacts
from rules.draft import digest
from rules.event import Confidence, Event, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from ingest.machine_facts import LogAccess
    from rules.catalogue import Catalogue

FORMAT = "probe"
CAUSES = frozenset({
    "sleeps_when_idle", "connector_not_autostarted", "updates_restart_in_sync_hours", "failures_in_office_hours",
    "quickbooks_user_shared", "connector_log_off", "connector_log_not_shared",
})  # fmt: skip
"""What can be found here."""
LOOKS_BACK = timedelta(days=14)
"""How much of the history the findings are made of."""

_CONNECTOR = "QBWebConnector"
_CONNECTOR_SHORTCUT = "QuickBooks Web Connector"
_OFFICE_FROM, _OFFICE_UNTIL, _FRIDAY = 8, 18, 4
# Fewer failures are chance; and at so many times the rate of the other hours nobody doubts it.
_LEAST_FAILURES, _LEAST_RATIO, _LEAST_RUNS = 8, 4, 20
_LEAST_DAYS = 2
# Windows lets nobody choose more.
_MOST_ACTIVE_HOURS = 18
# Windows' names for everybody, in the languages in which they differ from English; any account is one of these.
_EVERYBODY = frozenset({
    "users", "benutzer", "utilisateurs", "usuarios", "usuários", "gebruikers", "utenti",
    "everyone", "jeder", "tout le monde", "todos", "iedereen", "authenticated users", "authentifizierte benutzer",
    "utilisateurs authentifiés", "usuarios autentificados", "interactive", "interaktiv",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run of the last weeks; `began` is the machine's local time."""

    application: str | None
    began: datetime
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the history shows of a machine: its runs, when its QuickBooks user was taken, who ran Web Connector."""

    runs: Sequence[PastRun] = ()
    user_taken: Sequence[datetime] = ()
    connector_users: Sequence[str] = ()
    uses_connector: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prevention:
    """One finding: its cause, what was seen, and of which application it is, if of one."""

    cause: str
    message: str
    application: str | None = None
    evidence: tuple[str, ...] = ()
    confidence: Confidence = Confidence.PROOF


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A machine, and what is known of it."""

    facts: MachineFacts = field(default_factory=MachineFacts)
    past: Past = field(default_factory=Past)


def find(subject: Subject) -> list[Prevention]:
    """Return everything that will stop a sync sooner or later; what is unknown is no finding."""
    return [
        *_sleep(subject), *_autostart(subject), *_restarts(subject), *_office_hours(subject.past.runs),
        *_shared_user(subject.past), *_log_off(subject), *_log_not_shared(subject),
    ]  # fmt: skip


def events_of(
    found: Iterable[Prevention], catalogue: Catalogue, *, host: str, client: str | None, now: datetime
) -> list[Event]:
    """Return the findings as events of *now*; the same finding has the same id each day."""
    return [_event(one, catalogue, host, client, now) for one in found if one.cause in catalogue.causes]


def _event(one: Prevention, catalogue: Catalogue, host: str, client: str | None, now: datetime) -> Event:
    cause = catalogue.causes[one.cause]
    filled = cause.filled({"host": host, "application": one.application})
    return Event(
        id=digest(host, "preventive", one.cause, one.application or ""), time=now, host=host, client=client,
        source="this machine", format=FORMAT, line=0, offset=0, application=one.application, company_file=None,
        run=None, cause=one.cause, rule=f"preventive.{one.cause}", severity=cause.severity, role=Role.ROOT,
        confidence=one.confidence, act=cause.act, codes=(), message=one.message,
        evidence=(one.message, *one.evidence), title=cause.title, explanation=filled.explanation, steps=filled.steps,
        links=filled.links,
    )  # fmt: skip


def _sleep(subject: Subject) -> Iterator[Prevention]:
    power = subject.facts.power
    if power is None or power.first_s is None:
        return
    does = "sleep" if power.first_s == power.sleep_s else "hibernation"
    minutes = max(1, round(power.first_s / 60))
    yield Prevention(
        cause="sleeps_when_idle",
        message=f"On mains power the machine goes into {does} after {minutes} min without a user.",
    )


def _autostart(subject: Subject) -> Iterator[Prevention]:
    autostart = subject.facts.autostart
    if autostart is None or not subject.past.uses_connector:
        return
    if autostart.of(_CONNECTOR) is None and autostart.of(_CONNECTOR_SHORTCUT) is None:
        yield Prevention(
            cause="connector_not_autostarted",
            message="No Startup folder, no Run key and no scheduled task starts Web Connector.",
            # Of a user who is signed out now the Run key cannot be read.
            confidence=Confidence.LIKELY,
        )


def _restarts(subject: Subject) -> Iterator[Prevention]:
    updates = subject.facts.updates
    hours = {run.began.hour for run in subject.past.runs}
    if updates is None or not any(updates.may_restart_at(hour) for hour in hours):
        return
    exposed = sum(updates.may_restart_at(run.began.hour) for run in subject.past.runs)
    beyond = "" if _fit_in_active_hours(hours) else f" No {_MOST_ACTIVE_HOURS} active hours cover all of them."
    yield Prevention(
        cause="updates_restart_in_sync_hours",
        message=f"Windows may restart outside {updates.active_from:02}:00-{updates.active_until:02}:00; "
        f"{exposed} of the last {len(subject.past.runs)} runs began in those hours.{beyond}",
    )  # fmt: skip


def _fit_in_active_hours(hours: set[int]) -> bool:
    """Say whether one stretch of the day that Windows can be told to spare holds all *hours*."""
    return any(all((hour - begins) % 24 < _MOST_ACTIVE_HOURS for hour in hours) for begins in range(24))


def _office_hours(runs: Sequence[PastRun]) -> Iterator[Prevention]:
    for application in sorted({run.application for run in runs if run.application}):
        own = [run for run in runs if run.application == application]
        office = [run for run in own if _in_office_hours(run.began)]
        other = [run for run in own if not _in_office_hours(run.began)]
        failed, failed_other = sum(run.failed for run in office), sum(run.failed for run in other)
        if failed < _LEAST_FAILURES or len(other) < _LEAST_RUNS:
            continue
        # One failure more outside is granted, so that none at all is no infinite ratio.
        if failed / len(office) >= _LEAST_RATIO * (failed_other + 1) / len(other):
            yield Prevention(
                cause="failures_in_office_hours", application=application,
                message=f"{failed} of {len(office)} runs of {application} failed on workdays from {_OFFICE_FROM}:00 to "
                f"{_OFFICE_UNTIL}:00, and {failed_other} of {len(other)} at all other times.",
                confidence=Confidence.STRONG,
            )  # fmt: skip


def _in_office_hours(time: datetime) -> bool:
    return time.weekday() <= _FRIDAY and _OFFICE_FROM <= time.hour < _OFFICE_UNTIL


def _shared_user(past: Past) -> Iterator[Prevention]:
    days = sorted({time.date() for time in past.user_taken})
    if len(days) >= _LEAST_DAYS:
        told = ", ".join(f"{day:%Y-%m-%d}" for day in days[-5:])
        yield Prevention(
            cause="quickbooks_user_shared",
            message=f"On {len(days)} days a sync was refused because its QuickBooks user was signed in: {told}.",
            confidence=Confidence.STRONG,
        )


def _log_off(subject: Subject) -> Iterator[Prevention]:
    for user, level in sorted((subject.facts.levels or {}).items()):
        if level.strip().upper() == "NONE":
            yield Prevention(cause="connector_log_off", message=f"The log level of the Windows user {user} is NONE.")
            return


def _log_not_shared(subject: Subject) -> Iterator[Prevention]:
    users = sorted({user.casefold(): user for user in subject.past.connector_users}.values())
    if len(users) < 2:
        return
    for access in subject.facts.access:
        shut_out = [user for user in users if not _may_write(access, user)]
        if shut_out:
            yield Prevention(
                cause="connector_log_not_shared",
                message=f"{', '.join(shut_out)} may not write {access.path}; Web Connector runs as {', '.join(users)}.",
                # Whether a user is a member of some other group is not known.
                confidence=Confidence.LIKELY,
            )
            return


def _may_write(access: LogAccess, user: str) -> bool:
    def is_meant(entry: str) -> bool:
        name = entry.rpartition("\\")[2].casefold()
        return name in _EVERYBODY or name == user.rpartition("\\")[2].casefold()

    return any(map(is_meant, access.writers)) and not any(map(is_meant, access.refused))

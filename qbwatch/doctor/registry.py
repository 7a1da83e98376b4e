"""All checks in the order in which they are told; a new one is a function and a line here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qbwatch.doctor import (
    clock,
    configuration,
    levels,
    ping,
    preventive,
    receivers,
    rules,
    schedule,
    sources,
    store,
    versions,
    watcher,
)
from qbwatch.doctor.finding import fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation


@dataclass(frozen=True, slots=True)
class Check:
    """A check: what it is called, and the function that looks."""

    name: str
    look: Callable[[Installation], Iterator[Finding]]


CHECKS: Final = (
    Check("configuration", configuration.configuration),
    Check("secrets", configuration.secrets),
    Check("rules", rules.rules),
    Check("store", store.store),
    Check("disk", store.room),
    Check("watcher", watcher.watcher),
    Check("service", watcher.service),
    Check("account", watcher.account),
    Check("session", watcher.session),
    Check("logs", sources.sources),
    Check("following", sources.following),
    Check("event channels", sources.channels),
    Check("log level", levels.log_level),
    Check("log permission", levels.log_permission),
    Check("schedule", schedule.schedule),
    Check("time zone", clock.time_zone),
    Check("clock", clock.clock),
    Check("routes", configuration.routes),
    Check("receivers", receivers.receivers),
    Check("deliveries", receivers.deliveries),
    Check("ping", ping.ping),
    Check("preventive", preventive.preventive),
    Check("versions", versions.packages),
    Check("connector", versions.connector),
)
"""Every check of the doctor."""


def examine(installation: Installation, checks: Sequence[Check] = CHECKS) -> Iterator[tuple[str, Finding]]:
    """Yield what each check finds, with its name; one that fails says so, and the others go on."""
    for check in checks:
        try:
            found = list(check.look(installation))
        except Exception as error:  # noqa: BLE001 - whatever one check meets, the others still tell what they find
            yield check.name, fault(
                f"this check failed ({type(error).__name__}: {error})", "What it looks at is not known to be well",
                "Tell who made qbwatch, with this line",
            )  # fmt: skip
        else:
            for finding in found:
                yield check.name, finding

"""What will stop a sync one of these nights, by how this machine is set up and what its history shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbwatch.doctor.finding import fine, warning
from qbwatch.doctor.levels import logs_of
from qbwatch.preventive_intake import PreventiveIntake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation
    from rules.event import Event

# Checks of their own tell of these.
_TOLD_ELSEWHERE = frozenset({"connector_log_off", "connector_log_not_shared"})


def preventive(installation: Installation) -> Iterator[Finding]:
    """Say what is set up so that a sync will fail."""
    if installation.settings is None or installation.store is None:
        return
    found = [event for event in found_in_setup(installation) if event.cause not in _TOLD_ELSEWHERE]
    for event in found:
        yield warning(f"{event.title.rstrip('.')}: {event.message.rstrip('.')}", event.explanation.rstrip("."),
                      " ".join(event.steps).rstrip("."))  # fmt: skip
    if not found:
        yield fine("nothing is known that will stop a sync")


def found_in_setup(installation: Installation) -> list[Event]:
    """Return the preventive findings of now; nothing of them is stored."""
    settings, store = installation.settings, installation.store
    if settings is None or store is None:
        return []
    intake = PreventiveIntake(
        platform=installation.platform, catalogue=installation.known_catalogue, store=store, host=settings.host,
        client=settings.client, zone=settings.zone, logs=lambda: logs_of(installation),
    )  # fmt: skip
    return intake.look(installation.now)

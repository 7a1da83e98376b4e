"""One cause on many hosts or clients within minutes is told as one problem; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from alerts.incident import Incident

WITHIN: Final = timedelta(minutes=10)
"""So near to each other what is one outbreak begins, and so long it is joined after the last that joined."""

_HOSTS = 5
_CLIENTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbreak:
    """One that a receiver has been told of: its group, its cause, and when it last grew."""

    key: str
    cause: str
    grew_at: datetime


def outbreak_key(cause: str, begins: datetime) -> str:
    """Return the group of the outbreak of *cause* that *begins* then."""
    return f"outbreak|cause={cause}|{begins:%Y-%m-%dT%H:%M:%SZ}"


def cause_of(key: str) -> str | None:
    """Return the cause of the outbreak whose group *key* is; None if it is none.

    >>> cause_of("outbreak|cause=tls_certificate|2026-03-10T02:00:00Z")
    'tls_certificate'
    """
    parts = key.split("|")
    return parts[1].removeprefix("cause=") if parts[0] == "outbreak" and len(parts) > 1 else None


def outbreaks(untold: Iterable[Incident], known: Sequence[Outbreak]) -> Mapping[str, str]:
    """Return the group of each of the *untold* incidents of one receiver that belong to an outbreak, by its id.

    What comes soon after one of the *known* outbreaks grew joins it.
    """
    by_cause: dict[str, list[Incident]] = {}
    for incident in sorted(untold, key=lambda one: (one.recorded_at, one.id)):
        by_cause.setdefault(incident.cause, []).append(incident)
    found: dict[str, str] = {}
    for cause, incidents in by_cause.items():
        rest = []
        for incident in incidents:
            joined = _joined(incident, known)
            if joined:
                found[incident.id] = joined
            else:
                rest.append(incident)
        for cluster in _clusters(rest):
            if _is_outbreak(cluster):
                key = outbreak_key(cause, cluster[0].recorded_at)
                found.update((incident.id, key) for incident in cluster)
    return found


def _joined(incident: Incident, known: Sequence[Outbreak]) -> str | None:
    fitting = [one for one in known if one.cause == incident.cause and incident.recorded_at - one.grew_at <= WITHIN]
    return max(fitting, key=lambda one: one.grew_at).key if fitting else None


def _clusters(incidents: list[Incident]) -> list[list[Incident]]:
    """Part *incidents*, which are in the order of time, where none began for long."""
    parts: list[list[Incident]] = []
    for incident in incidents:
        if parts and incident.recorded_at - parts[-1][-1].recorded_at <= WITHIN:
            parts[-1].append(incident)
        else:
            parts.append([incident])
    return parts


def _is_outbreak(cluster: list[Incident]) -> bool:
    clients = {one.client for one in cluster if one.client}
    return len({one.host for one in cluster}) >= _HOSTS or len(clients) >= _CLIENTS

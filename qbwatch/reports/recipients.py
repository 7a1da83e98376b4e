"""Who gets which report: the receiver of [report], else whoever the routes lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from alerts.route import routes_for
from qbwatch.errors import UsageError
from rules.event import Act, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.incident import Incident
    from alerts.route import Route

CAUSE = "weekly_report"
"""What a route's match asks of a report: cause = "weekly_report", and client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Labels:
    """What the routes ask of a report, as they do of an incident."""

    client: str | None
    cause: str = CAUSE
    severity: Severity = Severity.NOTICE
    act: Act = Act.OPS
    host: str = ""
    application: str = ""


def recipients(route: Route | None, receiver: str | None, client: str | None) -> Sequence[str]:
    """Return the names of the receivers of the report of *client*, or of all clients when that is None.

    A *receiver* of its own gets the report of all. Raises UsageError when nobody would get it.
    """
    if receiver is not None and client is None:
        return [receiver]
    if route is None:
        raise UsageError(
            "nobody is configured to get the report. Add a [[receiver]] with a mailtos:// URL, and name it in [report] "
            'receiver, or add a [route], whose branches may match cause = "weekly_report" and client.'
        )
    found = routes_for(cast("Incident", _Labels(client=client)), route)
    return list(dict.fromkeys(routed.receiver for routed in found))

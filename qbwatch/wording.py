"""What the catalogue says about an incident beyond the incident's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.compose import Wording
from alerts.plain import file_name

if TYPE_CHECKING:
    from alerts.incident import Incident
    from rules.catalogue import Catalogue


def worded(catalogue: Catalogue, incident: Incident) -> Wording:
    """Return how to see that *incident* is mended, and what its client can be told; nothing for an unknown cause."""
    cause = catalogue.causes.get(incident.cause)
    if cause is None:
        return Wording()
    filled = cause.filled(
        {
            "host": incident.host,
            "application": incident.application,
            "company_file": file_name(incident.company_file) if incident.company_file else None,
        }
    )
    return Wording(verify=filled.verify, forward=filled.client)

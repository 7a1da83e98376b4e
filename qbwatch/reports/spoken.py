"""How causes are spoken of in a sentence: of machines, and of nobody's fault. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_TITLES: Final[Mapping[str, str]] = {"others": "All others", "": "-"}

_ON: Final[Mapping[str, str]] = {
    "antivirus_or_policy_blocked": "antivirus or a policy blocks the sync on {places}",
    "auth_rejected_by_web_service": "a web service rejects the password of {places}",
    "connector_crashed": "Web Connector crashes on {places}",
    "connector_hung": "the sync stands still on {places}",
    "connector_not_running": "Web Connector is closed on {places}",
    "data_error": "QuickBooks refuses data on {places}",
    "licenses_exhausted": "the QuickBooks licence seats run out on {places}",
    "machine_asleep": "{places} went to sleep",
    "machine_restarted": "nobody signed in after a restart of {places}",
    "permission_missing": "QuickBooks does not let the sync in on {places}",
    "popup_blocked": "pop-ups block QuickBooks on {places}",
    "power_lost": "{places} lost power or crashed",
    "quickbooks_busy": "QuickBooks is busy on {places}",
    "quickbooks_cannot_start": "QuickBooks does not start on {places}",
    "quickbooks_crashed": "QuickBooks crashes on {places}",
    "session_logged_out": "the sync's user was logged out of {places}",
    "single_user_mode": "the company file is in single-user mode on {places}",
    "tls_certificate": "a certificate is not trusted on {places}",
    "unclassified": "something that no rule knows fails on {places}",
    "web_service_error": "a web service fails for {places}",
    "web_service_unreachable": "a web service cannot be reached from {places}",
    "wrong_company_file_open": "another company file is open on {places}",
}
"""What happens on some machines, in one clause."""


def title_of(cause: str) -> str:
    """Return a readable name of a cause of which the store has no title.

    >>> title_of("quickbooks_busy")
    'Quickbooks busy'
    """
    return _TITLES.get(cause) or cause.replace("_", " ").capitalize()


def clause(cause: str, title: str, places: str) -> str:
    """Say in a clause that *cause* strikes *places*.

    >>> clause("machine_asleep", "The machine was asleep", "three machines")
    'three machines went to sleep'
    """
    told = _ON.get(cause)
    return told.format(places=places) if told else f"“{title}” on {places}"

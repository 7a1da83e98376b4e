"""The synthetic log of a drill: a sync that a pop-up blocks, and one that has nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

APPLICATION: Final = "qbwatch drill"
CAUSE: Final = "popup_blocked"

_SOAP: Final = "QBWebConnector.SOAPWebService."
_REGISTRY: Final = "QBWebConnector.RegistryManager."
_BEGINS: Final = (
    ("UpdateThisScheduledApp()", f"Performing SCHEDULED UPDATE for application = {APPLICATION}"),
    (f"{_REGISTRY}setUpdateLock()", f"{'*' * 21} Update session locked {'*' * 21}"),
    (f"{_SOAP}instantiateWebService()", "Initiated connection to the following application."),
    (f"{_SOAP}instantiateWebService()", f"AppName: {APPLICATION}"),
    (f"{_SOAP}do_authenticate()", f"Authenticating to application '{APPLICATION}', username = 'drill'"),
)
_UNLOCKED: Final = (f"{_REGISTRY}setUpdateLock()", f"{'*' * 21} Update session unlocked {'*' * 21}")
_FAILS: Final = (
    (f"{_SOAP}ConnectToQB()", "Connecting to QuickBooks..."),
    (
        f"{_SOAP}handleModalDialogError()",
        "This is a drill: <QBWC1053: A modal dialog box is showing in the QuickBooks user interface.>",
    ),
    _UNLOCKED,
)
_IS_WELL: Final = (
    (f"{_SOAP}CheckCFNResponse()", "No data to exchange for this application. Job ending."),
    _UNLOCKED,
    ("QBWebConnector.WebServiceManager.DoUpdate()", f"No data to exchange for the application:  {APPLICATION}"),
)


def failing(at: datetime) -> bytes:
    """Return a run that failed *at* that time, as the Web Connector writes it."""
    return _lines(at, (*_BEGINS, *_FAILS))


def well(at: datetime) -> bytes:
    """Return a run that had nothing to do *at* that time."""
    return _lines(at, (*_BEGINS, *_IS_WELL))


def _lines(at: datetime, records: tuple[tuple[str, str], ...]) -> bytes:
    return "".join(f"{at:%Y%m%d.%H:%M:%S} UTC\t: {where} : {what}\r\n" for where, what in records).encode()

"""Write a QWCLog of any size in the true shape: scheduled runs, some VERBOSE bodies, a given share of failures."""

from __future__ import annotations

import argparse
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOAP = "QBWebConnector.SOAPWebService"
LOCK = "QBWebConnector.RegistryManager.setUpdateLock()"
KEY = r"HKEY_CURRENT_USER\Software\Intuit\QBWebConnector"
FAILURES = (
    (
        f"{SOAP}.ProcessRequestXML() : QBWC1013: Error connecting to QuickBooks. Returning error message to application.\r\n"
        "HRESULT = 0x80040408\r\nMessage: Could not start QuickBooks."
    ),
    (
        f"{SOAP}.handleModalDialogError() : QuickBooks Web Connector failed to connect. QuickBooks returned the following "
        "error: <QBWC1053: A modal dialog box is showing in the QuickBooks user interface.>. Fix the problem and then "
        "click OK to try again."
    ),
    (
        f"{SOAP}.ProcessRequestXML() : QBWC1013: Error connecting to QuickBooks. Returning error message to application.\r\n"
        "HRESULT = 0x80040410\r\nMessage: The QuickBooks company data file is currently open in a mode other than the one "
        "specified by your application."
    ),
)


def body(chance: random.Random, size: int) -> str:
    """Return an XML answer of about *size* bytes."""
    row = "\t\t\t<CustomerRet><ListID>{:08X}-1</ListID><Name>Contoso {}</Name><Balance>{}.00</Balance></CustomerRet>\n"
    rows = "".join(row.format(n, n, chance.randrange(9999)) for n in range(size // 100))
    return f'<?xml version="1.0" ?>\n<QBXML>\n<QBXMLMsgsRs>\n{rows}</QBXMLMsgsRs>\n</QBXML>\n'


def session(at: datetime, chance: random.Random, *, failure: str | None, size: int) -> Iterator[tuple[datetime, str]]:
    """Yield the records of one scheduled run, without their stamps."""
    ticket = f"{{{chance.getrandbits(128):032x}}}"
    yield at, "UpdateThisScheduledApp() : Password management - Started"
    yield at, "UpdateThisScheduledApp() : Password management - Ended"
    yield at, "UpdateThisScheduledApp() : Performing SCHEDULED UPDATE for application = Contoso Sync"
    yield at, rf"QBWebConnector.RegistryManager.getUpdateLock() : {KEY}\UpdateLock = FALSE"
    yield at, rf"{LOCK} : {KEY}\UpdateLock has been set to True"
    yield at, f"{LOCK} : ********************* Update session locked *********************"
    yield at, f"{SOAP}.instantiateWebService() : Initiated connection to the following application."
    yield at, f"{SOAP}.instantiateWebService() : AppName: Contoso Sync"
    yield at, f"{SOAP}.instantiateWebService() : AppURL: https://sync.example.com/qbwc"
    yield (
        at,
        f'{SOAP}.do_clientVersion() : *** Calling clientVersion() with following parameter:<productVersion="33.0">',
    )
    yield at, f"{SOAP}.do_authenticate() : Authenticating to application 'Contoso Sync', username = 'sync'"
    yield (
        at,
        f'{SOAP}.updateWS() : Received from authenticate() following parameters:<authRet[0]="{ticket}"><authRet[1]="">',
    )
    yield (
        at,
        rf"QBWebConnector.RegistryManager.setCurrentWebServiceSessionTicket() : {KEY}\CurrentWebServiceSessionTicket has been set to {ticket}",
    )
    if failure:
        yield at, failure
    else:
        yield at, f'{SOAP}.do_sendRequestXML() : wcTicket="{ticket}"'
        yield at, f'{SOAP}.do_sendRequestXML() : cfn="C:\\Books\\Contoso.qbw"'
        yield at, f"{SOAP}.ProcessRequestXML() : Processing request #1"
        yield at, f"{SOAP}.do_receiveResponseXML() : XML dump follows: -\r\n\r\n{body(chance, size)}"
        yield at, f'{SOAP}.do_receiveResponseXML() : hresult=""'
        yield at, f"{SOAP}.do_receiveResponseXML() : Done. No more to process."
    yield at, rf"{LOCK} : {KEY}\UpdateLock has been set to False"
    yield at, f"{LOCK} : ********************* Update session unlocked *********************"
    if failure:
        yield (
            at,
            "QBWebConnector.WebServiceManager.DoUpdate() : Update completed with errors. See log (QWClog.txt) for details.",
        )
        yield (
            at,
            "UpdateThisScheduledApp() : QBWC1031: Update completed with some error. Application has been notified of the error accordingly. See QWCLog for further information.",
        )
    else:
        yield at, f"{SOAP}.update() : update completed."


def write(path: Path, megabytes: int, failing: float, seed: int = 1) -> dict[str, int]:
    """Write *path* and return the truth: how many runs, and how many of them failed."""
    chance = random.Random(seed)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    truth = {"runs": 0, "failed": 0}
    with path.open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            failure = chance.choice(FAILURES) if chance.random() < failing else None
            size = 100_000 if chance.random() < 0.05 else 400
            for when, text in session(at, chance, failure=failure, size=size):
                file.write(f"{when:%Y%m%d.%H:%M:%S} UTC\t: {text}\r\n".encode())
            at += timedelta(seconds=60)
            truth["runs"] += 1
            truth["failed"] += failure is not None
    return truth


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--failing", type=float, default=0.01)
    options = parser.parse_args()
    print(write(options.path, options.mb, options.failing))

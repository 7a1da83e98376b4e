"""Write a QWCLog of any size in the true shape: runs of some applications, VERBOSE bodies, failures; and its truth.

Each application has its turn every three minutes, as a schedule has it: a run that fails to come would be a finding.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOAP = "QBWebConnector.SOAPWebService"
LOCK = "QBWebConnector.RegistryManager.setUpdateLock()"
KEY = r"HKEY_CURRENT_USER\Software\Intuit\QBWebConnector"
APPLICATIONS = ("Contoso Sync", "Fabrikam Orders", "Acme Ledger")
WRAPPED = (
    f"{SOAP}.ProcessRequestXML() : QBWC1013: Error connecting to QuickBooks. Returning error message to application."
)
# By cause: what the run's log says, and the words of one of its lines that no other line has. Each tells its cause
# for sure: what may have several causes is weighed with what lies near it, which no other program does.
FAILURES = {
    "permission_missing": (
        (
            f"{WRAPPED}\r\nHRESULT = 0x8004041A\r\nMessage: This application does not have permission to access this "
            "QuickBooks company data file."
        ),
        "Message: This application does not have permission to access this QuickBooks",
    ),
    "popup_blocked": (
        (
            f"{SOAP}.handleModalDialogError() : QuickBooks Web Connector failed to connect. QuickBooks returned the following "
            "error: <QBWC1053: A modal dialog box is showing in the QuickBooks user interface.>. Fix the problem and then "
            "click OK to try again."
        ),
        "A modal dialog box is showing in the QuickBooks user interface",
    ),
    "single_user_mode": (
        (
            f"{WRAPPED}\r\nHRESULT = 0x80040410\r\nMessage: The QuickBooks company data file is currently open in a mode "
            "other than the one specified by your application."
        ),
        "Message: The QuickBooks company data file is currently open in a mode other than",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How much of a log is what: failing runs, runs without work, runs with a VERBOSE body of 100 KB."""

    failing: float = 0.01
    idle: float = 0.0
    verbose: float = 0.2


@dataclass(slots=True)
class Truth:
    """What a log holds."""

    runs: int = 0
    failed: int = 0
    no_work: int = 0
    records: int = 0
    causes: Counter[str] = field(default_factory=Counter)


def body(chance: random.Random, size: int) -> str:
    """Return an XML answer of about *size* bytes."""
    row = "\t\t\t<CustomerRet><ListID>{:08X}-1</ListID><Name>Contoso {}</Name><Balance>{}.00</Balance></CustomerRet>\n"
    rows = "".join(row.format(n, n, chance.randrange(9999)) for n in range(size // 100))
    return f'<?xml version="1.0" ?>\n<QBXML>\n<QBXMLMsgsRs>\n{rows}</QBXMLMsgsRs>\n</QBXML>\n'


def opening(application: str, ticket: str, answer: str) -> Iterator[str]:
    """Yield the records of a run up to its web service's answer, without their stamps."""
    yield "UpdateThisScheduledApp() : Password management - Started"
    yield "UpdateThisScheduledApp() : Password management - Ended"
    yield f"UpdateThisScheduledApp() : Performing SCHEDULED UPDATE for application = {application}"
    yield rf"QBWebConnector.RegistryManager.getUpdateLock() : {KEY}\UpdateLock = FALSE"
    yield rf"{LOCK} : {KEY}\UpdateLock has been set to True"
    yield f"{LOCK} : ********************* Update session locked *********************"
    yield f"{SOAP}.instantiateWebService() : Initiated connection to the following application."
    yield f"{SOAP}.instantiateWebService() : AppName: {application}"
    yield f"{SOAP}.instantiateWebService() : AppURL: https://sync.example.com/qbwc"
    yield f'{SOAP}.do_clientVersion() : *** Calling clientVersion() with following parameter:<productVersion="33.0">'
    yield f"{SOAP}.do_authenticate() : Authenticating to application '{application}', username = 'sync'"
    parameters = f'<authRet[0]="{ticket}"><authRet[1]="{answer}">'
    yield f"{SOAP}.updateWS() : Received from authenticate() following parameters:{parameters}"
    key = rf"{KEY}\CurrentWebServiceSessionTicket"
    yield f"QBWebConnector.RegistryManager.setCurrentWebServiceSessionTicket() : {key} has been set to {ticket}"


def work(chance: random.Random, ticket: str, size: int) -> Iterator[str]:
    """Yield the records of one to three requests; the last answer has *size* bytes."""
    count = chance.choice((1, 1, 1, 2, 3))
    for number in range(1, count + 1):
        answer = body(chance, size if number == count else 400)
        yield f'{SOAP}.do_sendRequestXML() : wcTicket="{ticket}"'
        yield f'{SOAP}.do_sendRequestXML() : cfn="C:\\Books\\Contoso.qbw"'
        yield f"{SOAP}.ProcessRequestXML() : Processing request #{number}"
        yield f"{SOAP}.ProcessRequestXML() : Response received from QuickBooks: size (bytes) = {len(answer)}"
        yield f"{SOAP}.do_receiveResponseXML() : XML dump follows: -\r\n\r\n{answer}"
        yield f'{SOAP}.do_receiveResponseXML() : hresult=""'
    yield f"{SOAP}.do_receiveResponseXML() : Done. No more to process."


def ending(application: str, *, failed: bool, idle: bool) -> Iterator[str]:
    """Yield the last records of a run."""
    yield rf"{LOCK} : {KEY}\UpdateLock has been set to False"
    yield f"{LOCK} : ********************* Update session unlocked *********************"
    update = "QBWebConnector.WebServiceManager.DoUpdate()"
    if not failed and not idle:
        yield f"{SOAP}.update() : update completed."
        return
    said = "Update completed with errors. See log (QWClog.txt) for details."
    yield f"{update} : {said if failed else f'No data to exchange for the application:  {application}'}"
    told = "Application has been notified of the error accordingly. See QWCLog for further information."
    yield f"UpdateThisScheduledApp() : QBWC1031: Update completed with some error. {told}"


def session(chance: random.Random, shares: Shares, truth: Truth) -> Iterator[str]:
    """Yield the records of one scheduled run, and note in *truth* what it is."""
    application = APPLICATIONS[truth.runs % len(APPLICATIONS)]
    bits = f"{chance.getrandbits(128):032x}"
    ticket = f"{{{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}}}"
    failed = chance.random() < shares.failing
    idle = not failed and chance.random() < shares.idle
    truth.runs += 1
    truth.failed += failed
    truth.no_work += idle
    yield from opening(application, ticket, "NONE" if idle else "")
    if failed:
        cause = chance.choice(list(FAILURES))
        truth.causes[cause] += 1
        yield FAILURES[cause][0]
    elif idle:
        yield f"{SOAP}.CheckCFNResponse() : No data to exchange for this application. Job ending."
    else:
        yield from work(chance, ticket, 100_000 if chance.random() < shares.verbose else 400)
    yield from ending(application, failed=failed, idle=idle)


def write(path: Path, megabytes: int, shares: Shares, seed: int = 1) -> Truth:
    """Write *path* and return the truth of it; the same seed gives the same log."""
    chance = random.Random(seed)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    truth = Truth()
    with path.open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            when = at
            for text in session(chance, shares, truth):
                file.write(f"{when:%Y%m%d.%H:%M:%S} UTC\t: {text}\r\n".encode())
                when += timedelta(seconds=chance.random() < 0.2)
                truth.records += 1
            at += timedelta(seconds=60)
    return truth


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what to write."""
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--failing", type=float, default=Shares().failing, help="share of runs that fail")
    parser.add_argument("--idle", type=float, default=Shares().idle, help="share of runs without work")
    parser.add_argument("--verbose", type=float, default=Shares().verbose, help="share of runs with 100 KB bodies")
    parser.add_argument("--seed", type=int, default=1)


def shares_of(options: argparse.Namespace) -> Shares:
    """Return the shares that were asked for."""
    return Shares(failing=options.failing, idle=options.idle, verbose=options.verbose)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    add_options(parser)
    asked = parser.parse_args()
    made = write(asked.path, asked.mb, shares_of(asked), asked.seed)
    print(
        json.dumps(
            {"runs": made.runs, "failed": made.failed, "no_work": made.no_work, "records": made.records, **made.causes}
        )
    )

"""Text of QWCLog.txt for tests: records, payloads, and whole sessions in the order of the field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ingest.blocks import BlockCutter
from ingest.encoding import detect_encoding
from ingest.formats.qbwc import QwcGrammar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.blocks import Block
    from ingest.record import Record

START = datetime(2026, 3, 10, 2, 0, 0, tzinfo=UTC)
SOAP = "QBWebConnector.SOAPWebService."
REGISTRY = "QBWebConnector.RegistryManager."
KEY = "HKEY_CURRENT_USER\\Software\\Intuit\\QBWebConnector\\"
BANNER = (
    "\r\n\r\nLog file initialized at Tuesday, March 10, 2026 - 2:00 AM UTC  \r\n"
    "Timestamp format used: YYYYMMDD.HH:MM:SS UTC\r\n"
    "QBWebConnector 2.2 has been initialized with its logging status to level = DEBUG.\r\n"
    "Please restart QBWebConnector for any change in log level to take effect. Use file menu to clear log.\r\n\r\n"
)


def line(method: str, message: str, at: int = 0, *, end: str = "\r\n") -> str:
    """Return the record that *method* writes *at* seconds after START."""
    return f"{START + timedelta(seconds=at):%Y%m%d.%H:%M:%S} UTC\t: {method} : {message}{end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sync of one application, as the connector would write it."""

    application: str = "Contoso Sync"
    user: str = "contoso-sync"
    ticket: str = "{6a994c63-87ef-12f1-0beb-1fe0bbce7787}"
    at: int = 0

    def tick(self) -> list[str]:
        return [
            self._line("UpdateThisScheduledApp()", "Password management - Started"),
            self._line("UpdateThisScheduledApp()", "Password management - Ended"),
            self._line("UpdateThisScheduledApp()", f"Performing SCHEDULED UPDATE for application = {self.application}"),
        ]

    def manual(self) -> list[str]:
        message = f"updateWS() for application = '{self.application}' has STARTED"
        return [self._line("QBWebConnector.WebServiceManager.DoUpdateSelected()", message)]

    def lock(self) -> list[str]:
        return [
            self._line(f"{REGISTRY}getUpdateLock()", f"{KEY}UpdateLock = FALSE"),
            self._line(f"{REGISTRY}setUpdateLock()", f"{KEY}UpdateLock has been set to True"),
            self._line(f"{REGISTRY}setUpdateLock()", f"{'*' * 21} Update session locked {'*' * 21}"),
        ]

    def connect(self) -> list[str]:
        return [
            self._soap("instantiateWebService", "Initiated connection to the following application."),
            self._soap("instantiateWebService", f"AppName: {self.application}"),
            self._soap("instantiateWebService", f"AppUniqueName (if available): {self.application}"),
            self._soap("instantiateWebService", "AppURL: https://sync.example.com/qbwc"),
            self._soap("do_serverVersion", "*** Calling serverVersion()."),
            self._soap(
                "do_clientVersion",
                '*** Calling clientVersion() with following parameter:<productVersion="33.0.10015.91">',
            ),
        ]

    def authenticate(self, answer: str = "") -> list[str]:
        return [
            self._soap(
                "do_authenticate",
                f"Authenticating to application '{self.application}', username = '{self.user}'",
            ),
            self._soap(
                "do_authenticate",
                f'*** Calling authenticate() with following parameters:<userName="{self.user}">'
                "<password=<MaskedForSecurity>",
            ),
            self._soap(
                "updateWS",
                f'Received from authenticate() following parameters:<authRet[0]="{self.ticket}">'
                f'<authRet[1]="{answer}"><authRet[2]=""><authRet[3]="">',
            ),
            self._line(
                f"{REGISTRY}setCurrentWebServiceName()",
                f"{KEY}CurrentWebServiceName has been set to {self.application}",
            ),
            self._line(
                f"{REGISTRY}setCurrentWebServiceSessionTicket()",
                f"{KEY}CurrentWebServiceSessionTicket has been set to {self.ticket}",
            ),
        ]

    def work(self) -> list[str]:
        return [
            self._soap("ConnectToQB", "Connecting to QuickBooks..."),
            self._soap("ConnectToQB", "Connected., Session started"),
            self._soap("do_sendRequestXML", "Asking application to send request no. 1"),
            self._soap("do_sendRequestXML", f'wcTicket="{self.ticket}"'),
            self._soap("do_sendRequestXML", "HCPResponseXML="),
            self._soap("do_sendRequestXML", ""),
            self._soap("do_sendRequestXML", r'cfn="C:\Books\Contoso Ltd.qbw"'),
            self._soap("do_receiveResponseXML", f'wcTicket="{self.ticket}"'),
            self._soap("do_receiveResponseXML", 'hresult=""'),
            self._soap("do_receiveResponseXML", 'more="100">'),
            self._soap("do_receiveResponseXML", "Done. No more to process."),
        ]

    def unlock(self) -> list[str]:
        return [
            self._line(f"{REGISTRY}setUpdateLock()", f"{KEY}UpdateLock has been set to False"),
            self._line(f"{REGISTRY}setUpdateLock()", f"{'*' * 21} Update session unlocked {'*' * 21}"),
        ]

    def summary(self) -> list[str]:
        text = "QBWC1031: Update completed with some error. Application has been notified of the error accordingly."
        return [self._line("UpdateThisScheduledApp()", f"{text} See QWCLog for further information.")]

    def no_work(self) -> list[str]:
        return [
            *self.tick(),
            *self.lock(),
            *self.connect(),
            *self.authenticate("NONE"),
            self._soap("CheckCFNResponse", "No data to exchange for this application. Job ending."),
            self._soap("do_authenticate", "Done."),
            *self.unlock(),
            self._line(
                "QBWebConnector.WebServiceManager.DoUpdate()",
                f"No data to exchange for the application:  {self.application}",
            ),
            *self.summary(),
        ]

    def refused(self) -> list[str]:
        refusal = f"{self.application}: Not a valid username and password. Job ending."
        return [
            *self.tick(),
            *self.lock(),
            *self.connect(),
            *self.authenticate("nvu"),
            self._soap("CheckCFNResponse", refusal),
            self._soap("do_authenticate", "Done."),
            *self.unlock(),
            self._with_errors(),
            *self.summary(),
        ]

    def ok(self, *, manual: bool = False) -> list[str]:
        end = [
            self._line(
                "QBWebConnector.WebServiceManager.DoUpdateSelected()",
                f"Update for application = '{self.application}' has COMPLETED",
            ),
            self._line("QBWebConnector.WebServiceManager.DoUpdateSelected()", "Update session has ended."),
        ]
        return [
            *(self.manual() if manual else self.tick()),
            *self.lock(),
            *self.connect(),
            *self.authenticate(),
            *self.work(),
            self._soap("update", "Company file has been unlocked."),
            self._soap("DisconnectFromQB", "Session ended and connection closed"),
            self._soap(
                "do_closeConnection",
                f'*** Calling closeConnection() with following parameter:<wcTicket="{self.ticket}">',
            ),
            *self.unlock(),
            self._soap("update", "update completed."),
            *(end if manual else []),
        ]

    def blocked(self) -> list[str]:
        modal = (
            "QuickBooks Web Connector failed to connect. QuickBooks returned the following error: "
            "<QBWC1053: A modal dialog box is showing in the QuickBooks user interface.>. "
            "Fix the problem and then click OK to try again."
        )
        return [
            *self.tick(),
            *self.lock(),
            *self.connect(),
            *self.authenticate(),
            self._soap("ConnectToQB", "Connecting to QuickBooks..."),
            self._soap("handleModalDialogError", modal),
            *self.unlock(),
            self._with_errors(),
            *self.summary(),
        ]

    def _with_errors(self) -> str:
        message = "Update completed with errors. See log (QWClog.txt) for details."
        return self._line("QBWebConnector.WebServiceManager.DoUpdate()", message)

    def _soap(self, method: str, message: str) -> str:
        return self._line(f"{SOAP}{method}()", message)

    def _line(self, method: str, message: str) -> str:
        return line(method, message, self.at)


def blocks_of(data: bytes, cuts: Iterable[int] = ()) -> list[Block]:
    """Cut *data* into blocks, fed in the chunks that end at *cuts*."""
    encoding = detect_encoding(data)
    cutter = BlockCutter(QwcGrammar(), encoding, offset=encoding.bom)
    blocks = []
    pos = encoding.bom
    for cut in [*sorted(cut for cut in cuts if cut > pos), len(data)]:
        blocks.append(cutter.feed(data[pos:cut]))
        pos = cut
    blocks.append(cutter.finish())
    return [block for block in blocks if block]


def records_of(data: bytes, cuts: Iterable[int] = ()) -> list[Record]:
    """Read every record of *data*, fed in the chunks that end at *cuts*."""
    return [record for block in blocks_of(data, cuts) for record in every_record(block)]


def every_record(block: Block) -> list[Record]:
    """Read every record of *block*."""
    starts = (start for start in block.layout.starts() if start < len(block.data))
    return [record for record, _, _ in block.records_at(starts)]

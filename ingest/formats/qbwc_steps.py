"""What a record of QWCLog.txt means for the run it belongs to.

The order of the steps is that of scheduled and manual runs seen in the field; a run goes through them
once, so of two runs that interleave the one that is nearest before a step has made it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import TYPE_CHECKING

from ingest.formats.qbwc import BANNER
from ingest.formats.qbwc_templates import short_method

if TYPE_CHECKING:
    from ingest.record import Record


class Kind(IntEnum):
    """What happens at a step."""

    BANNER = auto()  # a new log file, or Web Connector has started
    PROGRAM_START = auto()
    TICK = auto()  # the schedule looks at one application
    TICK_END = auto()
    NOT_RUN = auto()
    SCHEDULED = auto()
    MANUAL = auto()
    LOCK_BUSY = auto()
    LOCKED = auto()
    INSIDE = auto()
    CONNECTING = auto()
    REFUSED = auto()
    NO_WORK = auto()
    FAILED = auto()
    NOTHING_MORE = auto()  # the web service has no more requests
    UNLOCKED = auto()
    DONE = auto()
    DONE_WITH_ERRORS = auto()
    SUMMARY = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a run: what it is, and how far in the order of a run it stands (0 to 24)."""

    kind: Kind
    rank: int


# A record's method decides how far its run is.
_RANK = {
    "UpdateThisScheduledApp": 0, "getUpdateLock": 3, "setUpdateLock": 4, "instantiateWebService": 6,
    "do_serverVersion": 7, "do_clientVersion": 8, "do_authenticate": 9, "updateWS": 10,
    "setCurrentWebServiceName": 11, "setCurrentWebServiceSessionTicket": 11, "CheckCFNResponse": 12,
    "HandleDelayRequest": 13, "ConnectToQB": 15, "handleModalDialogError": 15, "getLock": 16,
    "do_connectionError": 16, "do_getLastError": 16, "do_sendRequestXML": 16, "ProcessRequestXML": 16,
    "do_receiveResponseXML": 16, "Send_CompanyQueryRqXML": 16, "Send_DataExtModRqXML": 16, "unsetLock": 17,
    "update": 17, "DisconnectFromQB": 18, "do_closeConnection": 19, "DoUpdate": 22, "DoUpdateSelected": 23,
}  # fmt: skip
# Either belongs to a run or to an application that is being added in the window.
_CONNECTING = {
    "ConnectToQB", "handleModalDialogError", "getLock", "unsetLock", "DisconnectFromQB",
    "Send_CompanyQueryRqXML", "Send_DataExtModRqXML",
}  # fmt: skip
_PROGRAM_START = {"WebConnectorWPF", "QBWebConnector_Load", "setNotifyWindowOn", "setMaxConnRetries"}
_CODE = re.compile(r"QBWC1(?!030|031|016|017|018|019|020)\d{3}\b")
_HRESULT = re.compile(r'\bhresult="[^"]')
_ANSWERS = {"nvu": Kind.REFUSED, "none": Kind.NO_WORK}
_WORDS: dict[str, tuple[tuple[str, Kind, int], ...]] = {
    "UpdateThisScheduledApp": (
        ("Password management - Started", Kind.TICK, 0),
        ("Password management - Ended", Kind.TICK_END, 1),
        ("QBWC1030", Kind.NOT_RUN, 1),
        ("Performing SCHEDULED UPDATE", Kind.SCHEDULED, 2),
        ("QBWC1031", Kind.SUMMARY, 23),
    ),
    "getUpdateLock": (("UpdateLock = TRUE", Kind.LOCK_BUSY, 3),),
    "setUpdateLock": (
        ("has been set to True", Kind.INSIDE, 4),
        ("Update session locked", Kind.LOCKED, 5),
        ("has been set to False", Kind.INSIDE, 20),
        ("Update session unlocked", Kind.UNLOCKED, 21),
    ),
    "do_authenticate": (("Done.", Kind.INSIDE, 14),),
    "CheckCFNResponse": (
        ("Not a valid username and password", Kind.REFUSED, 12),
        ("No data to exchange", Kind.NO_WORK, 12),
    ),
    "ConnectToQB": (("Connected", Kind.CONNECTING, 16),),
    "do_receiveResponseXML": (("Done. No more to process.", Kind.NOTHING_MORE, 16),),
    "update": (
        ("Enter a password", Kind.NOT_RUN, 3),
        ("update completed.", Kind.DONE, 22),
    ),
    "DoUpdate": (
        ("Update completed with errors", Kind.DONE_WITH_ERRORS, 22),
        ("No data to exchange", Kind.NO_WORK, 22),
        ("Exception in WSManager.Update", Kind.DONE_WITH_ERRORS, 3),
    ),
    "DoUpdateSelected": (
        ("has STARTED", Kind.MANUAL, 2),
        ("has COMPLETED", Kind.DONE, 23),
        ("No data to exchange", Kind.NO_WORK, 22),
        ("Update completed with errors", Kind.DONE_WITH_ERRORS, 23),
        ("Exception in WSManager.Update", Kind.DONE_WITH_ERRORS, 3),
        ("Update session has ended", Kind.END, 24),
    ),
}  # fmt: skip

_SAID = {method: tuple((words, Step(kind, rank)) for words, kind, rank in said) for method, said in _WORDS.items()}

# The records that tell a run, found in a whole block. " UTC" leads, so that the search is one for a literal. Of
# several that say the same of a healthy run one is asked for: each costs as much as the search through many.
MARKERS = re.compile(
    rb" UTC[ \t]{0,8}: (?:\[\w+\] )?(?:QBWebConnector\.)?(?:"
    rb"UpdateThisScheduledApp\(\) : (?:Password management - S|Perf|QBWC)"
    rb"|RegistryManager\.(?:getUpdateLock\(\) : [^\r\n]{0,80}= TRUE|setUpdateLock\(\) : \*|setNotify|setMaxConn)"
    rb"|SOAPWebService\.(?:instantiateWebService\(\) : App(?:Name|URL)|do_clientVersion\(\) : \*"
    rb"|do_authenticate\(\) : Auth|updateWS|CheckCFNResponse|update\(\) : (?:Company|Enter|update)"
    rb"|do_sendRequestXML\(\) : (?:wcTicket|cfn)|ProcessRequestXML\(\) : Sending error|AddToQuickBooks"
    rb'|do_receiveResponseXML\(\) : (?:hresult="[^"]|more="-|Done))'
    rb"|WebServiceManager\.DoUpdate|WebConnectorWPF\(|QBWebConnector_Load\(|StartQBWC\()"
)


def step_of(record: Record) -> Step | None:
    """Say which step of a run *record* is; None for what belongs to no run, such as adding an application."""
    if record.component == BANNER:
        return Step(Kind.BANNER, -1)
    method = short_method(record.component)
    if method in _PROGRAM_START:
        return Step(Kind.PROGRAM_START, -1)
    answered = _ANSWERS.get(record.fields.get("answer", "").lower()) if method == "updateWS" else None
    if answered is not None:
        return Step(answered, _RANK[method])
    for words, step in _SAID.get(method, ()):
        if words in record.message:
            return step
    return Step(_kind_inside(method, record), _RANK[method]) if method in _RANK else None


def is_program_start(record: Record) -> bool:
    """Say whether *record* tells that Web Connector has just started."""
    return short_method(record.component) in _PROGRAM_START


def _kind_inside(method: str, record: Record) -> Kind:
    if record.fields.get("more", "").startswith("-") or _tells_failure(record.text):
        return Kind.FAILED
    return Kind.CONNECTING if method in _CONNECTING else Kind.INSIDE


def _tells_failure(text: str) -> bool:
    """Say whether *text* names a code of a failure, or that QuickBooks refused a request."""
    # Most texts hold none of these words, and looking for a word is cheaper than for a pattern.
    return (
        ("QBWC1" in text and _CODE.search(text) is not None)
        or ("hresult=" in text and _HRESULT.search(text) is not None)
        or "HRESULT = 0x8" in text
        or "Sending error message back to application" in text
    )

"""The messages of QWCLog.txt that carry somebody else's words: names, tickets, paths, a server's answers.

Each pattern's named groups become fields of the record, and the words around them stay its message.
So an application named like an error, or a server that quotes one, is never taken for a fault.
"""

from __future__ import annotations

import re
from functools import lru_cache

_REST = r"(?P<server_text>.*)"
_QUOTED = r"'(?P<application>.*)'"

# By the method's own name, without class and parentheses; in the order in which they are tried.
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "UpdateThisScheduledApp": (
        r"Performing SCHEDULED UPDATE for application = (?P<application>.*)",
        rf"QBWC1030: Password is not available for application named {_QUOTED}\. Please set (?:the )?password.*",
        r"QBWC1030: Password is not available for application named (?P<application>.*?)\. Please set.*",
    ),
    "DoUpdateSelected": (
        rf"updateWS\(\) for application = {_QUOTED} has STARTED",
        rf"Update for application = {_QUOTED} has COMPLETED",
        r"No data to exchange for the application: {1,2}(?P<application>.*)",
    ),
    "DoUpdate": (r"No data to exchange for the application: {1,2}(?P<application>.*)",),
    "instantiateWebService": (
        r"AppName: (?P<application>.*)",
        r"AppUniqueName \(if available\): ?(?P<unique_name>.*)",
        r"AppURL: (?P<url>.*)",
    ),
    "do_serverVersion": (rf"Received from serverVersion\(\) {_REST}",),
    "do_clientVersion": (
        r'\*\*\* Calling clientVersion\(\) with following parameter:<productVersion="(?P<product_version>[^"]*)".*',
        rf"Received from clientVersion\(\) {_REST}",
    ),
    "do_authenticate": (
        rf"Authenticating to application {_QUOTED}, username = '(?P<user>.*)'",
        r'\*\*\* Calling authenticate\(\) with following parameters:<userName="(?P<user>.*)"><password=.*',
        rf"\*\*\* Calling authenticate\(\) {_REST}",
    ),
    "updateWS": (
        (
            r'Received from authenticate\(\) following parameters:<authRet\[0\]="(?P<ticket>[^"]*)">'
            r'(?:<authRet\[1\]="(?P<answer>[^"]*)">)?(?P<server_text>.*)'
        ),
    ),
    "setCurrentWebServiceName": (r".*\\CurrentWebServiceName has been set to (?P<application>.*)",),
    "setCurrentWebServiceSessionTicket": (r".*\\CurrentWebServiceSessionTicket has been set to (?P<ticket>.*)",),
    "CheckCFNResponse": (r"(?P<application>.*): (?=Not a valid username and password\. Job ending\.)",),
    "HandleDelayRequest": (
        rf"Update has been postponed at (?P<local_time>[^']*) by {_QUOTED} for next (?P<seconds>\d+) seconds",
    ),
    "do_sendRequestXML": (
        r'wcTicket="(?P<ticket>[^"]*)".*',
        r'cfn="(?P<company_file>[^"]*)".*',
        rf"Received from sendRequestXML\(\) {_REST}",
    ),
    "do_receiveResponseXML": (
        r'wcTicket="(?P<ticket>[^"]*)".*',
        r'hresult="(?P<hresult>)".*',
        r'message="(?P<error_text>)".*',
        r'more="(?P<more>-?\d*)".*',
    ),
    "do_connectionError": (r'wcTicket="(?P<ticket>[^"]*)".*', rf"Received from connectionError\(\) {_REST}"),
    "do_getLastError": (
        r'wcTicket="(?P<ticket>[^"]*)".*',
        rf"(?:\*\*\* Calling|Received from) getLastError\(\) {_REST}",
    ),
    "do_closeConnection": (
        r'\*\*\* Calling closeConnection\(\) with following parameter:<wcTicket="(?P<ticket>[^"]*)".*',
        rf"Received from closeConnection\(\) {_REST}",
        rf"Response received from application = ?{_REST}",
    ),
    "AddToQuickBooks": (
        r"Application name = (?P<application>.*)",
        r"Application (?P<application>.*) has been added to QuickBooks\.",
    ),
    "getLock": (r"Got Lock = LOCKED:(?P<machine>.*):(?P<ticks>\d+).*",),
    "initialize": (r"Company file has been initialized with AppLock = UNLOCKED:(?P<machine>.*) for ownerID.*",),
    "createRegKey": (r"Error creating registry key for appName = (?P<application>.*)",),
    "WebConnectorWPF": (r"ProcessArgs\(\): Args Length = \d+ String: ?(?P<arguments>.*)",),
    "StartQBWC": (r"ProcessArgs\(\): Args Length = \d+ String: ?(?P<arguments>.*)",),
}
_MATCHERS = {method: tuple(re.compile(p).match for p in patterns) for method, patterns in _TEMPLATES.items()}


@lru_cache(maxsize=256)
def short_method(component: str) -> str:
    """Return a method's own name.

    >>> short_method("QBWebConnector.SOAPWebService.do_authenticate()")
    'do_authenticate'
    """
    return component.partition("(")[0].rpartition(".")[2]


def split_values(component: str, message: str) -> tuple[str, str, dict[str, str]]:
    """Part *message* into Web Connector's fixed words, the values in it, and those values by name.

    >>> split_values("UpdateThisScheduledApp()", "Performing SCHEDULED UPDATE for application = QBWC1053")
    ('Performing SCHEDULED UPDATE for application = ', 'QBWC1053', {'application': 'QBWC1053'})
    """
    for match in _MATCHERS.get(short_method(component), ()):
        found = match(message)
        if found:
            fields = {name: value for name, value in found.groupdict().items() if value is not None}
            return _without(message, found), "\n".join(v for v in fields.values() if v), fields
    return message, "", {}


def _without(message: str, found: re.Match[str]) -> str:
    words, pos = [], 0
    for start, end in found.regs[1:]:
        if start >= pos:
            words.append(message[pos:start])
            pos = end
    return "".join(words) + message[pos:]

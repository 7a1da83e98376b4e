"""Takes secrets and people's data out of log text: tickets, passwords, tokens, mail and card numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CREDENTIALS = (
    r"pass(?:word|wd|phrase|code)?|pwd|strpassword|secret|client[_-]?secret|api[_-]?key|apikey|access[_-]?key"
    r"|subscription[_-]?key|account[_-]?key|shared[_-]?access[_-]?key|token|access[_-]?token|refresh[_-]?token"
    r"|id[_-]?token|session[_-]?id|sid|sig|signature|authorization|auth[_-]?key|bearer"
)
_TICKET_NAMES = r"wcticket|strticket|ticket|sessionticket|currentwebservicesessionticket|authret\[0\]"
_PERSON_NAMES = r"username|strusername|user[_-]name|uid"
_XML_VALUES = (
    r"CreditCardNumber|CreditCardTxnInfo\w*|NameOnCard|CardNumber|AccountNumber|BankNumber|RoutingNumber|SSN"
    r"|SocialSecurityNumber|TaxIdent|TaxID\w*|strPassword|Password|strUserName|UserName|ticket|wcTicket|SessionTicket"
    r"|Email|Cc|Phone|AltPhone|Mobile|Fax|FirstName|MiddleName|LastName|Contact|AltContact|PrintAs"
)

# A value ends at its own quote when it is quoted; else at blank space or the punctuation that closes a list.
_QUOTED = r"\"(?:[^\"\\\r\n]|\\.)*\"|'(?:[^'\\\r\n]|\\.)*'"
_BARE = r"[^\s\"'<>&,;)\]}\[]+"


def _named(names: str, label: str) -> tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]:
    pattern = re.compile(rf"(?i)(?<![A-Za-z0-9])((?:{names})[\"']?[ \t]*[=:][ \t]*)({_QUOTED}|(?!\[{label}\]){_BARE})")

    def keep_quotes(match: re.Match[str]) -> str:
        value = match[2]
        quote = value[0] if value[0] in "\"'" else ""
        return match[0] if value == quote * 2 else f"{match[1]}{quote}[{label}]{quote}"

    return pattern, keep_quotes


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


# The issuers' number ranges: a long time stamp or order number that happens to pass the checksum is no card.
_CARD = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|(?:6\d{3}|35\d\d)\d{12}"
)


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return "[number]" if _CARD.fullmatch(digits) and _luhn(digits) else match[0]


def _iban(match: re.Match[str]) -> str:
    plain = match[0].replace(" ", "")
    turned = "".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])
    return "[number]" if int(turned) % 97 == 1 else match[0]


# What qbXML asks for or answers is the client's books; which element it was and what file it lies in is not.
_QBXML = re.compile(r"<(?:QBXML|\w{3,60}(?:Rq|Rs|Ret)\b)")
_QBXML_VALUE = re.compile(r"<(\w{1,60})((?:\s[^<>]*)?)>(?!\[private\]</)([^<>]+)</\1\s*>")
_QBXML_KEPT = frozenset(
    {"companyfilename", "appname", "applicationname", "appid", "productname", "majorversion", "minorversion",
     "supportedqbxmlversion", "qbfilemode", "isautomaticlogin", "hresult", "message"}
)  # fmt: skip


def _qbxml_value(match: re.Match[str]) -> str:
    return match[0] if match[1].lower() in _QBXML_KEPT else f"<{match[1]}{match[2]}>[private]</{match[1]}>"


_LISTED = r"(?:Customer|Vendor|Employee|Other[ ]?Name|Entity|Name|Sales[ ]?Rep|Job)"
_GUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"

_PATTERNS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(rf"(?i)<((?:\w+:)?(?:{_XML_VALUES}))((?:\s[^<>]*)?)>(?!\[private\]</)[^<>]+</\1\s*>"),
        r"<\1\2>[private]</\1>",
    ),
    (
        # How QuickBooks names the record that it does not accept: it is a person more often than not.
        re.compile(
            rf"(?i)(\bQuickBooks[ ]{_LISTED}[ ]+|\bthe name[ ]+(?=[^\r\n]{{1,200}}\bis already in use))"
            r"(?!\"\[private\]\"|&quot;\[private\])(\"|&quot;)[^\"\r\n]{1,200}?\2"
        ),
        r"\1\2[private]\2",
    ),
    (re.compile(r"(?i)(://)(?!\[login\])[^/\s@\"'<>?#]+@"), r"\1[login]@"),
    (
        re.compile(r"(?i)(hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/)(?!\[token\])[^\s\"'<>]+"),
        r"\1[token]",
    ),
    (re.compile(r"(?i)(/api/webhooks/|webhook\.office\.com/webhookb2/)(?!\[token\])[^\s\"'<>?]+"), r"\1[token]"),
    (re.compile(r"\bqa1\.[0-9a-f]{6,64}\.[0-9a-f]{1,12}\.[A-Za-z0-9_-]{22}"), "[token]"),
    (re.compile(r"(?i)\b((?:set-)?cookie[ \t]*:[ \t]*+)(?!\[secret\])[^\r\n]+"), r"\1[secret]"),
    (
        re.compile(r"-----BEGIN ([A-Z ]{0,30}PRIVATE KEY)-----(?!\[secret\])[^-]*(?:-----END \1-----|$)"),
        r"-----BEGIN \1-----[secret]-----END \1-----",
    ),
    (re.compile(r"(?i)(/workflows/)(?!\[token\])[^\s\"'<>/?]+(/triggers/)"), r"\1[token]\2"),
    (re.compile(r"(?i)\b(bearer|basic)[ \t]+(?!\[token\])(?=[^\s\d+/=]*[\d+/=])[A-Za-z0-9+/._~=-]{8,}"), r"\1 [token]"),
    (re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{8,}"), "[token]"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"), "[token]"),
    (
        re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{20,}"),
        "[token]",
    ),
    (
        re.compile(r"(?i)(SessionTicket has been set to[ \t]+)(?!\[ticket\])[^\s\"'<>,;]+"),
        r"\1[ticket]",
    ),
    _named(_TICKET_NAMES, "ticket"),
    _named(_CREDENTIALS, "secret"),
    _named(_PERSON_NAMES, "user"),
    (re.compile(rf"\{{{_GUID}\}}"), "[ticket]"),
    (
        re.compile(
            r"(?<![\w.+-])[A-Za-z0-9](?:[\w.+-]{0,62})@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61})\.)+[A-Za-z]{2,24}\b"
        ),
        "[email]",
    ),
    (
        re.compile(r"(?<![\w.-])(?:\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|\d{4}[ -]\d{6}[ -]\d{5}|\d{13,19})(?![\w-])"),
        _card,
    ),
    (re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"), _iban),
    (
        re.compile(
            r"(?i)\b((?:(?:bank|checking|savings|card|customer)[ _-]?)?(?:acc(?:oun)?t|routing|transit|aba"
            r"|sort[ -]?code|iban|f?ein|tax[ _-]?id)(?:[ _-]?(?:no|nr|num|number|nbr)\b\.?|[ ]?#)?[ \t]*[:=#]?[ \t]*)"
            r"(?=(?:[\d*xX-]*\d){6})[\d*xX][\d*xX-]{5,24}(?![\w.-])"
        ),
        r"\1[number]",
    ),
    (re.compile(r"(?<![\w.-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"), "[number]"),
)

# One cheap look decides whether any pattern can apply: nearly every log line holds none of these.
_TRIGGER = re.compile(
    r"(?i)[@<=:]|\{[0-9a-f]{8}-|\d{13}|\d{4}[ -]\d{4,6}[ -]\d|\d{3}-\d\d-\d{4}|bearer|basic|xox|xapp-|eyJ|AKIA|ASIA"
    r"|gh._|sk-|ticket|qa1\.|[a-z]{2}\d\d ?[a-z0-9]{4}|acc(?:oun)?t|routing|transit|\baba\b|sort|iban|\bf?ein\b|tax"
    r"|quickbooks \w+ +\"|the name|PRIVATE KEY|/webhooks?"
)


def redact(text: str) -> str:
    """Return *text* with secrets and people's data replaced by a word in brackets.

    Codes, file names, application names and host names stay. Redacting twice changes nothing more.

    >>> redact('wcTicket="7d1f" for Contoso Sync on srv-01')
    'wcTicket="[ticket]" for Contoso Sync on srv-01'
    """
    if not _TRIGGER.search(text):
        return text
    if _QBXML.search(text):
        text = _QBXML_VALUE.sub(_qbxml_value, text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact_url(url: str) -> str:
    """Return *url* without login and query, whose names nobody can know.

    >>> redact_url("https://bob:hunter2@sync.example.com/qbwc?key=1")
    'https://[login]@sync.example.com/qbwc?[query]'
    """
    address, mark, _ = url.partition("?")
    return redact(address) + ("?[query]" if mark else "")

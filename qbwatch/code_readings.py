"""What a person may mean by a code typed without its context, and which known codes lie near an unknown one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.codes import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rules.catalogue import Catalogue

_LEAD = re.compile(r"(?i)^(?:(?:the\s+)?(?:error|status|code|hresult|qbxml|http)[\s:=#/-]*)+(?=[\dx-])")
_QBWC = re.compile(r"(?i)qbwc[\s:-]?(\d{4})")
_NUMBER = re.compile(r"\d{3,5}")
_FIRST_OF_PAIR = re.compile(r"-?(6\d{3})")
_QBWC_NUMBERS = range(1000, 2000)
_HTTP_NUMBERS = range(400, 600)
_NEAR = 8  # numbers up to so far away are worth naming
_MOST = 3

# By how a code begins: whose it is. What a colleague says of one that nobody has met.
_FAMILIES = (
    (re.compile(r"QBWC"), "It is one of Web Connector's own messages."),
    (re.compile(r"0x800404"), "It is of the kind that QuickBooks itself gives to a program that wants to connect."),
    (re.compile(r"0x8004"), "It is a code of one COM component, so the text beside it says more than the number."),
    (re.compile(r"0x8001|0x8008"), "It comes from COM, by which programs of Windows talk to each other."),
    (re.compile(r"0x8013"), "It comes from .NET; the lines below it name the exception."),
    (re.compile(r"qbXML/"), "It is QuickBooks' answer to one request; the connection itself worked."),
    (re.compile(r"-6"), "It is of the kind that QuickBooks shows when it cannot open a company file."),
)
_OF_WINDOWS = re.compile(r"0x8007([0-9A-F]{4})")


def known_codes(catalogue: Catalogue) -> set[str]:
    """Return the codes that the rules of *catalogue* name."""
    return {code for rule in catalogue.rules for code in rule.condition.codes}


def readings(text: str, known: Iterable[str]) -> list[str]:
    """Return what *text* may stand for, if it is nothing but a code; *known* are the codes that rules know.

    >>> readings("2147746836", [])
    ['0x80040414']
    >>> readings("error 3140", [])
    ['qbXML/3140', 'QuickBooks error 3140']
    """
    asked = text.strip().strip("\"'.,:;()[]<>")
    for form in (asked, _LEAD.sub("", asked)):
        code = _canonical(form)
        if code:
            return [code]
        named = _QBWC.fullmatch(form)
        if named:
            return [f"QBWC{named[1]}"]
        first = _FIRST_OF_PAIR.fullmatch(form)
        pairs = sorted(code for code in known if code.startswith(f"-{first[1]},")) if first else []
        if pairs or _NUMBER.fullmatch(form):
            return pairs or _of_number(int(form), known)
    return []


def _canonical(text: str) -> str | None:
    try:
        return canonical(text)
    except ValueError:
        return None


def _of_number(number: int, known: Iterable[str]) -> list[str]:
    status, of_windows = f"qbXML/{number}", f"0x8007{number & 0xFFFF:04X}"
    found = [status]
    if number in _HTTP_NUMBERS:
        found.append(f"The request failed with HTTP status {number}.")
    if number in _QBWC_NUMBERS:
        found.append(f"QBWC{number}")
    if of_windows in known:
        found.append(of_windows)
    # QuickBooks and its installer show some numbers without a word of whose they are.
    return [*found, f"QuickBooks error {number}"]


def nearest_codes(code: str, known: Iterable[str]) -> list[str]:
    """Return up to three of the *known* codes that *code* may be a slip of: near by number, or one digit off.

    >>> nearest_codes("QBWC1054", ["QBWC1053", "QBWC1012", "qbXML/1053"])
    ['QBWC1053']
    """
    kind, number = _parted(code)
    near = []
    for other in known:
        other_kind, other_number = _parted(other)
        if other_kind != kind or number is None or other_number is None:
            continue
        away = abs(other_number - number)
        if away <= _NEAR or _is_slip(code, other):
            near.append((not _is_slip(code, other), away, other))
    return [other for _, _, other in sorted(near)[:_MOST]]


def _parted(code: str) -> tuple[str, int | None]:
    if code.startswith("0x"):
        return ("0x", int(code, 0))
    found = re.fullmatch(r"(QBWC|qbXML/|H)(\d+)", code)
    return (found[1], int(found[2])) if found else (code, None)


def _is_slip(code: str, other: str) -> bool:
    """Say whether the codes differ in one character, or in two neighbours that changed places."""
    if len(code) != len(other):
        return False
    at = [place for place, (one, two) in enumerate(zip(code, other, strict=True)) if one != two]
    if len(at) == 2 and at[1] == at[0] + 1:
        return code[at[0]] == other[at[1]] and code[at[1]] == other[at[0]]
    return len(at) == 1


def family_of(code: str) -> str:
    """Return whose kind of code it is in a sentence, nothing if that is not known.

    >>> family_of("0x80070020")
    "It wraps Windows' own error 32: on any Windows machine, net helpmsg 32 says what it means."
    """
    windows = _OF_WINDOWS.fullmatch(code)
    if windows:
        number = int(windows[1], 16)
        return f"It wraps Windows' own error {number}: on any Windows machine, net helpmsg {number} says what it means."
    return next((told for begins, told in _FAMILIES if begins.match(code)), "")

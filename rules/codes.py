"""Error codes as logs write them, and one canonical form for each."""

from __future__ import annotations

import re

# 0x80000000 to 0x80FFFFFF: the failures that COM, Windows and QuickBooks' SDK report.
_LOWEST, _HIGHEST = 0x80000000, 0x80FFFFFF
_CODE = re.compile(
    # What any of them begins with: most letters of a text are passed over at once.
    r"(?=[-0QqHhEeCcSs])(?:"
    r"(?<![0-9A-Za-z])(?P<qbwc>QBWC\d{4})(?!\d)"
    r"|(?<![0-9A-Za-z])0x(?P<hex>8[0-9a-f]{7})(?![0-9a-f])"
    r"|(?<![0-9A-Za-z.,-])(?P<decimal>-21[34]\d{7})(?!\d)"
    r"|(?:HRESULT|error|code)\W{0,4}(?P<bare>8[0-9a-f]{7})(?![0-9a-z])"
    # .NET names the class that it could not make, and ends on the bare code in every language.
    r"|CLSID \{[0-9a-f-]{36}\}[^\r\n:]{1,160}: (?P<com>8[0-9a-f]{7})(?![0-9a-z])"
    # Unsigned, it looks like any large number, so a word before it must tell.
    r"|(?:HRESULT|error|code)\W{0,4}(?<!-)(?P<unsigned>21[4-6]\d{7})(?!\d)"
    # QuickBooks' own status of a request. Numbers such as 404 are HTTP's and no codes here.
    r"|(?:status ?code(?:=\"?|: | = | )|(?<![0-9A-Za-z])qbXML[ /])(?P<status>10[0-3]0|3[0-3]\d\d|900\d)(?!\d)"
    r"|(?:statuscode=\"|(?<![0-9A-Za-z])qbXML[ /])(?P<warning>500)(?!\d)"
    r"|(?<![0-9A-Za-z])(?P<hosting>H(?:101|202|303|505))(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z-])(?P<pair>-6\d{3}, ?-?\d{1,6})(?!\d))",
    re.IGNORECASE,
)
_STATUS = "qbXML/"
_BEFORE_STATUS = (
    _STATUS, "qbXML ", 'statusCode="', "statusCode=", "statusCode: ", "statusCode = ", "statusCode ",
    'status code="', "status code=", "status code: ", "status code = ", "status code ",
)  # fmt: skip
_EVENT_OF_WINDOWS = re.compile(r"[A-Za-z][\w .-]*/\d{1,5}")


def find_codes(text: str) -> tuple[str, ...]:
    """Return the codes in *text* in canonical form, in order, each once.

    >>> find_codes("QBWC1013: HRESULT = 0x8004040a (-2147220470), error H202 (-6000,-83)")
    ('QBWC1013', '0x8004040A', 'H202', '-6000, -83')
    """
    found = (_canonical(match) for match in _CODE.finditer(text))
    return tuple(dict.fromkeys(code for code in found if code))


def canonical(code: str) -> str:
    """Return the canonical form of a *code* in any form that logs use.

    Raises ValueError for what is no code.

    >>> canonical("-2147220460")
    '0x80040414'
    """
    stripped = code.strip()
    match = _CODE.fullmatch(stripped)
    if match is None and re.fullmatch(r"8[0-9A-Fa-f]{7}", stripped):
        return f"0x{stripped.upper()}"
    if match is None and re.fullmatch(r"\d{10}", stripped) and _LOWEST <= int(stripped) <= _HIGHEST:
        return f"0x{int(stripped):08X}"
    known = _canonical(match) if match else None
    if known:
        return known
    if _EVENT_OF_WINDOWS.fullmatch(stripped):
        return stripped
    raise ValueError(f'"{code}" is no code. Write one like QBWC1053, 0x80040414, -2147220460, H202 or "-6000, -83"')


def written_forms(code: str) -> tuple[str, ...]:
    """Return texts of which one stands wherever a log writes the canonical *code*.

    >>> written_forms("0x8004040A")
    ('8004040A', '8004040a', '-2147220470', '21477')
    """
    if code.startswith("0x"):
        digits = code[2:]
        number = int(digits, 16)
        # Unsigned decimals are rare: what many codes begin with is enough to look for.
        return tuple(dict.fromkeys((digits.upper(), digits.lower(), str(number - (1 << 32)), str(number)[:5])))
    if code.startswith("-"):
        return (code, code.replace(", ", ","))
    if code.startswith(_STATUS):
        # Two digits tell a failure from the success of every other request, and keep the list of texts short.
        return tuple(f"{before}{code[len(_STATUS) :][:2]}" for before in _BEFORE_STATUS)
    if "/" in code:
        # In an export the provider and the number of an event stand apart.
        return (code.rpartition("/")[0],)
    return (code,)


def _canonical(match: re.Match[str]) -> str | None:
    if match["decimal"]:
        number = int(match["decimal"]) + (1 << 32)
        return f"0x{number:08X}" if _LOWEST <= number <= _HIGHEST else None
    if match["unsigned"]:
        return f"0x{int(match['unsigned']):08X}" if _LOWEST <= int(match["unsigned"]) <= _HIGHEST else None
    if match["status"] or match["warning"]:
        return f"{_STATUS}{match['status'] or match['warning']}"
    if hexadecimal := match["hex"] or match["bare"] or match["com"]:
        return f"0x{hexadecimal.upper()}"
    if match["pair"]:
        first, _, second = match["pair"].partition(",")
        return f"{first}, {second.strip()}"
    return match[0].upper()

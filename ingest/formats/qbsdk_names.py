r"""The texts of QuickBooks' own logs that carry somebody else's words: company files, applications, users, payloads.

What others put in becomes fields and data, and the words around it stay the message. So a company file named like
an error is never taken for a fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Each named group becomes a field; in the order in which they are tried. Lengths are bounded, since a hostile line
# of megabytes must not take time with its square.
_TEMPLATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"Connection (?:opened|closed) by app named '(?P<application>.{0,1000})'",
        r"Connection (?:opened|closed) by app named (?P<application>[^'\s].*)",
        r"Successfully opened the data file: ?\"?(?P<company_file>[^\"]*)",
        (
            r"The currently open company file \"(?P<open_file>.{0,1000})\" doesn't match requested company file "
            r"\"(?P<company_file>.{0,1000})\""
        ),
        r"Process Found: (?P<quickbooks_process>\d{1,10}) for (?:Current )?User: (?P<quickbooks_user>.*)",
    )
)
# What a person needs to see, and rules may capture: it stays in the message, too.
_SHOWN = {"quickbooks_process", "quickbooks_user"}
_COMPANY_FILE = re.compile(
    r"(?i)(?P<company_file>(?:[a-z]:|\\\\[^\\/:*?\"<>|\r\n]{1,80})[\\/][^:*?\"<>|\r\n]{0,300}?\.qbw)"
)
# One cheap look: most lines hold no name.
_TRIGGER = re.compile(r"(?i)app named|opened the data|open company|Process Found|\.qbw|<")
_PAYLOAD = re.compile(r"(?i)<\?(?:qb)?xml\b|<qbxml\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """A record's text: own words in `message` and `body`, others' in `data`, and the first line as it stood."""

    message: str
    said: str
    body: str
    data: str
    fields: Mapping[str, str] = field(default_factory=dict)


def part_names(text: str) -> Parted:
    r"""Part *text*, a record without its prefix, into own words and what others put in.

    >>> part_names(r"Successfully opened the data file: C:\\Books\\Contoso.qbw").message
    'Successfully opened the data file: '
    """
    if not _TRIGGER.search(text):
        first, _, body = text.partition("\n")
        return Parted(message=first, said="", body=body.rstrip("\n"), data="")
    line = text.partition("\n")[0]
    is_told = any(template.search(line) for template in _TEMPLATES)
    # An application may be named like a payload.
    payload = _PAYLOAD.search(text, len(line) if is_told else 0)
    own = text[: payload.start()] if payload else text
    first, _, body = own.partition("\n")
    message, fields = _without_names(first)
    lines, files = _without_files(body)
    names = [value for name, value in fields.items() if value and name not in _SHOWN]
    data = [*names, *files, *([text[payload.start() :]] if payload else [])]
    said = first if message != first else ""
    return Parted(message=message, said=said, body=lines.rstrip("\n"), data="\n".join(data), fields=fields)


def _without_names(line: str) -> tuple[str, dict[str, str]]:
    for template in (*_TEMPLATES, _COMPANY_FILE):
        found = template.search(line)
        if found:
            fields = {name: value.strip() for name, value in found.groupdict().items()}
            for name in reversed([name for name in fields if name not in _SHOWN]):
                line = line[: found.start(name)] + line[found.end(name) :]
            return _COMPANY_FILE.sub("", line), fields
    return line, {}


def _without_files(body: str) -> tuple[str, list[str]]:
    return _COMPANY_FILE.sub("", body), [found[0] for found in _COMPANY_FILE.finditer(body)]

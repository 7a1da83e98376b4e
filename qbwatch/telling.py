"""Which words of an unknown failure tell it from others: not those of the wrapper around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.event import Event

WRAPPERS = frozenset(
    f"QBWC{number}"
    for number in (1007, 1008, 1009, 1012, 1013, 1022, 1023, 1024, 1025, 1027, 1036, 1041, 1042, 1043, 1044, 1045)
)
"""Codes that only say that something else was said."""

# What a wrapper says before the words that it passes on, or in place of them.
_WRAPPING = re.compile(
    rf"^.*?(?:{'|'.join(sorted(WRAPPERS))}): .*?"
    r"(?:error message[.:]|to application[.]|Reason:|try again[.]|version check:|the application[.]|failed[.]|$)\s*",
    re.IGNORECASE,
)
_PASSED_ON = re.compile(
    r"^(?:Sending error message back to application:|(?:Message|More info)\s*[:=])\s*", re.IGNORECASE
)
# Lines of a trace, and a code that stands alone: they are found as codes, or are the same for every failure.
_SAYS_LITTLE = re.compile(r"^(?:HRESULT\s*=\s*\S*|StackTrace\s*=.*|Source\s*=.*|\s+\S{1,12} [\w.]+[.`\w]*\(.*)$")


def told_by(event: Event) -> str:
    """Return the line of *event* that tells best what failed; its message where no other says more."""
    return next(_telling(event), event.message)


def only_wraps(event: Event) -> bool:
    """Say whether *event* is a wrapper that holds nothing."""
    return bool(WRAPPERS.intersection(event.codes)) and next(_telling(event), None) is None


def _telling(event: Event) -> Iterator[str]:
    for line in event.lines:
        words = _PASSED_ON.sub("", _WRAPPING.sub("", line)).strip()
        if words and not _SAYS_LITTLE.match(words if words != line.strip() else line):
            yield words

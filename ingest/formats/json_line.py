"""What the formats share that write one JSON object a line."""

from __future__ import annotations

import json
import re
from typing import Any

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def as_object(line: str) -> dict[str, Any] | None:
    """Return the JSON object that *line* is, None if it is anything else."""
    try:
        told = json.loads(line)
    # Thousands of brackets within each other exhaust the parser's stack.
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def text_of(value: object) -> str:
    r"""Say a JSON value as text: a text as it is, anything else as JSON; what is missing is empty.

    >>> text_of("a\ud800"), text_of({"File": True}), text_of(None)
    ('a�', '{"File":true}', '')
    """
    if value is None:
        return ""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return ""
    # Half of a pair can be written in JSON, but nothing can store it.
    return _HALF_A_PAIR.sub("\ufffd", text).replace("\r\n", "\n")


def first_and_rest(message: str, exception: str) -> tuple[str, str]:
    """Part a message and what was thrown into the first line and the lines below it."""
    first, _, rest = message.partition("\n")
    return first, "\n".join(part for part in (rest, exception) if part).strip("\n")

"""What conditions ask of a subject, as plain data that can be kept, and the pyparsing expression that decides it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

import pyparsing as pp

Question: TypeAlias = "tuple[str | Question, ...]"
"""A kind, and what it is about: a regular expression from the subject's start, or other questions."""

AHEAD, ALL, ANY, NOT, ALWAYS, NEVER = "ahead", "all", "any", "not", "always", "never"


def captures(question: Question, text: str) -> dict[str, str] | None:
    """Return what the parse of *text* captures, None if the answer to *question* is no."""
    try:
        found = parser_of(question).parse_string(text)
    except pp.ParseException:
        return None
    return {name: value.strip() for name, value in found.as_dict().items() if isinstance(value, str)}


@lru_cache(maxsize=8192)
def parser_of(question: Question) -> pp.ParserElement:
    """Return the expression that decides *question*; it is made when it is first asked."""
    kind, *parts = question
    inner = [parser_of(part) for part in parts if not isinstance(part, str)]
    if kind == ALL:
        return pp.And(inner)
    if kind == ANY:
        return pp.MatchFirst(inner)
    if kind == NOT:
        return pp.NotAny(inner[0])
    if kind in {ALWAYS, NEVER}:
        return pp.Empty() if kind == ALWAYS else pp.NoMatch()
    return _ahead("".join(part for part in parts if isinstance(part, str)))


def _ahead(expression: str) -> pp.ParserElement:
    """Look ahead from the subject's start, so that conditions can be combined in any order."""
    terminal = pp.Regex(expression, flags=re.IGNORECASE)
    terminal.leave_whitespace()
    # It needs the gaps before its field. Told so, pyparsing does not compile what may never be asked.
    terminal.mayReturnEmpty = False
    return pp.FollowedBy(terminal).parse_with_tabs()

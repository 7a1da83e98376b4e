"""Regular expressions in rules: only those whose time cannot run away on a long line."""

from __future__ import annotations

import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from rules.condition import LONGEST_TEXT
from rules.ways import steps_of

LONGEST = 500
CAPTURES = ("company_file", "machine", "user", "url", "application", "detail")
_REFUSED = {
    sre.GROUPREF: "a backreference",
    sre.GROUPREF_EXISTS: "a backreference",
    sre.ASSERT: "a look-around",
    sre.ASSERT_NOT: "a look-around",
    sre.ATOMIC_GROUP: "an atomic group",
    sre.POSSESSIVE_REPEAT: "a possessive repeat",
}
_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT}
# A repeat of at most this many turns inside another repeat cannot run away.
_FEW = 16
# At each place of a text; one repeat of any letter without an end is among them.
_MOST_STEPS = 4 * LONGEST_TEXT


class UnsafePatternError(Exception):
    """A regular expression is refused; the text says why and what to write instead."""


def checked(expression: str) -> str:
    """Return *expression* if it is safe. Raises UnsafePatternError."""
    if len(expression) > LONGEST:
        raise UnsafePatternError(
            f"the pattern is longer than {LONGEST} characters. Use `text contains` for fixed words"
        )
    try:
        compiled = re.compile(expression)
        tree = _parser.parse(expression)
    except re.error as error:
        raise UnsafePatternError(f"this is no regular expression ({error})") from error
    for name in compiled.groupindex:
        if name not in CAPTURES:
            raise UnsafePatternError(f'a capture cannot be named "{name}". Write one of: {", ".join(CAPTURES)}')
    if compiled.match(""):
        raise UnsafePatternError("the pattern matches the empty text, so it would match everything")
    _walk(tree, inside_repeat=False)
    if steps_of(tree, LONGEST_TEXT) > _MOST_STEPS:
        raise UnsafePatternError(
            "it can be tried in too many ways, which may take very long. Bound its repeats more tightly, as in "
            ".{0,40}, let a repeat end where its letters end, as in [^,]*, or combine two conditions"
        )
    return expression


def _walk(tree: Any, *, inside_repeat: bool) -> None:
    for operator, argument in tree:
        if operator in _REFUSED:
            raise UnsafePatternError(f"{_REFUSED[operator]} may take very long. Combine two conditions instead")
        if operator in _REPEATS:
            _, most, inner = argument
            unbounded = most is sre.MAXREPEAT or most > _FEW
            if unbounded and inside_repeat:
                raise UnsafePatternError("a repeat inside a repeat may take very long. Take one of the two away")
            _walk(inner, inside_repeat=inside_repeat or unbounded)
        elif operator is sre.SUBPATTERN:
            _walk(argument[-1], inside_repeat=inside_repeat)
        elif operator is sre.BRANCH:
            for branch in argument[1]:
                _walk(branch, inside_repeat=inside_repeat)


def needs_of(expression: str) -> frozenset[str] | None:
    """Return texts of which one is in all that *expression* matches; None where none can be told."""
    found = _longest(_parser.parse(expression))
    return frozenset(found) if found else None


def _longest(tree: Any) -> list[str] | None:
    """Return the texts of the part of *tree* that narrows best."""
    best: list[str] | None = None
    run = ""
    for operator, argument in [*tree, (None, None)]:
        if operator is sre.LITERAL and chr(argument) != "\n":
            run += chr(argument)
            continue
        best, run = _better(best, [run] if run else None), ""
        if operator is sre.SUBPATTERN:
            best = _better(best, _longest(argument[-1]))
        elif operator is sre.BRANCH:
            parts = [_longest(branch) for branch in argument[1]]
            best = _better(best, [text for part in parts if part for text in part] if all(parts) else None)
        elif operator in _REPEATS and argument[0] >= 1:
            best = _better(best, _longest(argument[2]))
    return best


def _better(one: list[str] | None, other: list[str] | None) -> list[str] | None:
    if not one or not other:
        return one or other
    return max(one, other, key=lambda texts: min(map(len, texts)))

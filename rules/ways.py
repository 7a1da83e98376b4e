"""How many steps a regular expression takes at one place of a text at the worst, told from its form alone."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any, NamedTuple, TypeAlias

Letters: TypeAlias = frozenset[str]

# Letters that stand for all others of their kind: of Latin every one, and a letter, a digit and a sign from elsewhere.
_LAST = 255
_FOREIGN = frozenset({"\u4e00", "\u0663", "\u2028"})
_ALPHABET = frozenset(map(chr, range(_LAST + 1))) | _FOREIGN
_REPEATS = {sre.MAX_REPEAT, sre.MIN_REPEAT}
_FAR_TOO_MANY = 1 << 40
_SHORTEST_WORD = 2
_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}


class Cost(NamedTuple):
    """In how many ways a part can end, and the steps that all of them take."""

    ways: int
    steps: int


def steps_of(tree: Any, longest: int) -> int:
    """Return how many steps *tree*, a parsed regular expression, takes at one place of *longest* letters.

    Where what follows a repeat begins with none of its letters, there is one way to end it. A repeat that may end
    anywhere is tried with each number of turns, and for each of them all that follows it.

    >>> from re import _parser
    >>> steps_of(_parser.parse("a[^b]{0,9}b[^c]{0,9}c"), 8000)
    21
    >>> steps_of(_parser.parse("a.{0,9}b.{0,9}c"), 8000)
    210
    """
    return _tried(list(tree), None, longest).steps


def _tried(nodes: list[tuple[Any, Any]], follow: Letters | None, longest: int) -> Cost:
    """Return what *nodes* cost; *follow* are the letters that what comes behind begins with, None for its end."""
    ways, steps, once, at = 1, 0, 0, 0
    while at < len(nodes) and steps <= _FAR_TOO_MANY:
        one = _tried_node(*nodes[at], _behind(nodes[at + 1 :], follow), longest)
        at += 1
        if one.ways == 1:
            # What can end in one way only reads the text once, however many such parts there are.
            once = min(once + one.steps, longest + len(nodes))
            continue
        steps += ways * (once + one.steps)
        once = 0
        at, ends = _passed_word(nodes, at, one.ways)
        steps += ways * ends.steps
        ways *= ends.ways
    return Cost(ways, steps + ways * once)


def _passed_word(nodes: list[tuple[Any, Any]], at: int, ways: int) -> tuple[int, Cost]:
    """Pass over the fixed letters *at* which so many *ways* end: they stand at few places, so that few ways go on."""
    edges = sum(1 for _ in takewhile(lambda node: node[0] is sre.AT, nodes[at:]))
    word = _word(nodes[at + edges :])
    if len(word) < _SHORTEST_WORD:
        return at, Cost(ways, 0)
    period = next(size for size in range(1, len(word) + 1) if word.startswith(word[size:]))
    return at + edges + len(word), Cost(ways // period + 1, ways * (edges + 1 + len(word) // period))


def _tried_node(operator: Any, argument: Any, behind: Letters | None, longest: int) -> Cost:
    if operator is sre.SUBPATTERN:
        return _tried(list(argument[-1]), behind, longest)
    if operator is sre.BRANCH:
        return _tried_branches([list(branch) for branch in argument[1]], behind, longest)
    return _tried_repeat(argument, behind, longest) if operator in _REPEATS else Cost(1, 1)


def _word(nodes: list[tuple[Any, Any]]) -> str:
    """Return the fixed letters that *nodes* begin with."""
    return "".join(chr(argument) for _, argument in takewhile(lambda node: node[0] is sre.LITERAL, nodes)).lower()


def _tried_branches(branches: list[list[tuple[Any, Any]]], behind: Letters | None, longest: int) -> Cost:
    begins = [_begin(branch, behind or _ALPHABET) for branch in branches]
    costs = [_tried(branch, behind, longest) for branch in branches]
    ways = [cost.ways for cost in costs]
    is_told_apart = sum(map(len, begins)) == len(frozenset().union(*begins))
    return Cost(max(ways) if is_told_apart else sum(ways), sum(cost.steps for cost in costs))


def _tried_repeat(argument: Any, behind: Letters | None, longest: int) -> Cost:
    least, most, body = argument[0], min(argument[1], longest), list(argument[2])
    begin = _begin(body, frozenset())
    inside = _tried(body, begin | (behind or frozenset()), longest)
    if inside.ways > 1 and most > 1:
        # Each turn may go each way; what is far too many need not be counted out.
        ways = inside.ways ** min(most, 64)
        return Cost(ways, ways * inside.steps)
    ends_anywhere = behind is not None and bool(begin & behind)
    # All turns together read the text once.
    steps = min(most * inside.steps, longest + inside.steps)
    return Cost((most - least + 1 if ends_anywhere else 1) * inside.ways, steps)


def _behind(nodes: list[tuple[Any, Any]], follow: Letters | None) -> Letters | None:
    return follow if not nodes else _begin(nodes, _ALPHABET if follow is None else follow)


def _begin(nodes: list[tuple[Any, Any]], follow: Letters) -> Letters:
    """Return the letters that *nodes* may begin with; *follow* where they may be empty."""
    found: Letters = frozenset()
    for node in nodes:
        letters, may_be_empty = _begin_of(*node)
        found |= letters
        if not may_be_empty:
            return found
    return found | follow


def _begin_of(operator: Any, argument: Any) -> tuple[Letters, bool]:
    if operator is sre.SUBPATTERN:
        return _begin_of_one_of([list(argument[-1])])
    if operator is sre.BRANCH:
        return _begin_of_one_of([list(branch) for branch in argument[1]])
    if operator in _REPEATS:
        letters, may_be_empty = _begin_of_one_of([list(argument[2])])
        return letters, may_be_empty or argument[0] == 0
    if operator is sre.AT:
        # An edge may fail behind any letter.
        return _ALPHABET, False
    return _letters(operator, argument), False


def _begin_of_one_of(bodies: list[list[tuple[Any, Any]]]) -> tuple[Letters, bool]:
    empty = "\0empty"
    letters = frozenset().union(*(_begin(body, frozenset({empty})) for body in bodies))
    return letters - {empty}, empty in letters


def _letters(operator: Any, argument: Any) -> Letters:
    if operator is sre.ANY:
        return _ALPHABET
    if operator is sre.LITERAL:
        return _both_cases(chr(argument))
    if operator is sre.NOT_LITERAL:
        return _ALPHABET - _both_cases(chr(argument))
    items = [item for item in argument if item[0] is not sre.NEGATE]
    listed = frozenset().union(*(_letters_of_item(*item) for item in items))
    return _ALPHABET - listed if len(items) < len(argument) else listed


def _letters_of_item(kind: Any, what: Any) -> Letters:
    if kind is sre.LITERAL:
        return _both_cases(chr(what))
    if kind is sre.RANGE:
        low, high = what
        inside = [letter for letter in _ALPHABET if low <= ord(letter) <= high]
        # A range of letters beyond the alphabet is told by what stands for them.
        return frozenset().union(*map(_both_cases, inside)) | (_FOREIGN if high > _LAST else frozenset())
    return _of_category(_CATEGORIES[what])


@lru_cache(maxsize=len(_CATEGORIES))
def _of_category(category: str) -> Letters:
    return frozenset(letter for letter in _ALPHABET if re.match(category, letter))


def _both_cases(letter: str) -> Letters:
    known = letter if letter in _ALPHABET else "\u4e00"
    return frozenset({known, known.lower()[:1], known.upper()[:1]}) & _ALPHABET

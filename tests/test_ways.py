"""Patterns whose time could run away are refused by their form; what is taken is quick on the worst of texts."""

from __future__ import annotations

import re
import time
from re import _parser  # type: ignore[attr-defined]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition import LONGEST_TEXT
from rules.pattern import UnsafePatternError, checked
from rules.ways import steps_of

RUNAWAYS = [
    "aaa+a+b",
    r"aaa\d+\d+x",
    r"foo\w+\w+x",
    "foo[a-z]+[a-z]+x",
    "(foo.{0,60}){0,16}x",
    "(?:.{1,16}foo){1,16}zzz",
    "foo.{0,64}.{0,64}.{0,64}x",
    "foo(?:a|aa){0,40}x",
    "(?:(?:a|aa){0,16}){0,16}bbb",
    "jam.*jam.*jam",
    r"foo\S*\s*\S*x",
    "foo(?:[^,]*,?)*x",
    "(?:foo|bar|foobar){0,30}zzz",
]
ABLE = [
    r"printer (?P<detail>[A-Z]{2}-\d+) is offline",
    'file "(?P<company_file>[^"\n]+)" is not "(?P<detail>[^"\n]+)"',
    r"error\s+\d+\s+in\s+\w+\s*:",
    "jam.{0,60}paper.{0,60}tray",
    "paper.* jam",
    r"(?:foo|bar)* end",
    r"code=(?P<detail>\d+), text=[^,]*, place=[^,]*, done",
    r"Message: Invalid param[a-z]+\.\s*$",
]


@pytest.mark.parametrize("expression", RUNAWAYS)
def test_what_may_run_away_is_refused(expression: str) -> None:
    with pytest.raises(UnsafePatternError, match="may take very long"):
        checked(expression)


@pytest.mark.parametrize("expression", ABLE)
def test_what_people_write_is_taken(expression: str) -> None:
    assert checked(expression) == expression


@pytest.mark.parametrize(
    ("expression", "steps"),
    [
        ("jam", 3),
        ("a[^b]{0,9}b", 11),
        ("a[^b]{0,9}b[^c]{0,9}c", 21),
        ("a.{0,9}b.{0,9}c", 210),
        ("a.{0,9}jam.{0,9}c", 106),
        ("(?:jam|tea)s?", 7),
    ],
)
def test_steps_are_counted_from_the_form(expression: str, steps: int) -> None:
    assert steps_of(_parser.parse(expression), LONGEST_TEXT) == steps


PIECES = ["a", "b", "ab", "[ab]", "[^a]", ".", r"\w", r"\s", "(?:a|ab)", "(?:b|c)", "(?:ab)?"]
REPEATS = ["", "", "?", "+", "*", "{0,9}", "{2,30}", "+?"]


@given(
    st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(REPEATS)).map("".join), min_size=1, max_size=5).map(
        "".join
    ),
    st.sampled_from(["a", "b", "ab", "aab", "abc", "a b"]),
)
def test_whatever_is_taken_is_quick_on_the_worst_of_texts(pieces: str, text: str) -> None:
    try:
        expression = checked(f"aaa{pieces}zzz")
    except UnsafePatternError:
        return
    hostile = ("aaa" + text * LONGEST_TEXT)[:800]
    began = time.process_time()
    re.search(expression, hostile, re.IGNORECASE)
    # A tenth of a record's text; one that runs away takes minutes for it.
    assert time.process_time() - began < 1

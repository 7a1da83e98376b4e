from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from receivers import START, make_event

from alerts.lifecycle import on_event
from alerts.matcher import MATCHABLE, Matcher, MatcherError, Operator, all_fit, read_matcher

_opened = on_event(None, make_event(host="srv-01", client=None), START)
assert _opened is not None
INCIDENT = _opened.incident


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("host = srv-01", True),
        ("host=srv-02", False),
        ("host != srv-02", True),
        ('host =~ "srv-.*"', True),
        ("host=~srv", False),  # a pattern must match the whole
        ("host !~ pc-.*", True),
        ('client = ""', True),
        ('client != ""', False),
        ('application = "Contoso Sync"', True),
        ("application = Contoso Sync", True),
        ("severity = error", True),
    ],
)
def test_a_matcher_compares_as_in_alertmanager(text: str, fits: bool) -> None:  # noqa: FBT001 - a table of cases
    assert read_matcher(text).fits(INCIDENT) is fits


def test_all_of_several_must_fit() -> None:
    assert all_fit([read_matcher("host=srv-01"), read_matcher("cause=popup_blocked")], INCIDENT)
    assert not all_fit([read_matcher("host=srv-01"), read_matcher("cause=data_error")], INCIDENT)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no matcher"),
        ("host", "is no matcher"),
        ("hots=srv-01", 'nothing is called "hots" here. Match one of: severity'),
        ("host=~srv-(", "is no pattern"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(text: str, told: str) -> None:
    with pytest.raises(MatcherError, match=told.replace("(", r"\(")):
        read_matcher(text)


@given(
    st.sampled_from(MATCHABLE),
    st.sampled_from([Operator.IS, Operator.IS_NOT]),
    st.text(st.characters(exclude_categories=("C",), exclude_characters='"'), max_size=20),
)
def test_every_matcher_is_read_back_as_it_was_written(name: str, operator: Operator, value: str) -> None:
    matcher = Matcher(name, operator, value)
    assert read_matcher(str(matcher)) == matcher

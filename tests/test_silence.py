from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from receivers import START, make_event, minutes

from alerts.lifecycle import on_event
from alerts.matcher import read_matcher
from alerts.silence import LONGEST, Silence, SilenceError, checked, is_spent, must_warn

HOUR = timedelta(hours=1)
_opened = on_event(None, make_event(), START)
assert _opened is not None
INCIDENT = _opened.incident
SILENCE = Silence(
    id="s1", matchers=(read_matcher("cause=popup_blocked"),), author="sam", reason="patching", starts_at=START,
    ends_at=START + 10 * HOUR,
)  # fmt: skip


def test_it_holds_what_its_matchers_fit_from_its_start_to_before_its_end() -> None:
    assert [SILENCE.holds(INCIDENT, START + at) for at in (-minutes(1), minutes(0), 9 * HOUR, 10 * HOUR)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert not SILENCE.holds(replace(INCIDENT, cause="data_error"), START + HOUR)
    assert not replace(SILENCE, ended_at=START + HOUR).holds(INCIDENT, START + HOUR)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"matchers": ()}, "at least one matcher"),
        ({"author": " "}, "an author and a reason"),
        ({"reason": ""}, "an author and a reason"),
        ({"ends_at": START - HOUR}, "must end after it starts"),
        ({"ends_at": START + LONGEST + HOUR}, "30 days at most"),
    ],
)
def test_a_silence_says_who_and_why_and_does_not_last_for_ever(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SilenceError, match=told):
        checked(replace(SILENCE, **changes), longest=LONGEST, now=START)
    assert checked(SILENCE, longest=LONGEST, now=START) is SILENCE


def test_one_that_lasts_until_recovery_ends_when_nothing_fails_under_it() -> None:
    until = replace(SILENCE, until_recovered=True)
    assert not is_spent(until, [INCIDENT], START + HOUR)
    assert is_spent(until, [], START + HOUR)
    assert not is_spent(SILENCE, [], START + HOUR)
    assert is_spent(SILENCE, [INCIDENT], SILENCE.ends_at)


def test_its_near_end_is_told_once_and_only_if_something_still_fails() -> None:
    near = SILENCE.ends_at - HOUR
    assert must_warn(SILENCE, [INCIDENT], near)
    assert not must_warn(SILENCE, [INCIDENT], near - minutes(1))
    assert not must_warn(SILENCE, [], near)
    assert not must_warn(replace(SILENCE, warned_at=near), [INCIDENT], near)

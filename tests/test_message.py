from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from made_messages import MESSAGES, incident, message
from receivers import START

from alerts.channels import console, other, text
from alerts.decide import Decision, Kind, Reason
from alerts.message import Message, compose, shorter
from alerts.spoken import Reader, duration
from rules.event import Severity


def test_a_message_says_all_that_ops_need() -> None:
    said = MESSAGES["reminder"]
    assert said.headline == "Still open: A QuickBooks pop-up is blocking the sync on srv-01"
    assert {fact.label: fact.value for fact in said.facts} == {
        "Host": "srv-01",
        "Client": "Acme Accounting",
        "Application": "Contoso Sync",
        "Company file": "Acme.qbw",
        "Since": "Mon 9 Mar, 22:00 EDT (4 h 1 min ago)",
        "Failed runs": "16, the last on Tue 10 Mar, 01:45 EDT",
        "Last success": "Mon 9 Mar, 21:45 EDT",
        "Who acts": "Your team",
    }
    assert (len(said.steps), said.link) == (2, "https://help.example.com/quickbooks/pop-ups")
    assert said.evidence == ("QBWC1053: A modal dialog box is showing in the QuickBooks user interface.",)


def test_a_resolving_message_says_how_long_and_how_many() -> None:
    said = MESSAGES["resolved"]
    assert said.headline == "Solved: A QuickBooks pop-up is blocking the sync on srv-01"
    assert said.explanation == (
        "Contoso Sync counts as well again since Tue 10 Mar, 02:01 EDT. "
        "It was failing for 4 h 1 min; 16 runs went wrong."
    )
    assert (said.steps, said.links, said.evidence) == ((), (), ())


def test_many_incidents_are_one_message_with_a_list_that_is_cut_and_counted() -> None:
    said = MESSAGES["changed"]
    assert said.headline == "More affected: A QuickBooks pop-up is blocking the sync on 14 hosts"
    assert (len(said.affected), said.more) == (10, 4)
    assert said.facts[0].value == "14 hosts at 3 clients"


def test_several_causes_in_a_group_are_counted_and_named() -> None:
    asleep = incident(2, title="The machine was asleep", cause="machine_asleep", severity=Severity.CRITICAL)
    said = message(Kind.OPENED, incident(), asleep)
    assert said.headline == "2 sync problems at Acme Accounting"
    assert said.affected[0].startswith("srv-01: The machine was asleep, since ")
    nobody = replace(incident(), client=None)
    assert message(Kind.OPENED, nobody, replace(asleep, client=None)).headline == "2 sync problems on srv-01"


def test_a_code_is_shown_even_where_the_log_line_lacks_it() -> None:
    assert message(Kind.OPENED, incident(codes=("QBWC1053", "0x80040414"), message="blocked")).evidence == (
        "blocked",
        "Codes: QBWC1053, 0x80040414",
    )


def test_what_was_stored_unredacted_is_redacted_before_it_is_sent() -> None:
    said = message(Kind.OPENED, incident(message='wcTicket="{3F2504E0}"', evidence=("pwd=hunter2 on srv-01",)))
    assert said.evidence == ('wcTicket="[ticket]"', "pwd=[secret] on srv-01", "Codes: QBWC1053")


def test_nothing_can_be_composed_from_a_held_decision() -> None:
    held = Decision(kind=None, reason=Reason.GROUP_WAIT)
    with pytest.raises(ValueError, match="group_wait"):
        compose(held, id="a", thread="a", now=START, zone=UTC)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_survives_the_outbox(name: str) -> None:
    assert Message.from_json(MESSAGES[name].to_json()) == MESSAGES[name]


def test_times_and_lengths_as_people_say_them() -> None:
    assert Reader(now=START, zone=ZoneInfo("Asia/Dubai")).stamp(START) == "Tue 10 Mar, 06:00 UTC+04"
    assert Reader(now=START + timedelta(seconds=5), zone=UTC).since(START) == "Tue 10 Mar, 02:00 UTC"
    late = Reader(now=START + timedelta(days=200), zone=UTC)
    assert late.since(START) == "Tue 10 Mar 2026, 02:00 UTC (200 days ago)"
    spoken = {5: "less than a minute", 60: "1 min", 7260: "2 h 1 min", 7200: "2 h", 90_000: "1 day 1 h"}
    assert {seconds: duration(timedelta(seconds=seconds)) for seconds in spoken} == spoken
    assert duration(timedelta(days=9, hours=5)) == "9 days"


def test_shorter_forms_keep_headline_facts_and_link() -> None:
    forms = list(shorter(MESSAGES["changed"]))
    sizes = [len(text.render(form)) for form in forms]
    assert sizes == sorted(sizes, reverse=True)
    assert forms[-1].headline == forms[0].headline
    assert forms[-1].link == forms[0].link
    assert forms[-1].facts[0] == forms[0].facts[0]


def test_the_terminal_is_coloured_only_when_asked() -> None:
    plain = console.render(MESSAGES["opened"])
    coloured = console.render(MESSAGES["opened"], color=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_a_service_with_little_room_gets_what_matters_most() -> None:
    class Pager:
        body_maxlen = 300
        title_maxlen = 0

    letter = other.envelope(MESSAGES["opened"], Pager())
    assert letter.body_format == "text"
    assert len(letter.title) + len(letter.body) + 2 <= 300
    assert "Host: srv-01" in letter.body
    assert "https://help.example.com/quickbooks/pop-ups" in letter.body

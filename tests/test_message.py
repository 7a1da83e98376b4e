from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from made_messages import MESSAGES, incident, message, over, repeated
from receivers import START

from alerts.channels import console, other, text
from alerts.channels.templates import SHIPPED_ONLY
from alerts.compose import compose
from alerts.decide import Decision, Kind, Reason
from alerts.incident import Ending
from alerts.message import Message, shorter
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
        "Contoso Sync works again since Tue 10 Mar, 02:01 EDT. It was failing for 4 h 1 min; 16 runs went wrong."
    )
    assert (said.steps, said.links, said.evidence) == ((), (), ())


@pytest.mark.parametrize(
    ("ending", "by", "says", "client"),
    [
        (Ending.RECOVERED, None, "Contoso Sync works again since", True),
        (Ending.FIXED, "Pat", "Pat closed it by hand at Tue 10 Mar, 02:01 EDT: fixed.", False),
        (Ending.FALSE_ALARM, None, "Somebody closed it by hand at Tue 10 Mar, 02:01 EDT: false alarm.", False),
        (Ending.SIGNAL, None, "The machine shows since", False),
        (Ending.QUIET, None, "Nothing more was heard of it for long", False),
    ],
)
def test_an_end_is_told_as_it_was_and_the_client_hears_only_of_what_works(
    ending: Ending,
    by: str | None,
    says: str,
    client: bool,  # noqa: FBT001 - a table's column
) -> None:
    ended = replace(over(repeated(incident(), 16)), ending=ending, resolved_by=by)
    said = message(Kind.RESOLVED, ended)
    assert said.explanation.startswith(says)
    assert said.explanation.endswith("It was failing for 4 h 1 min; 16 runs went wrong.")
    assert bool(said.forward) == client


def test_a_silence_is_told_in_the_readers_time_and_so_is_its_end() -> None:
    told = "It wrote nothing from 2026-03-10 02:00 UTC to 2026-03-10 06:01 UTC: about 16 scheduled runs missed."
    asleep = replace(incident(), cause="machine_asleep", message=told, evidence=("At 2026-03-10 02:12:15Z it slept.",))
    local = "It wrote nothing from Mon 9 Mar, 22:00 EDT to Tue 10 Mar, 02:01 EDT: about 16 scheduled runs missed."
    assert message(Kind.OPENED, asleep).evidence[:2] == (local, "At Mon 9 Mar, 22:12 EDT it slept.")
    said = message(Kind.RESOLVED, replace(over(asleep), ending=Ending.SIGNAL))
    assert said.explanation == "The machine shows since Mon 9 Mar, 22:16 EDT that this is over. It lasted 16 min."
    assert said.evidence == (local,)
    # A log's own line stays as it is.
    said = message(Kind.OPENED, incident(message="2026-03-10 02:12:15Z the sync failed"))
    assert said.evidence[0] == "2026-03-10 02:12:15Z the sync failed"


@pytest.mark.parametrize(
    ("changes", "history"),
    [
        ({"quiet_since": START - timedelta(days=9)}, "back after 9 days without it"),
        ({"first_for_client": True}, "first time seen at this client"),
        ({"usual": 2.6}, "usually about 3 a week here"),
        ({"usual": 0.2}, "usually less than once a week here"),
        ({}, None),
    ],
)
def test_how_usual_it_is_is_told(changes: dict[str, Any], history: str | None) -> None:
    facts = {fact.label: fact.value for fact in message(Kind.OPENED, replace(incident(), **changes)).facts}
    assert facts.get("History") == history


def test_the_clients_text_is_left_out_where_several_clients_are_told_of() -> None:
    assert MESSAGES["opened"].forward.startswith("QuickBooks on srv-01 is waiting")
    assert MESSAGES["changed"].forward == ""
    assert MESSAGES["resolved"].forward == (
        "Contoso Sync works again since Tue 10 Mar, 02:01 EDT. There is nothing left for you to do."
    )


def test_steps_and_lines_that_do_not_fit_are_counted() -> None:
    lines = tuple(f"line {number}" for number in range(9))
    said = message(Kind.OPENED, incident(steps=tuple(f"step {number}" for number in range(11)), evidence=lines))
    assert (len(said.steps), said.more_steps) == (8, 3)
    assert (len(said.evidence), said.more_evidence) == (3, 7)
    assert [form.more_evidence for form in shorter(said)][1:] == [10] * 6
    assert list(shorter(said))[-1].more_steps == 11


def test_what_an_older_version_wrote_into_the_outbox_is_still_read() -> None:
    data = json.loads(MESSAGES["opened"].to_json())
    old = {name: data[name] for name in (
        "id", "thread", "kind", "severity", "headline", "why", "facts", "explanation", "steps", "links", "evidence",
        "affected", "more",
    )}  # fmt: skip
    read = Message.from_json(json.dumps(old))
    assert (read.headline, read.about, read.ack_command) == (MESSAGES["opened"].headline, (), None)


def test_a_digest_names_what_is_wrong_the_worst_first_with_counts() -> None:
    said = MESSAGES["digest"]
    assert said.headline == "Digest: 16 sync problems on 16 hosts at 4 clients"
    assert said.affected == (
        "A QuickBooks pop-up is blocking the sync: srv-00, srv-01, srv-02 and 11 more",
        "The certificate of sync.example.com is not trusted: srv-20",
        "The machine was asleep: srv-21; solved since",
    )
    assert (said.steps, said.links, said.forward) == ((), (), "")


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

    letter = other.envelope(MESSAGES["opened"], Pager(), SHIPPED_ONLY)
    assert letter.body_format == "text"
    assert len(letter.title) + len(letter.body) + 2 <= 300
    assert "Host: srv-01" in letter.body
    assert "https://help.example.com/quickbooks/pop-ups" in letter.body

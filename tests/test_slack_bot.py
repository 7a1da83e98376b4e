"""Slack by a bot, against a Web API on loopback."""

from __future__ import annotations

import builtins
import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from made_messages import MESSAGES
from receivers import Answer, HttpsServer, all_logs, https_server, trust, tunnel

from alerts.channels import slack
from alerts.channels.courier import Limits, open_channel
from alerts.decide import Reason
from alerts.outbox import Outcome
from alerts.receiver import Receiver, ReceiverError, SecretUrl

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TOKEN = "xox" + "b-1234567890-1234567890-BOTSECRET0BOTSECRET0BOTS"  # split, so that no scanner takes it for one
BOT = Receiver(name="ops", url=SecretUrl(f"slack://{TOKEN}/#alerts"))
FIRST = {"ok": True, "channel": "C024BE91L", "ts": "1741572009.000200"}
PLACE = "C024BE91L:1741572009.000200"


@pytest.fixture
def slack_api(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    authority = trustme.CA()
    with https_server(authority) as server, tunnel(server.port) as way:
        for name, value in trust(authority, tmp_path).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HTTPS_PROXY", way.url)
        yield server


def says(answer: dict[str, Any], status: int = 200, **headers: str) -> Answer:
    return Answer(status=status, body=json.dumps(answer).encode(), headers=headers)


def test_the_first_message_is_posted_whole_and_its_place_is_kept(slack_api: HttpsServer) -> None:
    slack_api.answers = [says(FIRST)]
    result = open_channel(BOT).send(MESSAGES["opened"])
    assert (result.outcome, result.receipt) == (Outcome.SENT, PLACE)
    [request] = slack_api.requests
    assert request.path == "/api/chat.postMessage"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.json() == {"channel": "#alerts", **slack.payload(MESSAGES["opened"])}


@pytest.mark.parametrize(("name", "broadcast"), [("reminder", True), ("changed", True), ("resolved", False)])
def test_what_follows_is_said_in_the_thread_and_the_first_message_is_brought_up_to_date(
    slack_api: HttpsServer,
    name: str,
    broadcast: bool,  # noqa: FBT001 - a table's column
) -> None:
    slack_api.answers = [says(FIRST)]
    said = replace(MESSAGES[name], parent=PLACE)
    result = open_channel(BOT).send(said)
    assert result.reason == "said in the thread; the first message is up to date"
    reply, update = slack_api.requests
    place = {"channel": "C024BE91L", "thread_ts": "1741572009.000200"}
    assert reply.json() == {**place, "reply_broadcast": broadcast, **slack.followup(said)}
    assert update.path == "/api/chat.update"
    whole = slack.payload(said)
    assert update.json() == {
        "channel": "C024BE91L", "ts": "1741572009.000200", "text": whole["text"], "blocks": whole["blocks"],
    }  # fmt: skip


def test_while_some_of_a_group_still_fail_the_first_message_does_not_turn_green(slack_api: HttpsServer) -> None:
    slack_api.answers = [says(FIRST)]
    some = replace(MESSAGES["resolved"], parent=PLACE, reason=Reason.SOME_RESOLVED)
    assert open_channel(BOT).send(some).outcome is Outcome.SENT
    assert [request.path for request in slack_api.requests] == ["/api/chat.postMessage"]


def test_a_first_message_that_somebody_deleted_is_posted_anew(slack_api: HttpsServer) -> None:
    moved = {**FIRST, "ts": "1741579999.000100"}
    slack_api.answers = [says({"ok": False, "error": "thread_not_found"}), says(moved)]
    result = open_channel(BOT).send(replace(MESSAGES["reminder"], parent=PLACE))
    assert result.receipt == "C024BE91L:1741579999.000100"


def test_a_first_message_that_cannot_be_changed_does_not_make_the_reply_fail(slack_api: HttpsServer) -> None:
    slack_api.answers = [says(FIRST), says({"ok": False, "error": "edit_window_closed"})]
    result = open_channel(BOT).send(replace(MESSAGES["reminder"], parent=PLACE))
    assert result.outcome is Outcome.SENT
    assert "edit_window_closed" in result.reason


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        (says({"ok": False, "error": "not_in_channel"}), Outcome.REJECTED, "invite the bot"),
        (says({"ok": False, "error": "invalid_auth"}), Outcome.REJECTED, "the token is wrong"),
        (says({"ok": False, "error": "invalid_blocks"}), Outcome.REJECTED, "invalid_blocks"),
        (says({"ok": False, "error": "fatal_error"}), Outcome.TRANSIENT, "fatal_error"),
        (says({"ok": False, "error": "ratelimited"}, 429), Outcome.TRANSIENT, "no more messages"),
        (Answer(status=500, body=b"oops"), Outcome.TRANSIENT, "500"),
        (Answer(reset=True), Outcome.TRANSIENT, "no connection"),
    ],
)
def test_slacks_answer_decides_whether_it_is_tried_again(
    slack_api: HttpsServer, answer: Answer, outcome: Outcome, words: str
) -> None:
    slack_api.answers = [answer]
    result = open_channel(BOT).send(MESSAGES["opened"])
    assert result.outcome is outcome
    assert words in result.reason
    assert "BOTSECRET" not in repr(result)
    assert len(slack_api.requests) == 1


def test_slacks_own_wait_is_kept(slack_api: HttpsServer) -> None:
    slack_api.answers = [says({"ok": False, "error": "ratelimited"}, 429, **{"Retry-After": "30"})]
    assert open_channel(BOT).send(MESSAGES["opened"]).retry_after == timedelta(seconds=30)


def test_no_answer_in_time_is_unknown(slack_api: HttpsServer) -> None:
    release = threading.Event()
    slack_api.answers = [Answer(wait_for=release)]
    result = open_channel(BOT, Limits(read_s=1)).send(MESSAGES["opened"])
    release.set()
    assert result.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("answer", [says(FIRST), says({"ok": False, "error": "invalid_auth"}), Answer(reset=True)])
def test_no_log_ever_holds_the_token_or_what_is_said(slack_api: HttpsServer, answer: Answer) -> None:
    slack_api.answers = [answer]
    with all_logs() as lines:
        open_channel(BOT).send(MESSAGES["opened"])
    said = "\n".join(lines)
    assert "BOTSECRET" not in said
    assert "srv-01" not in said


def test_without_slack_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "slack_sdk":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ReceiverError, match=r'pip install "qbwatch\[slack\]"'):
        open_channel(BOT)

"""The user's templates over ours."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from made_messages import MESSAGES
from test_channels import receiver
from test_shapes import hostile

from alerts.channels import email, slack, teams, text
from alerts.channels.courier import Stationery, open_channel
from alerts.channels.templates import KNOWN, SHIPPED, SHIPPED_ONLY, TemplateFaultError, Templates
from alerts.outbox import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from receivers import HttpsServer

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MESSAGE = MESSAGES["opened"]


def written(folder: Path, **files: str) -> Templates:
    for name, words in files.items():
        (folder / name.replace("__", ".")).write_text(words, encoding="utf-8")
    return Templates(folder)


def test_a_file_of_the_same_name_takes_the_place_of_ours(tmp_path: Path) -> None:
    pages = written(
        tmp_path,
        subject__txt="{{ look.word }}: {{ message.headline }}\n",
        text__txt="{{ message.why }} ({{ tagline }})",
    )
    assert email.subject(MESSAGE, pages) == f"Error: {MESSAGE.headline}"
    assert text.render(MESSAGE, pages=pages) == "This is a new problem. (Error at Acme Accounting)"
    assert email.html(MESSAGE, pages) == email.html(MESSAGE)


def test_the_clients_text_gets_a_greeting_and_a_name_under_it(tmp_path: Path) -> None:
    pages = written(tmp_path, client__txt="Hello,\n{{ message.forward }}\nYour Contoso team")
    said = pages.with_forward(MESSAGE)
    assert said.forward == f"Hello,\n{MESSAGE.forward}\nYour Contoso team"
    assert "Your Contoso team" in email.html(said, pages)


def test_a_card_and_blocks_of_ones_own_pass_their_texts_through_filters(tmp_path: Path) -> None:
    pages = written(
        tmp_path,
        teams__json='{"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "wrap": true, '
        '"text": {{ message.headline | card | tojson }}}]}',
        slack__json='[{"type": "section", "text": {"type": "mrkdwn", '
        '"text": {{ message.headline | slack | tojson }}}}]',
    )
    said = hostile()
    card = teams.payload(said, pages)["attachments"][0]["content"]["body"][0]["text"]
    assert "](" not in card
    [block] = slack.payload(said, pages)["blocks"]
    assert "<" not in block["text"]["text"]


@pytest.mark.parametrize(
    ("name", "words", "says"),
    [
        ("text.txt", "one\n{{ message.nothing }}", "text.txt:2: 'alerts.message.Message object' has no attribute"),
        ("mail.html", "one\n\n{% if %}", "mail.html:3: "),
        ("text.txt", "{{ message.__class__.__mro__ }}", "access to attribute '__class__'"),
        ("text.txt", "{{ 1 / 0 }}", "text.txt:1: ZeroDivisionError"),
        ("text.txt", "{% include '../secret' %}", "text.txt:1: ../secret"),
        ("mall.html", "x", "Name it one of: mail.html"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_with_its_place(tmp_path: Path, name: str, words: str, says: str) -> None:
    (tmp_path / name).write_text(words, encoding="utf-8")
    with pytest.raises(TemplateFaultError) as caught:
        Templates(tmp_path).check(MESSAGE)
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / name))


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemplateFaultError, match="no such folder of templates"):
        Templates(tmp_path / "none").check(MESSAGE)


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("{{ nothing", encoding="utf-8")
    Templates(tmp_path).check(MESSAGE)


def test_a_template_that_fails_later_loses_no_alert_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pages = written(tmp_path, text__txt="{{ message.steps[9] }}")
    with caplog.at_level(logging.WARNING):
        assert text.render(MESSAGE, pages=pages) == text.render(MESSAGE)
        text.render(MESSAGE, pages=pages)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the template that ships is used instead" in caplog.text


@pytest.mark.parametrize("words", ["not json", '{"type": "Something"}', "{{ message.nothing }}"])
def test_a_card_of_ones_own_that_fails_is_replaced_by_ours_and_the_delivery_says_so(
    far_side: HttpsServer, tmp_path: Path, words: str
) -> None:
    pages = written(tmp_path, teams__json=words)
    url = "workflows://prod-00.westeurope.logic.azure.com:443/0123456789abcdef/TEAMSSIGNATURE/"
    result = open_channel(receiver(url), stationery=Stationery(pages=pages)).send(MESSAGE)
    assert result.outcome is Outcome.SENT
    assert "our own shape was used, since" in result.reason
    assert far_side.requests[0].json() == json.loads(json.dumps(teams.payload(MESSAGE)))


def test_every_template_that_ships_renders_every_message() -> None:
    assert set(SHIPPED) < set(KNOWN)
    for name in SHIPPED:
        for said in MESSAGES.values():
            assert SHIPPED_ONLY.render(name, said).strip() or not said.forward


def test_log_text_in_a_mails_template_cannot_become_markup() -> None:
    assert "<script" not in SHIPPED_ONLY.render("mail.html", hostile())

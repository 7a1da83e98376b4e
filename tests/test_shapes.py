from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_messages import MESSAGES, incident, message

from alerts.channels import console, email, slack, teams, text, webhook
from alerts.decide import Kind
from alerts.plain import card_text, clean, file_name, slack_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.message import Message

GOLDEN = Path(__file__).parent / "golden" / "messages"

SHAPES: dict[str, Callable[[Message], str]] = {
    "teams.json": lambda said: json.dumps(teams.payload(said), indent=1, ensure_ascii=False) + "\n",
    "slack.json": lambda said: json.dumps(slack.payload(said), indent=1, ensure_ascii=False) + "\n",
    "mail.html": lambda said: email.html(said) + "\n",
    "text.txt": lambda said: f"{email.subject(said)}\n\n{text.render(said)}\n",
    "console.txt": lambda said: console.render(said) + "\n",
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", MESSAGES)
def test_each_message_looks_in_each_channel_as_it_was_approved(
    name: str, shape: str, request: pytest.FixtureRequest
) -> None:
    path = GOLDEN / f"{name}.{shape}"
    made = SHAPES[shape](MESSAGES[name])
    if request.config.getoption("--write-golden", default=False):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


def elements(*kinds: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": {"oneOf": list(kinds)}}


def element(kind: str, required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    properties = {"type": {"const": kind}, "separator": {"type": "boolean"}, **required, **optional}
    properties["spacing"] = {"enum": ["None", "Small", "Default", "Medium", "Large", "ExtraLarge", "Padding"]}
    return {
        "type": "object",
        "required": ["type", *required],
        "properties": properties,
        "additionalProperties": False,
    }


STRING = {"type": "string", "minLength": 1}
SIZE = {"enum": ["Default", "Small", "Medium", "Large", "ExtraLarge"]}
FONT = {"enum": ["Default", "Monospace"]}
TEXT_BLOCK = element(
    "TextBlock",
    {"text": STRING, "wrap": {"const": True}},
    size=SIZE,
    weight={"enum": ["Default", "Lighter", "Bolder"]},
    color={"enum": ["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"]},
    style={"enum": ["default", "heading"]},
    isSubtle={"type": "boolean"},
)
RUN = element("TextRun", {"text": STRING}, size=SIZE, fontType=FONT)
RICH = element("RichTextBlock", {"inlines": elements(RUN)})
FACT = {
    "type": "object",
    "required": ["title", "value"],
    "properties": {"title": STRING, "value": STRING},
    "additionalProperties": False,
}
FACTS = element("FactSet", {"facts": {"type": "array", "minItems": 1, "items": FACT}})
COLUMN = element(
    "Column", {"items": elements(TEXT_BLOCK)}, width={"type": "string", "pattern": "^(auto|stretch|[0-9]+px)$"}
)
COLUMNS = element("ColumnSet", {"columns": elements(COLUMN)})
CONTAINER = element(
    "Container",
    {"items": elements(TEXT_BLOCK, RICH)},
    style={"enum": ["default", "emphasis", "good", "attention", "warning", "accent"]},
    bleed={"type": "boolean"},
)
CONTAINER["properties"] |= {"id": STRING, "isVisible": {"type": "boolean"}}
TOGGLE = {
    "type": "object",
    "required": ["type", "title", "targetElements"],
    "properties": {
        "type": {"const": "Action.ToggleVisibility"},
        "title": STRING,
        "targetElements": {"type": "array", "minItems": 1, "items": STRING},
    },
    "additionalProperties": False,
}
OPEN_URL = {
    "type": "object",
    "required": ["type", "title", "url"],
    "properties": {
        "type": {"const": "Action.OpenUrl"},
        "title": STRING,
        "url": {"type": "string", "pattern": "^https?://"},
        "style": {"enum": ["default", "positive", "destructive"]},
    },
    "additionalProperties": False,
}
CARD = {
    "type": "object",
    "required": ["type", "version", "body"],
    "properties": {
        "$schema": {"const": "http://adaptivecards.io/schemas/adaptive-card.json"},
        "type": {"const": "AdaptiveCard"},
        "version": {"enum": ["1.4", "1.5"]},
        "fallbackText": STRING,
        "msteams": {"const": {"width": "full"}},
        "body": elements(TEXT_BLOCK, RICH, FACTS, COLUMNS, CONTAINER),
        "actions": {"type": "array", "minItems": 1, "maxItems": 6, "items": {"oneOf": [OPEN_URL, TOGGLE]}},
    },
    "additionalProperties": False,
}


VALID_CARD = jsonschema.Draft202012Validator(CARD)


def check_card(said: Message) -> None:
    posted = teams.payload(said)
    [attachment] = posted["attachments"]
    VALID_CARD.validate(attachment["content"])
    assert len(json.dumps(posted)) <= teams.MAX_BYTES


def check_slack(said: Message) -> None:
    posted = slack.payload(said)
    blocks = posted["blocks"]
    assert 0 < len(blocks) <= 50
    assert len(json.dumps(blocks, ensure_ascii=False)) <= slack.MAX_BLOCKS_CHARACTERS
    assert not re.search(r"<(?![/]?$)", posted["text"])
    for block in blocks:
        if block["type"] == "header":
            assert block["text"]["type"] == "plain_text"
            assert 1 <= len(block["text"]["text"]) <= 150
        elif block["type"] == "section":
            assert 1 <= len(block["fields"]) <= 10
            for field in block["fields"]:
                assert 1 <= len(field["text"]) <= 2000
                assert "<" not in field["text"]
        elif block["type"] == "rich_text":
            for part in block["elements"]:
                assert part["type"] in {
                    "rich_text_section",
                    "rich_text_list",
                    "rich_text_preformatted",
                    "rich_text_quote",
                }
                assert part["elements"]
        else:
            assert block["type"] == "context"
            assert 1 <= len(block["elements"]) <= 10


@pytest.mark.parametrize("name", MESSAGES)
def test_cards_and_blocks_are_what_their_makers_document(name: str) -> None:
    check_card(MESSAGES[name])
    check_slack(MESSAGES[name])


HOSTILE = (
    "<script>alert(1)</script> <!channel> <@U012> [pay here](https://evil.example.com) @everyone <at>all</at> "
    "**b** _i_ `c` \u202egpj.exe\u200b\u0007 &amp; # head"
)


def hostile(words: str = HOSTILE) -> Message:
    changes: dict[str, Any] = {
        "message": words,
        "evidence": (words, words),
        "title": words,
        "explanation": words,
        "steps": (words,) * 12,
        "application": words,
        "client": words,
        "company_file": words,
        "links": ("javascript:alert(1)", "https://help.example.com/x"),
        "codes": (words[:50],),
    }
    said = message(Kind.OPENED, incident(**changes), incident(2, **(changes | {"host": "srv-02"})))
    # As it is done for one client's incidents, whose texts may hold names from the log.
    return replace(
        said, forward=clean(words, 600), verify=(clean(words, 500) or "-",), ack_url="https://status.example.com/a/1"
    )


def marked_up(part: Any) -> list[str]:
    """Return every text of a card in which markdown would come alive."""
    if isinstance(part, list):
        return [words for one in part for words in marked_up(one)]
    if not isinstance(part, dict) or part.get("type") == "TextRun":
        return []
    own = [part[name] for name in ("text", "value", "title", "fallbackText") if name in part]
    return own + [words for one in part.values() for words in marked_up(one)]


def test_hostile_text_comes_out_harmless_everywhere() -> None:
    said = hostile()
    assert said.links == ("https://help.example.com/x",)
    html = email.html(said)
    assert "<script" not in html
    assert "javascript:" not in html
    card = json.dumps(teams.payload(said), ensure_ascii=False)
    assert not [words for words in marked_up(teams.card(said)) if re.search(r"\]\(|\*|`|<at>", words)]
    assert "<!channel>" not in json.dumps(slack.payload(said), ensure_ascii=False)
    for made in (
        html,
        card,
        text.render(said),
        console.render(said),
        json.dumps(slack.payload(said), ensure_ascii=False),
        json.dumps(slack.followup(said), ensure_ascii=False),
        json.dumps(webhook.payload(said), ensure_ascii=False),
    ):
        assert "@everyone" not in made
        assert not re.search("[\u202e\u200b\u0007]", made)
    check_card(said)
    check_slack(said)


NASTY = st.lists(
    st.sampled_from(
        [
            "@everyone", "@here", "@channel", "@all", "@room", "<!channel>", "<!here|x>", "<!subteam^S1>", "<@U012>",
            "<#C1|x>", "<https://evil.example.com|click>", "<at>all</at>", "</at>", "[x](https://evil.example.com)",
            "![x](https://evil.example.com/x.png)", "<script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)",
            "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\x00", "\x07", "\x1b[31m", "\x7f", "\x85",
            "\u2028", "\r\n", "\n# head", "\n- item", "\n> quote", "**", "__", "~~", "`", "```", "|", "\\", '"',
            "{{ 7 * 7 }}",
            "{% raw %}", "${x}", "%s", "&amp;", "&lt;!channel&gt;", "\U000e0041", "x" * 50, "漢" * 20,
        ]
    ),
    min_size=1,
    max_size=30,
).map("".join)  # fmt: skip
SHOUTS = re.compile(r"@(?:everyone|here|channel|all|room)\b|<[!@#&]|</?at>", re.IGNORECASE)
UNSEEN = re.compile(
    r"[\u202a-\u202e\u2066-\u2069\u200b-\u200d\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\U000e0000-\U000e007f]"
)


@settings(deadline=None, max_examples=40)
@given(NASTY)
def test_nothing_in_a_log_can_summon_hide_link_or_run_anything_in_any_channel(words: str) -> None:
    said = hostile(words)
    check_card(said)
    check_slack(said)
    assert not [text for text in marked_up(teams.card(said)) if re.search(r"\]\(|\*|`|<at>", text)]
    whole = email.html(said)
    tags = {tag.lower() for tag in re.findall(r"<\s*/?\s*([a-zA-Z!][\w-]*)", whole)}
    assert tags <= {
        "!doctype", "html", "head", "meta", "title", "style", "body", "table", "tr", "td", "div", "p", "ol", "ul", "li",
        "a", "br", "span",
    }  # fmt: skip
    links = set(re.findall(r'href="([^"]*)"', whole))
    assert links == {"https://help.example.com/x", "https://status.example.com/a/1"}
    plain = [
        text.render(said),
        email.subject(said),
        json.dumps(webhook.payload(said), ensure_ascii=False),
        json.dumps(slack.payload(said), ensure_ascii=False),
        json.dumps(teams.payload(said), ensure_ascii=False),
    ]
    for made in plain:
        assert not SHOUTS.search(made)
    for made in (*plain, whole):
        assert not UNSEEN.search(made)


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=1, max_size=300))
def test_any_text_gives_a_valid_card_and_valid_blocks(words: str) -> None:
    said = message(Kind.OPENED, incident(message=words, explanation=words, title=words, application=words))
    check_card(said)
    check_slack(said)
    assert max(len(line) for line in console.render(said).splitlines() if "https://" not in line) <= 80


@pytest.mark.parametrize("letter", ["x", "漢", "\U0001f525", "\\", '"'])
def test_text_of_ten_thousand_characters_fits_every_channel(letter: str) -> None:
    said = hostile(letter * 10_000)
    check_card(said)
    check_slack(said)
    assert len(text.render(said, 1000)) <= 1000
    assert "https://help.example.com/x" in text.render(said, 1500)


@example(words="0 \x1b\r0", limit=4)
@given(words=st.text(max_size=400), limit=st.integers(1, 50))
def test_cleaned_text_is_one_short_line_and_stays_as_it_is(words: str, limit: int) -> None:
    once = clean(words, limit)
    assert len(once) <= limit
    assert "\n" not in once
    assert clean(once, limit) == once


def test_what_people_must_be_able_to_copy_is_left_alone() -> None:
    for words in ("C:\\QB\\Acme & Sons.qbw", "\\\\srv-02\\QB\\a_b.qbw", "0x80040408", "QBWC1053: a <b> 'c'", "1,000-5"):
        assert clean(words) == words
        assert card_text(words) == words
    assert slack_text("a & b < c") == "a &amp; b &lt; c"
    assert file_name("\\\\srv-02\\QB\\Acme.qbw") == "Acme.qbw"

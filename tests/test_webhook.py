"""The payload for web services of one's own, against the schema that ships."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from made_messages import MESSAGES, hosts, message

from alerts.channels import webhook
from alerts.decide import Kind, Reason

SCHEMA = json.loads(files("alerts").joinpath("schemas/webhook-1.0.json").read_text(encoding="utf-8"))
VALID = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_that_ships_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert webhook.VERSION == "1.0"


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_fits_the_schema_and_says_no_more_than_it(name: str) -> None:
    posted = json.loads(json.dumps(webhook.payload(MESSAGES[name])))
    VALID.validate(posted)
    assert set(posted) == set(SCHEMA["required"]) == set(SCHEMA["properties"])
    incident = SCHEMA["$defs"]["incident"]
    assert set(posted["incidents"][0]) == set(incident["required"]) == set(incident["properties"])


def statuses() -> dict[str, Any]:
    return {name: webhook.payload(said)["status"] for name, said in MESSAGES.items()}


def test_a_ticket_is_opened_once_and_closed_by_the_same_key() -> None:
    assert statuses() == {
        "opened": "open", "reminder": "open", "changed": "open", "resolved": "resolved", "digest": "info",
    }  # fmt: skip
    keys = {webhook.payload(MESSAGES[name])["dedupe_key"] for name in ("opened", "reminder", "resolved")}
    assert keys == {"a1b2c3d4open"}


def test_while_some_of_a_group_still_fail_its_ticket_stays_open() -> None:
    some = replace(MESSAGES["resolved"], reason=Reason.SOME_RESOLVED)
    assert webhook.payload(some)["status"] == "open"


def test_a_list_of_hundreds_is_cut_and_the_rest_is_counted() -> None:
    posted = webhook.payload(message(Kind.OPENED, *hosts(320)))
    assert (len(posted["incidents"]), posted["incidents_left_out"]) == (50, 270)
    assert len(json.dumps(posted)) <= webhook.MAX_BYTES

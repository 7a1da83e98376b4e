"""`qbwatch explain` asked in a person's own words, by a cause's name, or by a bare number of somebody's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qbwatch.__main__ import main
from qbwatch.cause_search import causes_about

if TYPE_CHECKING:
    from rules.catalogue import Catalogue


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("single user mode", "single_user_mode"),
        ("modal dialog", "popup_blocked"),
        ("certificates expired", "tls_certificate"),
        ("why does it say not a valid username", "auth_rejected_by_web_service"),
        ("asleep", "machine_asleep"),
        ("company file is locked", "company_file_lock_stuck"),
        ("too many users licence", "licenses_exhausted"),
    ],
)
def test_a_few_words_find_the_causes_that_speak_of_them(catalogue: Catalogue, words: str, cause: str) -> None:
    assert cause in [one.name for one in causes_about(catalogue, words)]


@pytest.mark.parametrize("words", ["", "why", "the sync failed", "QuickBooks error", "frobnicate the gizmo", "a b c"])
def test_words_that_say_nothing_find_nothing(catalogue: Catalogue, words: str) -> None:
    assert causes_about(catalogue, words) == []


def test_no_more_are_named_than_a_person_reads(catalogue: Catalogue) -> None:
    assert 0 < len(causes_about(catalogue, "company file")) <= 4


def test_what_the_words_may_be_about_is_told_with_what_to_ask_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "single", "user", "mode"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert said == (
        "No rule knows these words. They may be about: single_user_mode (The company file is open in single-user "
        "mode). Ask for one: qbwatch explain single_user_mode"
    )


def test_a_cause_is_explained_by_its_name_with_its_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "popup_blocked"]) == 0
    first, second, third, *_ = capsys.readouterr().out.splitlines()
    assert (first, second) == ("A QuickBooks pop-up is blocking the sync", "popup_blocked, error, for ops to mend")
    assert third == "Codes: 0x80040414; 0x8004042D; QBWC1053"


@pytest.mark.parametrize(
    ("number", "cause"),
    [("3371", "license_invalid"), ("1334", "quickbooks_cannot_start"), ("1722", "quickbooks_crashed")],
)
def test_a_bare_number_may_be_quickbooks_own_or_windows(
    number: str, cause: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["explain", "--json", number])
    assert [json.loads(line)["cause"] for line in capsys.readouterr().out.splitlines()] == [cause]

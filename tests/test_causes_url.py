"""Somebody's own pages about the causes: linked beside the vendor's page, from the configuration to the message."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from conftest import SAMPLES

from qbwatch.__main__ import main
from qbwatch.config import load as load_settings
from qbwatch.errors import UsageError
from qbwatch.rule_reload import NOT_LOADED, RuleReloader
from rules.links import page_of, pages_problem
from rules.load import load

if TYPE_CHECKING:
    from pathlib import Path

PAGES = "https://docs.example.com/causes"
VENDOR = "https://docs.connectbooster.com/help/webconnector-sync-errors-and-best-practices"
POPUP = str(SAMPLES / "popup" / "update_offer")


@pytest.fixture
def configured(tmp_path: Path) -> list[str]:
    file = tmp_path / "qbwatch.toml"
    file.write_text(f'[rules]\ncauses_url = "{PAGES}"\n[[source]]\npath = "x.log"\n', encoding="utf-8")
    return ["--config", str(file)]


@pytest.mark.parametrize(
    ("pages", "page"),
    [
        (PAGES, f"{PAGES}/popup_blocked"),
        (f"{PAGES}/", f"{PAGES}/popup_blocked"),
        (f"{PAGES}/{{cause}}.md", f"{PAGES}/popup_blocked.md"),
        ("http://wiki:8080/qb?page={cause}", "http://wiki:8080/qb?page=popup_blocked"),
    ],
)
def test_the_page_of_a_cause_is_named_after_it(pages: str, page: str) -> None:
    assert (page_of(pages, "popup_blocked"), pages_problem(pages)) == (page, None)


@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ("docs.example.com", "Write one that begins with https://"),
        ("https://", "Write one that begins with https://"),
        ("https://anna:pw@docs.example.com", "It carries a user's name"),
        ("https://docs.example.com/{name}", "Only {cause} stands in braces"),
        ("https://docs.example.com/our causes", "It has a blank in it"),
        ("docs/{cause}.md", "Write one that begins with https://"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_with_its_place(tmp_path: Path, pages: str, why: str) -> None:
    file = tmp_path / "qbwatch.toml"
    file.write_text(f'[rules]\ncauses_url = "{pages}"\n[[source]]\npath = "x.log"\n', encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        load_settings(file)
    assert f"{file}:2:" in str(refused.value)
    assert why in str(refused.value)


def test_findings_link_the_page_behind_the_best_one(configured: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([*configured, "scan", POPUP, "--json"])
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    [root, *_] = [one for one in lines if one.get("role") == "root"]
    assert root["link"] == VENDOR
    assert root["links"][:2] == [VENDOR, f"{PAGES}/popup_blocked"]


def test_explain_links_it_and_the_pages_do_not_link_themselves(
    configured: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*configured, "explain", "QBWC1053"])
    assert f"{VENDOR}\n{PAGES}/popup_blocked\n" in capsys.readouterr().out
    main([*configured, "rules", "pages", str(tmp_path / "pages")])
    assert PAGES not in (tmp_path / "pages" / "popup_blocked.md").read_text(encoding="utf-8")


def test_what_goes_wrong_with_rules_links_the_page_about_rules(tmp_path: Path) -> None:
    assert load().causes[NOT_LOADED].links == ("docs/rule-language.md",)
    main(["rules", "pages", str(tmp_path)])
    page = (tmp_path / "rules_not_loaded.md").read_text(encoding="utf-8")
    assert "- [docs/rule-language.md](../rule-language.md)\n" in page
    assert "qbwatch finds it in its own work." in page


def test_no_address_adds_no_link() -> None:
    catalogue = load()
    assert catalogue.with_pages(None) is catalogue


def test_rules_that_were_changed_still_link_it(tmp_path: Path) -> None:
    now = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
    rules = tmp_path / "ours.rules"
    rules.write_text("", encoding="utf-8")
    first = load([rules]).with_pages(PAGES)
    reloader = RuleReloader(
        catalogue=first, path=rules, formats=(), host="srv-01", client=None, clock=lambda: now, pages=PAGES
    )
    rules.write_text("# changed\n", encoding="utf-8")
    changed = next(found for at in range(9) if (found := reloader.look(at * 10.0).catalogue))
    assert changed.causes[NOT_LOADED].filled({}).links[1] == f"{PAGES}/rules_not_loaded"

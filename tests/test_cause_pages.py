"""The pages of causes: what they say, and that those in docs/causes are what the catalogue gives now."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.__main__ import main
from qbwatch.cause_pages import INDEX, make_pages, write_pages
from rules.catalogue import Catalogue
from rules.load import load, parse

if TYPE_CHECKING:
    import pytest

DOCS = Path(__file__).parents[1] / "docs" / "causes"
PAGES = make_pages(load())
OWN = """\
cause label_jam
    title     The [label] printer | jams
    severity  warning
    act       client
    explain   QuickBooks on {host} waits for the printer at \\\\srv\\labels.
    step      Pull.
    step      Push.
    verify    A label comes out.
    client    The printer is stuck.
    link      https://example.com/jam

rule ours.jam
    cause       label_jam
    in          qbwc
    when        code is 0x80040414 and text contains "printer"
    confidence  likely
    note        It is the big one.
    sample      20260310.02:00:09 UTC\t: X.SOAPWebService.y() : HRESULT = 0x80040414 printer ```jam
"""
OWN_PAGE = """\
# The \\[label\\] printer \\| jams

<!-- Made from the rule files by `qbwatch rules pages`. Change the rules, not this page. -->

`label_jam`. Warning: look at it; the client's people act.

## What you see

Most often the log has this:

````text
20260310.02:00:09 UTC\t: X.SOAPWebService.y() : HRESULT = 0x80040414 printer ```jam
````

Codes: `0x80040414` (-2147220460).

## Why

QuickBooks on the machine waits for the printer at \\\\\\\\srv\\\\labels.

## What to do

1. Pull.
2. Push.

## It is mended when

- A label comes out.

## What to tell the client

> The printer is stuck.

## Every line that shows it

### `ours.jam`

It is the big one. By this line the cause is likely.

````text
20260310.02:00:09 UTC\t: X.SOAPWebService.y() : HRESULT = 0x80040414 printer ```jam
````

## Read more

- <https://example.com/jam>
"""


def own_catalogue(text: str = OWN) -> Catalogue:
    parsed = parse(text, "mine/labels.rules")
    assert parsed.faults == []
    return Catalogue(parsed.causes, tuple(parsed.rules.values()))


def test_the_committed_pages_are_what_the_catalogue_gives_now() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    stale = sorted(name for name in committed | PAGES if committed.get(name) != PAGES.get(name))
    assert stale == [], "run: qbwatch rules pages docs/causes"


def test_a_page_tells_all_that_its_cause_holds() -> None:
    assert make_pages(own_catalogue())["label_jam.md"] == OWN_PAGE


def test_a_cause_without_the_texts_that_may_be_left_out_has_no_empty_sections() -> None:
    bare = re.sub(r"    (verify|client) .*\n", "", OWN)
    assert "## It is mended when" not in make_pages(own_catalogue(bare))["label_jam.md"]
    assert "## What to tell the client" not in make_pages(own_catalogue(bare))["label_jam.md"]


def test_the_index_leads_by_topic_and_by_code() -> None:
    index = make_pages(own_catalogue())[INDEX]
    assert "### labels\n\n- [The \\[label\\] printer \\| jams](label_jam.md) (`label_jam`)" in index
    assert "| `0x80040414` (-2147220460) | [The \\[label\\] printer \\| jams](label_jam.md) |  |  |" in index


def test_the_index_names_the_reading_of_a_bare_code_first() -> None:
    row = next(line for line in PAGES[INDEX].splitlines() if line.startswith("| `QBWC1012`"))
    assert row.startswith("| `QBWC1012` | [The call to the web service fails](web_service_error.md); ")
    assert "web_service_unreachable.md" in row
    assert row.endswith(" | likely |")


def test_a_cause_that_no_line_shows_says_so() -> None:
    assert "## What you see\n\nNo line of a log says it;" in PAGES["machine_asleep.md"]
    assert "## Every line that shows it" not in PAGES["machine_asleep.md"]


def test_every_link_between_the_pages_leads_somewhere() -> None:
    linked = {link for text in PAGES.values() for link in re.findall(r"\]\(([\w.-]+)\)", text)}
    assert linked == set(PAGES) - {INDEX}


def test_the_command_writes_the_pages_and_takes_away_only_its_own_old_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "causes"
    write_pages(own_catalogue(), folder)
    (folder / "notes.md").write_text("mine", encoding="utf-8")
    assert main(["rules", "pages", str(folder)]) == 0
    assert capsys.readouterr().out == f"{len(PAGES)} pages written to {folder}\n"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert written == {**PAGES, "notes.md": "mine"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "causes").write_text("a file", encoding="utf-8")
    assert main(["rules", "pages", str(tmp_path / "causes")]) == 2
    assert "the pages cannot be written there" in capsys.readouterr().err

"""The pages about installing say what the program does: their commands can be typed, their answers can be read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from qbwatch.cli import full_parser
from qbwatch.cli.check import _FORMATS
from qbwatch.doctor import CHECKS
from qbwatch.first_start.answers import answers_from
from qbwatch.first_start.found import CHANNELS

DOCS = Path(__file__).parents[1] / "docs"
_PARSER = full_parser()
PAGES = ("install.md", "privacy.md", "troubleshooting.md")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """Return every command line of qbwatch on a page: in blocks, in scripts, and in the running text."""
    found = re.findall(r"`qbwatch ([^`]+)`", text)
    found += re.findall(r"(?m)^ {4,6}(?:& )?(?:sudo )?(?:\S*/|\$|\"[^\"]*\\)?qbwatch(?:\.exe\")? (?!=)(.+)$", text)
    return [line for line in found if "…" not in line]


def parsed(line: str) -> str | None:
    """Return why *line* cannot be typed."""
    try:
        _PARSER.parse_args(shlex.split(line))
    except SystemExit as end:
        return f"{line}: {end}" if end.code else None
    return None


@pytest.mark.parametrize("name", PAGES)
def test_every_command_on_the_page_can_be_typed(name: str) -> None:
    found = commands(page(name))
    assert len(found) >= 5
    assert [problem for line in found if (problem := parsed(line))] == []


def test_the_answers_for_an_installation_without_a_keyboard_can_be_read(tmp_path: Path) -> None:
    [block] = re.findall(r"(?s)```toml\n(.*?)```", page("install.md"))
    file = tmp_path / "answers.toml"
    file.write_text(block, encoding="utf-8")
    answers = answers_from(file)
    assert (answers.client, answers.logs) == ("Contoso", ("D:\\Sync\\Logs",))
    assert [(one.name, one.severity) for one in answers.receivers] == [("ops-teams", None), ("oncall", "critical")]


def test_the_pages_name_what_there_is() -> None:
    text = page("install.md")
    assert [name for name in _FORMATS if name != "nagios" and f"--format {name}" not in text] == []
    assert {"System"} <= set(CHANNELS)
    assert {"log permission", "log level"} <= {check.name for check in CHECKS}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)?(?:#[^)]*)?\)", page(name)):
        assert not target or (DOCS / target).exists(), target

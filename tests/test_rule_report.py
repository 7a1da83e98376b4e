"""What `qbwatch rules` tells of a set of rules: faults, overlaps, what is unused, what each costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from qbwatch import __version__
from qbwatch.__main__ import main
from qbwatch.rule_report import MADE_BY_QBWATCH, overlaps, unused_causes
from rules.links import link_problem
from rules.load import load
from rules.pack import pack_at, pack_of

if TYPE_CHECKING:
    from pathlib import Path

    from rules.catalogue import Catalogue

CAUSE = """\
cause {name}
    title     The {name}
    severity  error
    act       client
    explain   Something on {{host}} is stuck.
    step      Pull.
    link      https://example.com/jam
"""
RULE = """\
rule ours.{name}
    cause   {cause}
    in      {format}
    when    text contains "{text}"
    sample  {sample}
"""
SAMPLE = "20260310.02:00:09 UTC\t: X.update() : the paper jam"


def rule(name: str, text: str, cause: str = "jam", format_: str = "qbwc", sample: str = SAMPLE) -> str:
    return RULE.format(name=name, cause=cause, format=format_, text=text, sample=sample)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    code = main(["rules", *arguments, "--json"])
    return code, [json.loads(one) for one in capsys.readouterr().out.splitlines()]


def test_what_only_qbwatch_finds_itself_is_named_by_no_rule(catalogue: Catalogue) -> None:
    used = {rule.cause for rule in catalogue.rules}
    assert set(catalogue.causes) - used <= MADE_BY_QBWATCH
    assert unused_causes(catalogue) == []


def test_no_sample_of_ours_is_claimed_evenly_by_rules_of_two_causes(catalogue: Catalogue) -> None:
    assert [one for one in overlaps(catalogue) if one.is_even and not one.same_cause] == []


def test_check_tells_all_faults_of_all_files_with_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.rules").write_text("jam\n")
    (tmp_path / "b.rules").write_text(CAUSE.format(name="jam").replace("error", "eror"))
    code, faults = answer(capsys, "check", str(tmp_path))
    assert code == 2
    assert [(one["file"], one["line"], one["column"]) for one in faults] == [
        (f"{tmp_path}/a.rules", 1, 1), (f"{tmp_path}/b.rules", 3, 15),
    ]  # fmt: skip
    assert faults[1]["text"] == "    severity  eror"


def test_check_takes_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.rules").write_text("jam\n")
    good = tmp_path / "b.rules"
    good.write_text(CAUSE.format(name="jam") + rule("jam", "paper jam"))
    assert main(["rules", "check", str(good)]) == 0
    assert "no fault" in capsys.readouterr().out


def test_an_overlap_says_who_wins_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = CAUSE.format(name="jam") + rule("long", "the paper jam") + rule("short", "paper jam")
    (tmp_path / "a.rules").write_text(text)
    code, (one, other, summary) = (
        answer(capsys, "check", str(tmp_path))[0],
        answer(capsys, "check", str(tmp_path))[1][-3:],
    )
    assert code == 0
    wins = {"winner": "ours.long", "loser": "ours.short", "why": "it asks for more: 13 against 9"}
    assert [{key: line[key] for key in wins} for line in (one, other)] == [wins, wins]
    assert one["sample"] == f"{tmp_path}/a.rules:12:5"
    assert (summary["unused"], summary["even"]) == ([], 0)


def test_rules_of_two_causes_that_nothing_tells_apart_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (
        CAUSE.format(name="jam") + CAUSE.format(name="mess") + rule("a", "paper jam") + rule("b", "the paper", "mess")
    )
    (tmp_path / "a.rules").write_text(text + CAUSE.format(name="idle"))
    assert main(["rules", "check", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "ours.b  ours.a  nothing tells them apart but their names" in said
    assert "no rule names the cause idle." in said


def test_costs_are_measured_on_the_samples_that_a_rule_is_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = answer(capsys, "list", "--cost")
    assert code == 0
    assert {one["rule"] for one in lines} == {rule.name for rule in load().rules}
    assert [one["microseconds"] for one in lines] == sorted((one["microseconds"] for one in lines), reverse=True)
    popup = next(one for one in lines if one["rule"] == "qbwc.modal_dialog")
    assert popup["asked"] >= popup["matched"] > 0


def test_list_and_version_name_the_rule_pack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "list"]) == 0
    assert capsys.readouterr().out.endswith(f"rules; rule pack {pack_at()}\n")
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"qbwatch {__version__}, rule pack {pack_at()}\n")


def test_the_rule_pack_is_that_of_the_files_that_were_loaded(tmp_path: Path) -> None:
    assert load().pack == pack_at()
    (tmp_path / "a.rules").write_text(CAUSE.format(name="jam"))
    mine = load([tmp_path]).pack
    (tmp_path / "a.rules").write_text(CAUSE.format(name="jam") + "# changed\n")
    assert len({pack_at(), mine, load([tmp_path]).pack, pack_of([])}) == 4


def test_a_format_of_ones_own_may_be_read_by_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = CAUSE.format(name="jam") + rule(
        "jam", "paper jam", format_="fabrikam", sample="2026-03-10 02:00:09 paper jam"
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.rules").write_text(text.replace("in      fabrikam", "in      fabrikam, qbwc"))
    assert main(["rules", "check", str(tmp_path / "mine")]) == 2
    assert '"fabrikam" is no format.' in capsys.readouterr().err
    config = tmp_path / "qbwatch.toml"
    config.write_text(
        f'[rules]\npath = "mine"\n[[source]]\npath = "{tmp_path}/x.log"\nformat = "fabrikam"\n'
        '[[format]]\nname = "fabrikam"\ntime = "%Y-%m-%d %H:%M:%S"\n'
        "start = '(?P<time>\\S+ \\S+) '\n"
        'timezone = "UTC"\nsample = "2026-03-10 02:00:09 paper jam"\n'
    )
    for action in ("check", "test"):
        assert main(["--config", str(config), "rules", action]) == 0, capsys.readouterr()


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("https://example.com/a_(b)", None),
        ("example.com/a", "Write one that begins with https://"),
        ("https://example.com/a b", "It has a blank in it. Write %20, or a statement of its own for each link"),
        ("https://example.com/a.", 'It ends with ".", which belongs to the sentence. Take that away'),
        ("https://example.com/a)", 'It ends with ")", which belongs to the sentence. Take that away'),
        ("https://localhost/a", '"localhost" is no public host name. Write one such as example.com'),
        ("https://intranet.local/a", '"intranet.local" is no public host name. Write one such as example.com'),
        ("https://ann@example.com/", "It carries a user's name. Take out what stands before the @"),
        (
            "https://example.com:port/",
            "It cannot be read as an address (Port could not be cast to integer value as 'port')",
        ),
    ],
)
def test_a_link_that_cannot_lead_anywhere_is_refused(link: str, problem: str | None) -> None:
    assert link_problem(link) == problem

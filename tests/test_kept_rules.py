"""Parsed rules are kept between starts, and what is kept is never another thing than the files say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rules import kept
from rules.load import RuleError, load

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
cause own_trouble
    title     Our gadget is unplugged
    severity  warning
    act       client
    explain   The gadget beside {host} has no power.
    step      Plug it in.
    link      https://example.com/gadget

rule own.gadget
    cause   own_trouble
    in      qbwc
    when    (text contains "gadget is {word}" and not level is debug) or pattern "gadget (?P<machine>\\w+) out"
            3 times in 30m per application
    sample  20260310.02:00:09 UTC\t: QBWebConnector.SOAPWebService.x() : the gadget is {word}
    never   20260310.02:00:09 UTC\t: QBWebConnector.SOAPWebService.x() : all is fine

rule own.late
    cause   own_trouble
    in      qbwc
    when    text contains "gizmo is hot" and outcome is failed and within run (code is QBWC1012)
    sample
        | 20260310.02:00:09 UTC\t: QBWebConnector.SOAPWebService.x() : the gizmo is hot
    never   20260310.02:00:09 UTC\t: QBWebConnector.SOAPWebService.x() : all is fine
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own"
    path.mkdir()
    (path / "own.rules").write_text(OWN.replace("{word}", "unplugged"))
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "qbwatch"


def files_of(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


def test_what_is_kept_is_the_catalogue_that_was_parsed(own: Path, cache: Path) -> None:
    parsed = load([own], keep_in=cache)
    (file,) = files_of(cache)
    assert kept.read(cache, file.stem.removeprefix("rules-")) == parsed == load([own])


def test_it_is_taken_from_there_the_next_time(own: Path, cache: Path) -> None:
    load([own], keep_in=cache)
    (file,) = files_of(cache)
    key = file.stem.removeprefix("rules-")
    fewer = load()
    kept.write(cache, key, fewer)
    assert load([own], keep_in=cache) == fewer


def test_an_edited_file_is_parsed_anew(own: Path, cache: Path) -> None:
    load([own], keep_in=cache)
    (own / "own.rules").write_text(OWN.replace("{word}", "stuck"))
    (sample,) = load([own], keep_in=cache).by_name["own.gadget"].samples
    assert sample.text.endswith("the gadget is stuck\r\n")
    assert len(files_of(cache)) == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "other", "empty"])
def test_what_is_damaged_is_parsed_anew_and_mended(own: Path, cache: Path, damage: str) -> None:
    parsed = load([own], keep_in=cache)
    (file,) = files_of(cache)
    whole = file.read_bytes()
    file.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "changed": whole.replace(b"unplugged", b"plugged--"),
            "other": b"\xff\xfe\x00",
            "empty": b"",
        }[damage]
    )
    assert load([own], keep_in=cache) == parsed
    assert file.read_bytes() == whole


def test_what_another_program_kept_under_the_same_name_is_parsed_anew(own: Path, cache: Path) -> None:
    parsed = load([own], keep_in=cache)
    (file,) = files_of(cache)
    for told in (b"[]", b'[[["x"]], [], ""]', b"null"):
        file.write_bytes(kept.blake2b(told, digest_size=16).hexdigest().encode() + b"\n" + told)
        assert load([own], keep_in=cache) == parsed


def test_rules_with_faults_are_never_kept(own: Path, cache: Path) -> None:
    (own / "own.rules").write_text("rule broken\n    cause nothing\n")
    for _ in range(2):
        with pytest.raises(RuleError, match=r"rule broken has no in, when, sample"):
            load([own], keep_in=cache)
    assert not cache.exists()


def test_a_folder_that_cannot_be_written_only_costs_time(own: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert load([own], keep_in=tmp_path / "file") == load([own])


def test_only_the_newest_are_kept(own: Path, cache: Path) -> None:
    for number in range(11):
        kept.write(cache, f"{number:032x}", load([own]))
    assert len(files_of(cache)) == 8

"""Foreign packages of our names are found by the lists of files that installers leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbwatch.install import may_be_foreign

if TYPE_CHECKING:
    from pathlib import Path


def installed(folder: Path, name: str, **lists: str) -> list[str]:
    """Lay down in *folder* what an installer leaves of the package *name*."""
    told = folder / f"{name}-3.0.dist-info"
    told.mkdir()
    for of, text in lists.items():
        (told / of.replace("_txt", ".txt")).write_text(text)
    return [str(folder)]


def test_a_package_that_names_our_name_as_its_own_may_be_foreign(tmp_path: Path) -> None:
    assert may_be_foreign(installed(tmp_path, "django_rules", top_level_txt="other\r\nrules\r\n"))


def test_a_package_without_such_a_name_list_is_told_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    assert may_be_foreign(installed(tmp_path, "django_rules", RECORD="rules/__init__.py,sha256=x,1\r\n"))


def test_names_that_only_contain_ours_are_no_reason_to_look_closer(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    folders = installed(tmp_path, "gatekeeper", RECORD="gatekeeper/rules/a.py,x,1\nmy_rules/b.py,x,1\n")
    assert not may_be_foreign([*folders, str(tmp_path / "nowhere")])


def test_our_own_package_is_not_foreign(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    assert not may_be_foreign(installed(tmp_path, "qbwatch", RECORD="rules/__init__.py,sha256=x,1\n"))


def test_a_checkout_of_ours_is_not_foreign(tmp_path: Path) -> None:
    (tmp_path / "qbwatch.egg-info").mkdir()
    (tmp_path / "qbwatch.egg-info" / "top_level.txt").write_text("alerts\ningest\nqbwatch\nrules\n")
    assert not may_be_foreign([str(tmp_path)])

"""Guard against foreign packages that own the same top-level names as our stages."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

STAGES = ("ingest", "rules", "alerts")
_OURS = ("qbwatch-", "qbwatch.")


def check_packages(owners: dict[str, list[str]] | None = None) -> str | None:
    """Return what to do if another distribution installed one of our package names, None if all is well.

    `pip install rules` (django-rules) beside qbwatch overwrites files without a word.
    """
    known = _owners() if owners is None else owners
    for name in STAGES:
        others = sorted({owner for owner in known.get(name, []) if owner != "qbwatch"})
        if others:
            return (
                f"The package '{others[0]}' is installed in the same environment and owns the name '{name}', which "
                "qbwatch uses too; one of them is broken by the other. Install qbwatch in an environment of its own: "
                "pipx install qbwatch, or python -m venv qbwatch-env."
            )
    return None


def may_be_foreign(folders: Iterable[str]) -> bool:
    """Say whether a package in *folders*, which are searched for modules, may bring one of our names.

    It looks for the names in the lists of files as they lie on the disk: parsing them all takes a fifth of a second.
    """
    for folder in dict.fromkeys(folders):
        place = Path(folder or ".")
        # What was installed beside us lies there; most folders hold nothing of our names.
        is_near = any((place / f"{stage}{end}").exists() for stage in STAGES for end in ("", ".py"))
        for told in _told_of(place):
            if any(b"\n%b\n" % stage.encode() in _read(told / "top_level.txt") for stage in STAGES):
                return True
            if is_near and any(b"\n%b" % stage.encode() in _read(told / "RECORD") for stage in STAGES):
                return True
    return False


def _owners() -> dict[str, list[str]]:
    if not may_be_foreign(sys.path):
        return {}
    from importlib.metadata import packages_distributions  # noqa: PLC0415 - slow, and hardly ever needed

    return {name: list(known) for name, known in packages_distributions().items()}


def _told_of(folder: Path) -> list[Path]:
    """Return the folders in *folder* in which an installer told of a package, but our own."""
    with suppress(OSError):
        return [
            one for one in folder.iterdir()
            if one.suffix in {".dist-info", ".egg-info"} and not one.name.startswith(_OURS)
        ]  # fmt: skip
    return []


def _read(path: Path) -> bytes:
    with suppress(OSError):
        return b"\n" + path.read_bytes().replace(b"\r\n", b"\n") + b"\n"
    return b""

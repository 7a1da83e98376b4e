"""The name of a set of rules, told from the texts of its files; needs no grammar and loads at once."""

from __future__ import annotations

from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

SHIPPED = files("rules").joinpath("catalog")
"""The folder of the rules that ship."""


def rule_files(path: Traversable | Path) -> list[Traversable | Path]:
    """Return the rule files of *path*, a folder or one file, in the order in which they are read."""
    if path.is_file():
        return [path]
    return sorted((one for one in path.iterdir() if one.name.endswith(".rules")), key=lambda one: one.name)


def pack_of(texts: Iterable[str]) -> str:
    """Return the name of a set of rules: the same for the same *texts* of files in the same order.

    >>> pack_of(["cause a"]) == pack_of(["cause b"])
    False
    """
    told = blake2b(digest_size=6)
    for text in texts:
        told.update(f"{len(text)}:{text}".encode())
    return told.hexdigest()


def pack_at(paths: Sequence[Path] = ()) -> str:
    """Return the name of the rules that ship with those of *paths*, without parsing them.

    Raises OSError, or UnicodeDecodeError where a file is no text.
    """
    return pack_of(file.read_text(encoding="utf-8-sig") for path in (SHIPPED, *paths) for file in rule_files(path))

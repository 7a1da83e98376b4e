"""Where the logs of a source lie: its matches now, and the names that a log's generations go by."""

from __future__ import annotations

import glob
import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GENERATION = re.compile(r"(?:[-._]?old\d?|[-._]?\d{8}|[-._]\d{4}-\d\d-\d\d|[-._]\d{1,3})$", re.IGNORECASE)
# QuickBooks' SDK calls its log qbsdklog.txt, and the generation before it qbsdkold.txt.
_OTHER_NAMES = {"qbsdk": "qbsdklog"}


def chain_of(path: str) -> str:
    """Return what a log and its earlier generations have in common.

    >>> chain_of("/log/QWCLog.txt") == chain_of("/log/QWCLogOld.txt") == chain_of("/log/QWCLog.txt.1")
    True
    >>> chain_of("/log/sync20260304_001.log") == chain_of("/log/sync20260305.log")
    True
    >>> chain_of("/log/QWCLog-user2.txt") == chain_of("/log/QWCLog.txt")
    False
    """
    folder, name = os.path.split(path)
    stem = _bare(_bare(name).rpartition(".")[0] or name).lower()
    return os.path.join(folder, _OTHER_NAMES.get(stem, stem))  # noqa: PTH118 - only compared


def _bare(name: str) -> str:
    """Return *name* without what tells its generation: a date, a number, both, or "Old"."""
    shorter = _GENERATION.sub("", name)
    return _bare(shorter) if shorter and shorter != name else name


def is_generation(name: str) -> bool:
    """Say whether a file's name is that of an earlier generation, such as QWCLogOld.txt or QWCLog.txt.1."""
    return bool(_GENERATION.search(name) or _GENERATION.search(name.rpartition(".")[0]))


def matches(pattern: str) -> list[str]:
    """Return the files that *pattern* names; brackets in the name of a folder that is there are no pattern."""
    folder, name = os.path.split(pattern)
    if Path(pattern).is_file():
        return [pattern]
    if Path(folder).is_dir():
        pattern = os.path.join(glob.escape(folder), name)  # noqa: PTH118 - a pattern, not a path
    return glob.glob(pattern, recursive=True)  # noqa: PTH207 - the pattern may be absolute


def folders(patterns: Iterable[str]) -> set[Path]:
    """Return the folders that hold what *patterns* name, where they exist."""
    parents = {Path(pattern).parent for pattern in patterns}
    found = {parent for parent in parents if parent.is_dir()}
    missing = parents - found
    return found | {Path(match) for parent in missing for match in glob.glob(str(parent)) if Path(match).is_dir()}  # noqa: PTH207 - may be absolute


def generations_beside(path: str) -> Iterator[str]:
    """Yield the other generations of the log at *path* that lie in its folder."""
    folder, chain = os.path.dirname(path), chain_of(path)  # noqa: PTH120 - only compared
    try:
        names = sorted(found.name for found in Path(folder or ".").iterdir())
    except OSError:
        return
    for name in names:
        other = os.path.join(folder, name)  # noqa: PTH118 - only compared
        if other != path and chain_of(other) == chain and is_generation(name):
            yield other


def is_named(pattern: str, path: str) -> bool:
    """Say whether *path*, which may not be there any more, is one that *pattern* names, or a generation of such a one.

    >>> is_named("/log/QWCLog*.txt", "/log/QWCLogOld.txt"), is_named("/log/QWCLog.txt", "/log/QWCLog.txt.2")
    (True, True)
    >>> is_named("/log/QWCLog*.txt", "/log/sync.log")
    False
    """
    folder, name = os.path.split(pattern)
    if Path(folder).is_dir():
        pattern = os.path.join(glob.escape(folder), name)  # noqa: PTH118 - a pattern, not a path
    return fnmatchcase(path, pattern) or fnmatchcase(chain_of(path), chain_of(pattern))

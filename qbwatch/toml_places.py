"""Where in a TOML text each key stands, which tomllib does not tell."""

from __future__ import annotations

import re

_TABLE = re.compile(r"^\s*(?P<open>\[\[?)\s*(?P<name>[^\[\]]+?)\s*\]\]?")
_KEY = re.compile(r"""^\s*(?P<key>"[^"]*"|'[^']*'|[\w-]+)\s*=""")

Path = tuple[str | int, ...]


def places(text: str) -> dict[Path, tuple[int, int]]:
    r"""Return 1-based line and column of every table and key; a table's array index is part of its path.

    Keys inside inline tables are not found; their table's own place serves.

    >>> places("[host]\\nname = 'srv-01'")
    {('host',): (1, 1), ('host', 'name'): (2, 1)}
    """
    found: dict[Path, tuple[int, int]] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        head = _TABLE.match(line)
        if head:
            table = _table_path(head["name"], counts, array=head["open"] == "[[")
            found.setdefault(table, (number, head.start("open") + 1))
            continue
        key = _KEY.match(line)
        if key:
            found.setdefault((*table, key["key"].strip("\"'")), (number, key.start("key") + 1))
    return found


def _table_path(name: str, counts: dict[Path, int], *, array: bool) -> Path:
    path: Path = ()
    parts = [part.strip().strip("\"'") for part in name.split(".")]
    for at, part in enumerate(parts):
        path = (*path, part)
        if at == len(parts) - 1 and array:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path

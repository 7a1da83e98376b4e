"""What Windows' own programs print of a machine's set-up, read without its words: they are in any language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.machine_facts import LogAccess, PowerPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

_SLEEP = "29f6c1db-86da-48c5-9fdb-f2b67b1f44da"
_HIBERNATE = "9d7815a6-7ee4-497e-8888-515a05f02364"
_GUID = re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_INDEX = re.compile(r"(?im):\s*0x([0-9a-f]{8})\s*$")
_VALUE = re.compile(r"^\s{2,8}(.+?)\s{2,8}(REG_[A-Z_]+)(?:\s{2,8}(.*))?$")
# The rights stand in brackets at the end of an entry; a colon comes before the first.
_ENTRY = re.compile(r"^(?P<who>.+?):(?P<rights>(?:\([A-Za-z,]+\))+)\s*$")
_WRITING = {"F", "M", "W", "GA", "GW", "WD", "AD", "D"}


def power_plan(printed: str) -> PowerPlan:
    """Read what `powercfg /q SCHEME_CURRENT SUB_SLEEP` prints: of each setting the last two numbers are AC and DC."""
    settings: dict[str, list[int]] = {}
    current = ""
    for line in printed.splitlines():
        guid = _GUID.search(line)
        if guid:
            current = guid[0].lower()
        index = _INDEX.search(line)
        if index and current:
            settings.setdefault(current, []).append(int(index[1], 16))
    return PowerPlan(sleep_s=_on_mains(settings.get(_SLEEP)), hibernate_s=_on_mains(settings.get(_HIBERNATE)))


def _on_mains(numbers: list[int] | None) -> int | None:
    return numbers[-2] if numbers and len(numbers) >= 2 else None


def registry_values(printed: str) -> dict[str, dict[str, str]]:
    r"""Read what `reg query` prints: by key the values by name, numbers as decimals.

    >>> registry_values("\nHKEY_LOCAL_MACHINE\\X\n    Level    REG_SZ    NONE\n    Hour    REG_DWORD    0x11\n")
    {'HKEY_LOCAL_MACHINE\\X': {'Level': 'NONE', 'Hour': '17'}}
    """
    keys: dict[str, dict[str, str]] = {}
    values: dict[str, str] = {}
    for line in printed.splitlines():
        if line.startswith("HKEY_"):
            values = keys.setdefault(line.strip(), {})
            continue
        found = _VALUE.match(line)
        if found:
            text = (found[3] or "").strip()
            values[found[1]] = str(int(text, 16)) if found[2] in {"REG_DWORD", "REG_QWORD"} and text else text
    return keys


def log_access(path: str, printed: str) -> LogAccess:
    """Read what `icacls` prints of *path*: the first entry stands on the path's own line, the others below it."""
    writers, refused = [], []
    for who, rights in _entries(path, printed):
        granted = {right for group in rights for right in group.split(",")}
        if "DENY" in granted or "N" in granted:
            refused.append(who)
        elif granted & _WRITING:
            writers.append(who)
    return LogAccess(path=path, writers=tuple(dict.fromkeys(writers)), refused=tuple(dict.fromkeys(refused)))


def _entries(path: str, printed: str) -> Iterator[tuple[str, list[str]]]:
    for line in printed.splitlines():
        text = line.strip()
        if text.casefold().startswith(path.casefold()):
            text = text[len(path) :].strip()
        found = _ENTRY.match(text)
        if found:
            yield found["who"], re.findall(r"\(([A-Za-z,]+)\)", found["rights"])

"""Read a TOML table key by key, collecting what is wrong with its place."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from qbwatch.errors import UsageError
from qbwatch.history.times import length_of
from qbwatch.toml_places import places

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path as FilePath

    from qbwatch.toml_places import Path


class Faults:
    """What is wrong with one configuration file."""

    def __init__(self, file: FilePath, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._places = places(text)
        self._found: list[tuple[int, int, str]] = []

    def add(self, path: Path, message: str) -> None:
        """Note that what stands at *path*, or the nearest table above it, is wrong."""
        while path and path not in self._places:
            path = path[:-1]
        line, column = self._places.get(path, (1, 1))
        self._found.append((line, column, message))

    def refuse(self) -> None:
        """Raise UsageError with every fault, if there is one."""
        if self._found:
            raise UsageError("\n".join(self._told(*fault) for fault in sorted(self._found)))

    def _told(self, line: int, column: int, message: str) -> str:
        source = self._lines[line - 1] if line <= len(self._lines) else ""
        # The value may be a secret; the key is enough to find the place.
        shown = source.partition("=")[0].rstrip() + (" = …" if "=" in source else "")
        end = "" if message.endswith("?") else "."
        return f"{self._file}:{line}:{column}: {message}{end}\n    {shown}\n    {' ' * (column - 1)}^"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the configuration: its values, its path, and where faults go."""

    values: dict[str, Any]
    path: Path
    faults: Faults

    def fault(self, key: str, message: str) -> None:
        """Note that *key* is wrong."""
        self.faults.add((*self.path, key), message)

    def only(self, *known: str) -> None:
        """Note every key that is not among the *known* ones, with the nearest of those."""
        where = f"[{'.'.join(str(part) for part in self.path if isinstance(part, str))}]" if self.path else "the file"
        for key in self.values:
            if key in known:
                continue
            near = get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(known)}"
            self.fault(key, f'{where} has no key "{key}". {hint}'.rstrip("."))

    def text(self, key: str, *, needed: str | None = None) -> str | None:
        """Return the text at *key*; if it is *needed*, its absence is a fault."""
        value = self.values.get(key)
        if value is None or (needed and value == ""):
            if needed:
                self.fault(key, f'"{key}" is missing. Write {needed}')
            return None
        if not isinstance(value, str):
            # The value itself may be a secret.
            self.fault(key, f"{key} must be a text in quotes; this is {_kind(value)}")
            return None
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return the list of texts at *key*."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.fault(key, f'{key} must be a list of texts, such as ["client", "cause"]')
            return None
        return tuple(value)

    def flag(self, key: str) -> bool | None:
        """Return the truth value at *key*."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            self.fault(key, f"{key} must be true or false")
            return None
        return value

    def duration(self, key: str) -> timedelta | None:
        """Return the length of time at *key*, written like "1h30m"."""
        text = self.text(key)
        if text is None:
            return None
        try:
            return length_of(text)
        except ValueError as error:
            self.fault(key, str(error))
            return None

    def table(self, key: str) -> Table:
        """Return the table at *key*, empty if it is not there."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fault(key, f"{key} must be a table: write [{key}] on a line of its own")
            value = {}
        return Table(value, (*self.path, key), self.faults)

    def tables(self, key: str) -> list[Table]:
        """Return the tables of the array at *key*."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.fault(key, f"{key} must be written as [[{'.'.join(map(str, (*self.path, key)))}]], once for each")
            return []
        return [Table(one, (*self.path, key, at), self.faults) for at, one in enumerate(value)]


def _kind(value: object) -> str:
    """Say what kind of TOML value *value* is."""
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return kinds.get(type(value), "a date or a time")

"""Where the configuration puts the store, found without reading the rest of it: for who must answer at once."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from qbwatch.errors import UsageError
from qbwatch.places import config_file

if TYPE_CHECKING:
    from pathlib import Path


def store_place(named: Path | None) -> Path:
    """Return [store] path of the configuration *named*, or of the one in its usual place. Raises UsageError."""
    path = named or config_file()
    try:
        store = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("store", {})
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such configuration. Name one with --config or QBWATCH_CONFIG.") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: the configuration cannot be read ({error}).") from error
    name = store.get("path", "qbwatch.db") if isinstance(store, dict) else None
    if not isinstance(name, str):
        raise UsageError(f"{path}: [store] path must be a text in quotes.")
    return path.absolute().parent / name

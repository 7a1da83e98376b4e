"""Load what commands need: the configuration and the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbwatch import config
from qbwatch.errors import UsageError
from rules.load import RuleError, load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ingest.line_format import LineFormat
    from rules.catalogue import Catalogue


def load_settings(named: Path | None, *, secrets: bool = False) -> config.Settings:
    """Load the configuration *named*, or the one in its usual place, *secrets* and all. Raises UsageError."""
    return config.load(named or config.default_path(), secrets=secrets)


def load_settings_if_any(named: Path | None) -> config.Settings | None:
    """Load the configuration if it was named or is in its usual place."""
    path = named or config.default_path()
    return config.load(path, secrets=False) if named or path.exists() else None


def load_catalogue(folder: Path | None, formats: Iterable[LineFormat] = ()) -> Catalogue:
    """Load the shipped rules and those in *folder*, or one file; rules may read the user's own *formats*.

    Raises UsageError that tells every fault.
    """
    if folder is not None and not folder.exists():
        raise UsageError(f"{folder}: no such folder of rules. Check [rules] path, or --rules.")
    try:
        return load([folder] if folder else [], [one.name for one in formats])
    except RuleError as error:
        raise UsageError(str(error)) from error

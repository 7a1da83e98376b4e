"""Load what commands need: the configuration and the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbwatch.errors import UsageError
from qbwatch.places import cache_folder, config_file
from rules.load import RuleError, load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ingest.line_format import LineFormat
    from qbwatch import config
    from rules.catalogue import Catalogue


def load_settings(named: Path | None, *, secrets: bool = False) -> config.Settings:
    """Load the configuration *named*, or the one in its usual place, *secrets* and all. Raises UsageError."""
    from qbwatch.config import load as read  # noqa: PLC0415 - it knows all stages, and most scans have none

    return read(named or config_file(), secrets=secrets)


def load_settings_if_any(named: Path | None) -> config.Settings | None:
    """Load the configuration if it was named or is in its usual place."""
    return load_settings(named) if named or config_file().exists() else None


def load_catalogue(folder: Path | None, formats: Iterable[LineFormat] = (), *, pages: str | None = None) -> Catalogue:
    """Load the shipped rules and those in *folder*, or one file; rules may read the user's own *formats*.

    *pages* is the address of somebody's own pages about the causes, to be linked.

    Raises UsageError that tells every fault.
    """
    if folder is not None and not folder.exists():
        raise UsageError(f"{folder}: no such folder of rules. Check [rules] path, or --rules.")
    try:
        found = load([folder] if folder else [], [one.name for one in formats], keep_in=cache_folder())
    except RuleError as error:
        raise UsageError(str(error)) from error
    return found.with_pages(pages)

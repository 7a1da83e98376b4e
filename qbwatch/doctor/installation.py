"""What is examined: a configuration, its store and the machine, as far as each of them can be had."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ingest.channels import Channel
from qbwatch.config import load
from qbwatch.errors import StoreError, UsageError
from qbwatch.history.store import Store
from qbwatch.history.trouble import advice
from qbwatch.history.version import VERSION
from qbwatch.install import check_packages
from rules.load import RuleError
from rules.load import load as load_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from ingest.platform import Platform
    from qbwatch.config import Settings
    from qbwatch.service import Keeper
    from rules.catalogue import Catalogue


@dataclass(kw_only=True)
class Installation:
    """All that checks may ask; `settings` and `store` are None where they cannot be had, and the trouble says why.

    With `asks_network` receivers are connected to, with `sends` each gets a test message.
    """

    file: Path
    platform: Platform
    keeper: Keeper | None
    clock: Callable[[], datetime]
    settings: Settings | None = None
    settings_trouble: str | None = None
    store: Store | None = None
    store_trouble: str | None = None
    asks_network: bool = True
    sends: bool = False
    system: str = sys.platform
    open_channel: Callable[[str], Channel] = lambda name: Channel(name=name)
    foreign_packages: Callable[[], str | None] = check_packages

    @cached_property
    def now(self) -> datetime:
        """When the examination began."""
        return self.clock()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The rules of the configuration, or those that ship. Raises RuleError."""
        own = self.settings.rules if self.settings else None
        formats = self.settings.formats if self.settings else ()
        return load_rules([own] if own else [], [one.name for one in formats])

    @cached_property
    def known_catalogue(self) -> Catalogue:
        """The rules, or those that ship where the user's own cannot be read."""
        try:
            return self.catalogue
        except RuleError:
            return load_rules()


@contextmanager
def open_installation(
    file: Path, platform: Platform, keeper: Keeper | None, clock: Callable[[], datetime]
) -> Iterator[Installation]:
    """Open what the configuration *file* names; what cannot be had is told, and stops nobody."""
    installation = Installation(file=file, platform=platform, keeper=keeper, clock=clock)
    _read_settings(installation)
    if installation.settings:
        _open_store(installation, installation.settings.store)
    try:
        yield installation
    finally:
        if installation.store:
            installation.store.close()


def _read_settings(installation: Installation) -> None:
    for secrets in (True, False):
        try:
            installation.settings = load(installation.file, secrets=secrets)
        except UsageError as error:
            installation.settings_trouble = installation.settings_trouble or str(error)
        else:
            return


def _open_store(installation: Installation, path: Path) -> None:
    """Open the store if that changes nothing in it."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=3)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == VERSION:
            installation.store = Store(path)
            installation.store.connection.execute("PRAGMA busy_timeout = 3000")
        elif version > VERSION:
            installation.store_trouble = (
                f"it was written by a newer qbwatch (tables {version}, this program {VERSION}). Update this one"
            )
        else:
            installation.store_trouble = f"it has the tables of an older qbwatch ({version}, this program {VERSION})"
    except (sqlite3.Error, OSError) as error:
        installation.store_trouble = f"it cannot be opened ({error}). {advice(error)}"
    except StoreError as error:
        installation.store_trouble = str(error)

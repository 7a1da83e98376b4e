"""Which versions are at work, and whether anything foreign lies among our packages."""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from qbwatch import __version__
from qbwatch.doctor.finding import fault, fine, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation

_LIBRARIES = ("apprise", "watchdog", "pyparsing", "sqlite-utils")
_CONNECTOR = (
    "SELECT product_version FROM runs WHERE host = ? AND product_version IS NOT NULL ORDER BY started DESC LIMIT 1"
)
# The first version that speaks TLS 1.2 as web services ask for it.
_OLDEST_CONNECTOR = (2, 3)


def packages(installation: Installation) -> Iterator[Finding]:
    """Say which versions of qbwatch, Python and the libraries run."""
    foreign = installation.foreign_packages()
    if foreign:
        yield fault(foreign.partition(". ")[0], "One of the two is broken", foreign.partition(". ")[2].rstrip("."))
    found, missing = [], []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        yield fault(f"not installed: {', '.join(missing)}", "qbwatch cannot work without", "Install qbwatch again")
    python = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    yield fine(f"qbwatch {__version__}, {python}, {', '.join(found)} on {platform.system()} {platform.release()}")


def connector(installation: Installation) -> Iterator[Finding]:
    """Say which Web Connector the log tells of."""
    if installation.store is None or installation.settings is None:
        return
    row = installation.store.connection.execute(_CONNECTOR, (installation.settings.host,)).fetchone()
    if row is None:
        return
    told = str(row["product_version"])
    parts = tuple(int(part) for part in told.split(".")[:2] if part.isdigit())
    if parts and parts < _OLDEST_CONNECTOR:
        yield warning(f"Web Connector {told} is old", "Its TLS is refused by many web services",
                      "Update it from Intuit's page of Web Connector")  # fmt: skip
    else:
        yield fine(f"Web Connector {told}")

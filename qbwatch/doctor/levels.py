"""Whether Web Connector logs at all, what its level hides, and whether every Windows user may write its log."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.platform import open_shared
from ingest.platform.setup import machine_facts
from qbwatch.doctor.finding import fault, fine, warning
from qbwatch.source_paths import is_generation, matches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation

_LEVEL = re.compile(rb"logging status to level = (\w+)")
# It stands where the program was started; a log between two starts is seldom longer.
_LOOKED_AT = 4_000_000
_SET = r"HKCU\Software\Intuit\QBWebConnector, value Level; then restart Web Connector"


def log_level(installation: Installation) -> Iterator[Finding]:
    """Say at which level Web Connector logs, by its log and, on Windows, by the registry of each user."""
    found: dict[str, list[str]] = {}
    for path in logs_of(installation):
        if level := _told_in(path):
            found.setdefault(level.upper(), []).append(path)
    for user, level in (machine_facts(installation.platform, (), ()).levels or {}).items():
        found.setdefault(level.strip().upper(), []).append(f"the Windows user {user}")
    for level, where in found.items():
        yield _judged(level, where)


def _judged(level: str, where: list[str]) -> Finding:
    told = f"the log level is {level}: {', '.join(where)}"
    if level == "NONE":
        return fault(
            told, "Web Connector writes nothing, so that no failure of these syncs is ever seen",
            f"Set it to DEBUG: {_SET}",
        )  # fmt: skip
    if level == "VERBOSE":
        return fine(told, "Whole requests are in the log: what QuickBooks refuses of a single record is seen, and the "
                    "log holds your client's data")  # fmt: skip
    if level == "DEBUG":
        return fine(told, "Every failed run is seen. Of requests the log has the first letters only: a single record "
                    "that QuickBooks refuses in a run that goes on is not seen. To see those too, set VERBOSE: "
                    f"{_SET}")  # fmt: skip
    return warning(told, "It is not known to hold all that is needed", f"Set it to DEBUG: {_SET}")


def log_permission(installation: Installation) -> Iterator[Finding]:
    """Say whether every Windows user of Web Connector may write its log."""
    from qbwatch.doctor.preventive import found_in_setup  # noqa: PLC0415 - it asks the machine

    found = [event for event in found_in_setup(installation) if event.cause == "connector_log_not_shared"]
    for event in found:
        yield fault(event.message.rstrip("."), "Web Connector passes over what it cannot write: that user's syncs "
                    "leave no line at all", " ".join(event.steps).rstrip("."))  # fmt: skip
    if not found and installation.system == "win32":
        yield fine("no Windows user of Web Connector is known to be shut out of its log")


def logs_of(installation: Installation) -> list[str]:
    """Return the logs of the configuration that are Web Connector's by their name."""
    sources = installation.settings.sources if installation.settings else ()
    found = dict.fromkeys(path for source in sources for path in sorted(matches(source.path)))
    names = {path: Path(path).name for path in found}
    return [path for path, name in names.items() if name.casefold().startswith("qwclog") and not is_generation(name)]


def _told_in(path: str) -> str | None:
    """Return the level that the log's last beginning tells."""
    try:
        with open_shared(Path(path)) as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _LOOKED_AT))
            found = _LEVEL.findall(file.read(_LOOKED_AT))
            if not found and size > _LOOKED_AT:
                file.seek(0)
                found = _LEVEL.findall(file.read(4096))
    except OSError:
        return None
    return found[-1].decode("ascii", "replace") if found else None

"""Whether the configuration is in order, its secrets are kept, and somebody is told."""

from __future__ import annotations

import stat
import sys
from typing import TYPE_CHECKING

from qbwatch.config import unused_receivers
from qbwatch.doctor.finding import fault, fine, warning
from qbwatch.secrets import secret_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation


def configuration(installation: Installation) -> Iterator[Finding]:
    """Say whether the configuration can be used, secrets and all."""
    if installation.settings_trouble:
        yield fault(
            installation.settings_trouble.rstrip("."), "The watcher does not start with it",
            f"Mend the file, or make one: qbwatch --config {installation.file} init",
        )  # fmt: skip
        return
    yield fine(f"{installation.file} can be used")


def secrets(installation: Installation) -> Iterator[Finding]:
    """Say whether only the user that runs qbwatch can read its secrets."""
    files = files_of(installation)
    open_ones = [path for path in files if _is_open(path)]
    for path in open_ones:
        yield warning(
            f"{path} can be read by other users of this machine", "Who has this URL can write to your team",
            f"chmod 600 {path}",
        )  # fmt: skip
    if not open_ones:
        yield fine(f"secret files that only their owner reads: {len(files)}" if files else "no secret lies in a file")


def routes(installation: Installation) -> Iterator[Finding]:
    """Say whether anybody is told."""
    settings = installation.settings
    if settings is None:
        return
    if not settings.receivers:
        yield warning(
            "no [[receiver]] is configured", "Failures are stored, and nobody is told",
            "Add a [[receiver]] and a [route], as docs/alerts.md shows; without them `qbwatch check` is all there is",
        )  # fmt: skip
        return
    unused = unused_receivers(settings)
    for name in unused:
        yield warning(
            f'no route leads to the receiver "{name}"', "It is told nothing",
            f'Add a [[route.routes]] with receiver = "{name}", or take the receiver out',
        )  # fmt: skip
    if len(unused) < len(settings.receivers):
        yield fine(f"routes lead to {len(settings.receivers) - len(unused)} of {len(settings.receivers)} receivers")


def files_of(installation: Installation) -> list[Path]:
    """Return the secret files that the configuration names."""
    try:
        text = installation.file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return []
    return secret_files(text, installation.file.absolute().parent)


def _is_open(path: Path) -> bool:
    # Windows keeps access in lists that these bits do not show.
    return sys.platform != "win32" and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))

"""The thin layer under installing: programs of the system, and the files that it reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from ingest.platform.commands import output_of
from qbwatch.service.job import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.platform import PlatformError


class System(Protocol):
    """A system on which something is installed."""

    def run(self, command: Sequence[str]) -> str:
        """Run a program and return what it prints. Raises PlatformError if it fails."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a file that the system reads. Raises ServiceError."""

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there. Raises ServiceError."""

    def owner(self, path: Path) -> str | None:
        """Return the name of the user who owns *path*, where that can be told."""

    def may_install(self) -> bool:
        """Say whether this user may install what starts at boot."""


class ThisSystem:
    """The system that this runs on."""

    def run(self, command: Sequence[str]) -> str:
        """Run a program of the system."""
        # What Windows prints is in the console's code page; nothing but ASCII is looked for in it.
        return output_of(command).decode("utf-8", "replace")

    def write(self, path: Path, data: bytes) -> None:
        """Write a file."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise ServiceError(f"{path}: it cannot be written ({error.strerror or error}).") from error

    def remove(self, path: Path) -> None:
        """Remove a file."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ServiceError(f"{path}: it cannot be removed ({error.strerror or error}).") from error

    def owner(self, path: Path) -> str | None:
        """Return who owns *path*; Windows is not asked."""
        try:
            return path.owner()
        except (OSError, KeyError, RuntimeError):
            return None

    def may_install(self) -> bool:
        """Say whether this is root; Windows says no by itself."""
        return not hasattr(os, "geteuid") or os.geteuid() == 0


def this_system() -> System:
    """Return the system that this runs on."""
    return ThisSystem()


def refused(what: str, error: PlatformError, do: str) -> ServiceError:
    """Return the error that tells that the system refused *what*, and what to *do*."""
    return ServiceError(f"{what} ({error}). {do}")

"""Which keeper of services a system has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from qbwatch.service.job import ServiceError
from qbwatch.service.systemd import SystemdUnit
from qbwatch.service.windows_task import WindowsTask

if TYPE_CHECKING:
    from qbwatch.service.job import Job, ServiceState
    from qbwatch.service.system import System


class Keeper(Protocol):
    """What keeps the watcher running."""

    def shown(self, job: Job) -> str:
        """Return what would be installed, as the system reads it."""

    def install(self, job: Job) -> None:
        """Install and start *job*. Raises ServiceError."""

    def remove(self) -> bool:
        """Stop and remove it; return False if there was none. Raises ServiceError."""

    def state(self) -> ServiceState:
        """Return how it stands."""


def keeper_of(system: System, platform: str) -> Keeper:
    """Return the keeper of *platform*, as `sys.platform` names it. Raises ServiceError where there is none."""
    if platform == "win32":
        return WindowsTask(system)
    if platform == "linux":
        return SystemdUnit(system)
    raise ServiceError(
        f"qbwatch knows no services of {platform}. Let the system start this at boot: qbwatch --config FILE watch"
    )

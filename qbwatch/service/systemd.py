"""Keeping the watcher running on Linux: a systemd unit, by way of systemctl."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.platform import PlatformError
from qbwatch.service.job import NAME, ServiceError, ServiceState
from qbwatch.service.system import refused
from qbwatch.service.systemd_unit import unit

if TYPE_CHECKING:
    from qbwatch.service.job import Job
    from qbwatch.service.system import System

FILE = Path("/etc/systemd/system/qbwatch.service")
_KIND = "systemd unit"
_ASKED = ("LoadState", "ActiveState", "UnitFileState", "User")


@dataclass(frozen=True, slots=True)
class SystemdUnit:
    """The unit of this machine."""

    system: System

    def shown(self, job: Job) -> str:
        """Return what would be installed; who owns the configuration runs it, if nobody else is named."""
        return unit(replace(job, account=job.account or self.system.owner(job.config)))

    def install(self, job: Job) -> None:
        """Write the unit, in the place of the one that may be there, and start it. Raises ServiceError."""
        self._needs_root("install")
        if job.at_logon:
            raise ServiceError("--at-logon is for Windows. A systemd unit starts with the machine.")
        self.system.write(FILE, self.shown(job).encode())
        try:
            self.system.run(["systemctl", "daemon-reload"])
            self.system.run(["systemctl", "enable", f"{NAME}.service"])
            self.system.run(["systemctl", "restart", f"{NAME}.service"])
        except PlatformError as error:
            raise refused("the unit does not start", error, f"See why: journalctl -u {NAME} -n 50") from error

    def remove(self) -> bool:
        """Stop and remove the unit; return False if there was none. Raises ServiceError."""
        if not self.state().installed:
            return False
        self._needs_root("remove")
        try:
            self.system.run(["systemctl", "disable", "--now", f"{NAME}.service"])
            self.system.remove(FILE)
            self.system.run(["systemctl", "daemon-reload"])
        except PlatformError as error:
            raise refused("the unit cannot be removed", error, f"See why: systemctl status {NAME}") from error
        return True

    def state(self) -> ServiceState:
        """Return how the unit stands."""
        try:
            printed = self.system.run(["systemctl", "show", f"{NAME}.service", f"--property={','.join(_ASKED)}"])
        except PlatformError:
            return ServiceState(kind=_KIND, installed=False)
        told = dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
        if told.get("LoadState") != "loaded":
            return ServiceState(kind=_KIND, installed=False)
        return ServiceState(
            kind=_KIND, installed=True, running=told.get("ActiveState") == "active",
            starts_at_boot=told.get("UnitFileState") == "enabled", account=told.get("User") or "root",
        )  # fmt: skip

    def _needs_root(self, what: str) -> None:
        if not self.system.may_install():
            raise ServiceError(
                f"only root may {what} a unit of the system. Write sudo before the command, with the full path of "
                f"qbwatch and of the configuration. To see the unit alone: qbwatch service install --print"
            )

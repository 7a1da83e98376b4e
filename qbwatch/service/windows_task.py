"""Keeping the watcher running on Windows: a scheduled task, by way of schtasks."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.platform import PlatformError
from qbwatch.service.job import NAME, ServiceState
from qbwatch.service.system import refused
from qbwatch.service.task_xml import account_of, as_file, task_xml

if TYPE_CHECKING:
    from qbwatch.service.job import Job
    from qbwatch.service.system import System

_KIND = "scheduled task"


@dataclass(frozen=True, slots=True)
class WindowsTask:
    """The scheduled task of this machine."""

    system: System

    def shown(self, job: Job) -> str:
        """Return what would be installed."""
        return task_xml(job)

    def install(self, job: Job) -> None:
        """Make the task, in the place of the one that may be there, and start it. Raises ServiceError."""
        with tempfile.TemporaryDirectory(prefix="qbwatch-task-") as folder:
            file = Path(folder, "qbwatch.xml")
            self.system.write(file, as_file(task_xml(job)))
            try:
                self.system.run(["schtasks.exe", "/Create", "/TN", NAME, "/XML", str(file), "/F"])
            except PlatformError as error:
                do = ("Start the command prompt with 'Run as administrator'. Where you have no such rights: "
                      "qbwatch service install --at-logon")  # fmt: skip
                raise refused("the scheduled task cannot be made", error, do) from error
        # While one runs, Windows ignores that another is to be started; that none runs is no error worth telling.
        with suppress(PlatformError):
            self.system.run(["schtasks.exe", "/End", "/TN", NAME])
        try:
            self.system.run(["schtasks.exe", "/Run", "/TN", NAME])
        except PlatformError as error:
            do = "It is made, and starts with the machine. To see why not now: Task Scheduler > qbwatch > History."
            raise refused("the scheduled task does not start", error, do) from error

    def remove(self) -> bool:
        """End and remove the task; return False if there was none. Raises ServiceError."""
        if not self.state().installed:
            return False
        try:
            with suppress(PlatformError):
                self.system.run(["schtasks.exe", "/End", "/TN", NAME])
            self.system.run(["schtasks.exe", "/Delete", "/TN", NAME, "/F"])
        except PlatformError as error:
            do = "Start the command prompt with 'Run as administrator'."
            raise refused("the scheduled task cannot be removed", error, do) from error
        return True

    def state(self) -> ServiceState:
        """Return how the task stands; whether it runs Windows tells in its own language only."""
        try:
            printed = self.system.run(["schtasks.exe", "/Query", "/TN", NAME, "/XML"])
        except PlatformError:
            return ServiceState(kind=_KIND, installed=False)
        return ServiceState(
            kind=_KIND, installed=True, starts_at_boot="<BootTrigger" in printed, account=account_of(printed)
        )

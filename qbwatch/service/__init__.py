"""How qbwatch is started by the system itself: a scheduled task on Windows, a systemd unit on Linux."""

from __future__ import annotations

from qbwatch.service.job import Job, ServiceError, ServiceState, job_of
from qbwatch.service.keeper import Keeper, keeper_of
from qbwatch.service.system import System, this_system

__all__ = ("Job", "Keeper", "ServiceError", "ServiceState", "System", "job_of", "keeper_of", "this_system")

"""What systems do differently: opening logs beside their writers, clocks, sessions, processes, and how they are set up.

What only one system has lies behind `Platform`; nothing is loaded before `this_machine` is asked.
"""

from __future__ import annotations

from ingest.platform.files import FileId, Glance, file_id, glance_at, is_network, is_unchanged, open_shared
from ingest.platform.machine import (
    Clocks,
    DiskSpace,
    Platform,
    PlatformError,
    Process,
    Session,
    SessionState,
    this_machine,
)

__all__ = (
    "Clocks", "DiskSpace", "FileId", "Glance", "Platform", "PlatformError", "Process", "Session", "SessionState",
    "file_id", "glance_at", "is_network", "is_unchanged", "open_shared", "this_machine",
)  # fmt: skip

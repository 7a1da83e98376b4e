"""How much room is left where a log lies."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from ingest.platform.files import is_network
from ingest.platform.machine import DiskSpace

if TYPE_CHECKING:
    from pathlib import Path


def space_of(folder: Path) -> DiskSpace | None:
    """Return the room on the volume of *folder*; None if it is not there, or on a network that may not answer."""
    if is_network(folder):
        return None
    try:
        usage = shutil.disk_usage(folder)
        real = folder.resolve()
    except OSError:
        return None
    volume = next((str(place) for place in (real, *real.parents) if os.path.ismount(place)), real.anchor)
    return DiskSpace(volume=volume, free=usage.free, total=usage.total)

"""qbwatch watches QuickBooks Desktop sync logs, says why a sync failed, and alerts the right people.

>>> import qbwatch
>>> history = qbwatch.open_history("qbwatch.db")  # doctest: +SKIP
>>> history.events(since="30d", cause="popup_blocked")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from qbwatch.history.frames import History

__version__ = "0.1.0"


def open_history(path: Path | str) -> History:
    """Open the store at *path* for reading, as pandas frames. Raises qbwatch.errors.StoreError."""
    from qbwatch.history import frames  # noqa: PLC0415 - `import qbwatch` stays light

    return frames.open_history(path)

"""Whether what is read is understood: a log that grows while no entry of its format begins is a finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from qbwatch.selfwatch.findings import NOTHING_PARSED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from qbwatch.selfwatch.findings import OwnFindings
    from qbwatch.source_looks import Seen

GROWN: Final = 16 << 10
"""So many bytes may be one entry."""
PATIENCE: Final = timedelta(minutes=10)


@dataclass(slots=True)
class _Stretch:
    """Since when, and from which size on, the same entry is the last one."""

    file: str
    last: int  # where it begins
    size: int
    since_s: float


@dataclass(slots=True)
class ParseWatch:
    """Compares how far each log was read with where its last entry begins."""

    findings: OwnFindings
    _known: dict[str, _Stretch] = field(default_factory=dict)

    def look(self, seen: Mapping[str, Seen], now_s: float, now: datetime) -> None:
        """Judge every followed log."""
        for path, one in seen.items():
            if one.followed is not None:
                followed = one.followed
                self._judge(path, (followed.file, followed.held_at, followed.read_up_to), now_s, now)
        for path in self._known.keys() - seen.keys():
            del self._known[path]
            self.findings.mend(NOTHING_PARSED, path)

    def _judge(self, path: str, place: tuple[str, int, int], now_s: float, now: datetime) -> None:
        file, last, size = place
        known = self._known.get(path)
        if known is None or (known.file, known.last) != (file, last) or size < known.size:
            self._known[path] = _Stretch(file, last, size, now_s)
            self.findings.mend(NOTHING_PARSED, path)
            return
        grown = size - known.size
        if grown == 0:
            # What does not grow is quiet, not unreadable.
            known.since_s = now_s
        elif grown >= GROWN and now_s - known.since_s >= PATIENCE.total_seconds():
            minutes = round((now_s - known.since_s) / 60)
            text = f"{path} grew by {grown} bytes in {minutes} minutes, and no entry of its format began in them."
            self.findings.tell(NOTHING_PARSED, path, text, now)

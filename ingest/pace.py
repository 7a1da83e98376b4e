"""When to look at a path again: often while its file grows, seldom while it is idle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.platform import is_network

ACTIVE_S = 1.0
"""Between two looks at a file that grew lately."""

_LATELY_S = 60.0
_SLOWER = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The shortest and the longest time between two looks, in seconds."""

    shortest: float
    longest: float


LOCAL = Limits(shortest=ACTIVE_S, longest=10.0)
NETWORK = Limits(shortest=2.0, longest=30.0)
"""Each look over the network costs, and nothing but looking tells what changed there."""


@dataclass(slots=True)
class _Next:
    limits: Limits
    due: float
    wait: float
    grew: float


class Pace:
    """Keeps for every path when it is due; times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        """Know no path yet: each is due at once."""
        self._next: dict[str, _Next] = {}

    def is_due(self, path: str, now: float) -> bool:
        """Say whether *path* is to be looked at; one that is not known yet is."""
        known = self._next.get(path)
        return known is None or known.due <= now

    def grew(self, path: str, now: float, limits: Limits = LOCAL) -> None:
        """Note that there was something new: look again soon."""
        self._next[path] = _Next(limits, now + limits.shortest, limits.shortest, now)

    def idle(self, path: str, now: float, limits: Limits = LOCAL) -> None:
        """Note that nothing had changed: for a minute look as often, then more and more seldom."""
        known = self._next.get(path)
        if known is None:
            known = self._next[path] = _Next(limits, now, limits.shortest, now)
        if now - known.grew > _LATELY_S:
            known.wait = min(known.wait * _SLOWER, limits.longest)
        known.due = now + known.wait

    def forget(self, path: str) -> None:
        """Let go of a path that is not followed any more."""
        self._next.pop(path, None)


class Volumes:
    """Tells which paths lie on another machine, and so how often to look there; asked once for each."""

    def __init__(self) -> None:
        """Know no path yet."""
        self._network: dict[str, bool] = {}
        self._limits: dict[str, Limits] = {}

    def limits_of(self, path: str) -> Limits:
        """Return how often to look at *path*."""
        found = self._limits.get(path)
        if found is None:
            found = self._limits[path] = NETWORK if self.is_network(str(Path(path).parent)) else LOCAL
        return found

    def is_network(self, folder: str) -> bool:
        """Say whether *folder* lies on another machine."""
        if folder not in self._network:
            self._network[folder] = is_network(Path(folder))
        return self._network[folder]

"""Inhibition: an open incident that explains others holds back the messages about them; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from alerts.matcher import Matcher, Operator, all_fit, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.incident import Incident

MACHINE_CAUSES: Final = (
    "machine_asleep", "machine_paused", "machine_restarted", "machine_shut_down", "session_logged_out", "power_lost",
    "blue_screen", "connector_not_running", "connector_crashed", "connector_hung",
)  # fmt: skip
"""Causes that stop every sync of a host."""

ABSENCES: Final = (*MACHINE_CAUSES, "missed_schedule", "auto_run_off", "source_quiet", "source_never_seen")
"""Causes of a silence: found when nothing is written, often only afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """While an incident fits `source`, those that fit `target` and agree with it in `equal` are held."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ("host",)

    def sources(self, live: Iterable[Incident]) -> Iterator[Incident]:
        """Yield those of *live* that hold others."""
        return (one for one in live if all_fit(self.source, one))

    def source_of(self, incident: Incident, sources: Iterable[Incident]) -> Incident | None:
        """Return the one of *sources* that holds *incident*; nothing holds itself, and no source another."""
        if not all_fit(self.target, incident) or all_fit(self.source, incident):
            return None
        return next((one for one in sources if self._agree(one, incident)), None)

    def _agree(self, source: Incident, target: Incident) -> bool:
        return source.id != target.id and all(label(source, name) == label(target, name) for name in self.equal)


BUILT_IN: Final = Inhibition(
    source=(Matcher("cause", Operator.LIKE, "|".join(MACHINE_CAUSES)), Matcher("application", Operator.IS, "")),
    target=(Matcher("application", Operator.IS_NOT, ""),),
)
"""What stops the whole machine explains that its applications do not sync."""

"""How a machine is set up, as far as that decides whether tonight's syncs will run; unknown is None."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerPlan:
    """After how many seconds without a user the machine sleeps or hibernates on mains power; 0 means never."""

    sleep_s: int | None
    hibernate_s: int | None

    @property
    def first_s(self) -> int | None:
        """When it first stops working, if it ever does."""
        return min((one for one in (self.sleep_s, self.hibernate_s) if one), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Autostart:
    """What starts by itself when somebody signs in: where it stands, and what it starts."""

    entries: tuple[tuple[str, str], ...]

    def of(self, program: str) -> str | None:
        """Return where *program*, a file name without its ending, is started from."""
        wanted = "".join(program.casefold().split())
        return next((where for where, what in self.entries if wanted in "".join(what.casefold().split())), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateHours:
    """When Windows may restart for updates: outside the active hours, which are the machine's own; `never` if not.

    From an hour to another one, on a clock of 24 hours, over midnight where the second is the smaller one.
    """

    active_from: int
    active_until: int
    never: bool = False

    def may_restart_at(self, hour: int) -> bool:
        """Say whether a restart may come in the *hour* that begins then.

        >>> [UpdateHours(active_from=8, active_until=17).may_restart_at(hour) for hour in (7, 8, 16, 17)]
        [True, False, False, True]
        """
        if self.never:
            return False
        if self.active_from <= self.active_until:
            return not self.active_from <= hour < self.active_until
        return self.active_until <= hour < self.active_from


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAccess:
    """Which users and groups may write a log, and which are refused; the names are in the machine's language."""

    path: str
    writers: tuple[str, ...]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """Everything together; `levels` are the log levels that Web Connector has, by Windows user."""

    power: PowerPlan | None = None
    autostart: Autostart | None = None
    updates: UpdateHours | None = None
    access: tuple[LogAccess, ...] = ()
    levels: Mapping[str, str] | None = None

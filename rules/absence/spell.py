"""The type `Spell`: one stretch of time in which a machine, a session or a program was in some state."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ingest.record import Record
    from rules.event import Confidence


class SpellKind(StrEnum):
    """What state it was."""

    ASLEEP = "asleep"
    HIBERNATED = "hibernated"
    STANDBY = "standby"
    PAUSED = "paused"
    SIGNED_OUT = "signed_out"
    DISCONNECTED = "disconnected"
    DOWN = "down"
    POWER_LOST = "power_lost"
    BLUE_SCREEN = "blue_screen"
    BLOCKED = "blocked"
    CONNECTOR_DOWN = "connector_down"
    QUICKBOOKS_DOWN = "quickbooks_down"
    WATCHER_AWAY = "watcher_away"
    CLOCK_STEP = "clock_step"


class How(StrEnum):
    """What brought a spell about, where its cause alone does not say it."""

    IDLE = "idle"
    LID = "lid"
    BATTERY = "battery"
    HEAT = "heat"
    PROGRAM = "program"
    PERSON = "person"
    UPDATE = "update"
    FAST_STARTUP = "fast_startup"
    TIME_LIMIT = "time_limit"
    RESTART = "restart"
    BUTTON = "button"
    ASLEEP = "asleep"
    CRASH = "crash"
    HANG = "hang"
    CLOSED = "closed"
    NOT_STARTED = "not_started"
    ANTIVIRUS = "antivirus"
    POLICY = "policy"


# What a sleeping machine has in common: its programs stand still and go on afterwards.
STILL = frozenset({SpellKind.ASLEEP, SpellKind.HIBERNATED, SpellKind.STANDBY, SpellKind.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """One state from `begins` to `ends`, which is None while it lasts or where nothing tells its end.

    `is_bound` means that nothing tells one of the two: a machine that stopped did so at `begins` at the earliest, one
    that slept was awake by `ends` at the latest. A restart ends with the start of Windows, and the time until somebody
    signed in is a spell of its own. `detail` is what else is known, by name.
    """

    kind: SpellKind
    begins: datetime
    ends: datetime | None
    confidence: Confidence
    how: How | None = None
    evidence: tuple[Record, ...] = ()
    detail: Mapping[str, str] = field(default_factory=dict)
    is_bound: bool = False

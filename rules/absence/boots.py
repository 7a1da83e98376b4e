"""Shutdowns, restarts, fast start-up, power losses and blue screens, out of what Windows writes around a start."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rules.absence.clues import (
    ASKED,
    BOOT,
    CRASH_REPORT,
    GENERAL,
    LOG,
    POWER,
    UPDATE,
    code_of,
    dated,
    near,
    number_in,
    program_of,
    time_in,
)
from rules.absence.sleeps import SHUTDOWN, jumps, woken
from rules.absence.spell import How, Spell, SpellKind
from rules.event import Confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.record import Record
    from rules.absence.sleeps import Jump

# What one start writes is stored in no order and stamped up to this long after it began.
_WINDOW = timedelta(minutes=15)
_AFTERWARDS = timedelta(minutes=1)
# A machine that was away for longer was off; a restart takes less.
_LONGEST_RESTART = timedelta(minutes=30)
# Windows installs updates between the wish to restart and the restart.
_LONGEST_WISH = timedelta(hours=1)
_UPDATING = timedelta(hours=2)
_FAST, _RESUME = 1, 2
# The kernel notes an "end" of its work before sleep and hibernation too.
_TO_SLEEP = {2, 3}

_DIED = (f"{LOG}6008", f"{POWER}41")
_STARTED = (f"{GENERAL}12", f"{LOG}6005", f"{BOOT}20", f"{BOOT}27", "probe/boot", *_DIED)
_STOPPED = (ASKED, f"{LOG}6006", f"{POWER}109", f"{GENERAL}13")
_UPDATERS = frozenset(
    {
        "trustedinstaller.exe", "mousocoreworker.exe", "usoclient.exe", "svchost.exe", "musnotification.exe",
        "musnotificationux.exe", "musnotifyicon.exe", "tiworker.exe", "wuauclt.exe", "setuphost.exe",
    }
)  # fmt: skip
_BY_HAND = frozenset(
    {
        "explorer.exe", "startmenuexperiencehost.exe", "runtimebroker.exe", "winlogon.exe", "logonui.exe",
        "shellexperiencehost.exe", "shellhost.exe",
    }
)  # fmt: skip
_UPDATED = tuple(f"{UPDATE}{number}" for number in (19, 21, 22, 43))
_OFF = ("power off", "shutdown", "ausschalten", "herunterfahren", "arrêt", "apagar", "spegnimento", "arresto")


@dataclass(slots=True)
class _Start:
    """One start of Windows: all that was written around it."""

    time: datetime
    records: list[Record] = field(default_factory=list)

    def first(self, *codes: str) -> Record | None:
        """Return the record of the first of *codes* that there is."""
        by_code = {code_of(record): record for record in reversed(self.records)}
        return next((by_code[code] for code in codes if code in by_code), None)

    @property
    def sign(self) -> Record | None:
        """What shows it best; the stamp of a fast start-up may be that of the clock before."""
        shown = self.first(f"{GENERAL}12", f"{LOG}6005", f"{BOOT}27") or self.records[0]
        return shown if shown.time and shown.time >= self.time - _AFTERWARDS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stop:
    """One word of an end of Windows, at its true time."""

    time: datetime
    record: Record


def boots(signals: Sequence[Record], alive: Sequence[datetime]) -> list[Spell]:
    """Assemble all times at which Windows did not run, from its end, or its last sign of life, to its next start.

    *alive* are all times at which something was written, in order.
    """
    starts = _starts(signals, jumps(signals))
    reports = dated(signals, CRASH_REPORT)
    found: list[Spell] = []
    paired: dict[int, list[_Stop]] = {}
    for stops in _endings(signals):
        later = next((time for time in alive if time > stops[-1].time + _AFTERWARDS), None)
        is_wish = all(code_of(stop.record) == ASKED for stop in stops)
        last = stops[-1].time + _LONGEST_WISH if is_wish else later
        start = next((one for one in starts if one.time >= stops[0].time and (last is None or one.time <= last)), None)
        if start:
            paired[id(start)] = stops
        elif not is_wish:
            found.append(_down(stops, None, later, signals))
    for start in starts:
        start.records += [one for time, one in reports if start.time <= time <= start.time + _WINDOW]
        last = max((time for time in alive if time < start.time), default=None)
        stops = paired.get(id(start), [])
        if start.first(*_DIED) or (not stops and _is_unclean(start)):
            found.append(_died(start, last))
        else:
            found.append(_down(stops, start, start.time, signals) if stops else _unseen(start, last))
    return found


def _starts(signals: Sequence[Record], clock: Sequence[Jump]) -> list[_Start]:
    """Gather what was written within a quarter of an hour into one start, at the earliest time told."""
    told: list[tuple[datetime, Record]] = []
    for time, record in dated(signals, *_STARTED):
        kind = number_in(record, "BootType")
        if code_of(record) == f"{BOOT}27" and kind == _RESUME:
            continue
        moment = _told_start(record, time)
        # As with the event of waking, the stamp may be the clock of before.
        wake = woken(clock, time) if kind == _FAST else None
        told.append((wake.new if wake else moment or time, record))
    starts: list[_Start] = []
    for time, record in sorted(told, key=lambda pair: pair[0]):
        if not starts or time - starts[-1].time > _WINDOW:
            starts.append(_Start(time=time))
        starts[-1].records.append(record)
    return starts


def _told_start(record: Record, time: datetime) -> datetime | None:
    """Return when Windows or the machine started, unless a clock that was not set yet told that."""
    if code_of(record) == "probe/boot":
        return time_in(record, "BootTime")
    told = time_in(record, "StartTime") if code_of(record) == f"{GENERAL}12" else None
    return told if told and near(told, time, _WINDOW) else None


def _endings(signals: Sequence[Record]) -> list[list[_Stop]]:
    """Gather what was written when Windows was to end; the kernel's own word is stored only at the next start."""
    told = [
        _Stop(time=time_in(one, "StopTime") or time, record=one)
        for time, one in dated(signals, *_STOPPED)
        if number_in(one, "ShutdownActionType") not in _TO_SLEEP
    ]
    told += [
        _Stop(time=time, record=one)
        for time, one in dated(signals, f"{POWER}42")
        if number_in(one, "TargetState") == SHUTDOWN
    ]
    groups: list[list[_Stop]] = []
    for stop in sorted(told, key=lambda one: one.time):
        if groups and stop.time - groups[-1][-1].time <= _WINDOW:
            groups[-1].append(stop)
        else:
            groups.append([stop])
    return groups


def _is_unclean(start: _Start) -> bool:
    last = start.first(f"{BOOT}20")
    return last is not None and last.fields.get("LastShutdownGood", "").lower() in {"false", "0"}


def _died(start: _Start, last: datetime | None) -> Spell:
    report, kernel = start.first(f"{LOG}6008"), start.first(f"{POWER}41")
    noted = time_in(report, "LastAliveTime") if report else None
    alive = max((time for time in (noted, last) if time and time < start.time), default=start.time)
    code = number_in(kernel, "BugcheckCode") if kernel else None
    told = [one for one in (report, kernel, start.first(CRASH_REPORT)) if one]
    evidence = told or [one for one in (start.first(f"{BOOT}20"),) if one]
    detail = {"last_alive": noted.isoformat()} if noted and noted < start.time else {}
    if code:
        detail["stop_code"] = f"0x{code:08X}"
    is_crash = bool(code) or start.first(CRASH_REPORT) is not None
    return Spell(
        kind=SpellKind.BLUE_SCREEN if is_crash else SpellKind.POWER_LOST, begins=alive, ends=start.time,
        confidence=Confidence.PROOF if start.first(*_DIED) else Confidence.STRONG,
        how=None if is_crash or kernel is None else _how_it_died(kernel), evidence=tuple(evidence),
        detail=detail, is_bound=True,
    )  # fmt: skip


def _how_it_died(kernel: Record) -> How | None:
    if number_in(kernel, "PowerButtonTimestamp"):
        return How.BUTTON
    # 0 and false mean awake; other values name how deeply it slept.
    return How.ASLEEP if number_in(kernel, "SleepInProgress") else None


def _down(stops: Sequence[_Stop], start: _Start | None, ends: datetime | None, signals: Sequence[Record]) -> Spell:
    """Tell of an orderly end."""
    own = [stop.record for stop in stops]
    asked = next((record for record in reversed(own) if code_of(record) == ASKED), None)
    begins = stops[0].time
    away = ends - begins if ends else _LONGEST_RESTART * 2
    first = start.sign if start else None
    return Spell(
        kind=SpellKind.DOWN, begins=begins, ends=ends, confidence=Confidence.PROOF,
        how=_how_it_stopped(own, asked, begins, signals),
        evidence=tuple(one for one in (asked or own[0], own[-1] if own[-1] is not asked else None, first) if one),
        detail={"action": _action(own, asked, away), **_asker(asked)},
    )  # fmt: skip


def _unseen(start: _Start, last: datetime | None) -> Spell:
    """Tell of a start before which nothing speaks of an end: it lies after the last that was written."""
    probe = start.first("probe/boot")
    seen = time_in(probe, "LastSeen") if probe else None
    begins = max((time for time in (last, seen) if time and time < start.time), default=start.time)
    return Spell(
        kind=SpellKind.DOWN, begins=begins, ends=start.time, confidence=Confidence.PROOF,
        evidence=(start.sign or start.records[0],),
        detail={"action": "restart"}, is_bound=True,
    )  # fmt: skip


def _how_it_stopped(
    own: Sequence[Record], asked: Record | None, begins: datetime, signals: Sequence[Record]
) -> How | None:
    if any(number_in(record, "TargetState") == SHUTDOWN for record in own):
        return How.FAST_STARTUP
    if asked is None:
        return None
    program = program_of(asked.fields.get("param1", ""))
    if program in _UPDATERS:
        return How.UPDATE
    if program in _BY_HAND:
        return How.PERSON
    updated = any(begins - _UPDATING <= time <= begins for time, _ in dated(signals, *_UPDATED))
    by_system = asked.fields.get("param7", "").lower().endswith("\\system")
    return How.UPDATE if updated and by_system else How.PROGRAM if by_system or program else None


def _action(own: Sequence[Record], asked: Record | None, away: timedelta) -> str:
    """Say "restart" or "off"; the words of event 1074 are in the machine's language, the kernel's number is not."""
    kernel = next((number_in(one, "ShutdownActionType") for one in own if code_of(one) == f"{POWER}109"), None)
    if kernel is not None:
        return "off" if kernel in {4, 6} else "restart"
    if any(number_in(record, "TargetState") == SHUTDOWN for record in own):
        return "off"
    if asked is not None and asked.fields.get("param5", "").strip().lower() in _OFF:
        return "off"
    return "off" if away > _LONGEST_RESTART else "restart"


def _asker(asked: Record | None) -> dict[str, str]:
    if asked is None:
        return {}
    found = {"program": program_of(asked.fields.get("param1", "")), "user": asked.fields.get("param7", "")}
    return {name: value for name, value in found.items() if value}

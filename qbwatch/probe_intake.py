"""What the machine tells of itself on its way to the store: signals, and the heartbeat of the watcher."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING

from ingest.platform import PlatformError
from ingest.probes import ClockWatch, Heartbeat, ProcessWatch, SessionWatch, SpaceWatch, is_restarted, probe
from qbwatch.history import heartbeat_rows
from qbwatch.history.heartbeat_rows import LastAlive
from qbwatch.signal import NotedSignal
from qbwatch.stream import Batch
from rules.classify import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from ingest.platform import Clocks, Platform
    from ingest.record import Record
    from qbwatch.history.store import Store
    from qbwatch.probe_config import ProbeSettings

log = logging.getLogger(__name__)

# In paces: a list of all programs is the dearest question, a disk fills slowly, and a heartbeat waits for the disk.
_PROCESSES, _DISK, _BEAT = 2, 4, 4
# Without a look for so many paces the watcher itself stood still.
_AWAY_AFTER = 4


@dataclass(slots=True)
class ProbeIntake:
    """Asks the machine at its pace and stores what is new; `folders` are those of the logs.

    Without a *platform* nothing is asked. Each turn looks at the clocks, so that a sleep is told to the second.
    """

    platform: Platform | None
    settings: ProbeSettings
    store: Store
    host: str
    client: str | None
    folders: Callable[[], Sequence[Path]] = tuple
    on_signal: Callable[[NotedSignal], None] = lambda _: None  # hears of each once it is stored
    _clocks: ClockWatch = field(init=False)
    _sessions: SessionWatch = field(init=False)
    _processes: ProcessWatch = field(init=False)
    _space: SpaceWatch = field(init=False)
    _last: LastAlive | None = None
    _unstored: list[Record] = field(default_factory=list)
    _due_s: dict[str, float] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)  # by question: why the system does not answer
    broke_off: datetime | None = None  # when an earlier watcher was last alive that did not end in order
    _has_begun: bool = False

    def __post_init__(self) -> None:
        """Take up what an earlier watcher left."""
        last = self._last = heartbeat_rows.read(self.store.connection, self.host) if self.platform else None
        self._clocks = ClockWatch(away_after=_AWAY_AFTER * self.settings.every)
        self._sessions = SessionWatch(self.settings.windows_user, last.sessions if last else None)
        # What is no longer looked for has not gone.
        running = {
            key: one for key, one in (last.processes if last else {}).items() if self.settings.wants(one["Name"])
        }
        self._processes = ProcessWatch(self.settings.expected, running)
        self._space = SpaceWatch(self.settings.disk_low, set(last.low if last else ()))

    def turn(self, now_s: float, tell_from: datetime | None = None) -> int:
        """Ask what is due and store what is new; return how many signals that are.

        What could not be stored, since somebody else held the store, is stored at the next turn.
        """
        del tell_from  # what a probe sees is of now
        if self.platform is None:
            return 0
        clocks = self.platform.clocks()
        news = self._look_at_clocks(clocks)
        if news:
            # What changed while nobody looked is best told at once.
            self._due_s.clear()
        self._unstored += news
        for name, every_s, look in self._questions():
            if now_s >= self._due_s.get(name, now_s):
                self._due_s[name] = now_s + every_s
                self._unstored += self._ask(name, look, clocks.wall)
        found = len(self._unstored)
        if found or now_s >= self._due_s.get("heartbeat", now_s):
            self._put(clocks)
            self._due_s["heartbeat"] = now_s + _BEAT * self.settings.every.total_seconds()
        return found

    def take_broken(self) -> datetime | None:
        """Say once when an earlier watcher was last alive that did not end in order, if one did not."""
        found, self.broke_off = self.broke_off, None
        return found

    def beat(self, *, in_order: bool = True) -> None:
        """Note that the watcher ends now, and whether *in_order*: its absence is then told to the second."""
        if self.platform is not None and self._has_begun:
            self._put(self.platform.clocks(), ended=in_order)

    def _questions(self) -> list[tuple[str, float, Callable[[datetime, datetime | None], list[Record]]]]:
        every_s = self.settings.every.total_seconds()
        return [
            ("sessions", every_s, self._look_at_sessions),
            ("processes", _PROCESSES * every_s, self._look_at_processes),
            ("disk", _DISK * every_s, self._look_at_disk),
        ]

    def _look_at_clocks(self, clocks: Clocks) -> list[Record]:
        if self._has_begun:
            return self._clocks.look(clocks)
        self._has_begun = True
        last = self._last
        if last and last.ended is False and not is_restarted(last.heartbeat, clocks):
            self.broke_off = last.heartbeat.wall
        platform = self.platform
        booted = platform.booted() if platform else None
        watching = probe(
            "watching", clocks.wall, "qbwatch began to watch this machine.",
            {"BootTime": booted, "Version": version("qbwatch")},
        )  # fmt: skip
        return [*self._clocks.begin(self._last.heartbeat if self._last else None, clocks), watching]

    def _look_at_sessions(self, now: datetime, last_seen: datetime | None) -> list[Record]:
        return self._sessions.look(self.platform.sessions(), now, last_seen) if self.platform else []

    def _look_at_processes(self, now: datetime, last_seen: datetime | None) -> list[Record]:
        listed = self.platform.processes(self.settings.wants) if self.platform else ()
        return self._processes.look(listed, now, last_seen)

    def _look_at_disk(self, now: datetime, last_seen: datetime | None) -> list[Record]:
        del last_seen
        records: list[Record] = []
        volumes: set[str] = set()
        for folder in self.folders():
            space = self.platform.disk(folder) if self.platform else None
            if space is not None and space.volume not in volumes:
                volumes.add(space.volume)
                records += self._space.look(space, now)
        return records

    def _ask(self, name: str, look: Callable[[datetime, datetime | None], list[Record]], now: datetime) -> list[Record]:
        """Return what *look* finds; what the system refuses is told once, and asked again at its time."""
        try:
            records = look(now, self._last.heartbeat.wall if self._last else None)
        except PlatformError as error:
            if self.problems.get(name) != str(error):
                log.warning("%s", error)
            self.problems[name] = str(error)
            return []
        self.problems.pop(name, None)
        return records

    def _put(self, clocks: Clocks, *, ended: bool = False) -> None:
        signals = [
            NotedSignal(id=self._id(record, at), host=self.host, client=self.client, source="probe", record=record)
            for at, record in enumerate(self._unstored)
        ]
        alive = LastAlive(
            heartbeat=Heartbeat.of(clocks), sessions=self._sessions.known, processes=self._processes.known,
            low=tuple(sorted(self._space.low)), ended=ended,
        )  # fmt: skip
        with self.store.transaction(rolls_up=False) as connection:
            self.store.put(Batch(signals={one.id: one for one in signals}), (), clocks.wall)
            heartbeat_rows.put(connection, self.host, alive)
        self._unstored.clear()
        for signal in signals:
            self.on_signal(signal)

    def _id(self, record: Record, at: int) -> str:
        time = record.time.isoformat(timespec="microseconds") if record.time else ""
        return digest(self.host, record.codes[0], time, at)

"""A month of one machine, on no clock but its own: its log, its Windows events, and what was wrong with it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from qwclog import BANNER, START, Session
from windows_month import WindowsMonth

from rules.pulse import ConfiguredApplication
from rules.schedule import Expectation, Known, window_of

if TYPE_CHECKING:
    from collections.abc import Iterable

ORDERS, LEDGER, LENDING = "Contoso Orders", "Fabrikam Ledger", "Acme Lending"
ZONE = ZoneInfo("America/New_York")
NIGHTS = ConfiguredApplication(name=LENDING, windows=(window_of("Mon-Fri 19:00-07:00"),), zone=ZONE)
DAYS = 31
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was done to the machine: from when to when, and what is to be found of it."""

    kind: str
    begins: datetime
    ends: datetime
    cause: str | None  # None: nothing is wrong
    anew: bool = False  # Web Connector began anew afterwards
    application: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A root finding of absence: since when, what, and of whom."""

    begins: datetime
    cause: str
    application: str = ""


@dataclass(slots=True)
class _Row:
    """An application as Web Connector keeps it."""

    name: str
    every: timedelta
    due: datetime
    window: Expectation | None = None
    last: datetime | None = None

    def plan(self, ended: datetime, every: timedelta | None = None) -> None:
        self.last, self.due = ended, ended + (every or self.every)
        self.into_window()

    def into_window(self) -> None:
        """Put a run that is due outside the window off until that opens."""
        if self.window:
            opens, _ = next(iter(self.window.openings(self.due, self.due + timedelta(days=5))))
            self.due = max(self.due, opens + timedelta(minutes=3))


@dataclass
class Month:
    """Web Connector runs three applications, one at a time, from a Sunday on; the first days nothing is wrong."""

    sunday: date
    seed: int = 1
    lines: list[tuple[datetime, str]] = field(default_factory=list)
    windows: WindowsMonth = field(default_factory=WindowsMonth)
    expected: list[Found] = field(default_factory=list)
    away: list[tuple[datetime, datetime]] = field(default_factory=list)  # when nothing ran on the machine

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - no secret
        self.troubles = sorted(self._troubles(), key=lambda one: one.begins)
        self._begin(self.at(0, 8))
        self._live()
        self._note_uptime()

    def at(self, day: int, hour: int, minute: int = 0) -> datetime:
        """Return the moment of a local time."""
        local = datetime.combine(self.sunday + timedelta(days=day), time(hour, minute), ZONE)
        return local.astimezone(UTC)

    @property
    def ends(self) -> datetime:
        return self.at(DAYS, 8)

    def _troubles(self) -> Iterable[Trouble]:
        # On one of the last two nights the clocks are set, forward or back.
        for night in (3, 4, 5, 6, 7, 14):
            yield Trouble("asleep", self.at(night, 0, 40), self.at(night, 5, 50), "machine_asleep")
        yield Trouble("asleep", self.at(8, 12, 1), self.at(8, 12, 9), None)
        yield Trouble("disconnected", self.at(8, 17, 30), self.at(8, 17, 31), None)
        yield Trouble("updated", self.at(9, 3, 4), self.at(9, 8, 12), "machine_restarted", anew=True)
        yield Trouble("power", self.at(11, 14, 20), self.at(11, 16, 5), "power_lost", anew=True)
        yield Trouble("signed_out", self.at(12, 17, 31), self.at(12, 21, 58), "session_logged_out", anew=True)
        yield Trouble("closed", self.at(16, 12, 5), self.at(16, 12, 7), None, anew=True)
        yield Trouble("closed", self.at(16, 13, 5), self.at(16, 18, 40), "connector_not_running", anew=True)
        yield Trouble("switched_off", self.at(17, 9), self.at(17, 21), "auto_run_off", application=LEDGER)
        yield Trouble("crashed", self.at(18, 10), self.at(18, 14, 3), "connector_crashed", anew=True)
        yield Trouble("hung", self.at(19, 10), self.at(19, 14, 30), "connector_hung", anew=True)
        yield Trouble("off", self.at(20, 10), self.at(27, 10), "machine_shut_down", anew=True)
        yield Trouble("paused", self.at(29, 11), self.at(29, 16), "machine_paused")

    def _begin(self, moment: datetime) -> None:
        window = Expectation(
            application=LENDING, every=timedelta(hours=1), known=Known.CONFIGURED, windows=NIGHTS.windows, zone=ZONE
        )
        self.rows = [
            _Row(ORDERS, 30 * MINUTE, moment + MINUTE),
            _Row(LEDGER, 120 * MINUTE, moment + 7 * MINUTE),
            _Row(LENDING, 60 * MINUTE, moment + 3 * MINUTE, window),
        ]
        self.rows[2].into_window()
        self._start_up(moment)
        dump = (
            "<QBWCXML>\r\n  <AppName>Contoso Orders</AppName>\r\n  <Scheduler>\r\n"
            "    <RunEveryNMinutes>30</RunEveryNMinutes>\r\n  </Scheduler>\r\n</QBWCXML>\r\n"
        )
        self._say(moment, "QWCReader.ParseQWC()", f"Contents of QWC file: -\r\n{dump}", end="")

    def _note_uptime(self) -> None:
        for day in range(1, DAYS):
            noon = self.at(day, 12)
            if not any(begins <= noon <= ends for begins, ends in self.away):
                self.windows.note("up", noon, noon)

    def _live(self) -> None:
        troubles = list(self.troubles)
        now = self.rows[0].due
        while now < self.ends:
            row = min((one for one in self.rows if not self._is_off(one, one.due)), key=lambda one: one.due)
            now = max(now, row.due)
            if troubles and now >= troubles[0].begins:
                now = self._suffer(troubles.pop(0))
                continue
            now = self._run(row, now, troubles[0].begins if troubles else None) + timedelta(seconds=1)

    def _is_off(self, row: _Row, moment: datetime) -> bool:
        for one in self.troubles:
            if one.application == row.name and one.begins <= moment < one.ends:
                if Found(row.last or moment, str(one.cause), row.name) not in self.expected:
                    self.expected.append(Found(row.last or moment, str(one.cause), row.name))
                row.due = one.ends
                return True
        return False

    def _suffer(self, trouble: Trouble) -> datetime:
        """Let the machine, or its Web Connector, do nothing for a time; return when it goes on."""
        if trouble.application or trouble.kind == "disconnected":
            self.windows.note(trouble.kind, trouble.begins, trouble.ends)
            return self.rows[0].last or trouble.begins
        if trouble.kind == "hung":
            self._hang(self.rows[0], trouble.begins)
        last = self.lines[-1][0]
        if trouble.cause:
            self.expected.append(Found(last, trouble.cause))
        self.windows.note(trouble.kind, trouble.begins, trouble.ends)
        if trouble.kind in {"asleep", "updated", "power", "off", "paused"}:
            self.away.append((trouble.begins, trouble.ends - 2 * MINUTE if trouble.anew else trouble.ends))
        if trouble.anew:
            self._start_up(trouble.ends)
        for row in self.rows:
            row.due = max(row.due, trouble.ends + timedelta(seconds=self.chance.randint(8, 25)))
            row.into_window()
        return trouble.ends

    def _run(self, row: _Row, now: datetime, limit: datetime | None) -> datetime:
        session = Session(application=row.name, ticket=self._ticket())
        lasts = timedelta(seconds=self.chance.choice([2, 3, 3, 5, 9]))
        delay = None
        if self.chance.random() < 0.15:
            lines, lasts = session.ok(), timedelta(seconds=self.chance.choice([20, 90, 400, 1200]))
        elif row.name == ORDERS and self.chance.random() < 0.02:
            delay = timedelta(seconds=7200)
            lines = self._postponed(session, now, delay)
        else:
            lines = session.no_work()
        if limit is not None:
            lasts = min(lasts, max(limit - now - timedelta(seconds=1), timedelta()))
        ended = self._write(lines, now, lasts)
        # In the fourth week somebody asked for more.
        every = 20 * MINUTE if row.name == ORDERS and now >= self.at(22, 0) else row.every
        row.plan(ended, delay or every + timedelta(seconds=self.chance.randint(0, 2)))
        return ended

    def _postponed(self, session: Session, now: datetime, delay: timedelta) -> list[str]:
        local = now.astimezone(ZONE)
        stamp = f"{local.month}/{local.day}/{local.year} {local:%I:%M:%S %p}"
        text = f"Update has been postponed at {stamp} by '{session.application}' for next {delay.seconds} seconds"
        lines = session.no_work()
        method = "QBWebConnector.SOAPWebService.HandleDelayRequest()"
        at = next(number for number, line in enumerate(lines) if "do_authenticate() : Done." in line)
        return [*lines[:at], f"{START:%Y%m%d.%H:%M:%S} UTC\t: {method} : {text}\r\n", *lines[at:]]

    def _hang(self, row: _Row, moment: datetime) -> None:
        """Begin a run that never ends: QuickBooks shows a dialog."""
        session = Session(application=row.name, ticket=self._ticket())
        begun = [*session.tick(), *session.lock(), *session.connect(), *session.authenticate(), *session.work()[:1]]
        self._write(begun, moment, timedelta())

    def _start_up(self, moment: datetime) -> None:
        self.lines.append((moment, BANNER))
        key = "HKEY_CURRENT_USER\\Software\\Intuit\\QBWebConnector\\UpdateLock has been set to False"
        self._say(moment, "QBWebConnector.RegistryManager.setUpdateLock()", key)
        self._say(
            moment, "QBWebConnector.RegistryManager.setUpdateLock()", f"{'*' * 21} Update session unlocked {'*' * 21}"
        )
        self._say(moment, "WebConnectorWPF()", "ProcessArgs(): Args Length = 1 String: System.String[]")
        self._say(moment, "QBWebConnector_Load()", "QBWC Form Loaded")

    def _say(self, moment: datetime, method: str, message: str, *, end: str = "\r\n") -> None:
        self.lines.append((moment, f"{moment:%Y%m%d.%H:%M:%S} UTC\t: {method} : {message}{end}"))

    def _write(self, lines: list[str], begins: datetime, lasts: timedelta) -> datetime:
        """Write *lines* in even steps; return when the last was written."""
        moment = begins
        for number, line in enumerate(lines):
            moment = begins + timedelta(seconds=int(lasts.total_seconds() * number / (len(lines) - 1)))
            self.lines.append((moment, f"{moment:%Y%m%d.%H:%M:%S}{line[17:]}"))
        return moment

    def _ticket(self) -> str:
        return f"{{{self.chance.getrandbits(32):08x}-87ef-12f1-0beb-{self.chance.getrandbits(48):012x}}}"

    def text(self, begins: datetime | None = None, ends: datetime | None = None) -> bytes:
        """Return what was written from *begins* to before *ends*."""
        wanted = (line for at, line in self.lines if (not begins or at >= begins) and (not ends or at < ends))
        return "".join(wanted).encode()

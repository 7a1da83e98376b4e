"""One made-up machine as rows of the store, in the order of time."""

from __future__ import annotations

import heapq
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from qbwatch.history.generated.life import MadeRun, Strike, runs_of, strikes_of
from qbwatch.history.generated.seasons import Effect
from qbwatch.history.generated.told import MadeIncident, utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qbwatch.history.generated.fleet import Application, Host, Plan
    from qbwatch.history.generated.texts import Texts, Words

EVENT = (
    "id", "time", "host", "client", "source", "format", "line", "offset", "application", "company_file", "run",
    "cause", "rule", "severity", "role", "confidence", "act", "codes", "message", "evidence", "title",
    "explanation", "steps", "links", "rule_pack", "component", "level", "stored_at", "changed_at", "told",
)  # fmt: skip
RUN = (
    "id", "host", "client", "source", "format", "line", "offset", "application", "company_file", "user", "url",
    "product_version", "trigger", "started", "ended", "outcome", "cause", "blocked_by", "closed", "changed_at", "told",
)  # fmt: skip
SIGNAL = (
    "id", "time", "host", "client", "source", "format", "line", "offset", "provider", "code", "level", "message",
    "fields", "stored_at",
)  # fmt: skip

Row = tuple[int, str, tuple[object, ...]]
"""When, into which table, and what."""

_SOURCE = "C:\\ProgramData\\Intuit\\QBWebConnector\\log\\QWCLog.txt"
_PACK = "made-up"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIGNALS = {
    "machine_asleep": ("Microsoft-Windows-Power-Troubleshooter", "1"),
    "session_logged_out": ("Microsoft-Windows-Winlogon", "7002"),
    "machine_restarted": ("Microsoft-Windows-Kernel-General", "12"),
    "power_lost": ("EventLog", "6008"),
}


def stamp_of(seconds: int) -> str:
    """Write the time *seconds* after 1970 as the store does."""
    days, second = divmod(seconds, 86_400)
    minute, second = divmod(second, 60)
    return f"{_day_of(days)}T{minute // 60:02}:{minute % 60:02}:{second:02}Z"


@cache
def _day_of(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


_texts = cache(json.dumps)


class Machine:
    """Turns the life of one host into rows; incidents are kept until the end, when it is known how they ended."""

    def __init__(self, host: Host, plan: Plan, texts: Texts) -> None:
        self.incidents: list[MadeIncident] = []
        self._host, self._plan, self._texts = host, plan, texts
        self._random = Random(f"{plan.seed}/{host.name}/rows")  # noqa: S311 - it makes up data
        self._open: dict[tuple[str | None, str], MadeIncident] = {}
        self._line = 0
        self._last = 0
        self._last_noticed = -1

    def rows(self) -> Iterator[Row]:
        """Yield its rows in the order of time."""
        shared, own = strikes_of(self._host, self._plan)
        silences = [one for one in shared if one.season.effect is Effect.SILENCES]
        lives = [
            runs_of(self._host, one, self._plan, _joined(shared, own[one.name])) for one in self._host.applications
        ]
        at = 0
        for run in heapq.merge(*lives, key=_started):
            while at < len(silences) and silences[at].ends <= run.started:
                yield from self._silence(silences[at])
                at += 1
            yield from self._run(run)
        self.incidents += self._open.values()

    def _silence(self, strike: Strike) -> Iterator[Row]:
        # Before the first run nothing was heard, so nothing was missed.
        if not self._last:
            return
        at = min(self._last, strike.begins)
        words = self._texts.of(strike.season.cause, strike.season, self._host, None)
        evidence = f"No line from {stamp_of(at)} to {stamp_of(strike.ends)}."
        id_ = self._id()
        yield at, "events", self._event(id_, at, words, evidence=(evidence, words.message))
        provider, number = _SIGNALS[strike.season.cause]
        yield strike.ends, "signals", (
            self._id(), stamp_of(strike.ends), self._host.name, self._host.client, "System", "windows-events",
            self._line, self._line * 80, provider, f"{provider}/{number}", "Information", words.message,
            json.dumps({"SleepTime": stamp_of(at)}), stamp_of(strike.ends),
        )  # fmt: skip
        self._grow(words, id_, at, None, None)

    def _run(self, made: MadeRun) -> Iterator[Row]:
        id_, host, application = self._id(), self._host, made.application
        strike, began = made.strike, stamp_of(made.started)
        self._line += 12
        self._last = max(self._last, made.ended)
        ended = None if made.outcome == "unfinished" else stamp_of(made.ended)
        yield made.started, "runs", (
            id_, host.name, host.client, _SOURCE, "qbwc", self._line, self._line * 80, application.name,
            application.company_file, application.user, application.url, application.version, "scheduled", began,
            ended, made.outcome, strike.season.cause if strike else None, None, 1, began, None,
        )  # fmt: skip
        if strike is None:
            self._recover(application.name, made.ended)
            yield from self._notice(made.ended, application)
            return
        words = self._texts.of(strike.season.cause, strike.season, host, application)
        root = self._id()
        yield made.ended, "events", self._event(root, made.ended, words, run=id_, application=application)
        for _ in range(int(self._random.random() * (2 * self._plan.echoes + 1))):
            yield (
                made.ended,
                "events",
                self._event(self._id(), made.ended, words, run=id_, application=application, role="echo"),
            )
        self._grow(words, root, made.ended, application, id_)

    def _grow(self, words: Words, event: str, at: int, application: Application | None, run: str | None) -> None:
        name = application.name if application else None
        known = self._open.get((name, words.cause))
        if known:
            known.failed(utc(at), event, run)
            return
        self._open[name, words.cause] = MadeIncident(
            id=self._id(), words=words, host=self._host.name, client=self._host.client, application=name,
            opened_at=utc(at), last_at=utc(at), first_event=event, last_event=event, first_run=run, last_run=run,
        )  # fmt: skip

    def _recover(self, application: str, at: int) -> None:
        if self._open:
            for key in [key for key in self._open if key[0] in {application, None}]:
                over = self._open.pop(key)
                over.resolved_at = utc(at)
                self.incidents.append(over)

    def _notice(self, at: int, application: Application) -> Iterator[Row]:
        week = at // (7 * 86400)
        if week != self._last_noticed:
            self._last_noticed = week
            if self._random.random() < 0.15:
                words = self._texts.of("qwc_definition_error", None, self._host, application)
                yield at, "events", self._event(self._id(), at, words, application=application)

    def _event(
        self, id_: str, at: int, words: Words, *, run: str | None = None, application: Application | None = None,
        role: str = "root", evidence: tuple[str, ...] = (),
    ) -> tuple[object, ...]:  # fmt: skip
        self._line += 1
        time = stamp_of(at)
        rule = f"absence.{words.cause}" if application is None else f"made.{words.cause}"
        return (
            id_, time, self._host.name, self._host.client, _SOURCE, "qbwc", self._line, self._line * 80,
            application.name if application else None, words.company_file, run, words.cause, rule, words.severity,
            role, "proof", words.act, _texts(words.codes), words.message, _texts(evidence), *words.columns,
            _PACK, "QBWebConnector", None, time, time, None,
        )  # fmt: skip

    def _id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"


def _started(run: MadeRun) -> int:
    return run.started


def _joined(shared: list[Strike], own: list[Strike]) -> list[Strike]:
    """Return the strikes that one application feels: those of the machine, and its own outside of them."""
    free: Callable[[Strike], bool] = lambda one: all(one.ends < s.begins or one.begins > s.ends for s in shared)  # noqa: E731
    return sorted([*shared, *filter(free, own)], key=lambda one: one.begins)

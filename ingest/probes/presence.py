"""Who is signed in and which programs run: told at the start and on each change, with when it was last seen so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.probes.signal import probe, spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from ingest.platform import Process, Session
    from ingest.record import Record

GONE, RUNNING, HUNG = "gone", "running", "hung"
# What is told of each thing while it is there; the store keeps it from one start to the next.
Known = dict[str, dict[str, str]]


@dataclass(slots=True)
class _Changes:
    """Compares what is there with what was: the first look tells all, each later one what is new."""

    what: str
    says: Callable[[dict[str, str]], str]
    known: Known
    seen: datetime | None = None
    has_looked: bool = False

    def look(self, found: Known, now: datetime, last_seen: datetime | None) -> list[Record]:
        """Return what is new, and take *found* for what is known."""
        records = [
            self._gone(fields, now, self.seen or last_seen) for key, fields in self.known.items() if key not in found
        ]
        records += [
            probe(self.what, now, self.says(fields), fields)
            for key, fields in found.items()
            if not self.has_looked or fields != self.known.get(key)
        ]
        self.known, self.seen, self.has_looked = found, now, True
        return records

    def _gone(self, fields: dict[str, str], now: datetime, seen: datetime | None) -> Record:
        gone = {**fields, "State": GONE}
        since = f" It was last seen at {spoken(seen)}." if seen else ""
        return probe(self.what, now, f"{self.says(gone)}{since}", {**gone, "LastSeen": seen})


class SessionWatch:
    """Tells how the sessions of one Windows user stand, or of all if *user* is None."""

    def __init__(self, user: str | None = None, known: Known | None = None) -> None:
        """Go on from what an earlier watcher has told, if that is *known*."""
        self._user = user
        kept = {key: one for key, one in (known or {}).items() if user is None or is_user(one["User"], user)}
        self._changes = _Changes("session", _of_session, kept)

    @property
    def known(self) -> Known:
        """What was told and still stands."""
        return self._changes.known

    def look(self, sessions: Iterable[Session], now: datetime, last_seen: datetime | None = None) -> list[Record]:
        """Return what is new; *last_seen* is when an earlier watcher looked, at the first look of this one."""
        found: Known = {
            f"{one.number} {_full(one)}": {"User": _full(one), "SessionId": one.number, "State": one.state.value}
            for one in sessions
            if self._user is None or is_user(_full(one), self._user)
        }
        is_first = not self._changes.has_looked
        records = self._changes.look(found, now, last_seen)
        if is_first and self._user is not None and not records:
            fields = {"User": self._user, "State": GONE}
            records.append(probe("session", now, f"{self._user} is not signed in.", fields))
        return records


class ProcessWatch:
    """Tells which of the watched programs run; one that is *expected* is told of also where it was never seen."""

    def __init__(self, expected: tuple[str, ...] = (), known: Known | None = None) -> None:
        """Go on from what an earlier watcher has told, if that is *known*."""
        self._expected = expected
        self._changes = _Changes("process", _of_process, known or {})
        self._hung: set[int] = set()

    @property
    def known(self) -> Known:
        """What was told and still stands."""
        return self._changes.known

    def look(self, processes: Iterable[Process], now: datetime, last_seen: datetime | None = None) -> list[Record]:
        """Return what is new; *last_seen* is when an earlier watcher looked, at the first look of this one.

        A program hangs once it did so at two looks.
        """
        listed = list(processes)
        hung = {one.pid for one in listed if one.hung}
        found: Known = {
            f"{one.pid} {one.name} {one.started}": _of(one, hung=one.pid in hung & self._hung) for one in listed
        }
        is_first, self._hung = not self._changes.has_looked, hung
        records = self._changes.look(found, now, last_seen)
        told = {record.fields["Name"].casefold() for record in records}
        missing = [name for name in self._expected if is_first and name.casefold() not in told]
        return records + [_missing(name, now) for name in missing]


def is_user(full: str, user: str) -> bool:
    r"""Say whether *full*, a name with its domain, is that of *user*, written with or without one, in any case.

    >>> [is_user("SRV-01\\QBSync", user) for user in ("qbsync", "srv-01\\qbsync", "CONTOSO\\qbsync")]
    [True, True, False]
    """
    own_domain, _, own = full.casefold().rpartition("\\")
    domain, _, name = user.replace("/", "\\").casefold().rpartition("\\")
    return own == name and domain in {"", ".", own_domain}


def _of(process: Process, *, hung: bool) -> dict[str, str]:
    told = {
        "Name": process.name,
        "Pid": str(process.pid),
        "SessionId": process.session,
        "User": process.user,
        "Started": process.started.isoformat(timespec="seconds").replace("+00:00", "Z") if process.started else None,
        "State": HUNG if hung else RUNNING,
    }
    return {name: value for name, value in told.items() if value is not None}


def _missing(name: str, now: datetime) -> Record:
    return probe("process", now, f"{name} does not run.", {"Name": name, "State": GONE})


def _full(session: Session) -> str:
    return f"{session.domain}\\{session.user}" if session.domain else session.user


_SESSION_SAYS = {
    "active": "{User} is signed in, in session {SessionId}.",
    "connected": "{User} is signed in, in session {SessionId}.",
    "disconnected": "{User} is signed in, in session {SessionId}, and disconnected from it; programs go on there.",
    GONE: "{User} is not signed in any more: session {SessionId} has ended.",
}
_PROCESS_SAYS = {
    RUNNING: "{Name} runs{whose}.",
    HUNG: "{Name} runs{whose} and does not answer.",
    GONE: "{Name} does not run any more.",
}


def _of_session(fields: dict[str, str]) -> str:
    return _SESSION_SAYS[fields["State"]].format(**fields)


def _of_process(fields: dict[str, str]) -> str:
    whose = f" as {fields['User']}" if "User" in fields else ""
    return _PROCESS_SAYS[fields["State"]].format(whose=whose, **fields)

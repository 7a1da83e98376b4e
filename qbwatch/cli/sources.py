"""`qbwatch sources`: how each followed log stands, and the ledger of what became of its bytes."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from qbwatch.cli.opened import as_json, at_least_one, newest, open_known_store
from qbwatch.cli.source_table import ago, entry_lines, lag, state_table
from qbwatch.clock import utc_now
from qbwatch.history.times import stamp
from qbwatch.source_state import SourceState, Standing

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from qbwatch.config import Settings
    from qbwatch.history.store import Store

_LIMIT = 50
_SILENT = timedelta(minutes=2)  # a watcher writes far more often
_LATE_S = 300
_RECENT = timedelta(days=1)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = (
        "Exit codes: 0 all is read; 1 a source is unreadable, was never seen or waits for over 5 minutes, something "
        "was lost in the last day, or no watcher has looked for over 2 minutes; 2 there is no store or configuration. "
        "With --ledger: 0 it is listed, 2 as above."
    )
    parser.add_argument("--ledger", action="store_true", help="list what became of every byte range, the newest first")
    parser.add_argument("--path", metavar="TEXT", help="only paths that contain TEXT, in either case")
    parser.add_argument("--limit", type=at_least_one, default=_LIMIT, metavar="N",
                        help=f"how many entries of the ledger (default: {_LIMIT})")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object a source, or an entry of the ledger")
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the store tells of the sources, and when it was asked."""

    states: tuple[SourceState, ...]
    lost: int
    watched_at: datetime | None
    now: datetime

    @property
    def is_watched(self) -> bool:
        """Say whether a watcher wrote lately."""
        return self.watched_at is not None and self.now - self.watched_at <= _SILENT

    @property
    def bad(self) -> frozenset[str]:
        """The paths that somebody must look after."""
        return frozenset(state.path for state in self.states if _is_bad(state, self.now))


def run(options: argparse.Namespace) -> int:
    """Show them."""
    if options.ledger:
        return _list_ledger(options)
    with open_known_store(options) as (store, settings):
        look = look_at(store, settings, utc_now(), options.path)
    if options.json:
        watched_at = {"watched_at": stamp(look.watched_at)}
        for state in look.states:
            print(json.dumps(as_json(state) | {"lag_s": lag(state, look.now)} | watched_at))
        for words in _warnings(look):
            print(f"qbwatch: {words}", file=sys.stderr)
    else:
        print(page(look, settings, _width()))
    return 1 if look.bad or look.lost or not look.is_watched else 0


def look_at(store: Store, settings: Settings, now: datetime, path: str | None = None) -> Look:
    """Collect how the sources of the configuration stand; only paths that contain *path*."""
    known, watched_at = store.states(), store.watched_at()
    configured = [source.path for source in settings.sources]
    # What was taken out of the configuration stays in the store, and is looked at no more.
    newest_look = max((state.looked_at for state in known), default=now)
    shown = [state for state in known if state.source in configured or newest_look - state.looked_at <= _SILENT]
    seen = {state.source for state in shown}
    shown += [_never_seen(source, now) for source in dict.fromkeys(configured) if source not in seen]
    if path is not None:
        shown = [state for state in shown if path.casefold() in state.path.casefold()]
    return Look(states=tuple(shown), lost=store.lost_since(now - _RECENT, path), watched_at=watched_at, now=now)


def _never_seen(source: str, now: datetime) -> SourceState:
    return SourceState(
        source=source, path=source, format=None, sure=None, standing=Standing.NEVER_SEEN, file=None, generation=None,
        offset=None, size=None, behind_since=None, last_record=None, drops=0, missed=0, polled_only=False,
        problem="nothing that matches it was seen", problem_since=None, looked_at=now,
    )  # fmt: skip


def _is_bad(state: SourceState, now: datetime) -> bool:
    waits_s = lag(state, now) or 0
    return state.standing in {Standing.UNREADABLE, Standing.NEVER_SEEN} or waits_s > _LATE_S


def page(look: Look, settings: Settings, width: int) -> str:
    """Return what a person reads: what is wrong as a whole, then each path."""
    parts = list(_warnings(look))
    if look.states:
        parts.append(state_table(look.states, look.bad, now=look.now, zone=settings.zone, width=width))
        parts.append(f"Times are of {settings.zone.key}.")
    else:
        parts.append("No source has such a path.")
    return "\n".join(parts)


def _warnings(look: Look) -> list[str]:
    said = []
    if look.watched_at is None:
        said.append("No watcher has looked at the sources yet. Start it: qbwatch watch")
    elif not look.is_watched:
        length = ago((look.now - look.watched_at).total_seconds())
        said.append(f"The watcher last looked {length} ago. To start it again: qbwatch watch")
    if look.lost:
        said.append(f"Byte ranges lost in the last day: {look.lost}. See which: qbwatch sources --ledger")
    return said


def _list_ledger(options: argparse.Namespace) -> int:
    with open_known_store(options) as (store, settings):
        found = store.ledger(options.path, limit=options.limit + 1)
    entries = newest(found, options.limit, "entries")
    if options.json:
        for entry in entries:
            print(json.dumps(as_json(entry)))
    elif entries:
        for entry in entries:
            print(entry_lines(entry, zone=settings.zone, width=_width()))
        print(f"Times are of {settings.zone.key}.")
    else:
        print("The ledger has no such entry." if options.path else "The ledger is empty: nothing was read yet.")
    return 0


def _width() -> int:
    return shutil.get_terminal_size().columns

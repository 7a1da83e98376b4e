"""`qbwatch silence`: hear nothing of some problems for a while; add, list and end silences."""

from __future__ import annotations

import getpass
import json
import secrets
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from alerts.matcher import MATCHABLE, MatcherError, read_matcher
from alerts.silence import Silence, SilenceError, checked
from qbwatch.cli.opened import open_known_store, when
from qbwatch.cli.output import table
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.history import silence_rows
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.times import length_of, moment_of, stamp

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from alerts.matcher import Matcher
    from qbwatch.config import Settings
    from qbwatch.history.store import Store

_HEAD = ("ID", "STATE", "WHAT", "UNTIL", "BY", "REASON")
_DEFAULT = "2h"


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions."""
    parser.set_defaults(run=_list, all=False)
    parser.add_argument("--json", action="store_true", help="one JSON object a silence")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    added = actions.add_parser("add", help="begin a silence", description="Hold the messages about what all MATCHERs "
                               "fit. What fails is recorded all the same, and told when the silence ends if it still "
                               "fails then.")  # fmt: skip
    added.add_argument("matchers", nargs="+", metavar="MATCHER", help="such as client=Fabrikam, cause=popup_blocked or "
                       f"'host=~srv-.*'; of {', '.join(MATCHABLE)}")  # fmt: skip
    end = added.add_mutually_exclusive_group()
    end.add_argument("--for", dest="length", metavar="LENGTH", help=f"how long, such as 30m, 2h or 3d "
                     f"(default: {_DEFAULT})")  # fmt: skip
    end.add_argument("--until", metavar="TIME", help="its end, such as 2026-03-10T07:00, in the zone of [host]")
    added.add_argument("--until-recovered", action="store_true", help="end it as soon as nothing under it fails; at "
                       "the latest at its end")  # fmt: skip
    added.add_argument("--reason", required=True, metavar="TEXT", help="why, for those who will wonder")
    added.add_argument("--author", metavar="NAME", help="who asks for it (default: you)")
    added.add_argument("--json", action="store_true", help="as one JSON object")
    added.set_defaults(run=_add)
    listed = actions.add_parser("list", help="list the silences", description="List the silences, and what fails under "
                                "each.")  # fmt: skip
    listed.add_argument("--all", action="store_true", help="those that have ended too")
    listed.add_argument("--json", action="store_true", help="one JSON object a silence")
    listed.set_defaults(run=_list)
    ended = actions.add_parser("end", help="end a silence now", description="End a silence now. What fails under it is "
                               "told.")  # fmt: skip
    ended.add_argument("id", help="the silence's id, or its first letters")
    ended.add_argument("--json", action="store_true", help="as one JSON object")
    ended.set_defaults(run=_end)


def _add(options: argparse.Namespace) -> int:
    now = utc_now()
    with open_known_store(options) as (store, settings):
        silence = Silence(
            id=secrets.token_hex(4), matchers=_matchers(options.matchers), author=options.author or getpass.getuser(),
            reason=options.reason, starts_at=now, ends_at=_end_of(options, settings, now),
            until_recovered=options.until_recovered,
        )  # fmt: skip
        try:
            checked(silence, longest=settings.alerts.longest_silence, now=now)
        except SilenceError as error:
            raise UsageError(f"{error}.") from error
        held = _held(silence, store, now)
        if silence.until_recovered and not held:
            raise UsageError(
                "nothing that it would hold fails now, so there is nothing to wait for. Say how long, with --for or "
                "--until, and leave --until-recovered out. See: qbwatch incidents"
            )
        with store.transaction():
            silence_rows.put(store.connection, silence)
        if options.json:
            print(json.dumps(_as_json(silence, store, now)))
            return 0
    print(f"{silence.id} holds {_what(silence)} until {_until(silence, settings)}.")
    if held:
        print(f"It holds {held} open {'incident' if held == 1 else 'incidents'} now.")
    return 0


def _list(options: argparse.Namespace) -> int:
    now = utc_now()
    with open_known_store(options) as (store, settings):
        silences = [one for one in silence_rows.every(store.connection) if options.all or _is_pending(one, now)]
        if options.json:
            for one in silences:
                print(json.dumps(_as_json(one, store, now)))
            return 0
    rows = [
        (one.id, _state(one, now), _what(one), _until(one, settings), one.author, one.reason) for one in silences
    ]  # fmt: skip
    print(table(rows, _HEAD) if rows else "Nothing is silenced.")
    return 0


def _end(options: argparse.Namespace) -> int:
    now = utc_now()
    with open_known_store(options) as (store, _), store.transaction():
        silence = _one(store, options.id)
        is_over = not _is_pending(silence, now)
        ended = silence if is_over else replace(silence, ended_at=now)
        silence_rows.put(store.connection, ended)
        if options.json:
            print(json.dumps(_as_json(ended, store, now)))
        else:
            print(f"{silence.id} had ended already; nothing changed." if is_over else f"{silence.id} has ended.")
    return 0


def _one(store: Store, id_start: str) -> Silence:
    found = [one for one in silence_rows.every(store.connection) if id_start and one.id.startswith(id_start)]
    if len(found) != 1:
        raise UsageError(f"there is no one silence whose id begins with '{id_start}'. See: qbwatch silence list --all")
    return found[0]


def _matchers(texts: list[str]) -> tuple[Matcher, ...]:
    try:
        return tuple(read_matcher(text) for text in texts)
    except MatcherError as error:
        raise UsageError(f"{error}.") from error


def _end_of(options: argparse.Namespace, settings: Settings, now: datetime) -> datetime:
    try:
        if options.until:
            return moment_of(options.until, now, settings.zone)
        return now + length_of(options.length or _DEFAULT)
    except ValueError as error:
        name = "--until" if options.until else "--for"
        raise UsageError(f"{name}: {error}.") from error


def _is_pending(silence: Silence, now: datetime) -> bool:
    return silence.ended_at is None and now < silence.ends_at


def _state(silence: Silence, now: datetime) -> str:
    if not _is_pending(silence, now):
        return "ended"
    return "active" if silence.starts_at <= now else "to come"


def _what(silence: Silence) -> str:
    return " and ".join(map(str, silence.matchers))


def _until(silence: Silence, settings: Settings) -> str:
    at = when(silence.ended_at or silence.ends_at, settings)
    return f"it recovers, at the latest {at}" if silence.until_recovered and silence.ended_at is None else at


def _held(silence: Silence, store: Store, now: datetime) -> int:
    live = AlertStore(store.connection, UTC).incidents(live_only=True)
    return sum(silence.holds(one, now) for one in live)


def _as_json(silence: Silence, store: Store, now: datetime) -> dict[str, Any]:
    return {
        "id": silence.id,
        "state": _state(silence, now),
        "matchers": [str(matcher) for matcher in silence.matchers],
        "author": silence.author,
        "reason": silence.reason,
        "starts_at": stamp(silence.starts_at),
        "ends_at": stamp(silence.ends_at),
        "until_recovered": silence.until_recovered,
        "ended_at": stamp(silence.ended_at) if silence.ended_at else None,
        "holds": _held(silence, store, now),
    }

"""`qbwatch history prune|check|rebuild|backup|datasette`: keep the store small, whole, and twice."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.cli.named_history import named_path
from qbwatch.cli.opened import open_store
from qbwatch.cli.output import Progress, table
from qbwatch.cli.settings import load_settings_if_any
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.history import checks, retention, rollups, words
from qbwatch.history.backup import backup
from qbwatch.history.datasette import metadata
from qbwatch.history.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from qbwatch.history.store import Store

_AT_ONCE = 2000
_KEEP = re.compile(r"(\w+)=(?:(\d+)d|forever)")


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> Iterator[argparse.ArgumentParser]:
    """Add the actions and yield them."""
    help_ = "give up rows that are older than [store.retention] says; daily rollups stay for ever"
    prune = actions.add_parser("prune", help=help_, description=help_)
    prune.add_argument("--dry-run", action="store_true", help="count what would go, and change nothing")
    prune.add_argument("--keep", metavar="KIND=400d", action="append", default=[], type=_keep,
                       help=f"keep this kind so long instead, or forever; of {', '.join(retention.KINDS)}")  # fmt: skip
    prune.add_argument("--json", action="store_true", help="one JSON object a kind")
    prune.set_defaults(run=_prune)
    yield prune
    help_ = "look whether the store is whole, and its rollups say what its rows say; exit code 1 if not"
    check = actions.add_parser("check", help=help_, description=help_)
    check.add_argument("--json", action="store_true", help="one JSON object a part")
    check.set_defaults(run=_check)
    yield check
    help_ = "count all daily rollups anew from the rows, and index the words of all messages anew"
    rebuild = actions.add_parser("rebuild", help=help_, description=help_)
    rebuild.set_defaults(run=_rebuild)
    yield rebuild
    help_ = "copy the store to a file, also while it is written"
    copy = actions.add_parser("backup", help=help_, description=help_)
    copy.add_argument("file", type=Path, metavar="FILE", help="the copy, which is a store too")
    copy.add_argument("--force", action="store_true", help="also over a file that is there")
    copy.set_defaults(run=_backup)
    yield copy
    help_ = "print what Datasette needs to show the store well: datasette STORE -m FILE"
    told = actions.add_parser("datasette", help=help_, description=help_)
    told.set_defaults(run=_datasette)
    yield told


def _keep(text: str) -> tuple[str, timedelta | None]:
    found = _KEEP.fullmatch(text)
    if not found or found[1] not in retention.KINDS:
        raise argparse.ArgumentTypeError(f"write {text} like events=400d or runs=forever")
    return found[1], timedelta(days=int(found[2])) if found[2] else None


def _prune(options: argparse.Namespace) -> int:
    settings = load_settings_if_any(options.config)
    keeps = replace(settings.retention if settings else retention.Retention(), **dict(options.keep))
    with open_store(named_path(options)) as store:
        counted = _old if options.dry_run else _prune_kind
        rows = [(kind, str(stamp(at)), counted(store, kind, at)) for kind, at in retention.limits(keeps, utc_now())]
    if options.json:
        for kind, older, count in rows:
            print(json.dumps({"kind": kind, "older_than": older, "rows": count, "dry_run": options.dry_run}))
        return 0
    print(table([(kind, older, str(count)) for kind, older, count in rows], ("KIND", "OLDER THAN", "ROWS")))
    done = "would go" if options.dry_run else "are gone; their place in the file is used again"
    print(f"{sum(row[2] for row in rows)} rows {done}. Daily rollups stay.")
    return 0


def _old(store: Store, kind: str, before: datetime) -> int:
    return retention.count_old(store.connection, kind, before)


def _prune_kind(store: Store, kind: str, before: datetime) -> int:
    """Give up a kind some rows at a time, so that a watcher may write in between."""
    progress, count, gone = Progress("Gave up", "rows", 1), 0, _AT_ONCE
    while gone == _AT_ONCE:
        with store.transaction() as connection:
            gone = retention.prune_some(connection, kind, before, utc_now(), limit=_AT_ONCE)
        count += gone
        progress.reached(count)
    progress.done()
    return count


def _check(options: argparse.Namespace) -> int:
    progress, is_whole = Progress("Counted", "hosts", 1), True
    with open_store(named_path(options)) as store:
        for found in checks.check(store.connection, progress.reached):
            progress.done()
            is_whole = is_whole and not found.problems
            if options.json:
                print(json.dumps({"part": found.what, "problems": found.problems}))
                continue
            print(f"{found.what}: {'fine' if not found.problems else ''}".rstrip())
            for problem in found.problems:
                print(f"    {problem}")
            if found.problems:
                print(f"    To mend it: {found.remedy}")
    return 0 if is_whole else 1


def _rebuild(options: argparse.Namespace) -> int:
    progress = Progress("Counted", "hosts", 1)
    with open_store(named_path(options)) as store:
        hosts = [
            row[0] for row in store.connection.execute("SELECT DISTINCT host FROM runs UNION SELECT host FROM events")
        ]
        for number, host in enumerate(hosts, 1):
            with store.transaction() as connection:
                rollups.recount(connection, host)
            progress.reached(number)
        progress.done()
        with store.transaction() as connection:
            words.rebuild(connection)
    print(f"The days of {len(hosts)} hosts are counted, and the words of their messages indexed.")
    return 0


def _backup(options: argparse.Namespace) -> int:
    if options.file.exists() and not options.force:
        raise UsageError(f"{options.file}: this is there already. Name another file, or write over it with --force.")
    progress = Progress("Copied")
    size = backup(named_path(options), options.file, progress.reached)
    progress.done()
    print(
        f"{options.file}: {size / 1e6:.1f} MB, whole. To go back to it, stop qbwatch and put it in the store's place."
    )
    return 0


def _datasette(options: argparse.Namespace) -> int:
    print(json.dumps(metadata(named_path(options).stem), indent=2))
    return 0

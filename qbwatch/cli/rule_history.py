"""`qbwatch rules diff` and `rules apply`: what other rules make of the findings that are stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.cli.opened import open_store
from qbwatch.cli.output import Progress, table
from qbwatch.cli.settings import load_catalogue, load_settings_if_any
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.history import reclassified
from qbwatch.reclassify import Reclassifier
from qbwatch.rule_diff import Difference

if TYPE_CHECKING:
    import argparse

    from ingest.line_format import LineFormat
    from qbwatch.history.store import Store
    from rules.catalogue import Catalogue

SHIPPED = "shipped"
_RULES = f'a folder or file of your own rules, or the word "{SHIPPED}" for none'
_AVERAGE_ROW = 1000


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the actions."""
    help_ = "show which stored findings would get another cause under other rules; exit code 1 if any would"
    diff = actions.add_parser("diff", help=help_, description=help_)
    diff.add_argument("old", metavar="OLD", help=f"the rules that made them: {_RULES}")
    diff.add_argument("new", metavar="NEW", help="the rules to compare with")
    diff.set_defaults(run=_diff)
    help_ = "classify the stored findings anew; broken off, it goes on where it stopped. Nobody is alerted"
    apply_ = actions.add_parser("apply", help=help_, description=help_)
    apply_.add_argument(
        "new", metavar="NEW", nargs="?", help="the rules to classify by (default: [rules] path of the configuration)"
    )
    apply_.add_argument("--old", metavar="OLD", default=SHIPPED, help=f"the rules that made them: {_RULES} (default)")
    apply_.add_argument("--dry-run", action="store_true", help="show what would move, and change nothing")
    apply_.set_defaults(run=_apply)
    for action in (diff, apply_):
        action.add_argument(
            "--db", type=Path, metavar="FILE", help="the store (default: [store] path of the configuration)"
        )
        action.add_argument("--json", action="store_true", help="one JSON object a move, and one that sums up")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What a command works on: the store, and what the configuration says of rules."""

    db: Path
    own: Path | None = None
    formats: tuple[LineFormat, ...] = ()
    pages: str | None = None

    def rules(self, named: str | None) -> Catalogue:
        """Load the rules *named*, or those of the configuration."""
        path = self.own if named is None else Path(named)
        return load_catalogue(None if named == SHIPPED else path, self.formats, pages=self.pages)


def _diff(options: argparse.Namespace) -> int:
    given = _given(options)
    reclassifier = Reclassifier(given.rules(options.old), given.rules(options.new))
    with open_store(given.db) as store:
        difference = _read(store, reclassifier)
    _print(difference, "would move", as_json=options.json)
    return 1 if difference.moved else 0


def _apply(options: argparse.Namespace) -> int:
    given = _given(options)
    reclassifier = Reclassifier(given.rules(options.old), given.rules(options.new))
    with open_store(given.db) as store:
        difference = _read(store, reclassifier) if options.dry_run else _write(store, reclassifier)
    _print(difference, "would move" if options.dry_run else "moved", as_json=options.json)
    return 0


def _given(options: argparse.Namespace) -> _Given:
    settings = load_settings_if_any(options.config)
    db: Path | None = options.db or (settings.store if settings else None)
    if db is None:
        raise UsageError("There is no configuration that names a store. Name one with --db FILE.")
    if not db.is_file():
        raise UsageError(f"{db}: there is no such store.")
    if settings is None:
        return _Given(db=db)
    return _Given(db=db, own=settings.rules, formats=settings.formats, pages=settings.causes_url)


def _read(store: Store, reclassifier: Reclassifier) -> Difference:
    difference, progress = Difference(), Progress("Read")
    for batch in reclassified.batches(store.connection, reclassifier.new.pack):
        for event, run in batch:
            difference.add(reclassifier.judge(event, run))
        progress.reached(difference.seen * _AVERAGE_ROW)
    progress.done()
    return difference


def _write(store: Store, reclassifier: Reclassifier) -> Difference:
    """Change the findings a batch at a time, each batch with how far that is."""
    difference, progress, pack = Difference(), Progress("Changed"), reclassifier.new.pack
    after = reclassified.upto(store.connection, pack)
    for batch in reclassified.batches(store.connection, pack, after):
        verdicts = [reclassifier.judge(event, run) for event, run in batch]
        with store.transaction() as connection:
            reclassified.put(connection, verdicts, reclassifier.new, utc_now())
        for verdict in verdicts:
            difference.add(verdict)
        progress.reached(difference.seen * _AVERAGE_ROW)
    with store.transaction() as connection:
        reclassified.end(connection, pack, utc_now())
    progress.done()
    return difference


def _print(difference: Difference, verb: str, *, as_json: bool) -> None:
    if as_json:
        for line in difference.as_json():
            print(json.dumps(line))
        return
    rows = [
        (str(move.events), before, after, _listed(move.hosts), _listed(move.clients))
        for before, after, move in difference.in_order()
    ]
    if rows:
        print(table(rows, ("FINDINGS", "FROM", "TO", "HOSTS", "CLIENTS")))
    print(f"{difference.moved} of {difference.seen} findings {verb}.")
    for reason, count in difference.kept.most_common():
        print(f"{count} cannot be told from the store: {reason}.")
    print("What no rule knew and did not look like a failure is not stored: qbwatch scan finds it in the logs.")


def _listed(counts: dict[str, int] | dict[str | None, int]) -> str:
    """Write names with their counts, the most frequent first."""
    named = sorted(counts.items(), key=lambda one: (-one[1], one[0] or ""))
    shown = [f"{name or 'no client'} ({count})" for name, count in named[:3]]
    return ", ".join([*shown, *([f"{len(named) - 3} more"] if len(named) > 3 else [])])

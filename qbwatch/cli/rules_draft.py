"""`qbwatch rules draft`: begin a rule for a failure that no rule knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.cli.named_store import add_store, open_named_store
from qbwatch.cli.settings import load_catalogue, load_settings_if_any
from qbwatch.errors import UsageError
from qbwatch.rule_draft import NoDraftError, draft_rule, find_one

if TYPE_CHECKING:
    import argparse


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action to those of `qbwatch rules`."""
    help_ = "begin a rule for an unknown failure, with samples from the store; qbwatch unknown lists them"
    draft = actions.add_parser("draft", help=help_, description=help_)
    draft.add_argument("id", metavar="ID", help="its id, or the first letters of it")
    draft.add_argument("-o", dest="output", type=Path, metavar="FILE", help="write it there (default: print it)")
    add_store(draft)
    draft.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    settings = load_settings_if_any(options.config)
    catalogue = load_catalogue(settings.rules if settings else None)
    with open_named_store(options) as store:
        try:
            text = draft_rule(find_one(store.connection, options.id), catalogue)
        except NoDraftError as error:
            raise UsageError(f"{error}.") from error
    if options.output is None:
        print(text, end="")
        return 0
    _write_new(options.output, text)
    print(f"{options.output}: fill in what is empty; this tells what: qbwatch rules check {options.output.parent}")
    return 0


def _write_new(path: Path, text: str) -> None:
    """Write *text* to *path*, which must not be there: somebody may have filled it in. Raises UsageError."""
    if path.suffix != ".rules":
        raise UsageError(f"{path}: rule files end in .rules; name it so.")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path}: this file is there already. Name another one.") from error
    except OSError as error:
        raise UsageError(f"{path}: it cannot be written ({error.strerror}).") from error

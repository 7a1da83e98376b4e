"""`qbwatch rules`: list, lint and test the rule files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.cli.output import table
from qbwatch.cli.settings import load_catalogue, load_settings_if_any
from qbwatch.errors import UsageError
from qbwatch.rule_check import check_samples
from rules.load import RuleError, load

if TYPE_CHECKING:
    import argparse

    from rules.catalogue import Catalogue


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, help_, run in (
        ("list", "list the causes and rules, and where each comes from", _list),
        ("check", "look for faults in rule files; exit code 2 if there are any", _check),
        ("test", "run the samples of every rule; exit code 1 if one fails", _test),
    ):
        action = actions.add_parser(name, help=help_, description=help_)
        action.add_argument(
            "folder", nargs="?", type=Path, help="your own rules (default: [rules] path of the configuration)"
        )
        if name == "list":
            action.add_argument("--json", action="store_true", help="one JSON object a rule")
        action.set_defaults(run=run)


def _folder(options: argparse.Namespace) -> Path | None:
    if options.folder:
        folder: Path = options.folder
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder of rules.")
        return folder
    settings = load_settings_if_any(options.config)
    return settings.rules if settings else None


def _list(options: argparse.Namespace) -> int:
    catalogue = load_catalogue(_folder(options))
    if options.json:
        for rule in catalogue.rules:
            cause = catalogue.causes[rule.cause]
            print(json.dumps({"rule": rule.name, "cause": cause.name, "title": cause.title, "severity": cause.severity,
                              "act": cause.act, "confidence": rule.confidence, "place": str(rule.place)}))  # fmt: skip
        return 0
    rows = [
        (rule.cause, rule.name, catalogue.causes[rule.cause].severity, rule.confidence, str(rule.place))
        for rule in sorted(catalogue.rules, key=lambda rule: (rule.cause, rule.name))
    ]
    print(table(rows, ("CAUSE", "RULE", "SEVERITY", "CONFIDENCE", "FROM")))
    print(f"{len(catalogue.causes)} causes, {len(catalogue.rules)} rules")
    return 0


def _check(options: argparse.Namespace) -> int:
    folder = _folder(options)
    try:
        catalogue = load([folder] if folder else [])
    except RuleError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(catalogue.causes)} causes and {len(catalogue.rules)} rules: no fault")
    return 0


def _test(options: argparse.Namespace) -> int:
    catalogue = load_catalogue(_folder(options))
    faults = list(check_samples(catalogue))
    for fault in faults:
        print(f"{fault.place}: rule {fault.rule}: {fault.problem}.")
    print(f"{_count(catalogue)} samples, {len(faults)} failed")
    return 1 if faults else 0


def _count(catalogue: Catalogue) -> int:
    return sum(len(rule.samples) + len(rule.nevers) for rule in catalogue.rules)

"""`qbwatch rules`: list, lint, test and compare the rule files, and make pages of them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.cause_pages import write_pages
from qbwatch.cli import rule_history, rules_draft
from qbwatch.cli.output import table
from qbwatch.cli.settings import load_catalogue, load_settings_if_any
from qbwatch.errors import UsageError
from qbwatch.rule_check import check_samples
from qbwatch.rule_report import costs, overlaps, unused_causes
from rules.load import RuleError, load

if TYPE_CHECKING:
    import argparse

    from ingest.line_format import LineFormat
    from qbwatch.rule_report import Overlap
    from rules.catalogue import Catalogue
    from rules.load import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class _Own:
    """What a user adds: a folder or file of rules, and formats."""

    path: Path | None
    formats: tuple[LineFormat, ...]

    def load(self) -> Catalogue:
        return load_catalogue(self.path, self.formats)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, help_, run in (
        ("list", "list the causes and rules, and where each comes from", _list),
        ("check", "look for faults in rule files: exit code 2 if there are any, 1 if two rules are even", _check),
        ("test", "run the samples of every rule; exit code 1 if one fails", _test),
    ):
        action = actions.add_parser(name, help=help_, description=help_)
        action.add_argument(
            "folder", nargs="?", type=Path, metavar="PATH",
            help="your own rules, a folder or a file (default: [rules] path of the configuration)",
        )  # fmt: skip
        action.add_argument("--json", action="store_true", help="one JSON object a line")
        if name == "list":
            action.add_argument("--cost", action="store_true", help="measure on the samples what each rule takes")
        if name == "check":
            action.add_argument("--overlaps", action="store_true", help="list every sample that several rules claim")
        action.set_defaults(run=run)
    rule_history.add(actions)
    rules_draft.add(actions)
    help_ = "write a page for each cause, and an index by topic and by code, into a folder"
    pages = actions.add_parser("pages", help=help_, description=help_)
    pages.add_argument("folder", type=Path, help="where to write the pages; it is made if it is not there")
    pages.set_defaults(run=_pages)


def _own(options: argparse.Namespace) -> _Own:
    path: Path | None = options.folder
    if path and not path.exists():
        raise UsageError(f"{path}: no such folder of rules.")
    settings = load_settings_if_any(options.config)
    return _Own(path=path or (settings.rules if settings else None), formats=settings.formats if settings else ())


def _list(options: argparse.Namespace) -> int:
    own = _own(options)
    catalogue = own.load()
    if options.cost:
        return _list_costs(catalogue, own, as_json=options.json)
    if options.json:
        for rule in catalogue.rules:
            cause = catalogue.causes[rule.cause]
            print(json.dumps({"rule": rule.name, "cause": cause.name, "title": cause.title, "severity": cause.severity,
                              "act": cause.act, "confidence": rule.confidence, "place": str(rule.place),
                              "rule_pack": catalogue.pack}))  # fmt: skip
        return 0
    rows = [
        (rule.cause, rule.name, catalogue.causes[rule.cause].severity, rule.confidence, str(rule.place))
        for rule in sorted(catalogue.rules, key=lambda rule: (rule.cause, rule.name))
    ]
    print(table(rows, ("CAUSE", "RULE", "SEVERITY", "CONFIDENCE", "FROM")))
    print(f"{len(catalogue.causes)} causes, {len(catalogue.rules)} rules; rule pack {catalogue.pack}")
    return 0


def _list_costs(catalogue: Catalogue, own: _Own, *, as_json: bool) -> int:
    found = costs(catalogue, own.formats)
    if as_json:
        for one in found:
            print(json.dumps({"rule": one.rule, "asked": one.asked, "matched": one.matched,
                              "microseconds": round(one.microseconds, 2)}))  # fmt: skip
        return 0
    rows = [(one.rule, str(one.asked), str(one.matched), f"{one.microseconds:.1f}") for one in found]
    print(table(rows, ("RULE", "ASKED", "MATCHED", "MICROSECONDS")))
    total = sum(one.microseconds * one.asked for one in found)
    asked = sum(one.asked for one in found)
    print(f"{len(found)} rules, asked {asked} times about their samples: {total / asked:.1f} microseconds on average")
    return 0


def _check(options: argparse.Namespace) -> int:
    own = _own(options)
    try:
        catalogue = load([own.path] if own.path else [], [one.name for one in own.formats])
    except RuleError as error:
        _print_faults(error, as_json=options.json)
        return 2
    found = list(overlaps(catalogue, own.formats))
    even = [one for one in found if one.is_even and not one.same_cause]
    unused = unused_causes(catalogue)
    if options.json:
        counts = {"causes": len(catalogue.causes), "rules": len(catalogue.rules), "rule_pack": catalogue.pack}
        for one in found:
            print(json.dumps(_overlap_line(one)))
        print(json.dumps({"kind": "summary", **counts, "unused": unused, "overlaps": len(found), "even": len(even)}))
        return 1 if even else 0
    shown = found if options.overlaps else even
    if shown:
        print(_overlap_table(shown))
    for name in unused:
        print(f"{catalogue.causes[name].place}: no rule names the cause {name}.")
    if even:
        print(f"{len(even)} samples are decided by nothing but the rules' names. Give one of the two a priority.")
    more = "" if options.overlaps or not found else f"; {len(found)} overlaps are decided, see them with --overlaps"
    print(f"{len(catalogue.causes)} causes and {len(catalogue.rules)} rules: no fault{more}")
    return 1 if even else 0


def _overlap_table(overlaps: list[Overlap]) -> str:
    """Return a row for each pair of rules, with how many samples they share and the first of them."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for one in overlaps:
        places.setdefault((one.winner, one.loser, one.why), []).append(str(one.place))
    rows = [(*pair, str(len(samples)), samples[0]) for pair, samples in places.items()]
    return table(rows, ("WINS", "OVER", "BECAUSE", "SAMPLES", "FIRST SAMPLE"))


def _print_faults(error: RuleError, *, as_json: bool) -> None:
    if not as_json:
        print(error, file=sys.stderr)
        return
    for fault in error.faults:
        print(json.dumps(_fault_line(fault)))


def _fault_line(fault: Fault) -> dict[str, object]:
    place = fault.place
    return {"kind": "fault", "file": place.file, "line": place.line, "column": place.column, "problem": fault.problem,
            "text": fault.line}  # fmt: skip


def _overlap_line(one: Overlap) -> dict[str, object]:
    return {"kind": "overlap", "winner": one.winner, "loser": one.loser, "why": one.why, "sample": str(one.place),
            "same_cause": one.same_cause}  # fmt: skip


def _test(options: argparse.Namespace) -> int:
    own = _own(options)
    catalogue = own.load()
    faults = list(check_samples(catalogue, own.formats))
    samples = sum(len(rule.samples) + len(rule.nevers) for rule in catalogue.rules)
    if options.json:
        for fault in faults:
            print(json.dumps({"kind": "fault", "rule": fault.rule, "file": fault.place.file, "line": fault.place.line,
                              "problem": fault.problem}))  # fmt: skip
        print(json.dumps({"kind": "summary", "samples": samples, "failed": len(faults)}))
        return 1 if faults else 0
    for fault in faults:
        print(f"{fault.place}: rule {fault.rule}: {fault.problem}.")
    print(f"{samples} samples, {len(faults)} failed")
    return 1 if faults else 0


def _pages(options: argparse.Namespace) -> int:
    settings = load_settings_if_any(options.config)
    catalogue = load_catalogue(settings.rules if settings else None, settings.formats if settings else ())
    try:
        written = write_pages(catalogue, options.folder)
    except OSError as error:
        raise UsageError(f"{options.folder}: the pages cannot be written there ({error.strerror}).") from error
    print(f"{len(written)} pages written to {options.folder}")
    return 0

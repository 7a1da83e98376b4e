"""`qbwatch explain`: what a code or a pasted log line means, why, and what to do."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from ingest.formats import qbwc, read_records
from ingest.record import Record, Span
from qbwatch.cli.settings import load_catalogue, load_settings_if_any
from rules.codes import find_codes

if TYPE_CHECKING:
    import argparse

    from rules.catalogue import Catalogue, Match

_WIDTH = 88


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = (
        "Examples: qbwatch explain QBWC1012; qbwatch explain 0x80040414; qbwatch explain -2147220460. "
        "Exit codes: 0 known, 1 no rule knows it."
    )
    parser.add_argument("what", nargs="+", metavar="CODE-OR-LINE")
    parser.add_argument("--json", action="store_true", help="one JSON object a meaning")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain."""
    settings = load_settings_if_any(options.config)
    catalogue = load_catalogue(settings.rules if settings else None)
    text = " ".join(options.what)
    matches = _matches(catalogue, text)
    if options.json:
        for match in matches:
            print(json.dumps(_as_json(catalogue, match)))
    elif matches:
        print("\n\n".join(_told(catalogue, match, first=at == 0) for at, match in enumerate(matches)))
    else:
        print(_unknown(text))
    return 0 if matches else 1


def _matches(catalogue: Catalogue, text: str) -> list[Match]:
    """Return what the rules make of *text*, the likeliest first, each cause once."""
    record = _record(text)
    causes: dict[str, Match] = {}
    for match in catalogue.matches(record, None):
        causes.setdefault(match.rule.cause, match)
    return list(causes.values())


def _record(text: str) -> Record:
    """Read a pasted line as its format does; anything else counts as words of Web Connector."""
    for record in read_records(qbwc.NAME, text.encode()):
        return record
    return Record(
        format=qbwc.NAME, time=None, component="", message=text, span=Span(offset=0, length=len(text), line=1)
    )


def _told(catalogue: Catalogue, match: Match, *, first: bool) -> str:
    cause = catalogue.causes[match.rule.cause]
    filled = cause.filled(dict(match.captures), rule=match.rule)
    lead = "" if first else "Less likely: "
    parts = [
        f"{lead}{cause.title}",
        f"{', '.join(match.codes)}{': ' if match.codes else ''}{cause.name}, {cause.severity}, {_who(cause.act)}",
        "",
        textwrap.fill(filled.explanation, _WIDTH),
        "",
        "What to do:",
        *(textwrap.fill(f"{n}. {step}", _WIDTH, subsequent_indent="   ") for n, step in enumerate(filled.steps, 1)),
        "",
        *filled.links,
    ]
    return "\n".join(parts)


def _who(act: str) -> str:
    return {
        "ops": "for ops to mend",
        "client": "for the client to mend",
        "provider": "for the provider to mend",
    }[act]


def _as_json(catalogue: Catalogue, match: Match) -> dict[str, Any]:
    cause = catalogue.causes[match.rule.cause]
    filled = cause.filled(dict(match.captures), rule=match.rule)
    return {
        "cause": cause.name, "rule": match.rule.name, "codes": list(match.codes), "title": cause.title,
        "severity": cause.severity, "act": cause.act, "confidence": match.rule.confidence,
        "explanation": filled.explanation, "steps": list(filled.steps), "links": list(filled.links),
    }  # fmt: skip


def _unknown(text: str) -> str:
    codes = find_codes(text)
    what = f"No rule knows {', '.join(codes)}." if codes else "No rule matches this."
    return (
        f"{what} If it stands in a log beside a failed sync, send the lines around it to the provider of the "
        "application, and write a rule for it: docs/rule-language.md shows how."
    )

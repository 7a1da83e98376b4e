"""`qbwatch doctor`: everything that must be true for alerts to arrive, and what to do about what is not."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from alerts.secrecy import quiet_transports
from alerts.spoken import plural
from ingest.platform import this_machine
from qbwatch.cli.output import paint
from qbwatch.clock import utc_now
from qbwatch.doctor import Verdict, examine, open_installation
from qbwatch.errors import UsageError
from qbwatch.places import config_file
from qbwatch.service import ServiceError, keeper_of, this_system
from rules.event import Severity

if TYPE_CHECKING:
    import argparse

    from qbwatch.doctor import Finding
    from qbwatch.service import Keeper

_MORE = """\
Exit codes: 0 all is fine, or there are warnings only; 1 there is a fault: some alert does not arrive; 2 wrong usage."""
_COLOURS = {Verdict.WARNING: Severity.WARNING, Verdict.FAULT: Severity.ERROR}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _MORE
    network = parser.add_mutually_exclusive_group()
    network.add_argument("--send", action="store_true", help="send a labelled test message to every receiver")
    network.add_argument("--offline", action="store_true", help="connect to nothing: look at the receivers' URLs alone")
    parser.add_argument("--quiet", action="store_true", help="only what is not fine")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Look at everything and print it; say whether there is a fault."""
    quiet_transports()
    file = options.config or config_file()
    if not file.exists():
        raise UsageError(f"{file}: no such configuration, so there is nothing to examine. Make one: qbwatch init")
    counts = dict.fromkeys(Verdict, 0)
    with open_installation(file, this_machine(), _keeper(), utc_now) as installation:
        installation.asks_network, installation.sends = not options.offline, options.send
        for name, finding in examine(installation):
            counts[finding.verdict] += 1
            if options.json:
                print(json.dumps({"check": name, **asdict(finding)}), flush=True)
            elif not (options.quiet and finding.verdict is Verdict.FINE):
                print(_told(name, finding), flush=True)
    if not options.json:
        faults, warnings = (plural(counts[one], str(one)) for one in (Verdict.FAULT, Verdict.WARNING))
        print(f"\n{faults}, {warnings}, {counts[Verdict.FINE]} fine.")
    return 1 if counts[Verdict.FAULT] else 0


def _keeper() -> Keeper | None:
    try:
        return keeper_of(this_system(), sys.platform)
    except ServiceError:
        return None


def _told(name: str, finding: Finding) -> str:
    word = str(finding.verdict).upper() if finding.verdict is not Verdict.FINE else "fine"
    colour = _COLOURS.get(finding.verdict)
    lines = [f"{paint(f'{word:8}', colour) if colour else f'{word:8}'}{name:15}{_indented(finding.what)}."]
    if finding.verdict is not Verdict.FINE:
        lines += [f"{'':23}{label}: {_indented(text)}." for label, text in
                  (("means", finding.means), ("do", finding.do)) if text]  # fmt: skip
    return "\n".join(lines)


def _indented(text: str) -> str:
    """Return *text* with its further lines under its first."""
    return text.replace("\n", "\n" + " " * 23)

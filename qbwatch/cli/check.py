"""`qbwatch check`: one line and an exit code for Nagios, an RMM or PRTG, from the stored state."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.clock import utc_now
from qbwatch.errors import QbwatchError
from qbwatch.health import Health, Level, Trouble, health_of
from qbwatch.store_place import store_place

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_MORE = """\
Exit codes, as Nagios and its like expect them: 0 all is well, 1 a warning, 2 something fails and nobody has taken it
up, or the watcher does not run, 3 not known. An incident that somebody has acknowledged is a warning. Only the store
is read, so the answer is as fresh as the watcher."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _MORE
    parser.add_argument("--format", choices=sorted(_FORMATS), default="nagios", help="for whom the line is "
                        "(default: %(default)s)")  # fmt: skip
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    parser.add_argument("--db", type=Path, metavar="FILE", help="the store (default: that of the configuration)")
    parser.add_argument("--host", metavar="NAME", help="only what is of this host")
    parser.add_argument("--client", metavar="NAME", help="only what is of this client")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print how all stands; what hinders that is told in the same form, since a machine reads it."""
    try:
        health = health_of(
            options.db or store_place(options.config), utc_now(), host=options.host, client=options.client
        )
    except QbwatchError as error:
        health = Health(troubles=(Trouble(level=Level.UNKNOWN, what=" ".join(str(error).split())),))
    print(_FORMATS[options.format](health))
    # A monitor of PRTG takes what it is told from the text.
    return 0 if options.format == "prtg" else int(health.level)


def _nagios(health: Health) -> str:
    # The bar begins the figures, so that none may stand in the words.
    line = health.line.replace("|", "/")
    figures = " ".join(f"{name}={value}" for name, value in asdict(health.figures).items())
    return f"QBWATCH {health.level.name}: {line} | {figures}"


def _datto(health: Health) -> str:
    rows = [f"{trouble.level.name}: {trouble.what}" for trouble in health.troubles] or [health.line]
    status = "OK" if health.level is Level.OK else health.level.name
    return "\n".join(
        (
            "<-Start Result->", f"qbwatch={status}: {health.line}", "<-End Result->",
            "<-Start Diagnostic->", *rows, "<-End Diagnostic->",
        )
    )  # fmt: skip


def _json(health: Health) -> str:
    return json.dumps(
        {
            "status": health.level.name.lower(), "code": int(health.level), "line": health.line,
            "troubles": [{"level": one.level.name.lower(), "what": one.what} for one in health.troubles],
            "figures": asdict(health.figures),
        },
        ensure_ascii=False,
    )  # fmt: skip


def _prtg(health: Health) -> str:
    text = f"{health.level.name}: {health.line}"[:2000]
    if health.level is Level.UNKNOWN:
        return json.dumps({"prtg": {"error": 1, "text": text}})
    channels = [{"channel": name.replace("_", " "), "value": value} for name, value in asdict(health.figures).items()]
    state = {
        "channel": "status", "value": int(health.level), "limitmode": 1, "limitmaxwarning": 0, "limitmaxerror": 1,
    }  # fmt: skip
    return json.dumps({"prtg": {"result": [state, *channels], "text": text}})


_FORMATS: dict[str, Callable[[Health], str]] = {"nagios": _nagios, "datto": _datto, "json": _json, "prtg": _prtg}

"""The command line: one file per group of commands."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from qbwatch import __version__
from qbwatch.cli import demo, explain, incidents, rules, scan, watch
from qbwatch.errors import QbwatchError

_GROUPS = (demo, watch, scan, explain, rules, incidents)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="qbwatch",
        description="Watches QuickBooks Desktop sync logs, says in plain words why a sync failed, "
        "and tells the right people what mends it.",
        epilog="Exit codes: 0 fine, 1 found something wrong, 2 wrong usage or configuration.",
    )
    parser.add_argument("--version", action="version", version=f"qbwatch {__version__}")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the configuration (default: QBWATCH_CONFIG, else "
                        "qbwatch.toml in the platform's configuration folder)")  # fmt: skip
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for group in _GROUPS:
        group.add(commands)
    return parser


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; our own errors become a message on standard error."""
    options = build_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except QbwatchError as error:
        print(f"qbwatch: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of a pipe went away (`| head`); give Python nothing to complain about at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE if hasattr(signal, "SIGPIPE") else 1
    except KeyboardInterrupt:
        return 130
    return code

"""`qbwatch history`: ask what is stored, take it elsewhere, and keep it whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.cli import history_ask, history_export, history_keep

if TYPE_CHECKING:
    import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions."""
    parser.epilog = "Times are lengths back from now, such as 30d or 12h, or dates; what has no zone is UTC."
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for added in (*history_ask.add(actions), *history_export.add(actions), *history_keep.add(actions)):
        added.add_argument("--db", type=Path, metavar="FILE", help="the store (default: that of the configuration)")

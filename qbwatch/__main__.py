"""The command line's entry."""

from __future__ import annotations

import sys

from qbwatch.cli import run


def main(arguments: list[str] | None = None) -> int:
    """Run qbwatch with *arguments* (the process's own if None) and return the exit code."""
    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())

"""The command line's entry: nothing heavy is imported before the command is known."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Run qbwatch with *arguments* (the process's own if None) and return the exit code."""
    from qbwatch.install import check_packages  # noqa: PLC0415 - must come before the first import of a stage

    foreign = check_packages()
    if foreign:
        print(foreign, file=sys.stderr)  # noqa: T201 - the command line is not there yet
        return 2
    from qbwatch.cli import run  # noqa: PLC0415 - imports the stages

    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())

"""The command line: one file per command."""

from __future__ import annotations

import io
import os
import signal
import sqlite3
import sys

from qbwatch.cli.parser import build_parser, full_parser
from qbwatch.errors import QbwatchError

__all__ = ["build_parser", "full_parser", "run"]


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; our own errors become a message on standard error."""
    try:
        _speak()
        options = build_parser().parse_args(arguments)
        if getattr(options, "json", False):
            _speak("utf-8")
        code: int = options.run(options)
        sys.stdout.flush()
    except QbwatchError as error:
        return _refused(str(error))
    except sqlite3.Error as error:
        return _refused(f"the store cannot be used ({error}). Nothing was changed by halves; try again.")
    except BrokenPipeError:
        # The reader of a pipe went away (`| head`); give Python nothing to complain about at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE if hasattr(signal, "SIGPIPE") else 1
    except OSError as error:
        return _refused(f"{error.filename or 'what is printed'}: {error.strerror or error}.")
    except KeyboardInterrupt:
        return 130
    return code


def _speak(encoding: str | None = None) -> None:
    """Write to standard output in *encoding*, or the console's own; a letter outside it becomes a question mark."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=encoding, errors="replace")


def _refused(message: str) -> int:
    print(f"qbwatch: {message}", file=sys.stderr)
    return 2

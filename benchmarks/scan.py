"""Measure `qbwatch scan` beside grep, wc and plain Python on the same log, and check what it counts.

    python benchmarks/scan.py --mb 200 --failing 0.01

Machines wander, so read the ratios: each figure is the median of interleaved rounds. "inside" is without Python's
start and the loading of the rules, which take the same time for any size. A program's memory is never shown as less
than this script's own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from generate_log import Truth, add_options, shares_of, write

WORDS = (
    "QBWC1012", "QBWC1013", "QBWC1030", "QBWC1035", "QBWC1039", "QBWC1041", "QBWC1042", "QBWC1043", "QBWC1044",
    "QBWC1045", "QBWC1048", "QBWC1049", "QBWC1050", "QBWC1053", "QBWC1055", "0x80040401", "0x80040402", "0x80040408",
    "0x80040410", "0x80040414", "0x80040416", "0x80040418", "0x8004041A", "0x80040420", "0x80040422", "0x80040423",
    "modal dialog box", "already has the company file open", "Could not start QuickBooks", "StackTrace =",
    "Unhandled exception", "Authentication failed", "UpdateLock = TRUE", "Not a valid username and password",
    "SocketException",
)  # fmt: skip
LINES = "import sys\nfor line in open(sys.argv[1], 'rb'): pass"


@dataclass(slots=True)
class Row:
    """One program's times in seconds, and its largest memory in KB."""

    seconds: list[float] = field(default_factory=list)
    memory_kb: int = 0

    def add(self, seconds: float, memory_kb: int) -> None:
        """Take one round."""
        self.seconds.append(seconds)
        self.memory_kb = max(self.memory_kb, memory_kb)


def run(command: list[str], fine: tuple[int, ...] = (0,)) -> tuple[float, int, bytes]:
    """Run *command*; return its time in seconds, its peak memory in KB, and what it printed."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, env={**os.environ, "LC_ALL": "C"})
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in fine:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        out.seek(0)
        return seconds, usage.ru_maxrss, out.read()


def scan(log: Path, *more: str) -> tuple[float, int, dict[str, Any]]:
    """Scan *log*; return time, memory and the summary."""
    seconds, memory, out = run([sys.executable, "-m", "qbwatch", "scan", str(log), "--json", *more], (0, 1))
    lines = [json.loads(line) for line in out.splitlines()]
    found = {kind: sum(line.get("outcome") == kind for line in lines) for kind in ("ok", "no_work", "failed")}
    return seconds, memory, {**lines[-1], **found}


def check(summary: dict[str, Any], truth: Truth) -> None:
    """Stop if the scan did not find what is in the log."""
    told = Truth(
        runs=summary["runs"], failed=summary["failed"], no_work=summary["no_work"], records=summary["records"]
    )  # fmt: skip
    if told != truth or summary["root_events"] != truth.failed:
        raise SystemExit(f"the scan counted {told} and {summary['root_events']} root events; the log holds {truth}")


def measure(log: Path, truth: Truth, folder: Path, rounds: int) -> dict[str, Row]:
    """Run each program *rounds* times, in turns."""
    words = folder / "words"
    words.write_text("\n".join(WORDS) + "\n")
    peers = {
        "grep -c -F -f": ["grep", "-c", "-F", "-f", str(words), str(log)],
        "wc -l": ["wc", "-l", str(log)],
        "Python's lines": [sys.executable, "-c", LINES, str(log)],
    }
    rows: dict[str, Row] = {}

    def note(name: str, seconds: float, memory: int) -> None:
        rows.setdefault(name, Row()).add(seconds, memory)

    for number in range(rounds):
        for name, command in peers.items():
            if shutil.which(command[0]):
                note(name, *run(command, (0, 1))[:2])
        store = ("--db", str(folder / f"{number}.db"))
        for name, more in (("qbwatch scan", ()), ("qbwatch scan --db", store)):
            seconds, memory, summary = scan(log, *more)
            check(summary, truth)
            note(name, seconds, memory)
            note(f"{name}, inside", summary["seconds"], memory)
    return rows


def show(rows: dict[str, Row], size: int) -> None:
    """Print the table."""
    grep = rows.get("grep -c -F -f")
    if grep is None:
        print("grep is missing, so there are no ratios to it")
    print(f"{'':28}{'MB/s':>8}{'of grep':>9}{'MB':>6}")
    for name, row in rows.items():
        rate = size / 1e6 / median(row.seconds)
        ratio = f"{median(grep.seconds) / median(row.seconds):.2f}" if grep else "-"
        print(f"{name:28}{rate:8.0f}{ratio:>9}{row.memory_kb / 1024:6.0f}")


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "QWCLog.txt"
        truth = write(log, options.mb, shares_of(options), options.seed)
        print(f"{options.mb} MB, {truth}")
        show(measure(log, truth, folder, options.rounds), log.stat().st_size)


if __name__ == "__main__":
    main()

"""Measure `qbwatch scan` beside other programs on the same log, check what all of them count, and compare to the bars.

    python benchmarks/scan.py                 # 200 MB, 1 % failures
    python benchmarks/scan.py --more          # growth, shares of failures, VERBOSE bodies, runs without work, rules
    python benchmarks/scan.py --more --big    # growth up to 1 GB

Machines wander, so read the ratios: each figure is the median of interleaved rounds. "of grep" compares wall time,
"by CPU" processor time, which says more on a busy machine. "inside" is without Python's start and the loading of the
rules, which take the same time for any size. A program's memory is never shown as less than this script's own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from generate_log import Shares, Truth, add_options, shares_of, write
from peers import Peer, peers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GREP = "grep -c -F -f"
STORED = "qbwatch scan --db"
_SLOW_MB = 10
_MEMORY_MB = 64
# What the scan with its store must reach: times each peer's rate.
_BARS = {GREP: 0.5, "lognormalizer": 3.0, "lnav": 6.0, "fail2ban-regex": 40.0}
_BAR_OF_BIG = 0.6
_BIG_MB = 1000


@dataclass(slots=True)
class Row:
    """One program on one log of so many bytes: seconds on the wall and of the processor, and its largest memory."""

    size: int
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory_kb: int = 0

    def add(self, used: Used) -> None:
        """Take one round."""
        self.wall.append(used.wall)
        if used.cpu is not None:
            self.cpu.append(used.cpu)
        self.memory_kb = max(self.memory_kb, used.memory_kb)

    def rate(self, *, cpu: bool = False) -> float:
        """Return MB a second; 0 if that is not known."""
        seconds = self.cpu if cpu else self.wall
        return self.size / 1e6 / max(median(seconds), 1e-3) if seconds else 0.0


@dataclass(frozen=True, slots=True)
class Used:
    """What one run of a program took, and what it printed; of a part of a program the processor's time is unknown."""

    wall: float
    cpu: float | None
    memory_kb: int
    out: str = ""


def as_installed(folder: Path) -> None:
    """Let Python keep in *folder* what it keeps once a program is installed, and qbwatch what it keeps between runs."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ |= {
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "LC_ALL": "C",
    }


def run(command: Sequence[str], fine: tuple[int, ...] = (0, 1), source: Path | None = None) -> Used:
    """Run *command*, whose input is *source*."""
    with tempfile.TemporaryFile() as out, Path(source or os.devnull).open("rb") as given:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=given, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in fine:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        out.seek(0)
        return Used(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, out.read().decode(errors="replace"))


def scan(log: Path, *more: str) -> Used:
    """Scan *log*."""
    return run([sys.executable, "-m", "qbwatch", "scan", str(log), *more])


def inside(used: Used) -> Used:
    """Return what the scan itself took, as it says."""
    said = float(used.out.rpartition(" MB in ")[2].split()[0])
    return Used(said, None, used.memory_kb)


def check(log: Path, truth: Truth, *more: str) -> None:
    """Stop if the scan, with *more* options, does not find what is in *log*."""
    told = Truth()
    command = [sys.executable, "-m", "qbwatch", "scan", str(log), "--json", *more]
    # Read line by line: what this script takes counts for every program that it starts.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for line in map(json.loads, process.stdout or ()):
            told.failed += line.get("outcome") == "failed"
            told.no_work += line.get("outcome") == "no_work"
            if line["kind"] == "summary":
                told.runs, told.records = line["runs"], line["records"]
            if line.get("role") == "root":
                told.causes[line["cause"]] += 1
    if told != truth:
        raise SystemExit(f"the scan counted {told}; the log holds {truth}")


def measure(programs: list[Peer], logs: tuple[Path, Path], truths: tuple[Truth, Truth], rounds: int) -> dict[str, Row]:
    """Run each program on its log *rounds* times, in turns; slow ones once. Stop if one counts something else."""
    rows: dict[str, Row] = {}
    for number in range(rounds):
        for peer in programs:
            which = int(peer.is_slow)
            if not peer.is_there or (peer.is_slow and number):
                continue
            used = run(peer.command, source=logs[which] if peer.reads_input else None)
            if peer.counts and peer.counts(used.out) != truths[which].causes:
                raise SystemExit(f"{peer.name} counted {peer.counts(used.out)}; the log holds {truths[which].causes}")
            rows.setdefault(peer.name, Row(logs[which].stat().st_size)).add(used)
        for name, used in scanned(logs[0]):
            rows.setdefault(name, Row(logs[0].stat().st_size)).add(used)
    return rows


def scanned(log: Path, *more: str) -> Iterator[tuple[str, Used]]:
    """Scan *log* without a store and into a new one; yield each with its name."""
    with tempfile.TemporaryDirectory() as folder:
        for name, store in (("qbwatch scan", ()), (STORED, ("--db", f"{folder}/new.db"))):
            used = scan(log, *more, *store)
            yield name, used
            yield f"{name}, inside", inside(used)


def show(rows: dict[str, Row]) -> None:
    """Print the table."""
    grep = rows.get(GREP)
    print(f"{'':28}{'MB/s':>8}{'of grep':>9}{'by CPU':>8}{'MB':>6}")
    for name, row in rows.items():
        ratios = [
            f"{row.rate(cpu=cpu) / grep.rate(cpu=cpu):.2f}" if grep and row.rate(cpu=cpu) else "-"
            for cpu in (False, True)
        ]
        print(f"{name:28}{row.rate():8.1f}{ratios[0]:>9}{ratios[1]:>8}{row.memory_kb / 1024:6.0f}")


def judge(rows: dict[str, Row], bar_of_grep: float) -> None:
    """Print which bars are met."""
    stored = rows[STORED]
    print()
    for name, bar in {**_BARS, GREP: bar_of_grep}.items():
        if name not in rows:
            print(f"{'skipped':8}{name} is not installed")
            continue
        ratio, by_cpu = (stored.rate(cpu=cpu) / rows[name].rate(cpu=cpu) for cpu in (False, True))
        print(
            f"{'met' if ratio >= bar else 'NOT met':8}{ratio:.2f} times {name} ({by_cpu:.2f} by CPU); the bar is {bar:g}"
        )
    memory = stored.memory_kb / 1024
    print(f"{'met' if memory < _MEMORY_MB else 'NOT met':8}{memory:.0f} MB of memory; the bar is {_MEMORY_MB}")


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--more", action="store_true", help="how it grows: with size, failures, bodies, rules")
    parser.add_argument("--big", action="store_true", help="measure 1 GB too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        as_installed(folder)
        log, small = folder / "QWCLog.txt", folder / "small.txt"
        truth = write(log, options.mb, shares_of(options), options.seed)
        truth_of_small = write(small, min(options.mb, _SLOW_MB), Shares(failing=0.1), options.seed)
        check(log, truth)
        print(f"{options.mb} MB: {truth}; for slow programs {_SLOW_MB} MB with 10 % failures\n")
        programs = peers(log, small, folder)
        missing = ", ".join(peer.name for peer in programs if not peer.is_there)
        if missing:
            print(f"not installed, so skipped: {missing}\n")
        rows = measure(programs, (log, small), (truth, truth_of_small), options.rounds)
        show(rows)
        judge(rows, _BAR_OF_BIG if options.mb >= _BIG_MB else _BARS[GREP])
        log.unlink()
        if options.more or options.big:
            from growth import show_growth  # noqa: PLC0415 - it measures with this module

            sizes = [10, options.mb, _BIG_MB] if options.big else [10, options.mb]
            show_growth(folder, sizes, options.rounds, more=options.more)


if __name__ == "__main__":
    main()

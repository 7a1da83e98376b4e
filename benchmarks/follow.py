"""Measure following beside the bars: append to stored event, idle cost, start-up, a slow store, a long first read.

    python benchmarks/follow.py                  # all of it, about twelve minutes
    python benchmarks/follow.py --only latency   # or idle, startup, slow, large; several may be named

It starts `qbwatch watch` on folders of its own. Machines wander: `tail -F` is measured in the same run, so that the
latency can be read as a ratio. A figure that has a bar says whether it is met; the others are shown to be compared.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from generate_log import Shares, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONFIG = '[host]\nname = "srv-01"\n[[source]]\npath = "{folder}/log/QWCLog*.txt"\n[store]\npath = "history.db"\n'
LINE = (
    "{stamp} UTC\t: QBWebConnector.SOAPWebService.handleModalDialogError() : QuickBooks returned the following error: "
    "<QBWC1053: A modal dialog box is showing in the QuickBooks user interface.> file {file} record {number}\r\n"
)
START = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN = "{stamp} UTC\t: QBWebConnector.WebServiceManager.Tick() : looked at the schedule of {file}.\r\n"
PATIENCE_S = 60.0
LATER_S = 70.0  # what did not grow for a minute is looked at more and more seldom


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; without a bar it is there to be compared."""

    what: str
    value: float
    unit: str
    bar: float | None = None

    def __str__(self) -> str:
        """Return it as a row."""
        bar = f"< {self.bar:g}" if self.bar is not None else ""
        met = "" if self.bar is None else "met" if self.value < self.bar else "NOT MET"
        return f"{self.what:58}{self.value:10.2f} {self.unit:12}{bar:>8}  {met}".rstrip()


def line(file: int, number: int) -> str:
    """Return a record that becomes an event, unlike every other one."""
    return LINE.format(stamp=f"{START + timedelta(seconds=number):%Y%m%d.%H:%M:%S}", file=file, number=number)


def wait_until(done: Callable[[], object], process: subprocess.Popen[bytes], every_s: float = 0.05) -> float:
    """Wait until *done* is true and return the seconds that it took; stop if it never comes true."""
    began = time.perf_counter()
    while not done():
        if process.poll() is not None or time.perf_counter() - began > PATIENCE_S:
            raise SystemExit(f"the watcher did not do its work ({process.poll()=})")
        time.sleep(every_s)
    return time.perf_counter() - began


class Bench:
    """A folder with logs, a configuration and a store, and the watcher over it."""

    def __init__(self, folder: Path, files: int) -> None:
        """Write *files* logs of 2 KB each."""
        self.folder = folder
        (folder / "log").mkdir()
        for file in range(files):
            self.log(file).write_text(PLAIN.format(stamp="20260101.00:00:00", file=file) * 20 + line(file, 0))
        (folder / "qbwatch.toml").write_text(CONFIG.format(folder=folder))

    def log(self, file: int) -> Path:
        """Return the path of a log."""
        return self.folder / "log" / f"QWCLog-{file:04}x.txt"

    @contextmanager
    def watcher(self, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run `qbwatch watch`."""
        config = str(self.folder / "qbwatch.toml")
        command = [sys.executable, "-m", "qbwatch", "--config", config, "watch", "--from-start", *more]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                yield process
            finally:
                process.terminate()

    def ask(self, query: str) -> int | str | None:
        """Return the one value that *query* gives; None while there is no store."""
        try:
            with closing(sqlite3.connect(f"file:{self.folder / 'history.db'}?mode=ro", uri=True)) as connection:
                value: int | str | None = connection.execute(query).fetchone()[0]
                return value
        except sqlite3.Error:
            return None

    def events(self) -> int:
        """Return how many events are stored."""
        return int(self.ask("SELECT count(*) FROM events") or 0)

    def settle(self, process: subprocess.Popen[bytes], events: int) -> float:
        """Wait until *events* are stored and each log's state was written; return the seconds that it took."""
        took = wait_until(lambda: self.events() >= events, process)
        logs = len(list((self.folder / "log").iterdir()))
        followed = "SELECT count(*) FROM sources WHERE standing = 'followed'"
        return took + wait_until(lambda: int(self.ask(followed) or 0) >= logs, process)

    def forget_states(self) -> None:
        """Drop how the logs stand, so that only the next watcher can say it."""
        with closing(sqlite3.connect(self.folder / "history.db", isolation_level=None)) as connection:
            connection.execute("DELETE FROM sources")


@contextmanager
def bench(files: int) -> Iterator[Bench]:
    """Make a bench that is gone at the end."""
    with tempfile.TemporaryDirectory() as name:
        yield Bench(Path(name), files)


def cpu_s(pid: int) -> float:
    """Return the processor time of *pid* in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """Return the resident megabytes of *pid*; with VmHWM the most that it ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(row.split()[1]) for row in status.splitlines() if row.startswith(what)) / 1024


def spread(what: str, took: list[float], bars: tuple[float | None, float | None]) -> Iterator[Figure]:
    """Yield median and p99 of *took*, which is in milliseconds."""
    took.sort()
    yield Figure(f"{what}, median of {len(took)}", statistics.median(took), "ms", bars[0])
    yield Figure(f"{what}, p99", took[int(len(took) * 0.99)], "ms", bars[1])


def latency(options: argparse.Namespace) -> Iterator[Figure]:
    """Measure from an append to its stored event, beside `tail -F`."""
    yield from spread("append to tail -F's reader", tail_latency(options.appends), (None, None))
    took = stored_latency(options.appends, pause_s=0.03)
    yield from spread("append to stored event, watchdog", took, (20, 100))
    took = stored_latency(max(options.appends // 3, 1), "--poll", pause_s=1.0)
    yield from spread("append to stored event, --poll", took, (None, 1500))


def tail_latency(appends: int) -> list[float]:
    """Return the milliseconds from an append to the line in the reader of `tail -F`."""
    took = []
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "log.txt"
        log.write_text("first\n")
        with subprocess.Popen(["tail", "-F", "-n", "1", str(log)], stdout=subprocess.PIPE) as tail:
            assert tail.stdout  # noqa: S101 - it was asked for
            tail.stdout.readline()
            for number in range(appends):
                began = time.perf_counter()
                with log.open("a") as file:
                    file.write(f"{number}\n")
                tail.stdout.readline()
                took.append((time.perf_counter() - began) * 1000)
                time.sleep(0.01)
            tail.terminate()
    return took


def stored_latency(appends: int, *more: str, pause_s: float) -> list[float]:
    """Return the milliseconds from an append to its stored event, about *pause_s* after one another."""
    took, chance = [], random.Random(1)
    with bench(1) as one, one.watcher(*more) as process:
        one.settle(process, 1)
        with closing(sqlite3.connect(f"file:{one.folder / 'history.db'}?mode=ro", uri=True)) as reader:
            for number in range(1, 1 + appends):
                time.sleep(pause_s * chance.uniform(0.5, 1.5))
                began = time.perf_counter()
                with one.log(0).open("a") as file:
                    file.write(line(0, number))
                while reader.execute("SELECT count(*) FROM events").fetchone()[0] <= number:
                    time.sleep(0.0005)
                took.append((time.perf_counter() - began) * 1000)
    return took


def idle(options: argparse.Namespace) -> Iterator[Figure]:
    """Measure what a watcher with nothing to do costs: in the first minute, when all is looked at often, and later."""
    for files, bar, more in ((1, 0.2, ()), (100, 0.5, ()), (1000, 1.5, ()), (1000, 1.5, ("--poll",))):
        with bench(files) as one, one.watcher(*more) as process:
            one.settle(process, files)
            how = more[0] if more else "watchdog"
            for phase, wait_s in (("first minute", options.settle), ("later", LATER_S)):
                time.sleep(wait_s)
                began, used = time.perf_counter(), cpu_s(process.pid)
                time.sleep(options.seconds)
                share = 100 * (cpu_s(process.pid) - used) / (time.perf_counter() - began)
                yield Figure(f"idle, {files} files, {how}, {phase}", share, "% of a core", bar)
            yield Figure(f"resident, {files} files, {how}", memory_mb(process.pid), "MB", 64)


def startup(_: argparse.Namespace) -> Iterator[Figure]:
    """Measure the start with 1,000 files: the first one, and one that knows them all."""
    for files in (1, 1000):
        with bench(files) as one:
            for what in ("never read", "known"):
                with one.watcher() as process:
                    yield Figure(f"start with {files} files, {what}", one.settle(process, files), "s")
                    yield Figure(f"most memory at that, {files} files", memory_mb(process.pid, "VmHWM"), "MB", 64)
                one.forget_states()


def slow(options: argparse.Namespace) -> Iterator[Figure]:
    """Measure what a fast writer costs while another program holds the store; nothing may be lost."""
    with bench(1) as one, one.watcher() as process:
        one.settle(process, 1)
        number = 1
        with closing(sqlite3.connect(one.folder / "history.db", isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            until = time.perf_counter() + options.hold
            while time.perf_counter() < until:
                with one.log(0).open("a") as file:
                    file.write("".join(line(0, number + more) for more in range(40)))
                number += 40
                time.sleep(0.05)
            holder.execute("COMMIT")
        took = wait_until(lambda: one.events() >= number, process)
        if one.events() != number:
            raise SystemExit(f"{number} records were written and {one.events()} events are stored")
        yield Figure(f"{number} events behind a held store, then stored after", took, "s")
        yield Figure("most memory at that", memory_mb(process.pid, "VmHWM"), "MB", 64)


def large(options: argparse.Namespace) -> Iterator[Figure]:
    """Measure the first read of a long log, and how long a small one beside it waits meanwhile."""
    with bench(0) as one:
        size = write(one.folder / "log" / "QWCLog.txt", options.mb, Shares()).runs
        beside = one.folder / "log" / "QWCLog-beside.txt"
        written, waits = 0, []
        with one.watcher() as process:
            began = time.perf_counter()
            wait_until(lambda: int(one.ask("SELECT count(*) FROM runs") or 0) > 0, process)
            while int(one.ask("SELECT count(*) FROM runs") or 0) < size:
                with beside.open("a") as file:
                    file.write(line(0, written))
                written += 1
                mine = f"SELECT count(*) FROM events WHERE source = '{beside}'"  # noqa: S608 - our own name
                waits.append(wait_until(lambda: int(one.ask(mine) or 0) >= written, process, 0.01))  # noqa: B023 - asked at once
            took = time.perf_counter() - began
            yield Figure(f"first read of {options.mb} MB", took, "s")
            yield Figure(f"most memory at that ({options.mb} MB)", memory_mb(process.pid, "VmHWM"), "MB", 64)
            yield Figure(f"longest wait of a small log beside it, of {len(waits)}", max(waits, default=0.0), "s")


PARTS = {part.__name__: part for part in (latency, idle, startup, slow, large)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--appends", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20, help="how long to look at an idle watcher")
    parser.add_argument("--settle", type=float, default=5, help="seconds before it is taken to be idle")
    parser.add_argument("--hold", type=float, default=5, help="seconds that another program holds the store")
    parser.add_argument("--mb", type=int, default=500, help="size of the long log")
    options = parser.parse_args()
    print(f"{'':58}{'figure':>10} {'':12}{'bar':>8}")
    for name in options.only:
        for figure in PARTS[name](options):
            print(figure, flush=True)


if __name__ == "__main__":
    main()

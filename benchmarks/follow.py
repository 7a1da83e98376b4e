"""Measure following: append to stored event, and what an idle watcher costs. Prints a table.

Run it with `python benchmarks/follow.py`; it starts `qbwatch watch` on a folder of its own.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = '[[source]]\npath = "{folder}/log/QWCLog*.txt"\n[store]\npath = "history.db"\n'
LINE = (
    "{stamp} UTC\t: QBWebConnector.SOAPWebService.handleModalDialogError() : QuickBooks returned the following error: "
    "<QBWC1053: A modal dialog box is showing in the QuickBooks user interface.>.\r\n"
)


def watcher(folder: Path, files: int) -> subprocess.Popen[bytes]:
    """Start a watcher over *files* logs of 2 KB each."""
    (folder / "log").mkdir()
    for number in range(files):
        text = LINE.format(stamp="20260101.00:00:00") * 10
        (folder / "log" / f"QWCLog{number:04}.txt").write_text(text)
    config = folder / "qbwatch.toml"
    config.write_text(CONFIG.format(folder=folder))
    process = subprocess.Popen(
        [sys.executable, "-m", "qbwatch", "--config", str(config), "watch"], stdout=subprocess.DEVNULL
    )
    while count(folder) < files * 10:
        time.sleep(0.2)
    time.sleep(2)
    return process


def count(folder: Path) -> int:
    """Return how many events are stored."""
    try:
        with sqlite3.connect(f"file:{folder / 'history.db'}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])
    except sqlite3.Error:
        return 0


def latency(appends: int) -> list[float]:
    """Return the milliseconds from an append to its stored event, sorted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process = watcher(folder, 1)
        took = []
        try:
            reader = sqlite3.connect(f"file:{folder / 'history.db'}?mode=ro", uri=True)
            log = folder / "log" / "QWCLog0000.txt"
            for number in range(appends):
                before = reader.execute("SELECT count(*) FROM events").fetchone()[0]
                stamp = f"20260101.{1 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
                began = time.perf_counter()
                with log.open("a") as file:
                    file.write(LINE.format(stamp=stamp))
                while reader.execute("SELECT count(*) FROM events").fetchone()[0] == before:
                    time.sleep(0.0005)
                took.append((time.perf_counter() - began) * 1000)
                time.sleep(0.02)
            reader.close()
        finally:
            process.terminate()
            process.wait()
    return sorted(took)


def idle(files: int, seconds: float) -> tuple[float, float]:
    """Return per cent of a core and megabytes resident of a watcher with nothing to do."""
    with tempfile.TemporaryDirectory() as name:
        process = watcher(Path(name), files)
        try:
            ticks = cpu_ticks(process.pid)
            time.sleep(seconds)
            used = (cpu_ticks(process.pid) - ticks) / os.sysconf("SC_CLK_TCK")
            status = Path(f"/proc/{process.pid}/status").read_text()
        finally:
            process.terminate()
            process.wait()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return 100 * used / seconds, resident / 1024


def cpu_ticks(pid: int) -> int:
    """Return the processor time of *pid*, in clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--appends", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20, help="how long to look at an idle watcher")
    parser.add_argument("--files", type=int, nargs="*", default=[1, 100])
    options = parser.parse_args()
    took = latency(options.appends)
    p99 = took[int(len(took) * 0.99)]
    print(f"append to stored event: median {statistics.median(took):.1f} ms, p99 {p99:.1f} ms ({len(took)} appends)")
    for files in options.files:
        share, resident = idle(files, options.seconds)
        print(f"idle, {files} files: {share:.2f} % of a core, {resident:.0f} MB resident")


if __name__ == "__main__":
    main()

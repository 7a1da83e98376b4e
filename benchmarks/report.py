"""Time the weekly report over a large made-up history, in processes of its own.

    python benchmarks/report.py [--clients N] [--keep FILE]

The whole is 60 clients with 5 machines each over half a year: about 2 M runs and 1 M events, which takes a while to
make. With --keep the store is left in FILE, and taken from there the next time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from qbwatch.history.generated import LARGE, generate

_CONFIG = (
    '[host]\nname = "srv"\ntimezone = "America/New_York"\n[[source]]\npath = "none.txt"\n[store]\npath = {store}\n'
)
_CLIENT = "Contoso Dental"
_FIGURES = """
import json, sys, time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo
from qbwatch.history.store import connect
from qbwatch.reports.stored_facts import StoredFacts
from qbwatch.reports.week import parse_week
from qbwatch.reports.weekly import weekly_report
db, now = connect(Path(sys.argv[1])), datetime(2026, 11, 23, 12, tzinfo=UTC)
took = []
for _ in range(5):
    began = time.process_time()
    weekly_report(StoredFacts(db, now, sys.argv[2] or None), parse_week("2026-W47", ZoneInfo("America/New_York")), now, sys.argv[2] or None)
    took.append(time.process_time() - began)
print(json.dumps(took))
"""


def main() -> None:
    """Make the history, and print a row for each thing that is timed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=LARGE.clients)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = (options.keep or Path(folder) / "qbwatch.db").resolve()
        if not store.exists():
            began = time.perf_counter()
            print(
                f"made {generate(store, replace(LARGE, clients=options.clients))} in {time.perf_counter() - began:.0f} s"
            )
        config = Path(folder) / "qbwatch.toml"
        config.write_text(_CONFIG.format(store=json.dumps(str(store))), encoding="utf-8")
        print("| what | seconds | of them CPU | memory, MB |\n|---|---:|---:|---:|")
        for name, client in (("figures, all clients", ""), ("figures, one client", _CLIENT)):
            took = json.loads(_run([sys.executable, "-c", _FIGURES, str(store), client])[0])
            print(f"| {name} | | first {took[0]:.3f}, then {min(took[1:]):.3f} | |")
        for name, more in (
            ("JSON", ["--json"]), ("Markdown", ["--format", "md"]), ("HTML with charts", ["--format", "html"]),
            ("HTML of one client", ["--format", "html", "--client", _CLIENT]), ("PDF", ["--format", "pdf"]),
        ):  # fmt: skip
            command = [
                sys.executable,
                "-m",
                "qbwatch",
                "--config",
                str(config),
                "report",
                "weekly",
                "--week",
                "2026-W47",
            ]
            _, seconds, cpu, memory = _run([*command, *more])
            print(f"| {name}, the whole command | {seconds:.2f} | {cpu:.2f} | {memory:.0f} |")


def _run(command: list[str]) -> tuple[str, float, float, float]:
    """Run *command*; return what it printed, its seconds, those of CPU, and the most memory a child has had so far."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout.decode(errors="replace"), seconds, cpu, after.ru_maxrss / 1024


if __name__ == "__main__":
    main()

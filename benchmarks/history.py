"""How fast history answers: 2 M runs and 1 M events against plain SQL, DuckDB on the Parquet export, pandas on CSV.

python benchmarks/history.py                 # everything, about fifteen minutes
python benchmarks/history.py --clients 6     # a tenth of it
python benchmarks/history.py --small         # a hundredth of it, to see that it runs
python benchmarks/history.py --store FILE    # a store that an earlier run has left there
"""

from __future__ import annotations

import argparse
import gc
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import qbwatch
from qbwatch import questions
from qbwatch.history import words
from qbwatch.history.backup import backup
from qbwatch.history.generated import LARGE, Plan, generate
from qbwatch.history.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = Plan(clients=3, hosts=2, weeks=14, seed=7)
BROKEN = "outcome IN ('failed', 'unfinished')"
BY_WEEK = f"""
SELECT strftime('%Y-%W', started) AS week, cause, count(*) AS n FROM runs WHERE {BROKEN} GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - our own names
BY_WEEK_DUCKDB = f"""
SELECT strftime(started AT TIME ZONE 'UTC', '%Y-%W') AS week, cause, count(*) AS n
FROM read_parquet('{{folder}}/runs/*/*.parquet', hive_partitioning = true) WHERE {BROKEN} GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - our own names
RATE = "SELECT substr(started, 1, 7) AS month, count(*), sum(outcome = 'failed') FROM runs GROUP BY 1 ORDER BY 1"
RATE_DUCKDB = """
SELECT month, count(*), sum((outcome = 'failed')::int)
FROM read_parquet('{folder}/runs/*/*.parquet', hive_partitioning = true) GROUP BY 1 ORDER BY 1
"""


def main() -> None:
    """Make the history, ask it, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a hundredth of it")
    parser.add_argument("--clients", type=int, default=LARGE.clients, help="fewer clients: 6 of 60 is a tenth of it")
    parser.add_argument("--store", type=Path, help="keep the store there, and use it if it is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="history-") as made:
        folder = Path(made)
        path = options.store or folder / "history.db"
        plan = SMALL if options.small else replace(LARGE, clients=options.clients)
        if not path.exists():
            make(path, plan)
        sizes(path)
        inserts(folder)
        ask(path, plan)
        exports(path, folder)
        others(path, folder)
        keeping(path, folder)


def timed(what: str, work: Callable[[], Any], times: int = 1) -> Any:
    """Print the median time that *work* takes, and that of the processor, its children's too; return what it does."""
    took, used = [], []
    for _ in range(times):
        gc.collect()
        began, cpu = time.perf_counter(), cpu_s()
        result = work()
        took.append(time.perf_counter() - began)
        used.append(cpu_s() - cpu)
    print(f"{what:64}{statistics.median(took):10.3f} s {statistics.median(used):10.3f} s of CPU", flush=True)
    return result


def cpu_s() -> float:
    """Return the seconds of the processor that this process and its children have used."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, whose))


def make(path: Path, plan: Plan) -> None:
    """Generate a history, whose days are counted with it, and index its words."""
    print(timed("generate it", lambda: generate(path, plan)))
    with closing(Store(path)) as store:
        timed("index the words of all messages", lambda: index(store))


def index(store: Store) -> None:
    """Index all messages."""
    has_more = True
    while has_more:
        with store.transaction() as db:
            has_more = words.index_some(db, 20_000)


def sizes(path: Path) -> None:
    """Print how large the store is, and its parts."""
    with closing(sqlite3.connect(path)) as db:
        query = "SELECT count(*) FROM {table}"
        counts = {name: db.execute(query.format(table=name)).fetchone()[0] for name in ("runs", "events", "daily")}
        print(
            ", ".join(f"{count:,} {table}" for table, count in counts.items()), f"{path.stat().st_size / 1e6:,.0f} MB"
        )
        try:
            parts = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
        except sqlite3.OperationalError:
            return
        owners = dict(db.execute("SELECT name, tbl_name FROM sqlite_master"))
    whole: dict[str, int] = {}
    for name, size in parts.items():
        owner = owners.get(name, name)
        whole["words" if owner.startswith("events_text") else owner] = (
            whole.get("words" if owner.startswith("events_text") else owner, 0) + size
        )
    for table in ("runs", "events", "daily", "words"):
        of = counts.get(table, counts["events"]) or 1
        print(f"{table:64}{whole.get(table, 0) / of:10.0f} bytes a row")


def inserts(folder: Path) -> None:
    """Print how many rows a second are stored, with and without the rollups of the same transaction."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from small_history import BEGINS, made_event, made_run  # noqa: PLC0415 - slow to import

    from qbwatch.stream import Batch  # noqa: PLC0415 - slow to import

    for rolls_up in (False, True):
        for size in (1, 100, 1000):
            with closing(Store(folder / f"insert{size}{rolls_up}.db")) as store:
                total = 600 if size == 1 else 20_000
                batches = []
                for at in range(0, total, size):
                    batch = Batch()
                    for number in range(at, at + size):
                        when = BEGINS + timedelta(minutes=15 * (number // 3))
                        run = made_run("srv-01", when, id=f"r{number}", application=f"Sync {number % 3}")
                        event = made_event(
                            "srv-01", when, "popup_blocked", id=f"e{number}", application=f"Sync {number % 3}"
                        )
                        batch.runs[run.run.id] = run
                        batch.events[event.id] = event
                    batches.append(batch)
                began, cpu = time.perf_counter(), time.process_time()
                for batch in batches:
                    with store.transaction(rolls_up=rolls_up):
                        store.put(batch, (), BEGINS)
                took, used = time.perf_counter() - began, time.process_time() - cpu
            what = f"insert, {size} runs and {size} events a transaction, {'with' if rolls_up else 'without'} rollups"
            print(
                f"{what:64}{2 * total / took:10,.0f} rows/s {used / len(batches) * 1000:8.2f} ms of CPU a transaction",
                flush=True,
            )


def ask(path: Path, plan: Plan) -> None:
    """Time the questions of an analyst."""
    since, all_ = {"since": "2026-10-26"}, {"since": "2000-01-01"}
    week = datetime.fromisoformat("2026-11-16")
    with qbwatch.open_history(path) as history:
        client = history.connection.execute("SELECT client FROM runs LIMIT 1").fetchone()[0]
        for name in ("failure_rate_by_week", "heat_map", "top_causes", "repeat_offenders", "mean_time_to_recover",
                     "time_between_failures", "longest_outages", "lost_runs", "by_version"):  # fmt: skip
            function = getattr(questions, name)
            timed(f"{name}, 4 weeks", lambda f=function: f(history, **since), 3)
            timed(f"{name}, {plan.weeks} weeks", lambda f=function: f(history, **all_))
        timed("before_and_after", lambda: questions.before_and_after(history, "2026-10-26"), 3)
        timed("events of a week, all columns", lambda: history.events(since=week), 3)
        timed("runs of a week, all columns", lambda: history.runs(since=week), 3)
        timed("runs of 4 weeks of a client, 4 columns", lambda: history.runs(
            **since, client=client, columns=["host", "application", "outcome", "ended"]), 3)  # fmt: skip
        timed("all runs in chunks of 100,000, 3 columns", lambda: sum(
            len(frame) for frame in history.iter_runs(columns=["host", "outcome", "cause"])))  # fmt: skip
        timed("search, two words", lambda: len(history.search("modal dialog", columns=["cause"], **since)), 3)
    print(f"{'most memory so far':64}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:10.0f} MB")


def exports(path: Path, folder: Path) -> None:
    """Time the exports by the command."""
    for kind in ("runs", "events"):
        for how, target in (("parquet", folder / "parquet" / kind), ("csv", folder / f"{kind}.csv")):
            target.parent.mkdir(exist_ok=True)
            command = [sys.executable, "-m", "qbwatch", "history", "export", kind, "--db", str(path), "--format", how,
                       "-o", str(target)]  # fmt: skip
            timed(f"export {kind} to {how}", lambda c=command: subprocess.run(c, check=True, capture_output=True))
            files = [target] if target.is_file() else list(target.rglob("*.parquet"))
            print(f"{f'its size, {len(files)} file(s)':64}{sum(one.stat().st_size for one in files) / 1e6:10.1f} MB")


def others(path: Path, folder: Path) -> None:
    """Time the same two questions by rollups, plain SQL, DuckDB and pandas."""
    import duckdb  # noqa: PLC0415 - slow to import
    import pandas as pd  # noqa: PLC0415 - slow to import

    with closing(sqlite3.connect(path)) as db:
        rollup = timed("broken runs by week and cause: rollups", lambda: db.execute(
            f"SELECT strftime('%Y-%W', day), cause, sum(runs) FROM daily WHERE {BROKEN} GROUP BY 1, 2").fetchall(), 5)  # fmt: skip  # noqa: S608 - our own names
        plain = timed("broken runs by week and cause: SQL over rows", lambda: db.execute(BY_WEEK).fetchall(), 3)
        timed("runs by month and outcome: rollups", lambda: db.execute(
            "SELECT substr(day, 1, 7), sum(runs), sum(runs * (outcome = 'failed')) FROM daily GROUP BY 1").fetchall(), 5)  # fmt: skip
        months = timed("runs by month and outcome: SQL over rows", lambda: db.execute(RATE).fetchall(), 3)
    parquet = folder / "parquet"
    duck = timed("broken runs by week and cause: DuckDB on Parquet", lambda: duckdb.sql(
        BY_WEEK_DUCKDB.format(folder=parquet)).fetchall(), 3)  # fmt: skip
    duck_months = timed("runs by month and outcome: DuckDB on Parquet", lambda: duckdb.sql(
        RATE_DUCKDB.format(folder=parquet)).fetchall(), 3)  # fmt: skip
    frame = timed("pandas reads the CSV of runs", lambda: pd.read_csv(folder / "runs.csv", low_memory=False))
    broken = timed("broken runs by week and cause: pandas on the CSV, once read", lambda: by_week(frame))
    print(
        "the same answers:",
        plain == duck == broken,
        months == duck_months,
        sum(row[2] for row in rollup) == sum(row[2] for row in plain),
    )
    print(f"{'most memory with the CSV in it':64}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:10.0f} MB")


def by_week(frame: Any) -> list[tuple[Any, ...]]:
    """Count broken runs by week and cause in pandas."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    broken = frame[frame["outcome"].isin(["failed", "unfinished"])]
    weeks = pd.to_datetime(broken["started"], utc=True, format="ISO8601").dt.strftime("%Y-%W")
    counts = broken.groupby([weeks, "cause"]).size()
    return [(week, cause, int(count)) for (week, cause), count in counts.items()]


def keeping(path: Path, folder: Path) -> None:
    """Time the copy and the check of the store."""
    timed("backup", lambda: backup(path, folder / "copy.db"))
    command = [sys.executable, "-m", "qbwatch", "history", "check", "--db", str(path)]
    print(timed("check", lambda: subprocess.run(command, check=False, capture_output=True, text=True)).stdout)


if __name__ == "__main__":
    main()

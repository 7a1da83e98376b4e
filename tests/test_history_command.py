"""`qbwatch history` as people and scripts use it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
import small_history

from qbwatch.__main__ import main
from qbwatch.config import load
from qbwatch.errors import UsageError
from qbwatch.history.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "history.db"
    small_history.make(path).close()
    return path


@pytest.fixture
def store(stored: Path, tmp_path: Path) -> Path:
    path = tmp_path / "history.db"
    path.write_bytes(stored.read_bytes())
    return path


@pytest.fixture
def history(store: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run(action: str, *arguments: object) -> tuple[int, str, str]:
        code = main(["history", action, *map(str, arguments), "--db", str(store)])
        return code, *capfd.readouterr()

    return run


def test_a_query_is_answered_as_a_table_as_csv_and_as_json(history: Callable[..., tuple[int, str, str]]) -> None:
    query = "SELECT host, count(*) AS failed_runs FROM runs WHERE outcome = ? GROUP BY host ORDER BY host"
    assert history("sql", query, "failed") == (
        0, "HOST    FAILED RUNS\nsrv-01  2\nsrv-02  1\n", "",
    )  # fmt: skip
    assert history("sql", query, "failed", "--format", "csv") == (0, "host,failed_runs\nsrv-01,2\nsrv-02,1\n", "")
    assert history("sql", query, "failed", "--json") == (
        0, '{"host": "srv-01", "failed_runs": 2}\n{"host": "srv-02", "failed_runs": 1}\n', "",
    )  # fmt: skip


def test_a_query_that_would_write_or_is_wrong_is_refused(
    history: Callable[..., tuple[int, str, str]], store: Path
) -> None:
    before = store.read_bytes()
    code, out, told = history("sql", "DELETE FROM runs")
    assert (code, out) == (2, "")
    assert told.endswith("(attempt to write a readonly database). What is asked here only reads.\n")
    assert store.read_bytes() == before
    assert history("sql", "SELECT colour FROM runs")[2].endswith("(no such column: colour). Check the query.\n")


def test_causes_are_ranked_by_what_they_cost(history: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = history("top", "--since", "2026-03-02", "--json")
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        {"cause": "machine_asleep", "broken": 0, "lost_minutes": 630.0, "share_percent": 77.8, "hosts": 1},
        {"cause": "popup_blocked", "broken": 2, "lost_minutes": 120.0, "share_percent": 14.8, "hosts": 1},
        {"cause": "single_user_mode", "broken": 1, "lost_minutes": 60.0, "share_percent": 7.4, "hosts": 1},
    ]
    code, out, _ = history("top", "hosts", "--since", "2026-03-02", "--by", "broken", "--cause", "popup_blocked")
    assert out == (
        "HOST    BROKEN  LOST MINUTES  SHARE PERCENT  HOSTS\n"
        "srv-01  2       120.0         100.0          1      ████████████████████\n"
    )


def test_a_trend_is_told_by_week_and_by_month(history: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = history("trend", "--since", "2026-03-02", "--format", "csv")
    assert out == ("week,runs,broken,broken_percent,lost_minutes\n2026-W10,334,1,0.3,60.0\n2026-W11,326,2,0.61,750.0\n")
    _, out, _ = history("trend", "--since", "2026-03-02", "--by", "month", "--host", "srv-02", "--format", "csv")
    assert out == "month,runs,broken,broken_percent,lost_minutes\n2026-03,335,1,0.3,60.0\n"


def test_words_are_searched(history: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = history("search", "popup_blocked", "--limit", 1, "--json")
    assert [json.loads(line)["time"] for line in out.splitlines()] == ["2026-03-10T14:00:00Z"]
    assert history("search", "nothing", "so")[1] == "There is nothing of that kind.\n"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("top", "--client", "Contosso"), '--client: nothing is stored of "Contosso". There is: Contoso.'),
        (("trend", "--cause", "popup_block"), 'nothing is stored of "popup_block". There is: popup_blocked.'),
        (("search", '"'), "holds no word to look for"),
        (("export", "runs", "-o", "nowhere/runs.csv"), "the folder nowhere is not there. Make it, or name another."),
    ],
)
def test_a_slip_of_the_pen_is_told_with_what_there_is(
    history: Callable[..., tuple[int, str, str]], asked: tuple[str, ...], words: str
) -> None:
    code, out, error = history(*asked)
    assert (code, out) == (2, "")
    assert words in error


def test_rows_are_exported_with_their_filters(history: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    _, out, _ = history("export", "runs", "--outcome", "failed", "--host", "srv-01")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["started"], row["cause"], row["seconds"]) for row in rows] == [
        ("2026-03-10T13:00:00Z", "popup_blocked", "40"), ("2026-03-10T14:00:00Z", "popup_blocked", "40"),
    ]  # fmt: skip
    target = tmp_path / "events.jsonl"
    _, out, told = history("export", "events", "--json", "-o", target, "--since", "2026-03-12")
    assert (out, told) == ("", f"1 rows written to {target}.\n")
    assert json.loads(target.read_text())["steps"] == ["Mend it."]
    assert [path.name for path in tmp_path.iterdir() if "history.db" not in path.name] == ["events.jsonl"]


def test_words_of_a_log_are_no_formula_in_a_spreadsheet(
    history: Callable[..., tuple[int, str, str]], store: Path
) -> None:
    with sqlite3.connect(store) as db:
        db.execute("UPDATE events SET message = '=HYPERLINK(1)' WHERE cause = 'single_user_mode'")
    assert "'=HYPERLINK(1)" in history("export", "events", "--cause", "single_user_mode")[1]


def test_parquet_is_one_folder_a_month_that_duckdb_reads_and_a_second_export_adds_nothing(
    history: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    for _ in range(2):
        for kind in ("runs", "daily"):
            assert history("export", kind, "--format", "parquet", "-o", tmp_path / kind)[0] == 0
    assert [str(path.relative_to(tmp_path)) for path in sorted((tmp_path / "runs").rglob("*"))] == [
        "runs/month=2026-03", "runs/month=2026-03/rows.parquet",
    ]  # fmt: skip
    schema = pq.read_schema(tmp_path / "runs/month=2026-03/rows.parquet")
    assert {name: str(schema.field(name).type) for name in ("started", "outcome", "seconds", "closed", "url")} == {
        "started": "timestamp[us, tz=UTC]", "seconds": "int64", "closed": "bool", "url": "string",
        "outcome": "dictionary<values=string, indices=int32, ordered=0>",
    }  # fmt: skip
    query = (
        f"SELECT host, count(*), count(*) FILTER (outcome = 'failed') FROM read_parquet('{tmp_path}/runs/*/*.parquet', "  # noqa: S608 - our own names
        "hive_partitioning = true) WHERE month = '2026-03' GROUP BY host ORDER BY host"
    )
    assert asked_of_duckdb(query) == [["srv-01", 325, 2], ["srv-02", 335, 1]]
    assert asked_of_duckdb(f"SELECT sum(runs)::int FROM '{tmp_path}/daily/*/*.parquet'") == [[660]]  # noqa: S608 - our own names


def asked_of_duckdb(query: str) -> list[list[object]]:
    code = "import duckdb, json, sys; print(json.dumps(duckdb.sql(sys.argv[1]).fetchall()))"
    done = subprocess.run([sys.executable, "-c", code, query], capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def test_parquet_wants_a_folder(history: Callable[..., tuple[int, str, str]]) -> None:
    assert history("export", "runs", "--format", "parquet")[0::2] == (
        2, "qbwatch: --format parquet writes a folder. Name it with -o FOLDER.\n",
    )  # fmt: skip


def test_pruning_is_tried_before_it_is_done(history: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = history("prune", "--dry-run", "--keep", "runs=5d", "--keep", "events=forever", "--json")
    told = {row["kind"]: row["rows"] for row in map(json.loads, out.splitlines())}
    assert (code, told) == (0, {"runs": 660, "signals": 0, "deliveries": 0, "ledger": 0})
    code, out, _ = history("prune", "--keep", "runs=5d")
    assert "runs " in out
    assert "660 rows are gone" in out
    assert history("sql", "SELECT count(*) AS n FROM runs")[1] == "N\n0\n"
    assert history("sql", "SELECT sum(runs) AS n FROM daily")[1] == "N\n660\n"
    assert history("check")[0] == 0


def test_a_check_tells_what_is_wrong_and_a_rebuild_mends_it(
    history: Callable[..., tuple[int, str, str]], store: Path
) -> None:
    fine = "pages: fine\nreferences: fine\ndaily rollups: fine\nindex of words: fine\n"
    assert history("check") == (0, fine, "")
    with sqlite3.connect(store) as db:
        db.execute("DELETE FROM daily WHERE day = '2026-03-04' AND host = 'srv-02'")
    code, out, _ = history("check")
    assert code == 1
    assert "daily rollups:\n    srv-02, Contoso Sync, 2026-03-04: the rollup says something else" in out
    assert "To mend it: qbwatch history rebuild" in out
    assert history("rebuild")[:2] == (0, "The days of 2 hosts are counted, and the words of their messages indexed.\n")
    assert history("check") == (0, fine, "")


def test_a_backup_is_a_store_and_nothing_is_overwritten_by_chance(
    history: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    assert history("backup", copy)[0] == 0
    code, _, told = history("backup", copy)
    assert (code, "there already" in told) == (2, True)
    assert history("backup", copy, "--force")[0] == 0
    assert main(["history", "check", "--db", str(copy)]) == 0


def test_datasette_is_told_of_every_table_that_is_there(history: Callable[..., tuple[int, str, str]]) -> None:
    told = json.loads(history("datasette")[1])
    (name, database), = told["databases"].items()  # fmt: skip
    assert name == "history"
    there = {
        row["name"]
        for row in map(json.loads, history("sql", "SELECT name FROM sqlite_master", "--json")[1].splitlines())
    }
    assert set(database["tables"]) - there == set()
    for query in database["queries"].values():
        assert history("sql", query["sql"].replace(":client", "'Contoso'"))[0] == 0


def test_a_store_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "top", "--db", str(tmp_path / "none.db")]) == 2
    assert "there is no such store" in capsys.readouterr().err


def test_how_long_rows_are_kept_is_configured(tmp_path: Path) -> None:
    config = tmp_path / "qbwatch.toml"
    head = '[[source]]\npath = "x.txt"\n[store.retention]\n'
    config.write_text(f'{head}events = "90d"\nruns = "forever"\n')
    assert load(config).retention == Retention(events=timedelta(days=90), runs=None)
    config.write_text(f'{head}event = "90d"\nruns = "1d"\n')
    with pytest.raises(UsageError) as refused:
        load(config)
    assert 'has no key "event". Did you mean "events"?' in str(refused.value)
    assert "runs must be kept for 3 days or longer" in str(refused.value)

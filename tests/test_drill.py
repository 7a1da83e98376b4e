"""A drill goes the whole way, says what it is, and leaves nothing behind but its own report."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from qbwatch.__main__ import main
from qbwatch.config import load
from qbwatch.drill_config import DrillSettings
from qbwatch.drill_timer import is_due
from qbwatch.errors import UsageError
from qbwatch.history.drill_rows import DrillRow, last_drill, put_drill
from qbwatch.history.store import Store
from qbwatch.reports.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """
[host]
name = "srv-01"
client = "Contoso"
timezone = "UTC"
[[source]]
path = "QWCLog.txt"
[store]
path = "history.db"
[[receiver]]
name = "ops"
url = "${env:BASE}/ops"
[[receiver]]
name = "mail"
url = "${env:BASE}/mail"
[[time_interval]]
name = "always"
times = ["00:00-24:00"]
[route]
receiver = "ops"
group_wait = "5m"
mute_time_intervals = ["always"]
[[route.routes]]
match = { client = "Fabrikam" }
receiver = "mail"
"""


class Far:
    """A web server that keeps what it got, by its path, and answers `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Any]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.got.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def far() -> Iterator[Far]:
    one = Far()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def config(tmp_path: Path, far: Far, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BASE", f"json://127.0.0.1:{far.server.server_address[1]}")
    path = tmp_path / "qbwatch.toml"
    path.write_text(CONFIG)
    return path


def test_a_drill_goes_the_whole_way_whatever_the_hour_and_says_so_everywhere(
    config: Path, far: Far, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "drill", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in report["stages"]] == [
        "log read, failure recognised and stored", "incident opened", "routed and queued", "alert handed over",
        "recovery recognised", "all clear handed over",
    ]  # fmt: skip
    assert all(one["seconds"] >= 0 for one in report["stages"])
    assert [(one["receiver"], one["kind"], one["state"]) for one in report["sent"]] == [
        ("ops", "opened", "sent"), ("ops", "resolved", "sent"),
    ]  # fmt: skip
    assert [path for path, _ in far.got] == ["/ops", "/ops"]
    for _, body in far.got:
        assert body["headline"].startswith("DRILL: ")
        assert body["why"].startswith("DRILL. ")
        assert body["explanation"].startswith("This is a drill: nothing is wrong")
        assert {one["title"][:7] for one in body["incidents"]} == {"DRILL: "}
        assert body["acknowledge_command"] is None
        assert not body["client_text"]


def test_nothing_of_a_drill_is_among_the_real_things(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--config", str(config), "drill"])
    with closing(sqlite3.connect(config.parent / "history.db")) as db:
        tables = ("events", "runs", "incidents", "notifications", "deliveries", "files", "decisions")
        assert [db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables] == [0] * len(tables)  # noqa: S608 - our own names
    assert list(config.parent.glob("qbwatch-drill-*")) == []
    capsys.readouterr()
    assert main(["--config", str(config), "drill", "--last"]) == 0
    assert "passed." in capsys.readouterr().out


def test_a_drill_that_is_refused_says_by_whom_and_why(
    config: Path, far: Far, capsys: pytest.CaptureFixture[str]
) -> None:
    far.status = 404
    assert main(["--config", str(config), "drill", "--client", "Fabrikam"]) == 1
    said = capsys.readouterr().out
    assert [path for path, _ in far.got] == ["/mail"]
    assert "NOT passed" in said
    assert "HTTP 404" in said


def test_a_drill_without_a_route_is_refused(config: Path) -> None:
    config.write_text(CONFIG[: CONFIG.index("[[receiver]]")])
    assert main(["--config", str(config), "drill"]) == 2


NEW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WEEKLY = DrillSettings(weekly=Schedule(weekday=2, hour=9, minute=0, zone=ZoneInfo("UTC")))


def test_a_schedule_asks_for_one_drill_a_week_and_for_none_of_before_it_was_set(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "history.db")) as store, store.transaction() as db:
        assert not is_due(db, DrillSettings(), NEW)
        assert not is_due(db, WEEKLY, NEW)
        wednesday = NEW + timedelta(days=1)
        assert is_due(db, WEEKLY, wednesday)
        put_drill(db, DrillRow(at=wednesday, passed=False, report={}))
        assert not is_due(db, WEEKLY, wednesday + timedelta(days=5))
        assert is_due(db, WEEKLY, wednesday + timedelta(days=7))
        assert last_drill(db) == DrillRow(at=wednesday, passed=False, report={})


def test_the_schedule_is_read_and_a_wrong_one_is_told_with_its_place(config: Path) -> None:
    config.write_text(CONFIG + '[drill]\nweekly = "Wed 09:00"\n')
    assert load(config).drill == WEEKLY
    config.write_text(CONFIG + '[drill]\nweekly = "sometimes"\n')
    with pytest.raises(UsageError, match=r"qbwatch\.toml:27:1: .*no time of the week"):
        load(config)

"""`qbwatch status`, as somebody on duty looks at it."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from receivers import make_event
from test_check import state

from ingest.record import Outcome, Run, Span
from qbwatch.__main__ import main
from qbwatch.clock import utc_now
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store
from qbwatch.source_state import Standing
from qbwatch.stream import Batch, FinishedRun

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

HOUR = timedelta(hours=1)


def run(number: int, application: str, outcome: Outcome, at: datetime) -> FinishedRun:
    values: dict[str, Any] = {"company_file": None, "user": None, "url": None, "product_version": None, "trigger": None}
    one = Run(
        id=f"run-{number}", format="qbwc", source="QWCLog.txt", first=Span(offset=number, length=1, line=number),
        application=application, started=at, ended=at + timedelta(minutes=1), outcome=outcome, **values,
    )  # fmt: skip
    return FinishedRun(run=one, host="srv-01", client=None, cause=None, closed=True)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path, now = tmp_path / "qbwatch.db", utc_now()
    runs = [
        run(1, "Contoso Sync", Outcome.OK, now - 5 * HOUR),
        run(2, "Contoso Sync", Outcome.FAILED, now - 2 * HOUR),
        run(3, "Fabrikam Orders", Outcome.NO_WORK, now - HOUR),
        run(4, "Contoso Sync", Outcome.OK, now - 50 * HOUR),
    ]
    with closing(Store(path)) as known, known.transaction():
        known.put(Batch(runs={one.run.id: one for one in runs}), (), now)
        known.put_states([state(now, standing=Standing.BEHIND, offset=1000, size=3000)], now)
        AlertStore(known.connection, now.tzinfo or now.astimezone().tzinfo).apply(  # type: ignore[arg-type]
            [make_event(time=now - 2 * HOUR)], (), now
        )
    return path


def test_what_fails_stands_first_with_its_last_good_run(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--db", str(store)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "The watcher was last alive less than a minute ago."
    rows = [" ".join(line.split()) for line in lines[2:5]]
    assert rows[1:] == [
        "srv-01 Contoso Sync 2 h ago failed 4 h 59 min ago 1 of 2 A QuickBooks pop-up is blocking the sync",
        "srv-01 Fabrikam Orders 1 h ago no_work 59 min ago 0 of 1 -",
    ]
    assert any("ERROR  srv-01, Contoso Sync: A QuickBooks pop-up is blocking the sync (" in line for line in lines)
    assert "log  QWCLog.txt  behind, 2,000 bytes behind" in lines


def test_it_is_one_object_for_programs(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--db", str(store), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["application"], one["failed"], one["severity"]) for one in told["applications"]] == [
        ("Contoso Sync", 1, "error"), ("Fabrikam Orders", 0, None),
    ]  # fmt: skip
    assert [one["cause"] for one in told["incidents"]] == ["popup_blocked"]
    assert told["queues"] == []


def test_a_store_that_no_watcher_wrote_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.db"
    Store(path).close()
    assert main(["status", "--db", str(path)]) == 0
    said = capsys.readouterr().out
    assert "qbwatch watch has not run on this store." in said
    assert "No run is known yet." in said

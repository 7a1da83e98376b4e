"""`qbwatch check`, as an RMM or Nagios runs it."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from receivers import make_event, minutes

from qbwatch.__main__ import main
from qbwatch.clock import utc_now
from qbwatch.health import Level, health_of
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store
from qbwatch.source_state import SourceState, Standing
from rules.event import Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def state(now: datetime, **changes: Any) -> SourceState:
    values: dict[str, Any] = {
        "source": "QWCLog.txt", "path": "QWCLog.txt", "format": "qbwc", "sure": 1.0, "standing": Standing.FOLLOWED,
        "file": None, "generation": None, "offset": 1, "size": 1, "behind_since": None, "last_record": None, "drops": 0,
        "missed": 0, "polled_only": False, "problem": None, "problem_since": None, "looked_at": now,
    }  # fmt: skip
    return SourceState(**(values | changes))


@pytest.fixture
def watched(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a store as a watcher leaves it."""

    def make(*events: Any, seen: datetime | None = None, **changes: Any) -> Path:
        path, now = tmp_path / "qbwatch.db", utc_now()
        with closing(Store(path)) as store, store.transaction():
            store.put_states([state(seen or now, **changes)], seen or now)
            AlertStore(store.connection, now.astimezone().tzinfo).apply(events, (), now)  # type: ignore[arg-type]
        return path

    return make


def said(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    code = main(["check", "--db", str(path), *more])
    return code, capsys.readouterr().out.rstrip("\n")


def test_all_well_is_one_line_and_exit_code_0(watched: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, line = said(watched(), capsys)
    assert (code, line.partition(" | ")[0]) == (
        0, "QBWATCH OK: no open incident; 0 runs in the last day, 0 failed",
    )  # fmt: skip
    assert "incidents=0 acknowledged=0 failed_runs=0" in line


@pytest.mark.parametrize(("severity", "code"), [(Severity.CRITICAL, 2), (Severity.ERROR, 2), (Severity.WARNING, 1)])
def test_an_open_incident_decides_by_its_severity(
    watched: Callable[..., Path], capsys: pytest.CaptureFixture[str], severity: Severity, code: int
) -> None:
    found, line = said(watched(make_event(severity=severity)), capsys)
    assert found == code
    assert f"QBWATCH {Level(code).name}: srv-01, Contoso Sync: A QuickBooks pop-up is blocking the sync | " in line


def test_an_acknowledged_incident_is_a_warning(
    watched: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = watched(make_event())
    with closing(Store(path)) as store, store.transaction():
        alerts = AlertStore(store.connection, utc_now().astimezone().tzinfo)  # type: ignore[arg-type]
        alerts.acknowledge(alerts.incidents()[0], utc_now())
    code, line = said(path, capsys)
    assert (code, "(acknowledged)" in line) == (1, True)


def test_a_watcher_that_does_not_run_is_critical(
    watched: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = said(watched(seen=utc_now() - minutes(6)), capsys)
    assert (code, "qbwatch watch does not run; it was last alive at" in line) == (2, True)


def test_a_log_that_cannot_be_read_is_a_warning(
    watched: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = said(watched(standing=Standing.UNREADABLE, problem="not readable: access denied"), capsys)
    assert (code, "QWCLog.txt is not readable: access denied" in line) == (1, True)


def test_one_client_is_not_told_of_another(watched: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = watched(make_event(client="Contoso"))
    assert said(path, capsys, "--client", "Contoso")[0] == 2
    assert said(path, capsys, "--client", "Fabrikam")[0] == 0
    assert said(path, capsys, "--host", "srv-02")[0] == 0


def test_what_hinders_the_answer_is_unknown_in_the_same_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(tmp_path / "none.db", capsys)[0] == 3
    (tmp_path / "bad.db").write_text("this is no database, whatever its name says" * 100)
    code, line = said(tmp_path / "bad.db", capsys)
    assert (code, line.startswith("QBWATCH UNKNOWN: the store")) == (3, True)
    assert main(["--config", str(tmp_path / "none.toml"), "check"]) == 3
    assert "no such configuration" in capsys.readouterr().out


def test_a_title_cannot_break_the_line_of_nagios(
    watched: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    _, line = said(watched(make_event(title="a | b=1")), capsys)
    assert line.count("|") == 1


def test_each_format_is_what_its_reader_takes(watched: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = watched(make_event())
    code, text = said(path, capsys, "--format", "datto")
    assert code == 2
    assert text.splitlines()[:3] == [
        "<-Start Result->",
        "qbwatch=CRITICAL: srv-01, Contoso Sync: A QuickBooks pop-up is blocking the sync",
        "<-End Result->",
    ]
    code, text = said(path, capsys, "--json")
    told = json.loads(text)
    assert (code, told["status"], told["code"], told["figures"]["incidents"]) == (2, "critical", 2, 1)
    code, text = said(path, capsys, "--format", "prtg")
    told = json.loads(text)["prtg"]
    assert (code, told["result"][0]["value"]) == (0, 2)
    assert all(isinstance(one["value"], int) for one in told["result"])


def test_messages_that_do_not_arrive_are_a_warning(watched: Callable[..., Path]) -> None:
    path, now = watched(), utc_now()
    with closing(Store(path)) as store, store.transaction():
        for number, (state_, next_at, finished) in enumerate(
            [("failed", None, now), ("pending", now, None), ("failed", None, now - timedelta(days=2))]
        ):
            store.connection.execute(
                "INSERT INTO deliveries (notification, thread, kind, receiver, group_key, state, attempts, created_at, "
                "next_at, finished_at, reason) VALUES (?, '', 'opened', 'ops', '', ?, 1, ?, ?, ?, 'refused')",
                (str(number), state_, (now - minutes(20)).isoformat(), next_at and next_at.isoformat(),
                 finished and finished.isoformat()),
            )  # fmt: skip
    health = health_of(path, now)
    assert [(one.level, one.what) for one in health.troubles] == [
        (Level.WARNING, "1 message could not be delivered to ops"), (Level.WARNING, "1 message waiting for ops"),
    ]  # fmt: skip

"""Signals in a real store: once each, without secrets, and who was signed in stays readable."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import qbwatch
from ingest.record import Record, Span
from qbwatch.errors import StoreError
from qbwatch.history.store import Store
from qbwatch.signal import NotedSignal
from qbwatch.stream import Batch

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
SIGNED_OUT = NotedSignal(
    id="a1", host="srv-01", client="Acme Accounting", source="System",
    record=Record(
        format="windows-events", time=datetime(2026, 3, 10, 2, 0, 9, tzinfo=UTC),
        component="Microsoft-Windows-Winlogon", message="UserName=sync; TSId=2; UserSid=S-1-5-21-7",
        span=Span(offset=4210, length=600, line=51), level="information", codes=("Microsoft-Windows-Winlogon/7002",),
        fields={"UserName": "sync", "TSId": "2", "UserSid": "S-1-5-21-7", "Computer": "srv-01"},
    ),
)  # fmt: skip
BLANK = NotedSignal(
    id="b2", host="srv-01", client=None, source="/x/System.xml",
    record=Record(
        format="windows-events", time=None, component="", message="A damaged Windows event was passed over.",
        span=Span(offset=0, length=9, line=1),
    ),
)  # fmt: skip


def stored(folder: Path, *batches: tuple[NotedSignal, ...]) -> list[dict[str, Any]]:
    with closing(Store(folder / "history.db")) as store:
        for number, batch in enumerate(batches):
            with store.transaction():
                store.put(Batch(signals={one.id: one for one in batch}), (), NOW + timedelta(minutes=number))
        return [dict(row) for row in store.connection.execute("SELECT * FROM signals ORDER BY id")]


def test_a_signal_is_kept_with_its_place_and_its_data(tmp_path: Path) -> None:
    (row,) = stored(tmp_path, (SIGNED_OUT,))
    assert row.pop("fields") == json.dumps(dict(SIGNED_OUT.record.fields))
    assert row == {
        "id": "a1", "time": "2026-03-10T02:00:09Z", "host": "srv-01", "client": "Acme Accounting", "source": "System",
        "format": "windows-events", "line": 51, "offset": 4210, "provider": "Microsoft-Windows-Winlogon",
        "code": "Microsoft-Windows-Winlogon/7002", "level": "information",
        "message": "UserName=sync; TSId=2; UserSid=S-1-5-21-7", "stored_at": "2026-03-10T03:00:00Z",
    }  # fmt: skip


def test_what_a_signal_does_not_tell_is_null(tmp_path: Path) -> None:
    (row,) = stored(tmp_path, (BLANK,))
    assert {name for name, value in row.items() if value is None} == {"time", "client", "provider", "code", "level"}


def test_a_signal_that_is_read_again_is_one_row_that_says_when_it_was_first_stored(tmp_path: Path) -> None:
    grown = replace(SIGNED_OUT, record=replace(SIGNED_OUT.record, body="and more"))
    (row,) = stored(tmp_path, (SIGNED_OUT,), (grown,))
    assert (row["message"], row["stored_at"]) == (f"{SIGNED_OUT.record.message}\nand more", "2026-03-10T03:00:00Z")


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("UserName", "sync", "sync"),
        ("User_Name", "CONTOSO\\sync", "CONTOSO\\sync"),
        ("TargetUserName", "sync", "sync"),
        ("Sid", "S-1-5-18", "S-1-5-18"),
        ("param1", "sync@example.com", "[email]"),
        ("UserName", "sync@example.com", "[email]"),
        ("Password", "correct horse battery", "[secret]"),
        ("sid", "81fa0c", "[secret]"),
        ("CommandLine", "qb.exe /password=hunter2 /u", "qb.exe /password=[secret] /u"),
        ("Empty", "", ""),
    ],
)
def test_secrets_and_addresses_go_and_windows_users_stay(tmp_path: Path, name: str, value: str, kept: str) -> None:
    said = replace(SIGNED_OUT.record, message=f"{name}={value}; Computer=srv-01", fields={name: value})
    (row,) = stored(tmp_path, (replace(SIGNED_OUT, record=said),))
    assert json.loads(row["fields"]) == {name: kept}
    if " " not in value:
        assert row["message"] == f"{name}={kept}; Computer=srv-01"


def test_a_failed_transaction_keeps_no_signal(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "history.db")) as store:

        def stopped() -> None:
            with store.transaction():
                store.put(Batch(signals={"a1": SIGNED_OUT}), (), NOW)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stopped()
        assert store.connection.execute("SELECT count(*) FROM signals").fetchone()[0] == 0


def test_signals_are_a_frame_over_time(tmp_path: Path) -> None:
    slept = replace(
        SIGNED_OUT, id="c3", host="srv-02", record=replace(SIGNED_OUT.record, time=NOW, codes=("Kernel-Power/42",))
    )
    stored(tmp_path, (SIGNED_OUT, slept, BLANK))
    with qbwatch.open_history(tmp_path / "history.db") as history:
        whole = history.signals()
        late = history.signals(since=NOW)
        of_code = history.signals(code="Microsoft-Windows-Winlogon/7002", host="srv-01")
    assert isinstance(whole.index, pd.DatetimeIndex)
    assert str(whole.index.tz) == "UTC"
    assert whole["id"].tolist() == ["b2", "a1", "c3"]
    assert [name for name in whole if isinstance(whole[name].dtype, pd.CategoricalDtype)] == [
        "host", "client", "format", "provider", "code", "level",
    ]  # fmt: skip
    assert (late["id"].tolist(), of_code["id"].tolist()) == (["c3"], ["a1"])


def test_a_store_that_was_made_before_signals_were_kept_says_so(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "history.db")) as store:
        store.connection.execute("DROP TABLE signals")
    with (
        qbwatch.open_history(tmp_path / "history.db") as history,
        pytest.raises(StoreError, match="made before signals were kept"),
    ):
        history.signals()


def test_the_number_of_a_windows_session_is_no_secret_and_what_opens_a_session_is(tmp_path: Path) -> None:
    fields = {"SessionID": "4", "SessionId": "0c8a6f5e2b", "State": "active"}
    signed = replace(SIGNED_OUT, record=replace(SIGNED_OUT.record, fields=fields))
    (row,) = stored(tmp_path, (signed,))
    assert json.loads(row["fields"]) == {"SessionID": "4", "SessionId": "[secret]", "State": "active"}

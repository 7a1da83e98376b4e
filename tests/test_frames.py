from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import small_history

import qbwatch
from qbwatch.__main__ import main
from qbwatch.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qbwatch.history.frames import History


@pytest.fixture
def history(samples: Path, tmp_path: Path) -> Iterator[History]:
    store = tmp_path / "history.db"
    main(["scan", str(samples / "popup" / "update_offer"), "--db", str(store), "--host", "srv-01"])
    with qbwatch.open_history(store) as opened:
        yield opened


def test_events_have_their_time_as_index_and_categories(history: History) -> None:
    events = history.events(role="root")
    assert isinstance(events.index, pd.DatetimeIndex)
    assert str(events.index.tz) == "UTC"
    assert isinstance(events["cause"].dtype, pd.CategoricalDtype)
    assert set(events["cause"]) == {"popup_blocked"}


def test_runs_have_a_duration(history: History) -> None:
    runs = history.runs(outcome="failed")
    assert len(runs) == 3
    assert (runs["duration"] >= pd.Timedelta(0)).all()


def test_times_limit_what_is_returned(history: History) -> None:
    whole = history.runs()
    half = whole.index[3]
    assert len(history.runs(since=half.to_pydatetime())) == 3
    assert len(history.runs(until=half.isoformat())) == 3
    assert len(history.runs(since="1d")) == 0
    assert len(history.runs(until=datetime.now(UTC))) == len(whole)


def test_sql_reads_and_cannot_write(history: History) -> None:
    assert history.sql("SELECT count(*) AS n FROM runs WHERE outcome = ?", ["failed"])["n"].tolist() == [3]
    with pytest.raises(pd.errors.DatabaseError, match="readonly"):
        history.sql("DELETE FROM runs")


def test_a_column_that_is_not_there_is_told(history: History) -> None:
    with pytest.raises(ValueError, match="events has no column colour; it has: act,"):
        history.events(colour="red")


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="this is no qbwatch store"):
        qbwatch.open_history(tmp_path / "none.db")


@pytest.fixture
def weeks(tmp_path: Path) -> Iterator[History]:
    small_history.make(tmp_path / "small.db").close()
    with qbwatch.open_history(tmp_path / "small.db") as opened:
        yield opened


def test_frames_are_typed(weeks: History) -> None:
    text = str(pd.Series(["pandas 3 has a type of its own for text"]).dtype)
    runs = weeks.runs(columns=["host", "outcome", "ended", "closed", "line", "url"])
    assert {name: str(kind) for name, kind in runs.dtypes.items()} == {
        "host": "category", "outcome": "category", "ended": "datetime64[us, UTC]", "closed": "boolean",
        "line": "Int64", "url": text, "duration": "timedelta64[us]",
    }  # fmt: skip
    daily = weeks.daily()
    assert (str(daily["lost"].dtype), str(daily["runs"].dtype), str(daily["h09"].dtype)) == (
        "timedelta64[us]", "Int64", "Int64",
    )  # fmt: skip
    assert daily["lost"].sum() == timedelta(hours=13.5)


def test_filters_take_one_value_several_or_none(weeks: History) -> None:
    assert [len(weeks.events(cause=cause)) for cause in ("popup_blocked", ["popup_blocked", "machine_asleep"], [])] == [
        2, 3, 0,
    ]  # fmt: skip
    assert list(weeks.events(application=None)["cause"]) == ["machine_asleep"]
    assert len(weeks.runs(host="srv-01", outcome="failed", since="2026-03-10", until=datetime(2026, 3, 11))) == 2  # noqa: DTZ001 - without a zone it is local
    assert list(weeks.events(code="QBWC1053", severity="error", client="Contoso")["host"]) == [
        "srv-02", "srv-01", "srv-01",
    ]  # fmt: skip


def test_a_large_range_comes_in_parts_of_one_state(weeks: History) -> None:
    parts = list(weeks.iter_runs(rows=250, columns=["host"], since="2026-03-02"))
    assert [len(part) for part in parts] == [250, 250, 160]
    assert pd.concat(parts).index.equals(weeks.runs(columns=["host"]).index)
    assert [len(part) for part in weeks.iter_events(cause="none_such")] == [0]


def test_nothing_found_is_a_frame_of_the_same_types(weeks: History) -> None:
    found, nothing = weeks.runs(), weeks.runs(host="none")
    assert (len(nothing), list(nothing.columns)) == (0, list(found.columns))
    assert {name: str(kind) for name, kind in nothing.dtypes.items() if str(kind) != "category"} == {
        name: str(kind) for name, kind in found.dtypes.items() if str(kind) != "category"
    }


def test_sql_takes_values_by_name(weeks: History) -> None:
    assert weeks.sql("SELECT count(*) AS n FROM runs WHERE host = :host", {"host": "srv-02"})["n"].tolist() == [335]


def test_deliveries_and_incidents_are_frames_too(weeks: History) -> None:
    assert (len(weeks.deliveries()), len(weeks.incidents()), len(weeks.signals())) == (0, 0, 0)
    assert weeks.deliveries().index.name == "created_at"

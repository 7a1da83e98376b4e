from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

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

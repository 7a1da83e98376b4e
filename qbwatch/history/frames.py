"""The history as pandas frames."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from qbwatch.errors import StoreError
from qbwatch.history import words
from qbwatch.history.selection import KINDS, Selection, Time, select
from qbwatch.history.trouble import advice, refuse_network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

_AT_ONCE = 100_000


class History:
    """A store opened for reading; use it in a `with`, or call `close`.

    Each call reads one state of the store, whatever the watcher writes meanwhile, and never makes it wait.
    """

    def __init__(self, path: Path | str) -> None:
        """Open *path* read-only. Raises StoreError if it is no store."""
        refuse_network(Path(path))
        file = Path(path).absolute()
        try:
            self._connection = sqlite3.connect(
                f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=30
            )
            self._connection.execute("SELECT 1 FROM events LIMIT 1")
        except sqlite3.Error as error:
            raise StoreError(
                f"{path}: this is no qbwatch store ({error}). Name the file of [store] path. {advice(error)}"
            ) from error

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, which cannot write; for questions in SQL that want no frame."""
        return self._connection

    def events(
        self, *, since: Time = None, until: Time = None, columns: Sequence[str] | None = None, **where: Any
    ) -> pd.DataFrame:
        """Return events, with their time in UTC as index.

        *since* and *until* are times, ISO texts, or lengths back from now such as "30d"; *until* is left out itself.
        *where* takes columns (client, host, application, cause, severity, role, code ...) and the value they must
        have, such as cause="popup_blocked"; a list asks for one of several, None for what has none. *columns* leaves
        out the others, which saves most of the time and memory.
        """
        return self._frame("events", (since, until), where, columns)

    def runs(
        self, *, since: Time = None, until: Time = None, columns: Sequence[str] | None = None, **where: Any
    ) -> pd.DataFrame:
        """Return runs, with their start in UTC as index and their `duration`; filters as for events, and outcome."""
        return self._frame("runs", (since, until), where, columns)

    def incidents(
        self, *, since: Time = None, until: Time = None, columns: Sequence[str] | None = None, **where: Any
    ) -> pd.DataFrame:
        """Return incidents, with their opening in UTC as index and their `duration`; filters as for events."""
        return self._frame("incidents", (since, until), where, columns)

    def signals(
        self, *, since: Time = None, until: Time = None, columns: Sequence[str] | None = None, **where: Any
    ) -> pd.DataFrame:
        """Return signals, which tell the state of machines, with their time in UTC as index; filters as for events.

        A `code` is an event of Windows, such as "Microsoft-Windows-Winlogon/7002"; `fields` is its data as JSON.
        """
        return self._frame("signals", (since, until), where, columns)

    def deliveries(
        self, *, since: Time = None, until: Time = None, columns: Sequence[str] | None = None, **where: Any
    ) -> pd.DataFrame:
        """Return deliveries, with when they were made in UTC as index; filters as for events: receiver, state, kind."""
        return self._frame("deliveries", (since, until), where, columns)

    def daily(
        self, *, since: Time = None, until: Time = None, columns: Sequence[str] | None = None, **where: Any
    ) -> pd.DataFrame:
        """Return the daily rollups, which outlive the rows, with the day in the host's zone as index.

        Rows with an outcome count runs (`missed`: silences of the machine); those without one count findings, by
        severity. `lost` is how long nothing worked, `h00` to `h23` how many began in which hour of the host's clock.
        """
        return self._frame("daily", (since, until), where, columns)

    def iter_events(self, *, rows: int = _AT_ONCE, since: Time = None, until: Time = None, **options: Any) -> Iterator[
        pd.DataFrame
    ]:  # fmt: skip
        """Yield events as frames of at most *rows* rows, of one state of the store; options as for `events`.

        While it is not read to its end, the file beside the store that takes what is written cannot shrink.
        """
        return self._frames("events", (since, until), rows, options)

    def iter_runs(self, *, rows: int = _AT_ONCE, since: Time = None, until: Time = None, **options: Any) -> Iterator[
        pd.DataFrame
    ]:  # fmt: skip
        """Yield runs as frames of at most *rows* rows, as `iter_events` does events."""
        return self._frames("runs", (since, until), rows, options)

    def search(self, text: str, *, since: Time = None, until: Time = None, **options: Any) -> pd.DataFrame:
        """Return events whose message or title holds every word of *text*; "lic*" finds what begins so."""
        columns = options.pop("columns", None)
        chosen = select(
            self._connection, KINDS["events"], (since, until), options, columns=columns, also=words.matching(text)
        )
        return next(self._read(chosen, None))

    def sql(self, query: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> pd.DataFrame:
        """Return what *query* selects with *params* for its marks; the store cannot be changed through it.

        Times are texts in UTC here. Views answer common questions: failures, run_log, outages, incident_log,
        delivery_log, days, causes.
        """
        import pandas as pd  # noqa: PLC0415 - slow to import

        return pd.read_sql_query(query, self._connection, params=params or None)

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """Let all that is asked inside see one and the same state of the store."""
        self._connection.execute("BEGIN")
        try:
            yield self
        finally:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the store."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    def _frame(
        self, kind: str, limits: tuple[Time, Time], where: dict[str, Any], columns: Sequence[str] | None
    ) -> pd.DataFrame:
        chosen = select(self._connection, KINDS[kind], limits, where, columns=columns)
        return next(self._read(chosen, None))

    def _frames(
        self, kind: str, limits: tuple[Time, Time], rows: int, options: dict[str, Any]
    ) -> Iterator[pd.DataFrame]:
        columns = options.pop("columns", None)
        return self._read(select(self._connection, KINDS[kind], limits, options, columns=columns), rows)

    def _read(self, chosen: Selection, at_once: int | None) -> Iterator[pd.DataFrame]:
        """Yield what is *chosen*, *at_once* rows at a time, or all of it."""
        cursor = self._connection.execute(chosen.sql, chosen.values)
        try:
            is_first = True
            while (rows := cursor.fetchmany(at_once) if at_once else cursor.fetchall()) or is_first:
                yield _typed(rows, chosen)
                is_first = False
                if at_once is None:
                    return
        finally:
            cursor.close()


def _typed(rows: list[tuple[Any, ...]], chosen: Selection) -> pd.DataFrame:
    """Return *rows* as a frame: times in UTC, categories, numbers that may be unknown, lengths of time."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    columns = zip(*rows, strict=True) if rows else ([] for _ in chosen.columns)
    series = dict(zip(chosen.columns, columns, strict=True))
    frame = pd.DataFrame({name: _column(list(values), name, chosen) for name, values in series.items()})
    if {"started", "ended"} <= series.keys():
        frame["duration"] = frame["ended"] - frame["started"]
    elif {"opened_at", "resolved_at"} <= series.keys():
        frame["duration"] = frame["resolved_at"] - frame["opened_at"]
    lengths = {name: name.removesuffix("_s") for name in chosen.kind.lengths}
    return frame.rename(columns=lengths).set_index(chosen.kind.time)


def _column(values: list[Any], name: str, chosen: Selection) -> pd.Series[Any]:
    import pandas as pd  # noqa: PLC0415 - slow to import

    kind = chosen.kind
    if name in kind.times:
        is_day = kind.time == "day"
        times = pd.Series(pd.to_datetime(pd.Series(values, dtype="str"), utc=not is_day, format="ISO8601"))
        return times.dt.as_unit("us")
    if name in kind.categories:
        return pd.Series(pd.Categorical(values))
    if name in kind.lengths:
        return pd.to_timedelta(pd.Series(values, dtype="int64"), unit="s").dt.as_unit("us")
    if name in kind.flags:
        return pd.Series([None if value is None else bool(value) for value in values], dtype="boolean")
    return pd.Series(values, dtype="Int64" if name in chosen.numbers else "str")


def open_history(path: Path | str) -> History:
    """Open the store at *path* for reading."""
    return History(path)

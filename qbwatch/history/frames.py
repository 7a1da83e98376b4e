"""The history as pandas frames."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from qbwatch.errors import StoreError
from qbwatch.history.times import moment_of, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_RELATIVE = re.compile(r"(\d+)\s*([smhdw])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_CATEGORIES = {
    "events": (
        "host",
        "client",
        "format",
        "application",
        "cause",
        "rule",
        "severity",
        "role",
        "confidence",
        "act",
    ),
    "runs": ("host", "client", "format", "application", "trigger", "outcome", "cause"),
    "incidents": ("host", "client", "application", "cause", "severity", "state", "act"),
    "signals": ("host", "client", "format", "provider", "code", "level"),
}
_TIMES = {
    "events": ("time", "stored_at"),
    "runs": ("started", "ended"),
    "incidents": ("opened_at", "last_at", "resolved_at", "last_good_at", "recorded_at"),
    "signals": ("time", "stored_at"),
}


_Limits = tuple[str | datetime | None, str | datetime | None]


class History:
    """A store opened for reading; use it in a `with`, or call `close`."""

    def __init__(self, path: Path | str) -> None:
        """Open *path* read-only. Raises StoreError if it is no store."""
        uri = f"{Path(path).resolve().as_uri()}?mode=ro"
        try:
            self._connection = sqlite3.connect(uri, uri=True)
            self._connection.execute("SELECT 1 FROM events LIMIT 1")
        except sqlite3.Error as error:
            raise StoreError(f"{path}: this is no qbwatch store ({error}). Name the file of [store] path.") from error

    def events(
        self, *, since: str | datetime | None = None, until: str | datetime | None = None, **where: str | None
    ) -> pd.DataFrame:
        """Return events, with their time in UTC as index.

        *since* and *until* are times, ISO texts, or lengths back from now such as "30d".
        *where* takes columns and the value they must have, such as cause="popup_blocked".
        """
        return self._frame("events", "time", (since, until), where)

    def runs(
        self, *, since: str | datetime | None = None, until: str | datetime | None = None, **where: str | None
    ) -> pd.DataFrame:
        """Return runs, with their start in UTC as index and their `duration`; filters as for events."""
        frame = self._frame("runs", "started", (since, until), where)
        return frame.assign(duration=frame["ended"] - frame.index.to_series())

    def incidents(
        self, *, since: str | datetime | None = None, until: str | datetime | None = None, **where: str | None
    ) -> pd.DataFrame:
        """Return incidents, with their opening in UTC as index; filters as for events."""
        return self._frame("incidents", "opened_at", (since, until), where)

    def signals(
        self, *, since: str | datetime | None = None, until: str | datetime | None = None, **where: str | None
    ) -> pd.DataFrame:
        """Return signals, which tell the state of machines, with their time in UTC as index; filters as for events.

        A `code` is an event of Windows, such as "Microsoft-Windows-Winlogon/7002"; `fields` is its data as JSON.
        """
        return self._frame("signals", "time", (since, until), where)

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """Return what *query* selects; the store cannot be changed through it."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        return pd.read_sql_query(query, self._connection, params=tuple(parameters))

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
        self,
        table: str,
        index: str,
        limits: _Limits,
        where: dict[str, str | None],
    ) -> pd.DataFrame:
        import pandas as pd  # noqa: PLC0415 - slow to import

        query, values = self._query(table, index, limits, where)
        frame = self.sql(query, values)
        for column in _TIMES[table]:
            frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
        for column in _CATEGORIES[table]:
            frame[column] = frame[column].astype("category")
        return frame.set_index(index)

    def _query(
        self,
        table: str,
        index: str,
        limits: _Limits,
        where: dict[str, str | None],
    ) -> tuple[str, list[Any]]:
        known = {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}
        if not known:
            raise StoreError(f"This store was made before {table} were kept. Start qbwatch watch, which adds them.")
        parts: list[str] = []
        values: list[Any] = []
        for column, value in where.items():
            if column not in known:
                raise ValueError(f"{table} has no column {column}; it has: {', '.join(sorted(known))}")
            parts.append(f'"{column}" IS ?')
            values.append(value)
        for limit, sign in zip(limits, (">=", "<"), strict=True):
            if limit is not None:
                parts.append(f'"{index}" {sign} ?')
                values.append(_moment(limit))
        condition = f" WHERE {' AND '.join(parts)}" if parts else ""
        return f'SELECT * FROM {table}{condition} ORDER BY "{index}"', values  # noqa: S608 - names are checked above


def _moment(limit: str | datetime) -> str | None:
    if isinstance(limit, datetime):
        return stamp(limit.astimezone(UTC))
    return stamp(moment_of(limit, datetime.now(UTC)))


def open_history(path: Path | str) -> History:
    """Open the store at *path* for reading."""
    return History(path)

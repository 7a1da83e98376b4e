"""Which rows are asked for: filters and times become one query over one table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from qbwatch.errors import StoreError
from qbwatch.history.alert_rows import to_text
from qbwatch.history.times import moment_of, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

Time = str | datetime | None
"""A time, an ISO text, or a length back from now such as "30d"."""

Filter = "str | int | Sequence[str | int] | None"
"""The value that a column must have, or several of which it must have one; None asks for what has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A table to read: its column of time, and what its columns hold besides text."""

    table: str
    time: str
    times: tuple[str, ...]
    categories: tuple[str, ...]
    lengths: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    fine: bool = False  # its times are told to the microsecond


_WHOSE = ("client", "host", "application")
KINDS: Final = {
    "events": Kind(
        table="events",
        time="time",
        times=("time", "stored_at"),
        categories=(*_WHOSE, "format", "cause", "rule", "severity", "role", "confidence", "act", "code"),
    ),
    "runs": Kind(
        table="runs",
        time="started",
        times=("started", "ended"),
        categories=(*_WHOSE, "format", "trigger", "outcome", "cause", "product_version"),
        flags=("closed",),
    ),
    "incidents": Kind(
        table="incidents",
        time="opened_at",
        times=("opened_at", "last_at", "resolved_at", "last_good_at", "recorded_at"),
        categories=(*_WHOSE, "cause", "severity", "state", "act"),
        flags=("withdrawn", "settled"),
        fine=True,
    ),
    "signals": Kind(
        table="signals",
        time="time",
        times=("time", "stored_at"),
        categories=("client", "host", "format", "provider", "code", "level"),
    ),
    "deliveries": Kind(
        table="deliveries",
        time="created_at",
        times=("created_at", "next_at", "finished_at"),
        categories=("kind", "receiver", "state"),
        fine=True,
    ),
    "daily": Kind(
        table="daily",
        time="day",
        times=("day",),
        categories=(*_WHOSE, "cause", "outcome", "severity"),
        lengths=("run_s", "lost_s"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A query with its values, over one kind of rows, the oldest first."""

    kind: Kind
    columns: tuple[str, ...]
    condition: str
    values: tuple[Any, ...]
    numbers: frozenset[str] = frozenset()

    @property
    def sql(self) -> str:
        """The query."""
        names = ", ".join(f'"{name}"' for name in self.columns)
        return f'SELECT {names} FROM {self.kind.table} WHERE {self.condition} ORDER BY "{self.kind.time}"'  # noqa: S608 - known names


def select(
    db: sqlite3.Connection,
    kind: Kind,
    limits: tuple[Time, Time],
    where: Mapping[str, Any],
    *,
    columns: Sequence[str] | None = None,
    also: tuple[str, Sequence[Any]] = ("1", ()),
) -> Selection:
    """Select rows of *kind* between *limits* whose columns have the values of *where*.

    *also* is one more condition of ours with its values. Raises ValueError for a column that there is not.
    """
    known = _columns(db, kind)
    parts, values = [also[0]], list(also[1])
    for column, value in where.items():
        _refuse(kind, column, known)
        several = not isinstance(value, str | int | None)
        # A list that names nothing asks for nothing.
        parts.append(f'"{column}" IN ({", ".join("?" * len(value))})' if several else f'"{column}" IS ?')
        values += value if several else [value]
    for limit, sign in zip(limits, (">=", "<"), strict=True):
        if limit is not None:
            parts.append(f'"{kind.time}" {sign} ?')
            values.append(_moment(limit, kind))
    for column in columns or ():
        _refuse(kind, column, known)
    chosen = dict.fromkeys((kind.time, *(columns or known)))
    return Selection(
        kind=kind, columns=tuple(chosen), condition=" AND ".join(parts), values=tuple(values),
        numbers=frozenset(name for name in chosen if known[name].startswith("INT")) - frozenset(kind.categories),
    )  # fmt: skip


def _columns(db: sqlite3.Connection, kind: Kind) -> dict[str, str]:
    """Return the columns of *kind* with what they are declared to hold."""
    known = {row[1]: row[2] for row in db.execute(f"PRAGMA table_xinfo({kind.table})")}
    if not known:
        raise StoreError(
            f"This store was made before {kind.table} were kept. Start qbwatch watch, which adds them, or: "
            "qbwatch history rebuild."
        )
    return known


def _refuse(kind: Kind, column: str, known: Iterable[str]) -> None:
    if column not in known:
        raise ValueError(f"{kind.table} has no column {column}; it has: {', '.join(sorted(known))}")


def _moment(limit: str | date, kind: Kind) -> str:
    """Write *limit* as the store writes the times of *kind*."""
    if isinstance(limit, str):
        limit = moment_of(limit, datetime.now(UTC))
    if kind.time == "day":
        return limit.isoformat()[:10]
    if not isinstance(limit, datetime):
        limit = datetime(limit.year, limit.month, limit.day, tzinfo=UTC)
    limit = limit.astimezone(UTC)
    return to_text(limit) if kind.fine else str(stamp(limit))

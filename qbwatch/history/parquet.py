"""Rows as Parquet, a folder a month, as DuckDB, Polars and pandas read them. It needs pyarrow, an extra."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from qbwatch.errors import UsageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from qbwatch.history.selection import Selection

_AT_ONCE = 50_000
_NO_TIME = "unknown"


def write_parquet(
    db: sqlite3.Connection, chosen: Selection, folder: Path, on_progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write the rows of *chosen* to `folder/month=2026-03/rows.parquet` and so on; return how many rows.

    A month that is written takes the place of what was there before; other months stay. Raises UsageError
    without pyarrow.
    """
    pa, pq = _arrow()
    schema = _schema(pa, chosen)
    count = 0
    for month, chunks in groupby(_chunks(db, chosen), key=lambda chunk: chunk[0]):
        place = folder / f"month={month}"
        place.mkdir(parents=True, exist_ok=True)
        part = place / "rows.parquet.part"
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            for _, rows in chunks:
                writer.write_table(_table(pa, schema, chosen, rows))
                count += len(rows)
                on_progress(count)
        part.replace(place / "rows.parquet")
    return count


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to import
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow. Install it with: pip install 'qbwatch[parquet]'") from error
    return pa, pq


def _chunks(db: sqlite3.Connection, chosen: Selection) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield rows of one month at a time, the months in order; rows without a time come first."""
    cursor = db.execute(chosen.sql, chosen.values)
    at = chosen.columns.index(chosen.kind.time)
    while rows := cursor.fetchmany(_AT_ONCE):
        for month, found in groupby(rows, key=lambda row: row[at][:7] if row[at] else _NO_TIME):
            yield month, [tuple(row) for row in found]


def _schema(pa: Any, chosen: Selection) -> Any:
    return pa.schema([(name, _type(pa, name, chosen)) for name in chosen.columns])


def _type(pa: Any, name: str, chosen: Selection) -> Any:
    kind = chosen.kind
    if name in kind.times:
        return pa.date32() if kind.time == "day" else pa.timestamp("us", tz="UTC")
    if name in kind.categories:
        return pa.dictionary(pa.int32(), pa.string())
    if name in kind.flags:
        return pa.bool_()
    return pa.int64() if name in chosen.numbers else pa.string()


def _table(pa: Any, schema: Any, chosen: Selection, rows: list[tuple[Any, ...]]) -> Any:
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array(_values(list(values), name, chosen), type=field.type)
        for name, values, field in zip(chosen.columns, columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _values(values: list[Any], name: str, chosen: Selection) -> list[Any]:
    if name in chosen.kind.times:
        read = date.fromisoformat if chosen.kind.time == "day" else _moment
        return [read(value) if value else None for value in values]
    if name in chosen.kind.flags:
        return [None if value is None else bool(value) for value in values]
    return values


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)

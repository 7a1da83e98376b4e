"""The ledger in the store: the fate of every byte range, a growing read stretch as one row."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ingest.ledger import Fate, LedgerEntry
from qbwatch.history.times import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

# Told again, a range keeps when it began to be so, and its end once that was known.
_PUT = """
INSERT INTO ledger (file, path, fate, "begin", "end", reason, since, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (file, fate, "begin", reason) DO UPDATE SET path = excluded.path,
"end" = max(coalesce("end", excluded."end"), coalesce(excluded."end", "end")),
since = min(since, excluded.since), at = max(at, excluded.at)
"""
_TOUCHING = """
SELECT id, "begin", coalesce("end", "begin") AS "end", since, at FROM ledger
WHERE file = ? AND fate = 'read' AND reason = ? AND "begin" <= ? AND coalesce("end", "begin") >= ? ORDER BY "begin"
"""
_GROW = 'UPDATE ledger SET path = ?, "begin" = ?, "end" = ?, since = ?, at = ? WHERE id = ?'
# Without a word to look for, the condition is true of every path.
_NEWEST = "SELECT * FROM ledger WHERE instr(lower(path), lower(?)) ORDER BY at DESC, id DESC LIMIT ?"

_LOST = "SELECT count(*) FROM ledger WHERE fate = 'lost' AND at >= ? AND instr(lower(path), lower(?))"


def put_entries(db: sqlite3.Connection, entries: Iterable[LedgerEntry]) -> None:
    """Write *entries*; what was read and touches an earlier stretch of the same file and reason joins it."""
    for entry in entries:
        if entry.fate is Fate.READ and entry.end is not None:
            _put_stretch(db, entry, entry.end)
        else:
            db.execute(_PUT, _row(entry))


def _put_stretch(db: sqlite3.Connection, entry: LedgerEntry, end: int) -> None:
    if entry.begin == end:
        return
    touching = db.execute(_TOUCHING, (entry.file, entry.reason, end, entry.begin)).fetchall()
    if not touching:
        db.execute(_PUT, _row(entry))
        return
    first = touching[0]
    db.executemany("DELETE FROM ledger WHERE id = ?", ((row["id"],) for row in touching[1:]))
    grown = (
        min(entry.begin, first["begin"]),
        max(end, *(row["end"] for row in touching)),
        min(str(stamp(entry.since)), *(row["since"] for row in touching)),
        max(str(stamp(entry.at)), *(row["at"] for row in touching)),
    )
    db.execute(_GROW, (entry.path, *grown, first["id"]))


def entries(db: sqlite3.Connection, path: str | None, limit: int) -> list[LedgerEntry]:
    """Return the last *limit* entries, the newest first; of paths that contain *path*, in either case."""
    return [_entry(row) for row in db.execute(_NEWEST, (path or "", limit))]


def lost_since(db: sqlite3.Connection, since: datetime, path: str | None) -> int:
    """Return how many ranges were noted as lost since *since*; of paths that contain *path*."""
    return int(db.execute(_LOST, (stamp(since), path or "")).fetchone()[0])


def _row(entry: LedgerEntry) -> tuple[object, ...]:
    return (
        entry.file, entry.path, entry.fate, entry.begin, entry.end, entry.reason, stamp(entry.since), stamp(entry.at),
    )  # fmt: skip


def _entry(row: sqlite3.Row) -> LedgerEntry:
    return LedgerEntry(
        file=row["file"],
        path=row["path"],
        fate=Fate(row["fate"]),
        begin=row["begin"],
        end=row["end"],
        reason=row["reason"],
        since=datetime.fromisoformat(row["since"]),
        at=datetime.fromisoformat(row["at"]),
    )

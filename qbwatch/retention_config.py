"""The block [store.retention] of the configuration: how long each kind of row is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from qbwatch.history.retention import KINDS, Retention

if TYPE_CHECKING:
    from qbwatch.config_table import Table

FOREVER = "forever"
# Days are counted while rows of them come in, from every zone.
_SHORTEST = timedelta(days=3)


def retention_of(store: Table) -> Retention:
    """Read retention of [store]; what is wrong with it goes to its faults."""
    table = store.table("retention")
    table.only(*KINDS)
    return Retention(**{kind: _length(table, kind) for kind in KINDS if kind in table.values})


def _length(table: Table, kind: str) -> timedelta | None:
    if table.values[kind] == FOREVER:
        return None
    length = table.duration(kind)
    if length is not None and length < _SHORTEST:
        table.fault(kind, f'{kind} must be kept for 3 days or longer. Write a length such as "400d", or "{FOREVER}"')
    return length

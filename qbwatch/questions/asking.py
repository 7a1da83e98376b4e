"""What questions share: filters over one table, and what counts as broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qbwatch.history.selection import KINDS, select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qbwatch.history.frames import History
    from qbwatch.history.selection import Time

BROKEN: Final = "outcome IN ('failed', 'unfinished')"
GOOD: Final = "outcome IN ('ok', 'no_work')"
# SQLite leaps from one to the next in the index, where DISTINCT would read all of it. The last place of each host is
# that of runs without an application.
_PLACES: Final = """
WITH RECURSIVE hosts(host) AS (
    SELECT min(host) FROM runs
    UNION ALL SELECT (SELECT min(r.host) FROM runs r WHERE r.host > hosts.host) FROM hosts WHERE host IS NOT NULL
), places(host, application) AS (
    SELECT host, (SELECT min(r.application) FROM runs r WHERE r.host = hosts.host) FROM hosts WHERE host IS NOT NULL
    UNION ALL SELECT host, (SELECT min(r.application) FROM runs r WHERE r.host = places.host
        AND r.application > places.application) FROM places WHERE application IS NOT NULL
)
SELECT host, application FROM places ORDER BY host, application
"""


def asked(
    history: History,
    kind: str,
    limits: tuple[Time, Time],
    where: Mapping[str, Any],
    also: str = "1",
) -> tuple[str, tuple[Any, ...]]:
    """Return the condition that *limits*, *where* and *also* make over the table of *kind*, with its values."""
    chosen = select(history.connection, KINDS[kind], limits, where, also=(also, ()))
    return chosen.condition, chosen.values


def by_place(history: History, query: str, values: tuple[Any, ...]) -> Iterator[tuple[str, str | None, list[Any]]]:
    """Yield each host and application that has runs, with the rows that *query* finds there.

    *query* ends with a condition over runs, which is narrowed to the place: so an index gives the rows in the order of
    time, and nothing is sorted.
    """
    db = history.connection
    for host, application in db.execute(_PLACES).fetchall():
        told = query.format(place="host = ? AND application IS ?")
        yield host, application, db.execute(told, (host, application, *values)).fetchall()

"""What runs tell one by one: those that never began, and how versions of Web Connector compare."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING, Any

from qbwatch.questions.asking import BROKEN, asked, by_place

if TYPE_CHECKING:
    import pandas as pd

    from qbwatch.history.frames import History
    from qbwatch.history.selection import Time

_STARTS = """
SELECT CAST(strftime('%s', started) AS INTEGER), outcome FROM runs
WHERE {{place}} AND closed AND {condition} ORDER BY started
"""
_VERSIONS = f"""
SELECT coalesce(product_version, 'unknown'), count(*), sum({BROKEN}), sum(outcome = 'ok' AND ended IS NOT NULL),
sum(CASE WHEN outcome = 'ok' THEN CAST(strftime('%s', ended) AS INTEGER) - CAST(strftime('%s', started) AS INTEGER) END)
FROM runs WHERE {{{{place}}}} AND closed AND {{condition}} GROUP BY 1
"""  # noqa: S608 - our own words
_SUMS = ["runs", "broken", "good", "good_s"]


def lost_runs(history: History, *, since: Time = "28d", until: Time = None, **where: Any) -> pd.DataFrame:
    """Return by host and application the runs that failed, broke off, or never began, and their sum.

    Which never began is told by the usual time between two runs, the median: a gap of five turns has lost four.

    >>> lost_runs(history, since="2026-03-02")
                         runs  failed  unfinished  missed  lost
    host   application
    srv-01 Contoso Sync   325       2           0      10    12
    srv-02 Contoso Sync   335       1           0       0     1
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    condition, values = asked(history, "runs", (since, until), where)
    places = by_place(history, _STARTS.format(condition=condition), values)
    told = {(host, application or ""): _lost(rows) for host, application, rows in places if rows}
    index = pd.MultiIndex.from_tuples(told, names=["host", "application"]) if told else None
    columns = ["runs", "failed", "unfinished", "missed"]
    frame = pd.DataFrame(list(told.values()), index=index, columns=columns)
    frame["lost"] = frame[["failed", "unfinished", "missed"]].sum(axis=1)
    return frame.sort_values("lost", ascending=False)


def _lost(runs: list[tuple[int | None, str]]) -> tuple[int, int, int, int]:
    """Sum up the *runs* of one application, the seconds at which each began and its outcome, in order.

    >>> _lost([*((3600 * hour, "ok") for hour in range(10)), (14 * 3600, "failed")])
    (11, 1, 0, 4)
    """
    starts = [started for started, _ in runs if started is not None]
    # In minutes, so that what begins some seconds late is no gap.
    gaps = Counter(round((after - before) / 60) for before, after in pairwise(starts))
    turn = median_low(gaps.elements()) if gaps else 0
    missed = sum(count * max(0, round(gap / turn) - 1) for gap, count in gaps.items()) if turn else 0
    outcomes = [outcome for _, outcome in runs]
    return len(runs), outcomes.count("failed"), outcomes.count("unfinished"), missed


def by_version(history: History, *, since: Time = "28d", until: Time = None, **where: Any) -> pd.DataFrame:
    """Return runs, broken runs, their share and the mean length of good ones, by version of Web Connector.

    The version is the one that the run's log tells; QuickBooks' own stands in no log of Web Connector.

    >>> by_version(history, since="2026-03-02")
               runs  broken   rate  hosts         mean_ok
    version
    2.3.0.36    325       2 0.0062      1 0 days 00:00:40
    2.3.0.207   335       1 0.0030      1 0 days 00:00:40
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    condition, values = asked(history, "runs", (since, until), where)
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    hosts: dict[str, set[str]] = defaultdict(set)
    for host, _, rows in by_place(history, _VERSIONS.format(condition=condition), values):
        for version, runs, broken, good, good_s in rows:
            sums[version].update(runs=runs, broken=broken, good=good, good_s=good_s or 0)
            hosts[version].add(host)
    frame = pd.DataFrame(sums.values(), index=pd.Index(list(sums), name="version", dtype="str"), columns=_SUMS)
    frame.insert(2, "rate", frame["broken"] / frame["runs"])
    frame.insert(3, "hosts", [len(hosts[version]) for version in sums])
    mean = pd.to_timedelta(frame.pop("good_s") / frame.pop("good"), unit="s")
    return frame.assign(mean_ok=mean.dt.round("s")).sort_values(["rate", "runs"], ascending=False)

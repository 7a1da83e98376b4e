"""What failed one after another until the first good run is one outage; how many there were, and how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qbwatch.questions.asking import BROKEN, GOOD, asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from qbwatch.history.frames import History
    from qbwatch.history.selection import Time

_OUTAGES = f"""
WITH broken AS MATERIALIZED (
    SELECT b.*, (SELECT min(g.started) FROM runs g WHERE g.host = b.host AND g.application IS b.application
    AND g.started > b.started AND g.{GOOD}) AS recovered
    FROM (SELECT started, client, host, application, cause FROM runs INDEXED BY runs_broken
        WHERE {BROKEN} AND closed AND {{condition}}) b
)
SELECT min(started) AS began, recovered, count(*) AS failed_runs, client, host, application, cause
FROM broken GROUP BY host, application, recovered ORDER BY began
"""  # noqa: S608 - our own words


def outages(
    history: History, *, since: Time = "84d", until: Time = None, **where: Any
) -> pd.DataFrame:  # fmt: skip
    """Return each outage: when it began and recovered (NaT: not yet), how many runs failed, and the first one's cause.

    It needs the rows of runs: what was pruned is not in it.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    condition, values = asked(history, "runs", (since, until), where)
    frame = history.sql(_OUTAGES.format(condition=condition), values)
    for column in ("began", "recovered"):
        frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
    frame.insert(2, "lasted", frame["recovered"] - frame["began"])
    return frame


def longest_outages(
    history: History, *, most: int = 10, since: Time = "84d", until: Time = None, **where: Any
) -> pd.DataFrame:  # fmt: skip
    """Return the outages that took longest to recover, the longest first.

    >>> longest_outages(history, since="2026-03-02")[["began", "lasted", "failed_runs", "host", "cause"]]
                          began          lasted  failed_runs    host             cause
    0 2026-03-10 13:00:00+00:00 0 days 02:00:00            2  srv-01     popup_blocked
    1 2026-03-04 16:00:00+00:00 0 days 01:00:00            1  srv-02  single_user_mode
    """
    found = outages(history, since=since, until=until, **where)
    longest = found.sort_values(["lasted", "began"], ascending=[False, True]).head(most)
    return longest.reset_index(drop=True)


def mean_time_to_recover(
    history: History, *, by: str | Sequence[str] = "cause", since: Time = "84d", until: Time = None, **where: Any
) -> pd.DataFrame:  # fmt: skip
    """Return how many outages recovered and how long that took: mean, median and longest, the slowest first.

    >>> mean_time_to_recover(history, since="2026-03-02")
                      outages            mean          median         longest
    cause
    popup_blocked           1 0 days 02:00:00 0 days 02:00:00 0 days 02:00:00
    single_user_mode        1 0 days 01:00:00 0 days 01:00:00 0 days 01:00:00
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    found = outages(history, since=since, until=until, **where).dropna(subset=["lasted"])
    grouped = found.groupby(by if isinstance(by, str) else list(by), dropna=False, observed=True)["lasted"]
    lengths = {"mean": grouped.mean(), "median": grouped.median(), "longest": grouped.max()}
    told = pd.DataFrame({name: values.dt.round("s") for name, values in lengths.items()})
    told.insert(0, "outages", grouped.count())
    return told.sort_values("mean", ascending=False)


def time_between_failures(
    history: History,
    *,
    by: str | Sequence[str] = ("host", "application"),
    since: Time = "84d",
    until: Time = None,
    **where: Any,
) -> pd.DataFrame:
    """Return the mean time from the beginning of one outage to that of the next; NaT where there was one alone.

    >>> time_between_failures(history, by="client", since="2026-03-02")
             outages            mean_between
    client
    Contoso        2 5 days 21:00:00
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    found = outages(history, since=since, until=until, **where)
    grouped = found.groupby(by if isinstance(by, str) else list(by), dropna=False, observed=True)["began"]
    count = grouped.count()
    between = (grouped.max() - grouped.min()) / (count - 1).where(count > 1)
    return pd.DataFrame({"outages": count, "mean_between": between.dt.round("s")}).sort_values("mean_between")

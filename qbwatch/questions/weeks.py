"""How things go over time: by week, and by hour of the week. Days and hours are those of each host's zone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from qbwatch.history.rollup_tables import HOURS
from qbwatch.questions.asking import BROKEN, asked

if TYPE_CHECKING:
    import pandas as pd

    from qbwatch.history.frames import History
    from qbwatch.history.selection import Time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def failure_rate_by_week(
    history: History, *, since: Time = "84d", until: Time = None, **where: Any
) -> pd.DataFrame:  # fmt: skip
    """Return runs, broken runs, their share and the time lost, by ISO week.

    >>> failure_rate_by_week(history, since="2026-03-02")
              runs  broken   rate            lost
    week
    2026-W10   334       1 0.0030 0 days 01:00:00
    2026-W11   326       2 0.0061 0 days 12:30:00
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    condition, values = asked(history, "daily", (since, until), where)
    rows = history.connection.execute(
        f"SELECT day, sum(runs), sum(runs * ({BROKEN})), sum(lost_s) FROM daily "  # noqa: S608 - our own condition
        f"WHERE outcome IS NOT NULL AND {condition} GROUP BY day",
        values,
    )
    weeks: dict[str, list[int]] = {}
    for day, runs, broken, lost in rows:
        year, week, _ = date.fromisoformat(day).isocalendar()
        counts = weeks.setdefault(f"{year}-W{week:02}", [0, 0, 0])
        weeks[f"{year}-W{week:02}"] = [a + b for a, b in zip(counts, (runs, broken, lost), strict=True)]
    frame = pd.DataFrame.from_dict(weeks, orient="index", columns=["runs", "broken", "lost"]).sort_index()
    frame.insert(2, "rate", frame["broken"] / frame["runs"].where(frame["runs"] > 0))
    return frame.assign(lost=pd.to_timedelta(frame["lost"], unit="s")).rename_axis("week")


def heat_map(
    history: History, *, of: str = "broken", since: Time = "84d", until: Time = None, **where: Any
) -> pd.DataFrame:  # fmt: skip
    """Return how many runs began in each hour of the week: *of* "broken" ones, "missed" (silences) or of "all".

    >>> heat_map(history, since="2026-03-02").loc[["Tue", "Wed"], 8:11]
          8   9   10  11
    Tue    0   1   1   0
    Wed    0   0   0   1
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    kinds = {"broken": BROKEN, "missed": "outcome = 'missed'", "all": "outcome != 'missed'"}
    if of not in kinds:
        raise ValueError(f'"{of}" cannot be counted. Write one of: {", ".join(kinds)}')
    condition, values = asked(history, "daily", (since, until), where)
    sums = ", ".join(f"sum({name})" for name in HOURS)
    rows = history.connection.execute(
        f"SELECT (strftime('%w', day) + 6) % 7, {sums} FROM daily WHERE {kinds[of]} AND {condition} GROUP BY 1",  # noqa: S608 - our own condition
        values,
    )
    counts = {_DAYS[weekday]: hours for weekday, *hours in rows}
    frame = pd.DataFrame.from_dict(counts, orient="index", columns=list(range(24)), dtype="int64")
    return frame.reindex(_DAYS, fill_value=0)

"""What costs most, what comes back, and whether mending it worked. From daily rollups, so also of long ago."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from qbwatch.history.times import moment_of
from qbwatch.questions.asking import BROKEN, asked

if TYPE_CHECKING:
    import pandas as pd

    from qbwatch.history.frames import History
    from qbwatch.history.selection import Time

_COSTS = f"""
SELECT coalesce(cause, 'unclassified') AS cause, sum(runs * ({BROKEN})) AS broken, sum(lost_s) AS lost,
count(DISTINCT host) AS hosts, count(DISTINCT coalesce(client, '')) AS clients FROM daily
WHERE outcome NOT IN ('ok', 'no_work') AND {{condition}} GROUP BY 1
"""  # noqa: S608 - our own words
_AGAIN = f"""
SELECT host, application, cause, count(DISTINCT day) AS days, sum(runs * ({BROKEN})) AS broken, sum(lost_s) AS lost,
max(day) AS last_day FROM daily WHERE outcome NOT IN ('ok', 'no_work') AND cause IS NOT NULL AND {{condition}}
GROUP BY host, application, cause HAVING days >= ?
"""  # noqa: S608 - our own words


def top_causes(
    history: History, *, by: str = "lost", since: Time = "28d", until: Time = None, **where: Any
) -> pd.DataFrame:  # fmt: skip
    """Return causes with broken runs, the time lost and its share, the worst first; *by* "lost", "broken" or "hosts".

    >>> top_causes(history, since="2026-03-02")
                      broken            lost  share  hosts  clients
    cause
    machine_asleep         0 0 days 10:30:00 0.7778      1        1
    popup_blocked          2 0 days 02:00:00 0.1481      1        1
    single_user_mode       1 0 days 01:00:00 0.0741      1        1
    """
    frame = _costs(history, (since, until), where)
    if by not in frame:
        raise ValueError(f'causes cannot be ordered by "{by}". Write one of: lost, broken, hosts, clients')
    return frame.sort_values(by, ascending=False, kind="stable")


def repeat_offenders(
    history: History, *, days: int = 3, since: Time = "84d", until: Time = None, **where: Any
) -> pd.DataFrame:  # fmt: skip
    """Return which cause came back where: on *days* different days or more, the most days first.

    >>> repeat_offenders(history, days=1, since="2026-03-02")[["host", "cause", "days", "lost"]]
         host             cause  days            lost
    0  srv-01    machine_asleep     1 0 days 10:30:00
    1  srv-01     popup_blocked     1 0 days 02:00:00
    2  srv-02  single_user_mode     1 0 days 01:00:00
    """
    import pandas as pd  # noqa: PLC0415 - slow to import

    condition, values = asked(history, "daily", (since, until), where)
    frame = history.sql(_AGAIN.format(condition=condition), (*values, days))
    frame = frame.assign(lost=pd.to_timedelta(frame["lost"], unit="s"), last_day=pd.to_datetime(frame["last_day"]))
    return frame.sort_values(["days", "lost"], ascending=False).reset_index(drop=True)


def before_and_after(history: History, when: Time, *, days: int = 28, **where: Any) -> pd.DataFrame:
    """Return by cause the broken runs and the time lost a day, in *days* before the day *when* and from it on.

    `change_minutes` is how much more (or, below zero, less) is lost a day since.

    The days after it that have not come yet do not count, so that a mending can be judged early.

    >>> before_and_after(history, "2026-03-09", days=7)[["broken_before", "broken_after", "lost_before", "lost_after"]]
                      broken_before  broken_after     lost_before      lost_after
    cause
    machine_asleep           0.0000        0.0000 0 days 00:00:00 0 days 01:30:00
    popup_blocked            0.0000        0.2857 0 days 00:00:00 0 days 00:17:08
    single_user_mode         0.1429        0.0000 0 days 00:08:34 0 days 00:00:00
    """
    begins = _day(when)
    last = history.connection.execute("SELECT max(day) FROM daily").fetchone()[0]
    passed = (date.fromisoformat(last) - begins).days + 1 if last else 0
    lengths = {"before": days, "after": max(0, min(days, passed))}
    limits = {"before": (begins - timedelta(days), begins), "after": (begins, begins + timedelta(days))}
    costs = {
        side: _costs(history, (_text(limits[side][0]), _text(limits[side][1])), where)[["broken", "lost"]] / length
        for side, length in ((side, max(1, lengths[side])) for side in limits)
    }
    before, after = (costs[side].add_suffix(f"_{side}") for side in limits)
    both = before.join(after, how="outer")
    both = both.fillna({"broken_before": 0.0, "broken_after": 0.0, "lost_before": _NONE, "lost_after": _NONE})
    for name in ("lost_before", "lost_after"):
        both[name] = both[name].dt.floor("s")
    change = (both["lost_after"] - both["lost_before"]).dt.total_seconds() / 60
    return both.assign(change_minutes=change.round(1)).sort_index()


_NONE = timedelta()


def _costs(history: History, limits: tuple[Time, Time], where: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - slow to import

    condition, values = asked(history, "daily", limits, where)
    frame = history.sql(_COSTS.format(condition=condition), values).set_index("cause")
    total = frame["lost"].sum()
    frame.insert(2, "share", frame["lost"] / (total or 1))
    return frame.assign(lost=pd.to_timedelta(frame["lost"], unit="s"))


def _day(when: Time) -> date:
    if isinstance(when, datetime):
        return when.date()
    return moment_of(str(when), datetime.now(UTC)).date()


def _text(day: date) -> str:
    return day.isoformat()

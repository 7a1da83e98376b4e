"""Ready questions to the history: what an analyst, or a manager, asks again and again.

Each takes a history opened by `qbwatch.open_history` and returns a frame; `since`, `until` and filters by column work
as for `History.events`.
"""

from qbwatch.questions.causes import before_and_after, repeat_offenders, top_causes
from qbwatch.questions.outages import longest_outages, mean_time_to_recover, time_between_failures
from qbwatch.questions.runs import by_version, lost_runs
from qbwatch.questions.weeks import failure_rate_by_week, heat_map

__all__ = [
    "before_and_after", "by_version", "failure_rate_by_week", "heat_map", "longest_outages", "lost_runs",
    "mean_time_to_recover", "repeat_offenders", "time_between_failures", "top_causes",
]  # fmt: skip

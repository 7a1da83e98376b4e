"""A made-up history that looks like a real one, for tests, benchmarks and the notebook.

`generate` writes it into a store: the same `Plan` always makes the same rows.

    from qbwatch.history.generated import LARGE, Plan, generate

    generate(path, Plan(clients=3, hosts=2, weeks=14, seed=7))   # a second
    generate(path, LARGE)                                        # 2 M runs, 1 M events: a minute or two

It fills events, runs, signals, incidents with their first finding, notifications, deliveries and attempts, in the
order of time and through the tables that `Store` makes, and counts the daily rollups. What is not of interest to
questions is left out: files, the ledger, sources, the messages of notifications, and the index of words. Nothing of it
is news: no alert is sent for it.
"""

from qbwatch.history.generated.fleet import LARGE, Plan
from qbwatch.history.generated.write import Written, generate

__all__ = ["LARGE", "Plan", "Written", "generate"]

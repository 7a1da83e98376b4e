"""What Datasette is told of the store, so that it shows it usefully: titles, units, facets, orders, ready queries."""

from __future__ import annotations

from typing import Any

_TABLES: dict[str, dict[str, Any]] = {
    "events": {
        "description": "Each finding in a log, classified. A root says why a run failed; an echo only follows from it.",
        "sort_desc": "time",
        "facets": ["client", "host", "cause", "severity", "role"],
        "fts_table": "events_text",
        "fts_pk": "rowid",
        "label_column": "title",
        "hidden": False,
    },
    "runs": {
        "description": "Each attempt to sync, with its outcome.",
        "sort_desc": "started",
        "facets": ["client", "host", "application", "outcome"],
        "units": {"seconds": "s"},
    },
    "incidents": {
        "description": "Open and past problems: one per host, application and cause.",
        "sort_desc": "opened_at",
        "facets": ["state", "severity", "client", "cause"],
        "label_column": "title",
    },
    "signals": {
        "description": "What Windows noted of a machine: sleep, restarts, sign-ins, crashes.",
        "sort_desc": "time",
        "facets": ["host", "code"],
    },
    "daily": {
        "description": "Counts by day of the host's zone, kept for ever. Rows with an outcome count runs (missed: "
        "silences), the others findings. lost_s: how long nothing worked; h00 to h23: how many began in which hour.",
        "sort_desc": "day",
        "facets": ["client", "host", "cause", "outcome"],
        "units": {"run_s": "s", "lost_s": "s"},
    },
    "deliveries": {"description": "What was sent to whom, with its result.", "sort_desc": "created_at"},
    "ledger": {"description": "What became of each range of bytes of each log.", "sort_desc": "at"},
}
_HIDDEN = (
    "_sqlite_migrations", "rollups_due", "events_text", "events_text_upto", "events_text_data", "events_text_idx",
    "events_text_docsize", "events_text_config",
)  # fmt: skip
_QUERIES: dict[str, dict[str, str]] = {
    "costs_by_cause": {
        "title": "What costs most: causes by the time lost in the last four weeks",
        "sql": "SELECT cause, round(sum(lost_s) / 60.0, 1) AS lost_minutes, count(DISTINCT host) AS hosts FROM daily "
        "WHERE outcome NOT IN ('ok', 'no_work') AND day >= date('now', '-28 days') GROUP BY cause "
        "ORDER BY lost_minutes DESC",
    },
    "failures_of_a_client": {
        "title": "Failures of one client",
        "sql": "SELECT * FROM failures WHERE client = :client ORDER BY time DESC LIMIT 200",
    },
    "longest_outages": {
        "title": "The longest outages",
        "sql": "SELECT * FROM outages ORDER BY seconds DESC LIMIT 50",
    },
}


def metadata(name: str = "qbwatch") -> dict[str, Any]:
    """Return Datasette's metadata for the store whose file is called *name*, without its ending."""
    tables = _TABLES | {name: {"hidden": True} for name in _HIDDEN}
    return {
        "title": "qbwatch history",
        "description": "What qbwatch found in the logs of QuickBooks syncs. Times are UTC.",
        "databases": {name: {"tables": tables, "queries": _QUERIES}},
    }

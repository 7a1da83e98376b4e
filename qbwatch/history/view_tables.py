"""Views for people who ask in SQL or Datasette, and columns that are computed when they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

_SECONDS = "CAST(strftime('%s', {end}) AS INTEGER) - CAST(strftime('%s', {begin}) AS INTEGER)"

_VIEWS = {
    "failures": """
        SELECT time, client, host, application, cause, title, severity, code, message, run, source, line, id
        FROM events WHERE role = 'root' AND severity != 'notice'
    """,
    "run_log": """
        SELECT started, ended, seconds, client, host, application, outcome, cause, "trigger", company_file,
        product_version, source, line, id
        FROM runs WHERE closed
    """,
    # What failed one after another until the first good run is one outage.
    "outages": f"""
        WITH broken AS MATERIALIZED (
            SELECT b.started AS began, (SELECT min(g.started) FROM runs g WHERE g.host = b.host
                AND g.application IS b.application AND g.started > b.started AND g.outcome IN ('ok', 'no_work')
            ) AS recovered, b.client, b.host, b.application, b.cause
            FROM runs b INDEXED BY runs_broken WHERE b.outcome IN ('failed', 'unfinished') AND b.closed
        )
        SELECT min(began) AS began, recovered, {_SECONDS.format(end="recovered", begin="min(began)")} AS seconds,
        count(*) AS failed_runs, client, host, application, cause
        FROM broken GROUP BY host, application, recovered
    """,  # noqa: S608 - our own names
    "incident_log": f"""
        SELECT opened_at, resolved_at, state, severity, client, host, application, cause, title, runs_failed,
        CASE WHEN resolved_at IS NOT NULL THEN {_SECONDS.format(end="resolved_at", begin="opened_at")} END AS seconds,
        act, withdrawn, id FROM incidents
    """,  # noqa: S608 - our own names
    "delivery_log": """
        SELECT d.created_at, d.finished_at, d.receiver, d.kind, json_extract(n.message, '$.headline') AS headline,
        d.state, d.attempts, d.code, d.reason, d.notification AS id
        FROM deliveries d LEFT JOIN notifications n ON n.id = d.notification
    """,
    "days": """
        SELECT day, client, sum(runs) AS runs, sum(runs * (outcome IN ('ok', 'no_work'))) AS good,
        sum(runs * (outcome = 'failed')) AS failed, sum(runs * (outcome = 'unfinished')) AS unfinished,
        round(100.0 * sum(runs * (outcome IN ('ok', 'no_work'))) / nullif(sum(runs), 0), 2) AS success_percent,
        round(sum(lost_s) / 60.0, 1) AS lost_minutes, sum(roots) AS root_events
        FROM daily GROUP BY day, client
    """,
    "causes": """
        SELECT cause, sum(runs * (outcome IN ('failed', 'unfinished'))) AS broken_runs, sum(roots) AS root_events,
        round(sum(lost_s) / 60.0, 1) AS lost_minutes, count(DISTINCT host) AS hosts, min(day) AS first_day,
        max(day) AS last_day
        FROM daily WHERE cause IS NOT NULL GROUP BY cause
    """,
}


def create(db: Database) -> None:
    """Add the computed columns, and make the views."""
    length = _SECONDS.format(end="ended", begin="started")
    db.execute(f"ALTER TABLE runs ADD COLUMN seconds INTEGER GENERATED ALWAYS AS ({length}) VIRTUAL")
    db.execute(
        "ALTER TABLE events ADD COLUMN code TEXT GENERATED ALWAYS AS ("
        "CASE WHEN json_valid(codes) THEN json_extract(codes, '$[0]') END) VIRTUAL"
    )
    for name, query in _VIEWS.items():
        db.execute(f"CREATE VIEW {name} AS {' '.join(query.split())}")

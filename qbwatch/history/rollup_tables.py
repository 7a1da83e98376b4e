"""The tables of what is kept for ever: daily rollups, what they wait for, and what was pruned; and the word index."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

HOURS = tuple(f"h{hour:02}" for hour in range(24))
"""The columns of `daily` that tell how many runs began in each hour of the day."""

COUNTS = ("runs", "run_s", "lost_s", "events", "roots", *HOURS)
"""What `daily` counts."""

GROUPS = ("day", "host", "client", "application", "cause", "outcome", "severity")
"""What `daily` counts by."""

# An hour of UTC is the first letters of a stamp. A trigger's "OR IGNORE" would give way to what the statement that
# fires it says of conflicts.
_HOUR = 'substr({row}."{time}", 1, 13)'
_IS_TIME = "GLOB '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:*'"
_MARK = (
    "INSERT INTO rollups_due (host, application, hour) SELECT {row}.host, coalesce({row}.application, ''), {hour} "
    'WHERE {row}."{time}" {is_time} ON CONFLICT DO NOTHING;'
)
_TIMES = {"runs": "started", "events": "time"}
# What a rollup is made of; that the alerts were told of a row changes none.
_WATCHED = {
    "runs": ("host", "client", "application", "cause", "outcome", "started", "ended", "closed"),
    "events": ("host", "client", "application", "cause", "role", "severity", "rule", "time", "run"),
}


def create(db: Database) -> None:
    """Make the tables, and the triggers that note which days are to be counted anew."""
    text = dict.fromkeys(GROUPS, str)
    db.table("daily").create(
        {**text, **dict.fromkeys(COUNTS, int)},
        not_null={"day", "host", *COUNTS},
        defaults=dict.fromkeys(COUNTS, 0),
    )
    db.table("daily").create_index(["day"])
    db.table("daily").create_index(["host", "application", "day"])
    db.execute(
        "CREATE TABLE rollups_due (host TEXT NOT NULL, application TEXT NOT NULL, hour TEXT NOT NULL, "
        "PRIMARY KEY (host, application, hour)) WITHOUT ROWID"
    )
    db.table("zones").create({"host": str, "zone": str}, pk="host", not_null={"zone"})
    db.table("pruned").create(
        {"kind": str, "before": str, "rows": int, "at": str}, pk="kind", not_null={"before", "rows", "at"}
    )
    for table in _TIMES:
        _note_changes(db, table)
    _index(db)
    _words(db)


def _note_changes(db: Database, table: str) -> None:
    time = _TIMES[table]
    marks = {
        row: _MARK.format(row=row, time=time, hour=_HOUR.format(row=row, time=time), is_time=_IS_TIME)
        for row in ("NEW", "OLD")
    }
    watched = ", ".join(f'"{column}"' for column in _WATCHED[table])
    db.execute(f"CREATE TRIGGER {table}_counted AFTER INSERT ON {table} BEGIN {marks['NEW']} END")
    db.execute(f"CREATE TRIGGER {table}_uncounted AFTER DELETE ON {table} BEGIN {marks['OLD']} END")
    # Both, for what changed its day or its application.
    both = f"{marks['OLD']} {marks['NEW']}"
    differs = " OR ".join(f'OLD."{column}" IS NOT NEW."{column}"' for column in _WATCHED[table])
    db.execute(f"CREATE TRIGGER {table}_recounted AFTER UPDATE OF {watched} ON {table} WHEN {differs} BEGIN {both} END")
    # What was stored before is counted when the store is written next.
    db.execute(
        f"INSERT OR IGNORE INTO rollups_due SELECT host, coalesce(application, ''), substr(\"{time}\", 1, 13) "  # noqa: S608 - our own names
        f'FROM {table} WHERE "{time}" {_IS_TIME}'
    )


def _index(db: Database) -> None:
    """Make the indexes that questions need, and drop the one that none uses."""
    db.execute("DROP INDEX IF EXISTS idx_events_host_application_cause_time")
    db.table("events").create_index(["host", "application", "time"])
    db.table("events").create_index(["cause", "time"])
    # Few rows, asked for by every question about outages and what was missed.
    db.execute("CREATE INDEX events_absent ON events (host, time) WHERE run IS NULL AND rule GLOB 'absence.*'")
    db.execute("CREATE INDEX runs_broken ON runs (started) WHERE outcome IN ('failed', 'unfinished')")


def widen(db: Database) -> None:
    """Let questions about each run in turn be answered from an index alone, in place of a narrower one."""
    db.execute("DROP INDEX IF EXISTS idx_runs_host_application_started")
    db.execute("CREATE INDEX runs_turns ON runs (host, application, started, outcome, closed, product_version, ended)")


def _words(db: Database) -> None:
    """Make the index of the words of messages; it is filled apart from the writing of events, which must not wait."""
    db.execute(
        "CREATE VIRTUAL TABLE events_text USING fts5 (message, title, content = 'events', "
        'tokenize = "unicode61 remove_diacritics 2")'
    )
    db.execute("CREATE TABLE events_text_upto (one INTEGER PRIMARY KEY CHECK (one = 1), upto INTEGER NOT NULL)")
    upto = "coalesce((SELECT upto FROM events_text_upto), 0)"
    put = (
        "INSERT INTO events_text ({command}rowid, message, title) "
        "VALUES ({value}{row}.rowid, {row}.message, {row}.title);"
    )
    drop = put.format(command="events_text, ", value="'delete', ", row="OLD")
    db.execute(
        f"CREATE TRIGGER events_unworded AFTER DELETE ON events WHEN OLD.rowid <= {upto} BEGIN {drop} "  # noqa: S608 - our own names
        # SQLite gives the last row's number again.
        "UPDATE events_text_upto SET upto = upto - 1 WHERE upto = OLD.rowid; END"
    )
    db.execute(
        "CREATE TRIGGER events_reworded AFTER UPDATE OF message, title ON events "
        "WHEN (OLD.message IS NOT NEW.message OR OLD.title IS NOT NEW.title) "
        f"AND OLD.rowid <= {upto} BEGIN {drop} {put.format(command='', value='', row='NEW')} END"
    )

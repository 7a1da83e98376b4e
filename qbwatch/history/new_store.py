"""The tables of a new store, written down: to make them so is a hundred times as fast as one migration after another.

`python -m qbwatch.history.new_store` writes them anew after a migration was added. Until that is done, a new store
goes through all migrations, which gives the same tables.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from qbwatch.history.version import VERSION

WRITTEN = Path(__file__).with_name("new_store.sql")
_NOW = "strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')"
_MIGRATION = 'INSERT INTO "_sqlite_migrations" (migration_set, name, applied_at)'


def make(connection: sqlite3.Connection) -> bool:
    """Make the tables of a new store in one transaction; False if there are some, or those written down are old."""
    version, *statements = _statements(WRITTEN.read_text(encoding="utf-8")) if WRITTEN.exists() else [""]
    if version != _pragma():
        return False
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have made them while this one waited.
        is_new = not connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0]
        for statement in (*statements, version) if is_new else ():
            connection.execute(statement)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return is_new


def dumped(connection: sqlite3.Connection) -> str:
    """Return the statements that make tables as the store of *connection*, which is empty, has them."""
    lines = [_pragma()]
    lines += [f"{sql};" for (sql,) in connection.execute(
        # What the index of words keeps in tables of its own comes with it.
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
        "AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') "
        "ORDER BY type = 'table' DESC, rowid"
    )]  # fmt: skip
    names = connection.execute("SELECT migration_set, name FROM _sqlite_migrations ORDER BY id")
    lines += [f"{_MIGRATION} VALUES ('{set_}', '{name}', {_NOW});" for set_, name in names]
    return "\n".join(lines) + "\n"


def _pragma() -> str:
    return f"PRAGMA user_version = {VERSION};"


def _statements(script: str) -> list[str]:
    """Part *script* into its statements, each of which begins on a line of its own."""
    found: list[str] = []
    rest = ""
    for line in script.splitlines():
        rest = f"{rest}\n{line}" if rest else line
        if sqlite3.complete_statement(rest):
            found.append(rest)
            rest = ""
    return found


def _write() -> None:
    from qbwatch.history.schema import migrate  # noqa: PLC0415 - it loads sqlite-utils, which a new store need not

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "new.db")
        migrate(path)
        with closing(sqlite3.connect(path)) as connection:
            WRITTEN.write_text(dumped(connection), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    _write()

"""Stored findings that are read again by other rules: in order, a batch at a time, so that it can be broken off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingest.record import Outcome, Run, Span, Trigger
from qbwatch.history.rows import to_event
from qbwatch.history.times import read_stamp, stamp
from rules.classify import root_of
from rules.draft import Draft
from rules.event import Role

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from qbwatch.reclassify import Verdict
    from rules.catalogue import Catalogue
    from rules.event import Event

_BATCH = 500
_NEXT = "SELECT * FROM events WHERE id > ? AND rule_pack IS NOT ? ORDER BY id LIMIT ?"
_CHANGE = (
    "UPDATE events SET cause = ?, rule = ?, severity = ?, confidence = ?, act = ?, title = ?, explanation = ?, "
    "steps = ?, links = ?, rule_pack = ? WHERE id = ?"
)
_PROGRESS = """
INSERT INTO reclassifications (rule_pack, upto, seen, moved, kept, begun_at, updated_at, ended_at)
VALUES (?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (rule_pack) DO UPDATE SET upto = excluded.upto,
seen = seen + excluded.seen, moved = moved + excluded.moved, kept = kept + excluded.kept,
updated_at = excluded.updated_at, ended_at = NULL
"""


def batches(connection: sqlite3.Connection, pack: str, after: str = "") -> Iterator[list[tuple[Event, Run | None]]]:
    """Yield the findings that were not made by the rules *pack*, by id from behind *after*, each with its run."""
    while rows := connection.execute(_NEXT, (after, pack, _BATCH)).fetchall():
        after = rows[-1]["id"]
        runs = _runs(connection, {row["run"] for row in rows if row["run"]})
        yield [(to_event(row), runs.get(row["run"])) for row in rows]


def upto(connection: sqlite3.Connection, pack: str) -> str:
    """Return the id behind which reading again by the rules *pack* was broken off, empty if it was not."""
    query = "SELECT upto FROM reclassifications WHERE rule_pack = ? AND ended_at IS NULL"
    row = connection.execute(query, (pack,)).fetchone()
    return row["upto"] if row else ""


def put(connection: sqlite3.Connection, verdicts: list[Verdict], new: Catalogue, now: datetime) -> None:
    """Write what *verdicts*, a batch, say, with how far that is; call it inside a transaction."""
    made = [verdict.event for verdict in verdicts if verdict.event]
    connection.executemany(_CHANGE, [_changed(event) for event in made])
    moved = [verdict for verdict in verdicts if verdict.moves]
    for run in {verdict.before.run for verdict in moved if verdict.before.run}:
        _choose_root(connection, run, new)
    kept = len(verdicts) - len(made)
    progress = (new.pack, verdicts[-1].before.id, len(verdicts), len(moved), kept, stamp(now), stamp(now))
    connection.execute(_PROGRESS, progress)


def end(connection: sqlite3.Connection, pack: str, now: datetime) -> None:
    """Note that all was read again by the rules *pack*."""
    connection.execute("UPDATE reclassifications SET ended_at = ? WHERE rule_pack = ?", (stamp(now), pack))


def _changed(event: Event) -> tuple[object, ...]:
    return (
        event.cause, event.rule, event.severity, event.confidence, event.act, event.title, event.explanation,
        json.dumps(event.steps), json.dumps(event.links), event.rule_pack, event.id,
    )  # fmt: skip


def _choose_root(connection: sqlite3.Connection, run_id: str, new: Catalogue) -> None:
    """Choose anew what explains a run; one that had no root, since it was healthy, keeps none."""
    rows = connection.execute('SELECT * FROM events WHERE run = ? ORDER BY "offset"', (run_id,)).fetchall()
    runs = _runs(connection, {run_id})
    events = [to_event(row) for row in rows]
    if run_id not in runs or not any(event.role is Role.ROOT for event in events):
        return
    root = root_of(_drafts(events, runs[run_id], new))
    if root is None:
        return
    roles = [(Role.ROOT if event.id == root.event.id else Role.ECHO, event.id) for event in events]
    connection.executemany("UPDATE events SET role = ? WHERE id = ?", roles)
    connection.execute("UPDATE runs SET cause = ? WHERE id = ?", (root.event.cause, run_id))


def _drafts(events: Iterable[Event], run: Run, new: Catalogue) -> Iterator[Draft]:
    for event in events:
        rule = new.by_name.get(event.rule)
        answer = event.message.startswith("qbXML/")
        # What a request was answered is a reason only where it was one before.
        echo = (rule is not None and rule.role is Role.ECHO) or (answer and event.role is Role.ECHO)
        fallback = rule.fallback if rule else True
        yield Draft(event, fallback=fallback, echo=echo, beside=event.format != run.format, answer=answer)


def _runs(connection: sqlite3.Connection, ids: set[str]) -> dict[str, Run]:
    marks = ", ".join("?" * len(ids))
    rows = connection.execute(f"SELECT * FROM runs WHERE id IN ({marks})", tuple(ids))  # noqa: S608 - marks alone
    return {row["id"]: _run(row) for row in rows}


def _run(row: sqlite3.Row) -> Run:
    return Run(
        id=row["id"], format=row["format"], source=row["source"],
        first=Span(offset=row["offset"], length=0, line=row["line"]), application=row["application"],
        company_file=row["company_file"], user=row["user"], url=row["url"], product_version=row["product_version"],
        trigger=Trigger(row["trigger"]) if row["trigger"] else None, started=read_stamp(row["started"]),
        ended=read_stamp(row["ended"]), outcome=Outcome(row["outcome"]), blocked_by=row["blocked_by"],
    )  # fmt: skip

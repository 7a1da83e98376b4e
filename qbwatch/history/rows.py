"""Events and runs as rows of the store, and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from alerts.incident import RunEnd
from ingest.record import Outcome
from qbwatch.history.times import read_stamp, stamp
from rules.event import Act, Alternative, Confidence, Event, Role, Severity

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from qbwatch.stream import FinishedRun


def event_row(event: Event, now: datetime) -> tuple[object, ...]:
    """Return the columns of *event* in the order in which the store writes them, stored at *now*."""
    return (
        event.id, stamp(event.time), event.host, event.client, event.source, event.format, event.line, event.offset,
        event.application, event.company_file, event.run, event.cause, event.rule, event.severity, event.role,
        event.confidence, event.act, json.dumps(event.codes), event.message, json.dumps(event.evidence),
        event.title, event.explanation, json.dumps(event.steps), json.dumps(event.links),
        event.rule_pack or None, event.component or None, event.level,
        json.dumps([asdict(other) for other in event.others]) if event.others else None, stamp(now),
    )  # fmt: skip


def run_row(finished: FinishedRun) -> tuple[object, ...]:
    """Return the columns of a run in the order in which the store writes them."""
    run = finished.run
    return (
        run.id, finished.host, finished.client, run.source, run.format, run.first.line, run.first.offset,
        run.application, run.company_file, run.user, run.url, run.product_version, run.trigger, stamp(run.started),
        stamp(run.ended), run.outcome, finished.cause, run.blocked_by, int(finished.closed),
    )  # fmt: skip


def to_event(row: sqlite3.Row) -> Event:
    """Read an event back."""
    return Event(
        id=row["id"],
        time=read_stamp(row["time"]),
        host=row["host"],
        client=row["client"],
        source=row["source"],
        format=row["format"],
        line=row["line"],
        offset=row["offset"],
        application=row["application"],
        company_file=row["company_file"],
        run=row["run"],
        cause=row["cause"],
        rule=row["rule"],
        severity=Severity(row["severity"]),
        role=Role(row["role"]),
        confidence=Confidence(row["confidence"]),
        act=Act(row["act"]),
        codes=tuple(json.loads(row["codes"])),
        message=row["message"],
        evidence=tuple(json.loads(row["evidence"])),
        title=row["title"],
        explanation=row["explanation"],
        steps=tuple(json.loads(row["steps"])),
        links=tuple(json.loads(row["links"])),
        rule_pack=row["rule_pack"] or "",
        component=row["component"] or "",
        level=row["level"],
        others=tuple(_alternative(one) for one in json.loads(row["others"] or "[]")),
    )


def _alternative(values: dict[str, str]) -> Alternative:
    return Alternative(
        cause=values["cause"],
        confidence=Confidence(values["confidence"]),
        speaks_for=values["speaks_for"],
        speaks_against=values["speaks_against"],
        title=values["title"],
    )


def to_run_end(row: sqlite3.Row) -> RunEnd:
    """Read what the alerts need of a run."""
    return RunEnd(
        host=row["host"],
        application=row["application"],
        outcome=Outcome(row["outcome"]),
        started=read_stamp(row["started"]),
        ended=read_stamp(row["ended"]),
    )

"""The JSON that other people's scripts read; add to it freely, change nothing silently."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qbwatch.history.times import stamp

if TYPE_CHECKING:
    from qbwatch.scan import Summary
    from qbwatch.stream import FinishedRun
    from rules.event import Event


def event_line(event: Event) -> dict[str, Any]:
    """Return the object that stands for an event."""
    return {
        "kind": "event", "id": event.id, "time": stamp(event.time), "host": event.host, "client": event.client,
        "source": event.source, "format": event.format, "line": event.line, "offset": event.offset,
        "application": event.application, "company_file": event.company_file, "run": event.run, "cause": event.cause,
        "rule": event.rule, "severity": event.severity, "role": event.role, "confidence": event.confidence,
        "codes": list(event.codes), "message": event.message, "evidence": list(event.evidence),
        "title": event.title, "link": event.link, "act": event.act, "explanation": event.explanation,
        "steps": list(event.steps), "links": list(event.links), "others": [asdict(other) for other in event.others],
    }  # fmt: skip


def run_line(finished: FinishedRun) -> dict[str, Any]:
    """Return the object that stands for a run."""
    run = finished.run
    return {
        "kind": "run", "id": run.id, "application": run.application, "company_file": run.company_file,
        "started": stamp(run.started), "ended": stamp(run.ended), "outcome": run.outcome, "cause": finished.cause,
        "trigger": run.trigger, "source": run.source, "line": run.first.line, "offset": run.first.offset,
        "host": finished.host, "client": finished.client, "format": run.format, "user": run.user, "url": run.url,
        "product_version": run.product_version,
    }  # fmt: skip


def summary_line(summary: Summary) -> dict[str, Any]:
    """Return the object that closes a scan."""
    return {
        "kind": "summary", "files": summary.files, "bytes": summary.bytes, "records": summary.records,
        "runs": summary.runs, "events": summary.events, "root_events": summary.root_events,
        "unclassified": summary.unclassified, "passed_over": summary.passed_over,
        "seconds": round(summary.seconds, 3),
    }  # fmt: skip

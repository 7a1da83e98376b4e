"""`qbwatch unknown`: the failures that no rule knows, so that somebody writes one."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

from qbwatch.cli.named_store import add_store, open_named_store
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.history.times import moment_of, stamp
from qbwatch.unknown import find_unknown

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from qbwatch.unknown import Unknown
    from rules.event import Event

_WIDTH = 110
_MOST_NAMES = 4
_MOST_LINES = 3


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = (
        "qbwatch rules draft ID begins a rule for one of them. Exit codes: 0 nothing unknown, 1 something, 2 the store "
        "cannot be read."
    )
    add_store(parser)
    parser.add_argument("--since", metavar="TIME", help='only what was seen since then, such as "30d" or "2026-03-10"')
    parser.add_argument("--json", action="store_true", help="one JSON object a kind of failure")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List."""
    since = _since(options.since)
    with open_named_store(options) as store:
        found = find_unknown(store.connection, since)
    if options.json:
        for one in found:
            print(json.dumps(_as_json(one), ensure_ascii=False))
    elif found:
        print("\n\n".join(map(_told, found)))
        total = sum(one.count for one in found)
        kinds = "kind" if len(found) == 1 else "kinds"
        print(f"\n{total} unknown failures of {len(found)} {kinds}. Begin a rule: qbwatch rules draft {found[0].id}")
    else:
        print("Nothing unknown: every failure in the store has a rule that knows it.")
    return 1 if found else 0


def _since(text: str | None) -> datetime | None:
    try:
        return moment_of(text, utc_now()) if text else None
    except ValueError as error:
        raise UsageError(f"--since: {error}.") from error


def _told(one: Unknown) -> str:
    times = "once" if one.count == 1 else f"{one.count} times"
    codes = f", {', '.join(one.codes)}" if one.codes else ""
    lines = [
        f"{one.id}  {times} on {_names(one.hosts)}{codes}",
        f"    first {_when(one.first_at)}, last {_when(one.last_at)}; {_names(one.applications)}",
        textwrap.fill(one.group.template, _WIDTH, initial_indent="    ", subsequent_indent="      "),
    ]
    if not one.has_line:
        lines.append("    No line of the log says why. Look at the run's own lines, or ask the application's provider.")
    for example in one.examples:
        lines.append(f"    - {example.host} {_when(example.time)} {example.source}:{example.line}")
        lines += [f"        {text}" for text in example.lines[:_MOST_LINES]]
    return "\n".join(lines)


def _names(counts: dict[str, int]) -> str:
    names = sorted(counts, key=lambda name: (-counts[name], name))
    listed = ", ".join(name or "no application" for name in names[:_MOST_NAMES])
    return f"{listed} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else listed


def _when(time: datetime | None) -> str:
    return time.strftime("%Y-%m-%d %H:%MZ") if time else "at an unknown time"


def _as_json(one: Unknown) -> dict[str, Any]:
    return {
        "id": one.id, "count": one.count, "template": one.group.template, "codes": list(one.codes),
        "hosts": one.hosts, "applications": {name: count for name, count in one.applications.items() if name},
        "first_at": stamp(one.first_at), "last_at": stamp(one.last_at), "has_line": one.has_line,
        "examples": [_example(event) for event in one.examples],
    }  # fmt: skip


def _example(event: Event) -> dict[str, Any]:
    return {
        "event": event.id, "time": stamp(event.time), "host": event.host, "client": event.client,
        "application": event.application, "source": event.source, "line": event.line, "format": event.format,
        "message": event.message, "evidence": list(event.evidence),
    }  # fmt: skip

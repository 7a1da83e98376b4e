"""`qbwatch report`: the weekly report, written or sent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qbwatch.cli.opened import open_store
from qbwatch.cli.settings import load_settings
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.reports.week import parse_week, week_of
from qbwatch.reports.writing import FORMATS, Written, read_report

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from qbwatch.config import Settings
    from qbwatch.history.store import Store
    from qbwatch.reports.week import Week

_MORE = """\
Without --week it is the last week that is over. A week is one of ISO 8601, from Monday to Sunday, in the time of
each machine. docs/report.md says what each figure means. With --send it goes by mail to the receiver of [report], else
where the routes lead for cause = "weekly_report" and the client. Exit codes: 0 written or sent, 1 some could not be
sent, 2 could not do what was asked."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    weekly = actions.add_parser("weekly", help="one week: how it was, and what to mend first", epilog=_MORE)
    weekly.add_argument("--week", metavar="WEEK", help="which, such as 2026-W47")
    weekly.add_argument("--client", metavar="NAME", help="of one client, with nothing of the others in it")
    weekly.add_argument("--format", choices=FORMATS, help="how it is written (default: by the ending of FILE, else md)")
    weekly.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to (default: standard output)")
    weekly.add_argument("--json", action="store_true", help="the same as --format json")
    weekly.add_argument("--compare", action="store_true", help="print how the week compares with those before, and why")
    weekly.add_argument("--no-charts", action="store_true", help="leave the pictures out")
    weekly.add_argument("--db", type=Path, metavar="FILE", help="the store (default: that of the configuration)")
    weekly.add_argument("--send", action="store_true", help="send it by mail, without writing it")
    weekly.add_argument("--due", action="store_true", help="with --send: what the schedule asks for and was not sent")
    weekly.set_defaults(run=_weekly)


def _weekly(options: argparse.Namespace) -> int:
    if options.due and not options.send:
        raise UsageError("--due says what to send. Add --send.")
    settings = load_settings(options.config, secrets=options.send)
    path = options.db or settings.store
    if not path.exists():
        raise UsageError(f"{path}: there is no store yet. Start qbwatch watch first, or name one with --db.")
    now = utc_now()
    with open_store(path) as store:
        if options.send:
            from qbwatch.report_sending import send_due, send_now  # noqa: PLC0415 - only who sends needs Apprise

            draws = not options.no_charts
            if options.due:
                return send_due(store, settings, now, draws=draws)
            return send_now(store, settings, _week(options, settings, now), now, client=options.client, draws=draws)
        return _write(options, settings, store, now)


def _week(options: argparse.Namespace, settings: Settings, now: datetime) -> Week:
    try:
        week = parse_week(options.week, settings.zone) if options.week else week_of(now, settings.zone).back(1)
    except ValueError as error:
        raise UsageError(f"--week: {error}.") from error
    if week.begins > now:
        present = week_of(now, settings.zone).name
        raise UsageError(f"--week: {week.name} has not begun yet. The present week is {present}.")
    return week


def _write(options: argparse.Namespace, settings: Settings, store: Store, now: datetime) -> int:
    _check_client(store, options.client)
    form = _format(options)
    if options.output is not None and not options.output.parent.is_dir():
        raise UsageError(
            f"{options.output}: the folder {options.output.parent} is not there. Make it, or name another."
        )
    report = read_report(store, _week(options, settings, now), now, options.client)
    if options.compare:
        from qbwatch.reports.comparison import comparison  # noqa: PLC0415 - not asked for often

        print(comparison(report))
        return 0
    written = Written(report=report, brand=settings.report.brand(), draws=not options.no_charts)
    made = written.as_format(form)
    if options.output is None:
        if form == "pdf" and sys.stdout.isatty():
            raise UsageError("a PDF is nothing to read on a terminal. Name a file with -o FILE.")
        sys.stdout.buffer.write(made)
        return 0
    options.output.write_bytes(made)
    print(f"{options.output}: {report.title}, {report.week.name}. {report.headline}.")
    return 0


def _format(options: argparse.Namespace) -> str:
    if options.json:
        return "json"
    ending = options.output.suffix.lstrip(".").lower() if options.output else ""
    known = {"": "md", "htm": "html", "markdown": "md", "txt": "md"}.get(ending, ending)
    if options.format is None and known not in FORMATS:
        endings = ", ".join(f".{name}" for name in FORMATS)
        raise UsageError(
            f"{options.output}: no format of the report ends so. Let it end in {endings}, or name it with --format."
        )
    return str(options.format or known)


def _check_client(store: Store, client: str | None) -> None:
    if client is None:
        return
    known = [row[0] for row in store.connection.execute("SELECT DISTINCT client FROM daily WHERE client IS NOT NULL")]
    if client not in known:
        told = ", ".join(sorted(known)) or "none"
        raise UsageError(f'--client: nothing is stored of a client "{client}". Known: {told}.')

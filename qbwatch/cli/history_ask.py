"""`qbwatch history sql|search|top|trend`: answers as tables on a terminal, as CSV or JSON for programs."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Any

from qbwatch.cli.named_history import add_filters, check_names, filters_of, open_named_history
from qbwatch.cli.opened import at_least_one
from qbwatch.cli.shown_rows import FORMATS, show, show_rows
from qbwatch.history.selection import KINDS, select
from qbwatch.history.words import matching

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from qbwatch.history.frames import History

_BROKEN = "outcome IN ('failed', 'unfinished')"
_TOP = {"causes": "cause", "clients": "client", "hosts": "host", "applications": "application"}
_BY = {"lost": "lost_s", "broken": "broken"}
_SPANS = ("day", "week", "month")


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> Iterator[argparse.ArgumentParser]:
    """Add the actions and yield them."""
    for added in (_add_sql(actions), _add_search(actions), _add_top(actions), _add_trend(actions)):
        added.add_argument("--format", choices=FORMATS, default="table", help="how to write it (default: table)")
        added.add_argument("--json", action="store_const", const="json", dest="format", help="one JSON object a row")
        yield added


def _add_sql(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    help_ = "run a query; the store cannot be changed by it"
    parser = actions.add_parser("sql", help=help_, description=help_)
    parser.add_argument("query", metavar="QUERY", help='such as "SELECT * FROM causes"; - reads it from standard input')
    parser.add_argument("values", metavar="VALUE", nargs="*", help="what stands for each ? of the query")
    parser.set_defaults(run=_sql)
    return parser


def _add_search(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    help_ = "find findings by the words of their messages"
    parser = actions.add_parser("search", help=help_, description=help_)
    parser.add_argument("words", metavar="WORD", nargs="+", help="all of them must stand there; lic* begins one")
    parser.add_argument("--limit", type=at_least_one, default=50, metavar="N", help="the newest so many (default: 50)")
    add_filters(parser)
    parser.set_defaults(run=_search)
    return parser


def _add_top(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    help_ = "rank causes, clients, hosts or applications by the time lost or by broken runs"
    parser = actions.add_parser("top", help=help_, description=help_)
    parser.add_argument("what", choices=_TOP, nargs="?", default="causes", help="what to rank (default: causes)")
    parser.add_argument("--by", choices=_BY, default="lost", help="what counts (default: lost time)")
    parser.add_argument("--limit", type=at_least_one, default=10, metavar="N", help="how many (default: 10)")
    add_filters(parser, "28d")
    parser.set_defaults(run=_top)
    return parser


def _add_trend(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    help_ = "show runs, broken runs and the time lost by week, day or month"
    parser = actions.add_parser("trend", help=help_, description=help_)
    parser.add_argument("--by", choices=_SPANS, default="week", help="of what length (default: week)")
    add_filters(parser, "84d")
    parser.set_defaults(run=_trend)
    return parser


def _sql(options: argparse.Namespace) -> int:
    query = sys.stdin.read() if options.query == "-" else options.query
    with open_named_history(options) as history:
        show(history.connection.execute(query, options.values), options.format)
    return 0


def _search(options: argparse.Namespace) -> int:
    columns = ("time", "client", "host", "application", "cause", "severity", "role", "message", "id")
    with open_named_history(options) as history:
        check_names(history, options)
        chosen = select(
            history.connection, KINDS["events"], (options.since, options.until), filters_of(options),
            columns=columns, also=matching(" ".join(options.words)),
        )  # fmt: skip
        query = f"{chosen.sql} DESC LIMIT {options.limit}"
        show(history.connection.execute(query, chosen.values), options.format)
    return 0


def _top(options: argparse.Namespace) -> int:
    column = _TOP[options.what]
    with open_named_history(options) as history:
        condition, values = _daily(history, options)
        query = (
            f"SELECT {column}, sum(runs * ({_BROKEN})) AS broken, sum(lost_s) AS lost_s, "  # noqa: S608 - our own names
            "100.0 * sum(lost_s) / nullif(sum(sum(lost_s)) OVER (), 0) AS share, count(DISTINCT host) AS hosts "
            f"FROM daily WHERE outcome NOT IN ('ok', 'no_work') AND {condition} GROUP BY 1 "
            f"ORDER BY {_BY[options.by]} DESC, 1 LIMIT ?"
        )
        rows = history.connection.execute(query, (*values, options.limit)).fetchall()
    names = (column, "broken", "lost_minutes", "share_percent", "hosts")
    told = [(name, broken, _minutes(lost), round(share or 0, 1), hosts) for name, broken, lost, share, hosts in rows]
    show_rows(names, told, options.format, bar="share_percent")
    return 0


def _trend(options: argparse.Namespace) -> int:
    with open_named_history(options) as history:
        condition, values = _daily(history, options)
        query = (
            f"SELECT day, sum(runs), sum(runs * ({_BROKEN})), sum(lost_s) FROM daily "  # noqa: S608 - our own names
            f"WHERE outcome IS NOT NULL AND {condition} GROUP BY day ORDER BY day"
        )
        days = history.connection.execute(query, values).fetchall()
    sums: dict[str, list[int]] = {}
    for day, *counts in days:
        name = _span(date.fromisoformat(day), options.by)
        sums[name] = [a + b for a, b in zip(sums.get(name, (0, 0, 0)), counts, strict=True)]
    told = [
        (name, runs, broken, round(100 * broken / runs, 2) if runs else None, _minutes(lost))
        for name, (runs, broken, lost) in sums.items()
    ]
    show_rows(
        (options.by, "runs", "broken", "broken_percent", "lost_minutes"), told, options.format, bar="lost_minutes"
    )
    return 0


def _daily(history: History, options: argparse.Namespace) -> tuple[str, tuple[Any, ...]]:
    check_names(history, options)
    chosen = select(history.connection, KINDS["daily"], (options.since, options.until), filters_of(options))
    return chosen.condition, chosen.values


def _minutes(seconds: int) -> float:
    return round(seconds / 60, 1)


def _span(day: date, by: str) -> str:
    if by == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.isoformat()[: 10 if by == "day" else 7]

"""`qbwatch init`: find the logs of this machine, ask for the rest, write a configuration, and send a test."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alerts.outbox import DeliveryState
from alerts.secrecy import quiet_transports
from alerts.spoken import duration, plural
from ingest.channels import Channel
from ingest.platform import this_machine
from qbwatch.cli.outgoing import open_channels
from qbwatch.cli.output import table
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.first_start.answers import Answers, answers_around, answers_from
from qbwatch.first_start.asking import Person, ask_all
from qbwatch.first_start.found import CHANNELS, FoundChannel, FoundLog, find_channels, find_logs, known_places
from qbwatch.first_start.windows_zone import zone_here
from qbwatch.first_start.written import configuration, write
from qbwatch.history.times import stamp
from qbwatch.places import new_config_file, store_for
from qbwatch.this_host import host_name
from qbwatch.trial import try_channel

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from qbwatch.config import Settings

_MORE: Final = """\
Without a keyboard: --yes takes what is found and asks nothing; the receivers then come from the environment
(QBWATCH_TEAMS_URL, QBWATCH_SLACK_URL, QBWATCH_MAIL_URL) or from --from FILE. A configuration that is there is left as
it is. Exit codes: 0 written, or there already; 1 written, but a test message was not taken; 2 nothing was written."""
_DEFAULT_LOG: Final = FoundLog(
    pattern=r"C:\ProgramData\Intuit\QBWebConnector\log\QWCLog*.txt", of="Web Connector", files=0, size=0, written=None,
    format=None,
)  # fmt: skip


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _MORE
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    parser.add_argument("--from", dest="answers", type=Path, metavar="FILE", help="ask nothing, take the answers from "
                        "this TOML file; docs/install.md shows one")  # fmt: skip
    parser.add_argument("--logs", action="append", default=[], metavar="PATH",
                        help="a log, a pattern, or a folder to search; give several")  # fmt: skip
    parser.add_argument("--host", metavar="NAME", help="how messages name this machine")
    parser.add_argument("--client", metavar="NAME", help="whose machine it is")
    parser.add_argument("--timezone", metavar="ZONE", help="where it stands, such as America/New_York")
    parser.add_argument("--force", action="store_true", help="write a configuration that is there anew; the one before "
                        "is kept beside it as .old")  # fmt: skip
    parser.add_argument("--no-test", action="store_true", help="send no test message")
    parser.add_argument("--look", action="store_true", help="only show which logs are found; write nothing")
    parser.add_argument("--json", action="store_true", help="with --look: one JSON object a line")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find, ask, write, test, and say what comes next."""
    quiet_transports()
    if options.json and not options.look:
        raise UsageError("--json goes with --look.")
    file = options.config or new_config_file()
    if file.exists() and not (options.force or options.look):
        print(f"{file} is there already, and nothing was changed. To write it anew: qbwatch init --force")
        return 0
    known = _known(options)
    logs = find_logs(known_places(os.environ), known.logs)
    names = CHANNELS if known.channels is None else known.channels
    channels = find_channels(lambda name: Channel(name=name), names) if sys.platform == "win32" else []
    _show(logs, channels, as_json=options.json)
    if options.look:
        return 0
    logs = _to_follow(logs)
    answers = known if options.yes or options.answers else ask_all(Person(), known)
    readable = [one.name for one in channels if one.problem is None]
    text = configuration(answers, logs, readable, store_for(file))
    settings = write(file, text, answers.receivers, this_machine())
    print(f"\n{file} is written.")
    taken = options.no_test or _test(settings)
    _next(options.config, settings, answers)
    return 0 if taken else 1


def _known(options: argparse.Namespace) -> Answers:
    """Return what needs not be asked: what was said on the command line, in a file or around, else what is found."""
    answers = answers_from(options.answers) if options.answers else answers_around(os.environ)
    return replace(
        answers,
        host=options.host or answers.host or host_name(),
        client=options.client or answers.client,
        timezone=options.timezone or answers.timezone or zone_here(this_machine(), sys.platform),
        logs=(*options.logs, *answers.logs),
    )


def _show(logs: Sequence[FoundLog], channels: Sequence[FoundChannel], *, as_json: bool) -> None:
    if as_json:
        for log in logs:
            print(json.dumps({"kind": "log", **asdict(log), "written": log.written and stamp(log.written)}))
        for channel in channels:
            print(json.dumps({"kind": "channel", **asdict(channel)}))
        return
    rows = [
        (one.pattern, one.of, one.format or "?", str(one.files), f"{one.size / 1_000_000:,.1f} MB", _written(one))
        for one in logs
    ]
    print(table(rows, ("LOG", "OF", "FORMAT", "FILES", "SIZE", "LAST WRITTEN")) if rows else "No log was found.")
    for channel in channels:
        print(f'event channel "{channel.name}": {channel.problem or "can be read"}')


def _written(log: FoundLog) -> str:
    if log.problem:
        return log.problem
    return f"{duration(utc_now() - log.written)} ago" if log.written else "not there yet"


def _to_follow(logs: Sequence[FoundLog]) -> list[FoundLog]:
    """Return what the configuration names. Raises UsageError if there is nothing."""
    if any(one.followed for one in logs):
        return list(logs)
    if sys.platform == "win32":
        return [_DEFAULT_LOG, *logs]
    raise UsageError("no log was found, and nothing was written. Name one, or the folder where it lies: "
                     "qbwatch init --logs PATH")  # fmt: skip


def _test(settings: Settings) -> bool:
    """Send each receiver a test; say whether all were taken."""
    well = True
    for name, channel in open_channels(settings, settings.receivers).items():
        for one in try_channel(settings, name, channel, utc_now, resolve=False):
            if one.delivery.state is DeliveryState.SENT:
                print(f"{name} took a test message. Look there: it should have arrived by now.")
                continue
            well = False
            print(f"{name} did not take the test message ({one.delivery.reason}). What to do: qbwatch receivers doctor "
                  f"{name}", file=sys.stderr)  # fmt: skip
    return well


def _next(named: Path | None, settings: Settings, answers: Answers) -> None:
    command = f"qbwatch --config {named}" if named else "qbwatch"
    print(f"It follows {plural(len(settings.sources) + len(settings.channels), 'source')}. Next:")
    rows = [(f"{command} doctor", "shows what is still missing")]
    if not settings.receivers:
        rows.append((f"{command} receivers test --all", "once a [[receiver]] is in the file: who is told?"))
    if not answers.timezone:
        rows.append((str(settings.file), 'needs timezone in [host], such as "America/New_York"'))
    rows += [
        (f"{command} watch", "tries it here, until Ctrl-C"),
        (f"{command} service install", "starts it with the machine, for good"),
        (f"{command} check", "is what your RMM runs: one line and an exit code"),
    ]
    print("\n".join(f"  {line}" for line in table(rows[1:], rows[0]).splitlines()))

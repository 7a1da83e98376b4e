"""`qbwatch service`: let the system itself start the watcher, and keep it running."""

from __future__ import annotations

import getpass
import json
import os
import re
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from ingest.platform import this_machine
from qbwatch.cli.settings import load_settings
from qbwatch.clock import utc_now
from qbwatch.errors import UsageError
from qbwatch.health import ALIVE_WITHIN
from qbwatch.one_watcher import is_watched
from qbwatch.places import config_file
from qbwatch.secrets import secret_files
from qbwatch.service import job_of, keeper_of, this_system
from qbwatch.service.access import shut_out
from qbwatch.service.session import warnings_of
from qbwatch.store_place import store_place

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from qbwatch.config import Settings
    from qbwatch.service import Job, Keeper, ServiceState

_MORE = """\
On Windows this is a scheduled task: it starts with the machine, whether a user is signed in or not, on battery too,
without the three-day limit, and again when it fails. On Linux it is a systemd unit. Exit codes of status: 0 installed
and running, 1 not."""
_ENVIRONMENT = re.compile(r"\$\{env:\s*([^}\s]+)\s*\}")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's actions."""
    parser.epilog = _MORE
    parser.set_defaults(run=_status, json=False)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    told = "install and start it; what is there is replaced"
    install = actions.add_parser("install", help=told, description=told)
    install.add_argument("--account", metavar="NAME", help="as whom it runs: on Windows SYSTEM (the default), "
                         "'LOCAL SERVICE' or a user; on Linux a user (default: its owner)")  # fmt: skip
    install.add_argument("--at-logon", action="store_true", help="Windows, without administrator's rights: start it "
                         "when this user signs in. It ends with that session")  # fmt: skip
    install.add_argument("--print", dest="prints", action="store_true", help="only show what would be installed")
    install.set_defaults(run=_install)
    told = "stop and remove it; the configuration and the history stay"
    actions.add_parser("remove", help=told, description=told).set_defaults(run=_remove)
    told = "say whether it is installed and whether it runs"
    status = actions.add_parser("status", help=told, description=told)
    status.add_argument("--json", action="store_true", help="as one JSON object")
    status.set_defaults(run=_status)


def keeper() -> Keeper:
    """Return what keeps services on this system."""
    return keeper_of(this_system(), sys.platform)


def _install(options: argparse.Namespace) -> int:
    file = options.config or config_file()
    # Without the secrets: who installs may not have them; what lacks is told below.
    settings = load_settings(file)
    account = options.account or (_this_user() if options.at_logon else None)
    written = [one for one in (settings.store, settings.selfwatch.log.file) if one]
    job = job_of(file, written, account=account, at_logon=options.at_logon)
    for warning in (*warnings_of(job, this_machine()), *_hidden_secrets(file)):
        print(f"qbwatch: warning: {warning}.", file=sys.stderr)
    if options.prints:
        print(keeper().shown(job), end="")
        return 0
    for path in _shut_out(job, settings):
        print(f"qbwatch: warning: {job.account} cannot use {path}. Give it away: chown {job.account} {path}",
              file=sys.stderr)  # fmt: skip
    keeper().install(job)
    print(f"qbwatch is installed and watches by {job.config}. In a minute, see that all is well: qbwatch doctor")
    return 0


def _shut_out(job: Job, settings: Settings) -> Iterator[Path]:
    if sys.platform == "win32":
        return iter(())
    secrets = secret_files(job.config.read_text(encoding="utf-8-sig"), job.config.parent)
    return shut_out(job.account, (job.config, *secrets), (*job.writes, settings.store))


def _this_user() -> str:
    domain = os.environ.get("USERDOMAIN")
    return f"{domain}\\{getpass.getuser()}" if domain else getpass.getuser()


def _hidden_secrets(file: Path) -> Iterator[str]:
    """Yield the secrets that lie in the environment of whoever types, which a service does not see."""
    names = sorted(set(_ENVIRONMENT.findall(file.read_text(encoding="utf-8-sig"))))
    if names and sys.platform == "win32":
        yield (f"the configuration takes {', '.join(names)} from the environment. Set it for the whole machine (setx "
               "/M NAME VALUE), or put it into a file and write ${file:…}")  # fmt: skip
    elif names:
        yield (f"the configuration takes {', '.join(names)} from the environment, and a unit has one of its own. Write "
               "it into /etc/qbwatch/environment as NAME=VALUE, or put it into a file and write ${file:…}")  # fmt: skip


def _remove(options: argparse.Namespace) -> int:
    del options
    if keeper().remove():
        print("qbwatch is stopped and starts no more. Its configuration and its history are where they were.")
    else:
        print("There was nothing to remove: qbwatch is not installed as a service.")
    return 0


def _status(options: argparse.Namespace) -> int:
    state = keeper().state()
    alive_at = _alive_at(options.config)
    is_late = alive_at is None or utc_now() - alive_at > ALIVE_WITHIN
    is_alive = not is_late and is_watched(store_place(options.config)) is not False
    if options.json:
        print(json.dumps({**asdict(state), "alive_at": alive_at and alive_at.isoformat(), "alive": is_alive}))
    else:
        print(_told(state, alive_at, is_alive=is_alive))
    return 0 if state.installed and is_alive else 1


def _told(state: ServiceState, alive_at: datetime | None, *, is_alive: bool) -> str:
    if not state.installed:
        first = f"qbwatch is not installed as a {state.kind}. Install it: qbwatch service install"
    else:
        starts = "" if state.starts_at_boot is not False else ", but it does not start with the machine"
        first = f"qbwatch is installed as a {state.kind}, as {state.account or 'a user of this machine'}{starts}."
    alive = f"{alive_at:%Y-%m-%d %H:%M} UTC" if alive_at else "never"
    return f"{first}\nThe watcher {'runs' if is_alive else 'does not run'}; it was last alive: {alive}."


def _alive_at(named: Path | None) -> datetime | None:
    """Return when a watcher last wrote to the store of the configuration."""
    from qbwatch.history.source_rows import written_at  # noqa: PLC0415 - only this action asks

    try:
        store = store_place(named)
        with closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True, timeout=1)) as db:
            return written_at(db)
    except (sqlite3.Error, UsageError):
        return None

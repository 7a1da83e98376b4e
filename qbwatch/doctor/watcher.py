"""Whether the watcher runs, the system starts it, and it lives where it survives a sign-out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ingest.platform import PlatformError
from qbwatch.doctor.configuration import files_of
from qbwatch.doctor.finding import fault, fine, warning
from qbwatch.health import ALIVE_WITHIN
from qbwatch.history.source_rows import written_at
from qbwatch.one_watcher import is_watched
from qbwatch.service.access import shut_out
from qbwatch.service.session import connectors, is_same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation


def watcher(installation: Installation) -> Iterator[Finding]:
    """Say whether a watcher wrote to the store lately."""
    if installation.store is None:
        return
    alive_at = written_at(installation.store.connection)
    held = is_watched(installation.store.path)
    start = "Start it: qbwatch service install, or at once: qbwatch watch"
    if alive_at is None:
        yield fault("no watcher has looked at a log yet", "Nothing is followed", start)
    elif held is False or installation.now - alive_at > ALIVE_WITHIN:
        hangs = "a watcher runs and does nothing" if held else "no watcher runs"
        yield fault(f"{hangs}; it was last alive at {alive_at:%Y-%m-%d %H:%M} UTC", "Nothing is followed, and "
                    "nobody is told of what fails now",
                    "End it, and start it again: qbwatch service install" if held else start)  # fmt: skip
    else:
        yield fine(f"a watcher runs; it was last alive at {alive_at:%H:%M:%S} UTC")


def service(installation: Installation) -> Iterator[Finding]:
    """Say whether the system itself starts the watcher, and as whom."""
    if installation.keeper is None:
        yield warning("qbwatch knows no services of this system", "After a restart nobody starts the watcher",
                      "Let the system start at boot: qbwatch --config FILE watch")  # fmt: skip
        return
    state = installation.keeper.state()
    if not state.installed:
        yield warning(f"there is no {state.kind} of qbwatch", "Unless something else starts the watcher, nobody does "
                      "after a restart, and it ends with the session of whoever started it",
                      "qbwatch service install")  # fmt: skip
        return
    as_whom = state.account or "a user of this machine"
    if state.starts_at_boot is False:
        yield fault(f"the {state.kind} does not start with the machine", "Nobody watches before somebody signs in, and "
                    "a sign-out, the commonest fault, ends the watcher too",
                    "As an administrator: qbwatch service install")  # fmt: skip
        return
    yield fine(f"the {state.kind} starts with the machine, as {as_whom}")
    users = sorted({one.user for one in connectors(installation.platform) if one.user})
    if any(is_same(as_whom, user) for user in users):
        yield warning(f"it runs as {as_whom}, the Windows user of Web Connector", "What stops that account stops both",
                      "Install it as SYSTEM or an account of its own: qbwatch service install")  # fmt: skip


def account(installation: Installation) -> Iterator[Finding]:
    """Say whether the account of the service can read the configuration and its secrets, and write the store."""
    state = installation.keeper.state() if installation.keeper else None
    if state is None or not state.installed or installation.settings is None or installation.system == "win32":
        return
    store = installation.settings.store
    reads = (installation.file, *files_of(installation))
    refused = list(shut_out(state.account, reads, (store.parent, store)))
    for path in refused:
        yield fault(f"{state.account} cannot use {path}", "The service runs as that user, and does not start without",
                    f"chown {state.account} {path}")  # fmt: skip
    if not refused:
        yield fine(f"{state.account} can use the configuration, its secrets and the store")


def session(installation: Installation) -> Iterator[Finding]:
    """Say whether a watcher lives in the logon session of Web Connector."""
    found = connectors(installation.platform)
    if not found:
        if installation.system == "win32":
            yield warning("Web Connector does not run now", "No sync can run. If this machine has another connector, "
                          "that is as it should be", "Sign in as the sync's user, and start Web Connector")  # fmt: skip
        return
    own = {os.getpid(), os.getppid()}
    try:
        ours = installation.platform.processes(lambda name: name.casefold() in {"qbwatch.exe", "qbwatch"})
    except PlatformError:
        ours = []
    theirs = {one.session for one in found if one.session not in {None, "0"}}
    if any(one.session in theirs for one in ours if one.pid not in own):
        yield fault("a watcher runs in the logon session of Web Connector", "When that user signs out, both end: the "
                    "fault that it should report silences it", "End it, and as an administrator: qbwatch service "
                    "install")  # fmt: skip
        return
    yield fine("no watcher is seen in the logon session of Web Connector")

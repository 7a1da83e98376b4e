"""Whether every log is there, can be read, and still grows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.spoken import duration, plural
from ingest.channels import ChannelError
from ingest.platform import open_shared
from qbwatch.doctor.finding import fault, fine, warning
from qbwatch.history.source_rows import read_states
from qbwatch.source_paths import matches
from qbwatch.source_state import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation

_QUIET_FOR = timedelta(days=2)
_TO_SEE = "See how each log stands: qbwatch sources"


def sources(installation: Installation) -> Iterator[Finding]:
    """Say of every source whether it is there, whether it can be read, and when it was last written."""
    for source in installation.settings.sources if installation.settings else ():
        found = sorted(matches(source.path))
        if not found:
            yield fault(
                f"nothing matches {source.path}", "Of what that log would say nothing is known",
                "Check the path; to find the logs of this machine: qbwatch init --look",
            )  # fmt: skip
            continue
        refused = [one for one in map(_refused, found) if one]
        yield from refused
        if len(refused) < len(found):
            yield _written(source.path, found, installation.now)


def _refused(path: str) -> Finding | None:
    try:
        with open_shared(Path(path)) as file:
            file.read(1)
    except OSError as error:
        do = "Let the user that runs qbwatch read it, or install it: qbwatch service install"
        if is_held(error):
            do = "Another program keeps it to itself, such as a scanner or an editor: let that pass by the log"
        return fault(f"{path} cannot be read ({error.strerror or error})", "Its failures are not seen", do)
    return None


def is_held(error: OSError) -> bool:
    """Say whether Windows refused a file since another program keeps it to itself."""
    return getattr(error, "winerror", None) in {32, 33}


def _written(pattern: str, paths: list[str], now: datetime) -> Finding:
    """Say when the newest of *paths* was last written; after some days that is no good news."""
    changed = (Path(path).stat().st_mtime for path in paths if Path(path).exists())
    last = datetime.fromtimestamp(max(changed, default=now.timestamp()), UTC)
    told = f"{pattern}: {plural(len(paths), 'file')}, last written {duration(now - last)} ago"
    if now - last <= _QUIET_FOR:
        return fine(told)
    return warning(
        told, "No sync ran, or the connector logs elsewhere, or its log level is NONE",
        "Start a sync by hand and see whether the file grows. If another Windows user runs Web Connector now, give "
        "that user the right to write the file",
    )  # fmt: skip


def following(installation: Installation) -> Iterator[Finding]:
    """Say what the watcher itself tells of its sources."""
    if installation.store is None:
        return
    states = read_states(installation.store.connection)
    for state in states:
        if state.standing is Standing.UNREADABLE:
            yield fault(f"the watcher cannot read {state.path} ({state.problem or 'no reason told'})", "Its failures "
                        "are not seen; this user may be able to read it, the watcher's is not",
                        "Let the user that runs the watcher read it")  # fmt: skip
        elif state.standing is Standing.FOREIGN:
            yield warning(f"{state.path} is of no format that is known", "Nothing of it is understood",
                          "Write its format in [[source]], or take it out of the pattern; docs/formats.md")  # fmt: skip
        elif state.behind_since and installation.now - state.behind_since > timedelta(minutes=5):
            yield warning(f"{state.path} was not read to its end for {duration(installation.now - state.behind_since)}",
                          "What it says is told late", _TO_SEE)  # fmt: skip
    followed = [state for state in states if state.standing in {Standing.FOLLOWED, Standing.BEHIND}]
    if followed:
        yield fine(f"the watcher follows {len(followed)} of {len(states)} paths")


def channels(installation: Installation) -> Iterator[Finding]:
    """Say of every Windows event channel whether it can be read."""
    for name in installation.settings.channels if installation.settings else ():
        try:
            newest = installation.open_channel(name).newest()
        except ChannelError as error:
            told = str(error)
            yield fault(f'the event channel "{name}" cannot be read', "Sleep, sign-out and restarts are proven by it",
                        told[:1].upper() + told[1:])  # fmt: skip
        else:
            yield fine(f'the event channel "{name}" can be read; its newest event is number {newest}')

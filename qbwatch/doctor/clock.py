"""Whether time zone and clock are right: a wrong one shifts quiet hours and breaks TLS."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alerts.spoken import duration
from qbwatch.doctor.finding import fault, fine, warning
from qbwatch.history.source_rows import read_states, written_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation

_SLACK = timedelta(minutes=2)
_QUARTER = timedelta(minutes=15)


def time_zone(installation: Installation) -> Iterator[Finding]:
    """Say whether the zone of the configuration is the one that this machine's clock shows."""
    if installation.settings is None:
        return
    zone = installation.settings.zone
    here = installation.now.astimezone()
    ours, theirs = installation.now.astimezone(zone).utcoffset(), here.utcoffset()
    if ours == theirs:
        yield fine(f"the time zone is {zone}; it is {installation.now.astimezone(zone):%H:%M} here")
        return
    yield warning(
        f"the time zone is {zone}, where it is {installation.now.astimezone(zone):%H:%M}, and this machine's clock "
        f"shows {here:%H:%M}", "Logs in local time are read with the wrong hour, and quiet hours begin wrongly",
        "Write in [host] timezone the zone to which this machine's clock is set, or set the clock to that zone",
    )  # fmt: skip


def clock(installation: Installation) -> Iterator[Finding]:
    """Say whether the clock stands behind what was written already, by the watcher or by a log."""
    if installation.store is None:
        return
    now = installation.now
    alive_at = written_at(installation.store.connection)
    if alive_at is not None and alive_at > now + _SLACK:
        yield fault(f"the clock stands {duration(alive_at - now)} before what the watcher wrote last",
                    "It was set back: schedules, quiet hours and certificates are judged wrongly",
                    "Set the clock: on Windows w32tm /resync, on Linux timedatectl set-ntp true")  # fmt: skip
        return
    states = read_states(installation.store.connection)
    ahead = [one for one in states if one.last_record and _is_ahead(one.last_record, now)]
    for one in ahead:
        by = (one.last_record or now) - now
        zone = abs(by - round(by / _QUARTER) * _QUARTER) < _SLACK
        yield warning(
            f"the last record of {one.path} is dated {duration(by)} from now", "Its times are in another zone than "
            "the one they are read in" if zone else "The clock of whoever writes it differs from this machine's",
            "Write timezone in its [[source]]" if zone else "Set both clocks by the same time server",
        )  # fmt: skip
    if not ahead:
        yield fine(f"nothing is dated later than now, {now:%Y-%m-%d %H:%M:%S} UTC")


def _is_ahead(time: datetime, now: datetime) -> bool:
    return time > now + _SLACK

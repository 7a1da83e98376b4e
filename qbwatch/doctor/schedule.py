"""Whether it is known of every application when it should run, so that a missed run is noticed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alerts.spoken import duration
from qbwatch.doctor.finding import fine, warning
from qbwatch.history.machine_rows import read_machine
from qbwatch.history.times import stamp
from qbwatch.machine import MachineWatch
from qbwatch.machine_state import restore
from rules.schedule import Known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation

_LOOKS_BACK = timedelta(days=14)
_RUNS = "SELECT DISTINCT application FROM runs WHERE host = ? AND started >= ? AND application IS NOT NULL"
_BY = {
    Known.CONFIGURED: "by the configuration",
    Known.QWC: "by its .qwc file",
    Known.LEARNT: "learnt from its runs",
}


def schedule(installation: Installation) -> Iterator[Finding]:
    """Say of every application how often it is expected to run, and from where that is known."""
    settings, store = installation.settings, installation.store
    if settings is None or store is None:
        return
    watch = MachineWatch(
        installation.known_catalogue, host=settings.host, client=settings.client, expected=settings.applications
    )
    restore(watch, read_machine(store.connection, settings.host))
    configured = {one.name: one for one in settings.applications}
    rows = store.connection.execute(_RUNS, (settings.host, stamp(installation.now - _LOOKS_BACK)))
    ran = {row["application"] for row in rows}
    for name in sorted(ran | set(configured)):
        if name not in ran:
            yield warning(f"{name} did not run in the last two weeks, though it is configured", "Its name may be "
                          "written otherwise than Web Connector shows it", "Compare [[application]] name with what "
                          "`qbwatch status` shows")  # fmt: skip
            continue
        pulse = watch.pulses.get(name)
        expected = pulse.expectation(installation.now, configured.get(name)) if pulse else None
        if expected is None:
            yield warning(f"{name}: how often it should run is not known", "A run that does not come may go unnoticed",
                          f'It is learnt from a day of scheduled runs; or say it: [[application]] name = "{name}", '
                          'every = "15m"')  # fmt: skip
        else:
            yield fine(f"{name} is expected every {duration(expected.every)}, {_BY[expected.known]}")

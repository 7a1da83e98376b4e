"""What a log says of its schedule: how often an application is to run, and that its next run was put off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ingest.record import Record

MARKS = (b"Contents of QWC file", b"HandleDelayRequest")
"""What stands in every record that `fact_of` reads."""

_NAME = re.compile(r"<AppName>\s*(.*?)\s*</AppName>", re.DOTALL)
_EVERY = re.compile(r"<RunEveryN(Minutes|Seconds)>\s*(\d{1,7})\s*</RunEveryN\1>")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFact:
    """One statement about *application*: it runs `every` so often, or nothing is due for `postponed` from `time` on."""

    time: datetime
    application: str
    every: timedelta | None = None
    postponed: timedelta | None = None


def fact_of(record: Record) -> ScheduleFact | None:
    """Read what *record* says of a schedule: the dump of a .qwc file, or a delay that a web service asked for."""
    if record.time is None:
        return None
    if record.message.startswith("Contents of QWC file"):
        return _from_dump(record.data, record.time)
    if "HandleDelayRequest" in record.component and "seconds" in record.fields:
        return ScheduleFact(
            time=record.time,
            application=record.fields["application"],
            postponed=timedelta(seconds=int(record.fields["seconds"][:9])),
        )
    return None


def _from_dump(text: str, time: datetime) -> ScheduleFact | None:
    """Read the application's name and interval; a .qwc file without a Scheduler is only run by hand."""
    name, every = _NAME.search(text), _EVERY.search(text)
    if name is None or every is None or not int(every[2]):
        return None
    return ScheduleFact(
        time=time,
        application=unescape(name[1]),
        every=timedelta(**{every[1].lower(): int(every[2])}),
    )

"""Times that a log writes without their zone: resolved where that is certain, marked where it is not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo

NO_ZONE = "no zone"
AMBIGUOUS = "ambiguous"
MISSING = "missing"
NO_STAMP = "no stamp"
NO_DATE = "no date"

# An hour or a minute may follow: logs roll by these too.
_FOLDERS = re.compile(r".*[/\\!]", re.DOTALL)
_DAY_IN_NAME = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)(?:\d\d|\d{4})?(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A record's time, None where it is not certain; `fields` then say what stood there and why it was not taken."""

    time: datetime | None
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalClock:
    """What is known beside a log of its times: the machine's zone, and days for stamps without a date or a year.

    `day` is that of the last write: the log's lines are not later, which tells a year. `named_day` is that of the
    file's name, which stamps without a date take before the other.
    """

    zone: tzinfo | None = None
    day: date | None = None
    named_day: date | None = None

    def moment(self, naive: datetime) -> Moment:
        """Resolve a local time by this clock's zone."""
        time, doubt = resolve(naive, self.zone)
        return Moment(time=time, fields={"time_doubt": doubt, "local_time": naive.isoformat()} if doubt else {})

    def told(self, stamp: datetime) -> Moment:
        """Resolve a time that may carry its offset."""
        if stamp.tzinfo is None:
            return self.moment(stamp)
        try:
            return Moment(time=stamp.astimezone(UTC))
        except OverflowError:
            return unread(stamp.isoformat())

    def time_of_day(self, told: time, *, by_last_write: bool = False) -> Moment:
        """Resolve a time without a date by the day that the file's name tells.

        The day of its last write may be that of its last lines only, so it counts where somebody said that it does.
        """
        day = self.named_day or (self.day if by_last_write else None)
        if day is None:
            return Moment(time=None, fields={"time_doubt": NO_DATE, "local_time": told.isoformat()})
        return self.told(datetime.combine(day, told))

    def read(self, stamp: str) -> Moment:
        """Read a stamp in the manner of ISO 8601: its offset, its fraction and its date may be left out.

        >>> LocalClock().read("2026-03-04 02:00:13.4813 -05:00").time.isoformat()
        '2026-03-04T07:00:13.481300+00:00'
        >>> LocalClock(zone=UTC, named_day=date(2026, 3, 4)).read("02:00:13,481").time.isoformat()
        '2026-03-04T02:00:13.481000+00:00'
        """
        plain = stamp.strip().replace(" +", "+").replace(" -", "-").replace(" Z", "Z")
        # Without one of these it is a date or a number, whose time of day would be made up.
        if ":" not in plain and "T" not in plain:
            return unread(stamp)
        try:
            return self.told(datetime.fromisoformat(plain))
        except ValueError:
            pass
        try:
            return self.time_of_day(time.fromisoformat(plain))
        except ValueError:
            return unread(stamp)


def day_in_name(path: str) -> date | None:
    """Return the day that a log's file name tells, as a rolling log's does; folders and archives do not count.

    >>> day_in_name("log20260304_001.txt"), day_in_name("sync-2026-03-04.log"), day_in_name("QBExport.log")
    (datetime.date(2026, 3, 4), datetime.date(2026, 3, 4), None)
    """
    for year, _, month, day in _DAY_IN_NAME.findall(_FOLDERS.sub("", path)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def unread(stamp: str) -> Moment:
    """Say that *stamp* is no time, or that there is none."""
    told = {"local_time": stamp.strip()} if stamp.strip() else {}
    return Moment(time=None, fields={"time_doubt": NO_STAMP, **told})


def resolve(naive: datetime, zone: tzinfo | None) -> tuple[datetime | None, str]:
    """Return the UTC time of *naive* in *zone* and "", or None and what is doubtful about it.

    The hour that a clock change repeats is "ambiguous", and the one that it leaves out is "missing":
    neither is guessed.

    >>> from zoneinfo import ZoneInfo
    >>> resolve(datetime(2026, 11, 1, 1, 30), ZoneInfo("America/New_York"))
    (None, 'ambiguous')
    """
    if zone is None:
        return None, NO_ZONE
    first, second = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        try:
            return first.astimezone(UTC), ""
        except OverflowError:
            return None, MISSING
    there_and_back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)
    return None, AMBIGUOUS if there_and_back == naive else MISSING

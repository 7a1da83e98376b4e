"""The IANA zone of a Windows machine, which only knows Windows' own names of zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ingest.platform import PlatformError
from qbwatch.this_host import host_zone

if TYPE_CHECKING:
    from ingest.platform import Platform

# Where QuickBooks Desktop was sold; others are asked for.
_IANA: Final = {
    "Hawaiian Standard Time": "Pacific/Honolulu",
    "Alaskan Standard Time": "America/Anchorage",
    "Pacific Standard Time": "America/Los_Angeles",
    "US Mountain Standard Time": "America/Phoenix",
    "Mountain Standard Time": "America/Denver",
    "Central Standard Time": "America/Chicago",
    "Canada Central Standard Time": "America/Regina",
    "Eastern Standard Time": "America/New_York",
    "US Eastern Standard Time": "America/Indianapolis",
    "Atlantic Standard Time": "America/Halifax",
    "Newfoundland Standard Time": "America/St_Johns",
    "SA Western Standard Time": "America/Puerto_Rico",
    "GMT Standard Time": "Europe/London",
    "W. Europe Standard Time": "Europe/Berlin",
    "Romance Standard Time": "Europe/Paris",
    "India Standard Time": "Asia/Kolkata",
    "AUS Eastern Standard Time": "Australia/Sydney",
    "New Zealand Standard Time": "Pacific/Auckland",
    "UTC": "UTC",
}


def zone_here(platform: Platform, system: str) -> str | None:
    """Return this machine's IANA zone; None where Windows has one that is not in our list."""
    if system != "win32":
        return str(host_zone())
    try:
        # The name is the same in all languages; "_dstoff" says that nobody changes the clock.
        name = platform.run(["tzutil.exe", "/g"]).strip().removesuffix("_dstoff")
    except PlatformError:
        return None
    return _IANA.get(name)

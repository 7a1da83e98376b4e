"""What this machine calls itself, and its time zone."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def host_name() -> str:
    """Return this machine's name without its domain."""
    return _full_name().partition(".")[0] or "localhost"


def _full_name() -> str:
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # noqa: PLC0415 - it takes long to import, and only Windows needs it

    return socket.gethostname()


def host_zone() -> ZoneInfo:
    """Return this machine's IANA zone where it can be told, else UTC.

    Windows keeps no IANA name; set timezone in [host] there.
    """
    named = os.environ.get("TZ", "").lstrip(":")
    link = Path("/etc/localtime")
    if not named and link.is_symlink():
        named = str(link.readlink()).rpartition("zoneinfo/")[2]
    try:
        return ZoneInfo(named) if named else ZoneInfo("UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")

"""Whether the watcher would live in the logon session of Web Connector, and die of the fault that it should report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.platform import PlatformError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.platform import Platform, Process
    from qbwatch.service.job import Job

_CONNECTOR = "qbwebconnector.exe"
_WHY = (
    "Web Connector ends when that user signs out, and so would qbwatch: the very fault that it should report would "
    "silence it"
)


def connectors(platform: Platform) -> list[Process]:
    """Return the Web Connectors that run; none where the system does not tell."""
    try:
        return list(platform.processes(lambda name: name.casefold() == _CONNECTOR))
    except PlatformError:
        return []


def warnings_of(job: Job, platform: Platform) -> Iterator[str]:
    """Yield what speaks against running *job* as it is asked for, with the reason and what to do instead."""
    users = {one.user for one in connectors(platform) if one.user}
    if job.at_logon:
        told = f" Web Connector runs now as {', '.join(sorted(users))}." if users else ""
        yield (
            f"it would run in a user's logon session.{told} {_WHY}. Install it without --at-logon as an "
            "administrator; where you cannot, let your RMM alert when `qbwatch check` gives no answer"
        )
    elif job.account and any(is_same(job.account, user) for user in users):
        yield (
            f"it would run as {job.account}, the Windows user of Web Connector. It outlives that user's sign-out, yet "
            "a locked or disabled account, or an expired password, stops both. Name another one, or leave --account out"
        )


def is_same(one: str, other: str) -> bool:
    r"""Say whether two names of Windows users may be the same one's.

    >>> is_same("SYNC-PC\\qbsync", "qbsync"), is_same("SYNC-PC\\qbsync", "CONTOSO\\qbsync")
    (True, False)
    """
    (domain, _, name), (other_domain, _, other_name) = (text.casefold().rpartition("\\") for text in (one, other))
    return name == other_name and (domain == other_domain or not domain or not other_domain or domain == ".")

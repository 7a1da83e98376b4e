"""What the system is asked to keep running, and how that stands."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qbwatch.errors import QbwatchError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME: Final = "qbwatch"
"""What the task and the unit are called."""


class ServiceError(QbwatchError):
    """The system refused to install, to remove or to tell of the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The watcher of one configuration: what to start, which folders it writes, as whom (None: as is usual there).

    `at_logon` starts it in that user's own session, where nobody may install anything else.
    """

    program: str
    arguments: tuple[str, ...]
    config: Path
    writes: tuple[Path, ...]
    account: str | None = None
    at_logon: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """How the service stands; what the system does not tell is None."""

    kind: str
    installed: bool
    running: bool | None = None
    starts_at_boot: bool | None = None
    account: str | None = None


def job_of(config: Path, files: Iterable[Path], *, account: str | None = None, at_logon: bool = False) -> Job:
    """Return the job that watches by *config* with this very Python, and writes *files*.

    Nothing of it depends on who starts it.
    """
    folders = dict.fromkeys(file.absolute().parent for file in files)
    return Job(
        program=sys.executable, arguments=("-m", NAME, "--config", str(config.absolute()), "watch"),
        config=config.absolute(), writes=tuple(folders), account=account, at_logon=at_logon,
    )  # fmt: skip

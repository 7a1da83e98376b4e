"""Programs of the system that are asked, such as `powercfg.exe`: what they print, or why nothing came."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from ingest.platform.machine import PlatformError

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_RUN_S = 20


def output_of(command: Sequence[str], *, flags: int = 0) -> bytes:
    """Return what *command* prints; *flags* are those of Windows. Raises PlatformError if it fails."""
    name = command[0]
    try:
        return subprocess.run(  # noqa: S603 - a program of the system, named by us and without a shell
            list(command), check=True, capture_output=True, timeout=_LONGEST_RUN_S, creationflags=flags
        ).stdout
    except subprocess.TimeoutExpired as error:
        raise PlatformError(f"{name} did not answer within {_LONGEST_RUN_S} s") from error
    except subprocess.CalledProcessError as error:
        words = " ".join(error.stderr.decode("utf-8", "replace").split())[:200]
        raise PlatformError(f"{name} ended with {error.returncode} {words}".rstrip()) from error
    except OSError as error:
        raise PlatformError(f"{name} cannot be run ({error.strerror})") from error

"""Whether the account of the service can use what it needs: a command that root types sees no difference."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def shut_out(account: str | None, reads: Iterable[Path], writes: Iterable[Path]) -> Iterator[Path]:
    """Yield those of *reads* and *writes* that *account* cannot read or write by owner and mode.

    Groups and access lists are not looked at: what only they allow is yielded too. Root is shut out of nothing.
    """
    if account in {None, "root"}:
        return
    for paths, bit in ((reads, stat.S_IROTH), (writes, stat.S_IWOTH)):
        for path in paths:
            if path.exists() and not _may(account, path, bit):
                yield path


def _may(account: str | None, path: Path, bit: int) -> bool:
    try:
        return path.owner() == account or bool(path.stat().st_mode & bit)
    except KeyError:
        # A number without a name is nobody's.
        return False

"""One watcher a store: two would tell everything twice and take each other's place in the logs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from qbwatch.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def alone_on(store: Path) -> Iterator[None]:
    """Hold *store* as its only watcher; the system lets go of it however the process ends.

    Raises StoreError if another watcher holds it.
    """
    held = FileLock(store.with_name(f"{store.name}.watch"), timeout=0)
    try:
        held.acquire()
    except Timeout as error:
        raise StoreError(
            f"{store}: another qbwatch watch already runs on this store. Stop that one first, or give this one a store "
            "of its own in [store] path."
        ) from error
    except OSError as error:
        raise StoreError(
            f"{held.lock_file}: it cannot be made ({error.strerror or error}), so nothing tells whether another "
            "qbwatch watch runs here. Let this user write in that folder."
        ) from error
    try:
        yield
    finally:
        held.release()


def is_watched(store: Path) -> bool | None:
    """Say whether a watcher holds *store* now; None where that cannot be told, as before the first one."""
    file = store.with_name(f"{store.name}.watch")
    # Made by somebody else, it might shut the watcher's own account out.
    if not file.exists():
        return None
    held = FileLock(file, timeout=0)
    try:
        held.acquire()
    except Timeout:
        return True
    except OSError:
        return None
    held.release()
    return False

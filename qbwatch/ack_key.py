"""The key that signs acknowledging links: made once, and kept beside the store for this user alone."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from qbwatch.errors import UsageError

_BYTES = 32


def key_path(store: Path) -> Path:
    """Return where the key of *store* lies."""
    return store.with_name(store.name + ".ack-key")


def ack_key(store: Path) -> bytes:
    """Return the key of *store*, made when there is none yet. Raises UsageError.

    Who has it can acknowledge; who loses it only makes the links in older messages useless.
    """
    path = key_path(store)
    for _ in range(2):
        try:
            return _read(path)
        except FileNotFoundError:
            _make(path)
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        # What stands in the file is not shown.
        why = error.strerror if isinstance(error, OSError) else "it holds no key"
        raise UsageError(f"{path}: the key of the acknowledging links cannot be read ({why}). Remove the file, and a "
                         "new one is made; the links in older messages end with it.") from None  # fmt: skip
    if len(key) < _BYTES:
        raise UsageError(f"{path}: this key is too short. Remove the file, and a new one is made.")
    return key


def _make(path: Path) -> None:
    """Write a new key whole or not at all; of two processes that do so at once, the first wins."""
    try:
        # mkstemp makes the file readable for its owner alone.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(_BYTES))
            if os.name == "nt":
                Path(name).rename(path)
            else:
                os.link(name, path)
        except FileExistsError:
            pass
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: the key of the acknowledging links cannot be written ({error.strerror}). "
                         "Check that this user may write beside the store.") from None  # fmt: skip
